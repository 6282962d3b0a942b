"""The pages of the second factor: setting it up, being asked for it, losing it."""

import re
import time

import pytest
from django.test import Client

from matchmaking.services import second_factor
from tests.factories import PASSWORD, make_event, make_role, make_user
from tests.factors import next_code, set_up
from tests.web.visits import PART, text_of, visitor

pytestmark = pytest.mark.django_db
PAGE, SET_UP, CONFIRM, CODES = (f"/second-factor/{rest}" for rest in ("", "set-up/", "confirm/", "recovery-codes/"))


@pytest.fixture(autouse=True)
def asked_for(settings):
    settings.SECOND_FACTOR = True


@pytest.fixture
def organiser():
    user = make_user(name="Olga")
    make_role(user, make_event().programme)
    return user


def test_from_the_first_sign_in_to_the_events(organiser):
    client = Client()
    led = client.post("/sign-in/password/", {"mail": organiser.mail, "password": PASSWORD, "next": "/organise/"})
    assert led["Location"] == f"{PAGE}?next=%2Forganise%2F"
    assert client.get("/organise/")["Location"] == f"{PAGE}?next=/organise/"
    assert client.get("/organise/", headers=PART)["HX-Redirect"] == f"{PAGE}?next=/organise/"
    assert "Set up my app" in text_of(client.get(PAGE))
    page = client.post(SET_UP, follow=True).content.decode()
    device = second_factor.begun(organiser)
    assert re.search(r'<svg[^>]*class="qr"', page)
    assert device.config_url.partition("secret=")[2][:4] in page
    assert client.post(CONFIRM, {"code": "000000"}).status_code == 400
    before = client.session.session_key
    told = client.post(CONFIRM, {"code": next_code(device)})
    assert len(re.findall(r"<code>[a-z2-7-]{14,}</code>", told.content.decode())) == 10
    assert "They are shown this once." in text_of(told)
    assert client.get(CONFIRM)["Location"] == PAGE, "loaded again, it shows no codes"
    assert client.session.session_key != before, "what was known of the session before opens less (T48)"
    assert client.get("/organise/").status_code == 200
    assert f'href="{PAGE}"' in client.get("/").content.decode()
    assert "Recovery codes left: 10." in text_of(client.get(PAGE))


def test_it_is_asked_for_at_each_sign_in(organiser):
    device, client = set_up(organiser), visitor(organiser)
    page = client.get(client.get("/organise/")["Location"])
    assert 'name="next" value="/organise/"' in page.content.decode()
    wrong = client.post(PAGE, {"code": "000000", "next": "/organise/"})
    assert (wrong.status_code, "This code is wrong" in text_of(wrong)) == (400, True)
    assert client.get("/organise/").status_code == 302
    assert client.post(PAGE, {"code": next_code(device), "next": "/organise/"})["Location"] == "/organise/"
    assert client.get("/organise/").status_code == 200
    assert visitor(organiser).get("/organise/").status_code == 302, "another session has to show it for itself"


@pytest.mark.parametrize("onward", ["//evil.example/", "/second-factor/", "/sign-in/"])
def test_t53_nor_does_it_lead_to_another_site(organiser, onward):
    client = visitor(organiser)
    assert client.post(PAGE, {"code": next_code(set_up(organiser)), "next": onward})["Location"] == "/organise/"


def test_a_recovery_code_lets_in_and_a_new_app_takes_its_place(organiser):
    old, codes = second_factor.confirm(user=organiser, code=next_code(second_factor.begin(organiser)))
    client = visitor(organiser)
    assert "Recovery codes left: 9." in text_of(client.post(PAGE, {"code": codes[0]}, follow=True))
    client.post(SET_UP)
    new = second_factor.begun(organiser)
    client.post(CONFIRM, {"code": next_code(new)})
    assert second_factor.device_of(organiser) == new != old
    assert visitor(organiser).post(PAGE, {"code": codes[1]}).status_code == 400


@pytest.mark.parametrize("path", [SET_UP, CONFIRM, CODES])
def test_it_is_replaced_only_soon_after_it_was_shown(organiser, path, monkeypatch):
    device = set_up(organiser)
    client = visitor(organiser)
    begun = second_factor.begin(organiser)
    body = {"code": next_code(begun)} if path == CONFIRM else {}
    assert client.post(path, body)["Location"] == PAGE, "not shown"
    client.post(PAGE, {"code": next_code(device)})
    now = time.time()
    monkeypatch.setattr("web.signing_in.factor.time.time", lambda: now + 601)
    assert client.post(path, body)["Location"] == PAGE, "shown long ago"
    assert second_factor.device_of(organiser) == device
    monkeypatch.setattr("web.signing_in.factor.time.time", lambda: now + 60)
    assert client.post(path, body).headers.get("Location", "") in ("", SET_UP)


def test_the_operators_site_is_closed_without_it():
    """T26."""
    operator = make_user(is_staff=True)
    device, client = set_up(operator), visitor(operator)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == f"{PAGE}?next=/admin/"
    assert client.post(PAGE, {"code": next_code(device), "next": "/admin/"})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert Client().get("/admin/", follow=True).redirect_chain[-1][0] == "/sign-in/?next=/admin/"
    assert visitor(make_user()).get("/admin/", follow=True).status_code == 403
