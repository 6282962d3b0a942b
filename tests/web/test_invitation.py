"""The page behind an invitation's link: looked at without using it up, accepted once by whom it is for."""

import pytest
from django.core import mail
from django.test import Client

from matchmaking.models import Consent, Invitation, Role, SignInRequest, User
from matchmaking.services import invitations, mailed_sign_in
from tests.factories import make_event, make_participant, make_programme, make_role, make_user
from tests.web.mailed import CODE
from tests.web.visits import text_of, visitor

pytestmark = pytest.mark.django_db
PAGE, TYPED = "/invitation/", "/sign-in/code/"


def opened(made: invitations.Invited, client: Client) -> str:
    answer = client.get(f"{PAGE}{made.token}/")
    assert (answer.status_code, answer["Location"], answer["Referrer-Policy"]) == (302, PAGE, "no-referrer")
    return text_of(client.get(PAGE))


def come_in(client: Client, address: str) -> str:
    """Where the code of the mail leads."""
    client.post(PAGE, {"mail": address})
    assert mailed_sign_in.send(request_id=SignInRequest.objects.latest("created_at").pk)
    return str(client.post(TYPED, {"code": CODE.findall(str(mail.outbox[-1].body))[0]})["Location"])


def test_the_first_organiser_comes_in_by_mail_and_accepts():
    made = invitations.invite_to_role(programme=make_programme(name="Learning city"), role="organiser", mail="olga@example.org", by=None)
    client = Client()
    assert "Learning city You are invited to organise" in opened(made, client)
    assert not Invitation.objects.exclude(used_at=None).exists(), "looking uses nothing up"
    assert come_in(client, "olga@example.org") == PAGE
    assert client.post(PAGE, {"name": "Olga"})["Location"] == "/organise/"
    olga = User.objects.get(mail="olga@example.org")
    assert (olga.name, Role.objects.get(user=olga).name) == ("Olga", "organiser")
    assert client.get("/organise/").status_code == 200
    assert (client.post(PAGE).status_code, Client().get(f"{PAGE}{made.token}/").status_code) == (404, 404), "it works once"


def test_an_entered_person_takes_over_the_profile_with_the_consents_they_tick():
    event = make_event()
    person = make_participant(event.programme, event=event, name="Ada", mail="")
    made = invitations.invite_participant(participant=person, by=make_user())
    client = Client()
    assert "The organisers have entered you as Ada." in opened(made, client)
    assert come_in(client, "ada@example.org") == PAGE
    assert client.post(PAGE, {"consents": ["mail"], "text_version": "0"}).status_code == 409, "the texts have changed meanwhile"
    assert client.post(PAGE, {"consents": ["mail"], "text_version": "1"})["Location"] == "/profile/"
    person.refresh_from_db()
    assert person.user is not None
    assert person.user.mail == "ada@example.org"
    assert Consent.objects.filter(participant=person, purpose="mail", source="own").exists()


def test_somebody_else_is_told_whom_it_is_for_and_nothing_is_used_up():
    made = invitations.invite_to_role(programme=make_programme(), role="facilitator", mail="olga@example.org", by=None)
    client = visitor(make_user())
    assert "This invitation was sent to olga@example.org." in opened(made, client)
    assert client.post(PAGE).status_code == 404
    assert invitations.of_token(made.token).pk == made.invitation.pk
    assert not Role.objects.exists()


def test_where_no_mail_goes_out_a_password_is_chosen(settings):
    settings.MAIL_ON = False
    event = make_event()
    make_role(organiser := make_user(), event.programme)
    made = invitations.invite_to_role(programme=event.programme, event=event, role="facilitator", mail="olga@example.org", by=organiser)
    client = Client()
    opened(made, client)
    assert "too short" in text_of(client.post(PAGE, {"password": "short"}))
    assert client.post(PAGE, {"password": "correct horse battery"})["Location"] == "/facilitate/"
    assert User.objects.get(mail="olga@example.org").has_usable_password()


def test_an_invited_address_alone_may_come_in_without_an_event():
    invitations.invite_to_role(programme=make_programme(), role="organiser", mail="olga@example.org", by=None)
    for address, sent in (("olga@example.org", True), ("nina@example.org", False)):
        Client().post("/sign-in/", {"mail": address})
        assert mailed_sign_in.send(request_id=SignInRequest.objects.get(mail=address).pk) is sent
