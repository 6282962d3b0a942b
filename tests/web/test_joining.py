"""S1: into an event by its link: consent before data, a few fields, the same answer whoever asks; without a mail server here."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from matchmaking.models import Consent, Participant, Registration, User
from tests.factories import PASSWORD, make_event, make_participant, make_user
from tests.web.visits import text_of, visitor

pytestmark = pytest.mark.django_db
NEW = {
    "name": "Nina",
    "organisation": "Studio",
    "sector": "creative",
    "mail": "nina@example.org",
    "password": PASSWORD,
    "text_version": "1",
}


@pytest.fixture(autouse=True)
def without_mail(settings):
    """With one, an address is proven first: see test_sign_in_joining."""
    settings.MAIL_ON = False


@pytest.fixture
def event():
    return make_event(names={"de": "Wie eine Stadt lernt"}, city="Minsk")


def address(event):
    return f"/join/{event.join_code}/"


def test_the_link_tells_of_the_event_and_of_what_one_agrees_to(event):
    page = Client().get(address(event), headers={"Accept-Language": "de"})
    told = text_of(page)
    for words in (
        "Wie eine Stadt lernt",
        "Minsk",
        "um Ihnen Partner vorzuschlagen, und für nichts anderes",
        "Kreativwirtschaft",
        "Teilnehmen",
    ):
        assert words in told, words
    source = page.content.decode()
    assert len(re.findall(r'name="consents"', source)) == 5
    assert " checked" not in source, "nothing is ticked beforehand (P1)"
    assert len(re.findall(r'<(?:input|select)(?![^>]*type="(?:hidden|checkbox)")', source)) <= 6, "S2: at most six fields"


def test_a_new_person_asks_and_waits_for_the_organisers(event):
    answer = Client().post(address(event), {**NEW, "consents": ["suggestions"]})
    assert (answer.status_code, "an organiser decides about it" in text_of(answer)) == (202, True)
    nina = Participant.objects.get(user__mail="nina@example.org")
    assert (nina.name, nina.profile.sector, nina.registrations.get().state) == ("Nina", "creative", "waiting")
    assert list(Consent.objects.filter(participant=nina).values_list("purpose", flat=True)) == ["suggestions"]


def test_t42_a_known_address_reads_like_a_new_one(event):
    make_user(mail="nina@example.org", password="another long password")
    known, new = (Client().post(address(event), {**NEW, "mail": mail}) for mail in ("nina@example.org", "other@example.org"))
    pages = [re.sub('name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode()) for answer in (known, new)]
    assert (known.status_code, pages[0]) == (new.status_code, pages[1])
    assert Registration.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"name": ""}, "This field is required."), ({"mail": "nina"}, "Enter a valid email address."), ({"password": "short"}, "too short"),
     ({"sector": "moon"}, "moon is not one of the available choices")],
)  # fmt: skip
def test_what_cannot_be_used_is_said_beside_its_field(event, wrong, words):
    answer = Client().post(address(event), {**NEW, **wrong})
    assert (answer.status_code, words in text_of(answer)) == (400, True)
    assert not User.objects.filter(mail__startswith="nina").exists()


def test_somebody_with_a_log_in_needs_no_second_one(event):
    user = make_user(name="Otto")
    page = visitor(user).get(address(event)).content.decode()
    assert 'name="password"' not in page
    answer = visitor(user).post(address(event), {"name": "Otto", "sector": "other", "text_version": "1"})
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    assert Registration.objects.get(participant__user=user).state == "waiting"


def test_who_stands_in_the_programme_takes_part_with_one_tap(event):
    person = make_participant(event.programme, user=make_user())
    Registration.objects.create(event=event, participant=person, state="invited")
    client = visitor(person)
    assert 'name="name"' not in client.get(address(event)).content.decode()
    client.post(address(event), {"text_version": "1"})
    assert Registration.objects.get(participant=person).state == "approved"
    assert "You take part." in text_of(client.get("/profile/", follow=True))


def test_no_other_event_and_none_that_is_over(event):
    assert Client().get("/join/never/").status_code == 404
    assert Client().get("/join/a%00b/").status_code == 404
    event.starts_at = event.ends_at = timezone.now() - timezone.timedelta(days=1)
    event.save()
    refused = Client().post(address(event), NEW)
    assert (refused.status_code, "This event is over." in text_of(refused)) == (409, True)
    assert not User.objects.filter(mail="nina@example.org").exists()
