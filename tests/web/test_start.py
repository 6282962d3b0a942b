"""The start page, the language of the pages, and the demo's sample log-ins."""

import re

import pytest
from django.test import Client

from matchmaking.models import AuditEntry, User
from matchmaking.services import demo
from tests.factories import make_participant, make_programme, make_role, make_user
from tests.web.visits import text_of, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def samples():
    """The people of the demo's description, as far as the pages need them."""
    programme = make_programme()
    for one in demo.description()["login"]:
        user = make_user(mail=one["mail"], name=one["name"], language=one["language"])
        if one["role"] == "participant":
            make_participant(programme, user=user)
        elif one["role"] != "operator":
            make_role(user, programme, one["role"])


def test_each_role_is_one_click_away_in_the_demo(samples):
    page = Client().get("/").content.decode()
    assert re.findall(r'data-role="(\w+)"', page) == ["participant", "participant", "facilitator", "organiser"]
    for role, mail, lands in [
        ("participant", "yan.kulesh@example.org", "/suggestions/"), ("facilitator", "facilitator@example.org", "/facilitate/"),
        ("organiser", "organiser@example.org", "/organise/"),
    ]:  # fmt: skip
        client = Client()
        answer = client.post("/look-in/", {"mail": mail})
        assert (role, answer.status_code) == (role, 302)
        assert answer["Location"] == lands
        assert client.get(answer["Location"]).status_code == 200
        assert User.objects.get(pk=client.session["_auth_user_id"]).mail == mail


def test_without_the_demo_programme_nobody_is_offered():
    assert "data-role" not in Client().get("/").content.decode()


@pytest.mark.parametrize("mail", ["operator@example.org", "nobody@example.org", "", "YAN.KULESH@example.org "])
def test_only_samples_can_be_looked_in_as(samples, mail):
    make_user(mail="nobody@example.org")
    client = Client()
    assert client.post("/look-in/", {"mail": mail}).status_code == 404
    assert "_auth_user_id" not in client.session


def test_production_has_no_sample_log_ins(samples, settings):
    assert Client().post("/look-in/", {"mail": "yan.kulesh@example.org"}).status_code == 302
    settings.PRODUCTION = True
    client = Client()
    assert "data-role" not in client.get("/", secure=True).content.decode()
    assert client.post("/look-in/", {"mail": "yan.kulesh@example.org"}, secure=True).status_code == 404
    assert client.get("/style/", secure=True).status_code == 404
    assert "_auth_user_id" not in client.session


def test_the_language_is_chosen_in_one_tap_and_remembered(samples):
    client = Client(headers={"Accept-Language": "en"})
    answer = client.post("/language/", {"language": "de", "next": "/sign-in/?next=/contacts/"})
    assert answer["Location"] == "/sign-in/?next=/contacts/"
    assert '<html lang="de">' in client.get("/").content.decode()
    client.post("/look-in/", {"mail": "yan.kulesh@example.org"})
    assert "Vorschläge" in text_of(client.get("/suggestions/")), "what was chosen before signing in is kept"


def test_the_language_follows_the_person_to_another_device():
    user = make_user(language="en")
    visitor(user).post("/language/", {"language": "be"})
    user.refresh_from_db()
    assert user.language == "be"
    assert AuditEntry.objects.filter(action="login.changed", actor_id=user.pk).count() == 1
    assert '<html lang="be">' in visitor(user).get("/suggestions/", headers={"Accept-Language": "de"}).content.decode()


@pytest.mark.parametrize("said", [{"language": "xx"}, {}, {"language": "de", "next": "//evil.example/"}])
def test_no_other_language_and_no_other_site(said):
    client = Client(headers={"Accept-Language": "en"})
    answer = client.post("/language/", said)
    assert answer["Location"] == "/"
    assert ("django_language" in client.cookies) == (said.get("language") == "de")


def test_each_sees_the_rooms_that_are_theirs(samples):
    rooms = {}
    for mail in ("yan.kulesh@example.org", "operator@example.org"):
        page = visitor(User.objects.get(mail=mail)).get("/").content.decode()
        rooms[mail] = re.findall(r'<use href="[^"]*#([\w-]+)"', page)
    assert rooms == {
        "yan.kulesh@example.org": ["bell", "suggestions", "contacts", "own-team", "profile", "own-data"],
        "operator@example.org": ["bell"],
    }
