"""S6: what is stored, who saw it, and the ways out."""

import json

import pytest

from matchmaking.models import Consent, Participant, Registration, User
from matchmaking.selectors import own_data
from matchmaking.services import trail
from tests.answers import make_two
from tests.factories import PASSWORD, make_programme, make_role, make_user
from tests.web.visits import PART, text_of, visitor
from web.my_data import TABLES

pytestmark = pytest.mark.django_db
PAGE = "/my-data/"


@pytest.fixture
def two(db):
    made = make_two()
    made.introduce(shares=["mail"])
    return made


def test_one_reads_what_is_stored_and_who_saw_it(two):
    staff = make_user(name="Olga")
    trail.record("participant.contacts_seen", two.ada, actor=staff, event=two.event, purpose="Call about the stand")
    told = text_of(visitor(two.ada).get(PAGE))
    for words in (
        "Ada's house",
        "graphic design",
        "ada@example.org",
        "Belarusian",
        two.event.name,
        "Ben: Mail",
        "Olga – Call about the stand",
    ):
        assert words.casefold() in told.casefold(), words
    assert "ben@example.org" not in told


def test_one_takes_it_along_to_read_and_for_programs(two):
    client = visitor(two.ada)
    page, data = client.get(f"{PAGE}my-data.html"), client.get(f"{PAGE}my-data.json")
    assert json.loads(data.content)["profiles"][0]["offers"] == ["Graphic design"]
    assert {"Profiles", "Introductions", "Graphic design"} <= {
        word for word in ("Profiles", "Introductions", "Graphic design") if word in text_of(page)
    }
    for answer, name in ((page, "my-data.html"), (data, "my-data.json")):
        assert (answer["Content-Disposition"], answer["Cache-Control"]) == (f'attachment; filename="{name}"', "no-store")
        assert "ben@example.org" not in answer.content.decode()


def test_every_table_has_a_name_people_can_read(two):
    assert set(own_data.everything(two.ada.user)) <= set(TABLES)


def test_a_consent_is_withdrawn_here_with_one_click(two):
    client = visitor(two.ada)
    answer = client.post(f"/profile/{two.ada.pk}/consent/", {"purpose": "contacts", "text_version": "1", "room": "my-data"})
    assert answer["Location"] == PAGE
    assert not Consent.objects.filter(participant=two.ada, purpose="contacts", withdrawn_at=None).exists()
    assert "ada@example.org" not in text_of(visitor(two.ben).get("/contacts/"))
    assert (
        client.post(f"/profile/{two.ada.pk}/consent/", {"purpose": "mail", "give": "1", "text_version": "1"}, headers=PART).status_code
        == 200
    )


def test_one_leaves_an_event(two):
    registration = Registration.objects.get(participant=two.ada)
    assert visitor(two.ben).post(f"/registrations/{registration.pk}/leave/").status_code == 404
    assert visitor(two.ada).post(f"/registrations/{registration.pk}/leave/").status_code == 302
    registration.refresh_from_db()
    assert registration.state == "withdrawn"
    assert "(withdrawn)" in text_of(visitor(two.ada).get(PAGE))


def test_one_erases_oneself_with_the_password(two):
    client = visitor(two.ada)
    refused = client.post(f"{PAGE}erase/", {"password": "wrong"})
    assert (refused.status_code, "This is not your password." in text_of(refused)) == (400, True)
    assert Participant.objects.filter(pk=two.ada.pk).exists()
    done = client.post(f"{PAGE}erase/", {"password": PASSWORD})
    assert "Everything about you has been erased." in text_of(done)
    assert not User.objects.filter(pk=two.ada.user_id).exists()
    assert not Participant.objects.filter(pk=two.ada.pk).exists()
    assert client.get(PAGE)["Location"].startswith("/sign-in/")


def test_the_last_organiser_hands_over_first():
    user = make_user()
    make_role(user, make_programme(), "organiser")
    refused = visitor(user).post(f"{PAGE}erase/", {"password": PASSWORD})
    assert (refused.status_code, "has no other organiser" in text_of(refused)) == (409, True)
    assert User.objects.filter(pk=user.pk).exists()


def test_guesses_of_the_password_are_counted(two, settings):
    settings.THROTTLES = {**settings.THROTTLES, "sign-in": "2/hour"}
    client = visitor(two.ada)
    assert [client.post(f"{PAGE}erase/", {"password": "wrong"}).status_code for _ in range(3)] == [400, 400, 429]


def test_the_page_has_a_fixed_number_of_queries(two, django_assert_num_queries):
    client = visitor(two.ada)
    with django_assert_num_queries(11):
        answer = client.get(PAGE)
    assert (answer.status_code, two.ada.mail in answer.content.decode()) == (200, True)
