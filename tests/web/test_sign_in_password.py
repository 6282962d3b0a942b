"""Signing in with a password: counted with the API's guesses, never leading to another site."""

import re

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
PAGE = "/sign-in/password/"


def post(client, user, password=PASSWORD, **more):
    return client.post(PAGE, {"mail": user.mail, "password": password, **more})


def test_one_signs_in_is_greeted_and_signs_out():
    user, client = make_user(name="Anna"), Client()
    assert 'href="/sign-in/"' in client.get("/").content.decode()
    assert PAGE in client.get("/sign-in/").content.decode(), "one link away"
    assert post(client, user)["Location"] == "/"
    assert "Anna" in client.get("/").content.decode()
    assert client.get(PAGE)["Location"] == "/"
    assert client.post("/sign-out/")["Location"] == "/"
    assert "Anna" not in client.get("/").content.decode()


def test_signing_in_changes_the_key_of_the_session():
    """T48."""
    user, client = make_user(), Client()
    session = client.session
    session.save()
    client.cookies["sessionid"] = session.session_key
    post(client, user)
    assert client.cookies["sessionid"].value != session.session_key


def test_known_and_unknown_addresses_read_alike():
    """T42."""
    known, unknown = make_user(), make_user()
    unknown_mail = "nobody@example.org"
    answers = [post(Client(), known, "wrong"), Client().post(PAGE, {"mail": unknown_mail, "password": "wrong"})]
    pages = [a.content.decode().replace(known.mail, "").replace(unknown_mail, "") for a in answers]
    first, second = (re.sub('name="csrfmiddlewaretoken" value="[^"]*"', "", page) for page in pages)
    assert first == second
    assert [a.status_code for a in answers] == [400, 400]
    assert "do not fit together" in pages[0]
    assert unknown.mail not in pages[0]


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "/sign-in/code/",
        "http:///evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "///evil.example",
        "https:evil.example",
        "evil.example",
        "http://testserver@evil.example/",
    ],
)
def test_no_way_leads_to_another_site(onward):
    """T53: `next` is a path of ours or nothing."""
    assert post(Client(), make_user(), next=onward)["Location"] == "/"


def test_a_path_of_ours_is_gone_back_to():
    assert post(Client(), make_user(), next="/api/docs/?x=1")["Location"] == "/api/docs/?x=1"


def test_in_production_the_docs_lead_to_the_page_and_back(settings):
    """T27: nothing of them is shown before."""
    settings.PRODUCTION = True
    user, client = make_user(), Client()
    asked = "/api/docs/?x=1"
    refused = client.get(asked)
    assert (refused.status_code, refused["Location"], refused.content) == (302, "/sign-in/?next=/api/docs/%3Fx%3D1", b"")
    page = client.get(refused["Location"].replace("/sign-in/", PAGE))
    assert f'name="next" value="{asked}"' in page.content.decode()
    assert post(client, user, next=page.context["next"])["Location"] == asked
    assert client.get(asked).status_code == 200
    assert client.get("/api/schema/").status_code == 200


def test_guesses_on_the_page_and_in_the_api_are_counted_together(settings):
    settings.THROTTLES = {**settings.THROTTLES, "sign-in": "3/hour"}
    user = make_user()
    assert [post(Client(), user, "wrong").status_code for _ in range(2)] == [400, 400]
    wrong = {"mail": user.mail, "password": "wrong"}
    assert APIClient().post("/api/v1/session/", wrong).status_code == 401
    assert APIClient().post("/api/v1/session/", wrong).status_code == 429
    refused = post(Client(), user)
    assert refused.status_code == 429
    assert "Too many tries" in refused.content.decode()
    assert "_auth_user_id" not in refused.wsgi_request.session


def test_the_form_needs_its_token():
    client = Client(enforce_csrf_checks=True)
    user = make_user()
    assert client.post(PAGE, {"mail": user.mail, "password": PASSWORD}).status_code == 403
