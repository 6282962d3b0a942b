"""S1: from an event's QR code to the inside by mail: scan, address, code, in; and the ends of a session (T49)."""

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from matchmaking.models import AuditEntry, Participant, Registration, SignInRequest, User
from matchmaking.services import erasure, invitations, mailed_sign_in
from tests.api.world import client_of
from tests.factories import make_event, make_participant, make_role, make_user
from tests.web.mailed import ask, is_in
from tests.web.visits import text_of, visitor

pytestmark = pytest.mark.django_db
CODE = "/sign-in/code/"


@pytest.fixture
def event():
    return make_event(names={"de": "Wie eine Stadt lernt"}, city="Minsk")


def scanned(event):
    return f"/join/{event.join_code}/"


def test_a_new_person_comes_in_by_the_code_and_then_tells_of_themselves(event):
    told = text_of(Client().get(scanned(event), headers={"Accept-Language": "de"}))
    assert "Wie eine Stadt lernt" in told
    assert "Minsk" in told
    assert "um Ihnen Partner vorzuschlagen, und für nichts anderes" in told, "P1: before any data"
    asked = ask("Nina@example.org", scanned(event))
    answer = asked.client.post(CODE, {"code": asked.mail()[0]})
    assert answer["Location"] == scanned(event)
    assert event.name in mail.outbox[0].body
    nina = User.objects.get(mail="nina@example.org")
    assert (nina.has_usable_password(), Participant.objects.count()) == (False, 0)
    assert AuditEntry.objects.filter(action="login.made", actor_id=nina.pk, event_id=event.pk).count() == 1
    page = asked.client.get(scanned(event)).content.decode()
    assert 'name="consents"' in page
    assert 'name="password"' not in page
    joined = {"name": "Nina", "sector": "creative", "text_version": "1", "consents": ["suggestions"]}
    assert asked.client.post(scanned(event), joined)["Location"] == "/profile/"
    assert Registration.objects.get(participant__user=nina).state == "waiting"


def test_who_takes_part_is_at_the_suggestions_after_two_taps(event):
    person = make_participant(event.programme, event=event, user=make_user())
    asked = ask(person.user.mail, scanned(event))
    answer = asked.client.post(CODE, {"code": asked.mail()[0]}, follow=True)
    assert [to for to, _status in answer.redirect_chain] == [scanned(event), "/suggestions/"]


def test_who_was_invited_takes_part_with_a_third_tap(event):
    person = make_participant(event.programme, user=make_user())
    Registration.objects.create(event=event, participant=person, state="invited")
    asked = ask(person.user.mail, scanned(event))
    page = asked.client.post(CODE, {"code": asked.mail()[0]}, follow=True).content.decode()
    assert 'name="name"' not in page
    asked.client.post(scanned(event), {"text_version": "1"})
    assert Registration.objects.get(participant=person).state == "approved"


def test_t42_known_and_new_addresses_read_alike_and_both_get_a_mail(event):
    known = make_user()
    pages = []
    for address in (known.mail, "new@example.org"):
        asked = ask(address, scanned(event))
        pages.append(text_of(asked.client.get(CODE)).replace(address, "").replace(asked.check, ""))
        asked.mail()
    assert pages[0] == pages[1]
    assert not User.objects.filter(mail="new@example.org").exists(), "only the code makes a log-in"
    asked = ask(make_user(is_active=False).mail, scanned(event))
    assert not mailed_sign_in.send(request_id=asked.row.pk)


def test_an_event_that_is_over_asks_nobody(event):
    event.starts_at = event.ends_at = timezone.now() - timezone.timedelta(days=1)
    event.save()
    refused = Client().post(scanned(event), {"mail": "nina@example.org"})
    assert (refused.status_code, "This event is over." in text_of(refused)) == (409, True)
    assert not SignInRequest.objects.exists()


def test_who_has_no_password_erases_themselves_after_a_code(event):
    asked = ask("nina@example.org", scanned(event))
    asked.client.post(CODE, {"code": asked.mail()[0]})
    session = asked.client.session
    session["signed_in_at"] -= 601
    session.save()
    assert "we send you a code first" in text_of(asked.client.get("/my-data/erase/"))
    assert asked.client.post("/my-data/erase/", {}).status_code == 400
    asked.client.post("/sign-in/renew/", {"next": "/my-data/erase/"})
    asked.row = SignInRequest.objects.get(pk=asked.client.session["sign_in_asked"])
    assert asked.client.post(CODE, {"code": asked.mail()[0]})["Location"] == "/my-data/erase/"
    assert 'name="password"' not in asked.client.get("/my-data/erase/").content.decode()
    assert asked.client.post("/my-data/erase/", {}).status_code == 200
    assert not User.objects.exists()
    assert not SignInRequest.objects.exists(), "no request keeps the address either"


def test_t49_signing_out_ends_every_session_and_leaves_others_and_programs_alone():
    user, other = make_user(), visitor(make_user())
    AuthToken.objects.create(user=user)
    for sign_out in (lambda client: client.post("/sign-out/"), lambda client: client.delete("/api/v1/session/")):
        phone, laptop = client_of(user), client_of(user)
        assert laptop.get("/profile/").status_code == 200
        sign_out(phone)
        assert [client.get("/profile/").headers.get("Location", "") for client in (phone, laptop)] == ["/sign-in/?next=/profile/"] * 2
        assert not is_in(laptop)
    assert other.get("/profile/").status_code == 200
    assert AuthToken.objects.filter(user=user).count() == 1


def test_t49_the_loss_of_a_role_and_erasure_end_every_session_at_the_next_request(event):
    organiser, lost = make_user(), make_user()
    make_role(organiser, event.programme)
    role = make_role(lost, event.programme, "facilitator")
    person = make_participant(event.programme, event=event, user=make_user())
    for user, end in (
        (lost, lambda: invitations.remove_role(role=role, by=organiser)),
        (person.user, lambda: erasure.erase(participant=person, by=organiser)),
    ):
        ask(person.mail)
        devices = [visitor(user), visitor(user)]
        assert {device.get("/my-data/").status_code for device in devices} == {200}
        end()
        assert {device.get("/my-data/").headers.get("Location") for device in devices} == {"/sign-in/?next=/my-data/"}
    assert not SignInRequest.objects.exists(), "nor does a request keep the erased person's address"
    assert not Session.objects.filter(pk__in=[device.session.session_key for device in devices]).exists()
