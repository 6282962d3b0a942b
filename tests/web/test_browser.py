"""The participant's road in a real browser on a phone: also without script, and without a connection."""

import pytest
from playwright.sync_api import expect

from matchmaking.models import Participant, Response
from tests.answers import make_two, person
from tests.factories import make_suggestion
from tests.web.browser import opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
SAMPLE = "yan.kulesh@example.org"


@pytest.fixture
def two(browser, live_server):
    """Ada is one of the demo's samples, with two suggestions; her page is a click away from the start page."""
    made = make_two()
    made.ada.user.mail = SAMPLE
    made.ada.user.save()
    make_suggestion(made.suggestion.run, made.ada, person(made.event, "Dan", sector="education"), rank_a=2, rank_b=2)
    return made


def look_in(page):
    page.click("[data-role=participant]")
    page.wait_for_url("**/suggestions/")


def test_from_the_start_page_to_an_accepted_suggestion(browser, live_server, two):
    with opened(browser, live_server.url) as page:
        look_in(page)
        card = page.locator("article.suggestion").first
        expect(card).to_contain_text("You are looking for “rooms”, and Ben offers this.")
        card.get_by_role("button", name="Yes", exact=True).click()
        expect(card).to_contain_text("You said yes.")
        assert two.answers() == {"Ada": "accept"}
        expect(card.get_by_role("button", name="Undo")).to_be_in_viewport()
        card.get_by_label("Mail").check()
        card.get_by_role("button", name="Keep this choice").click()
        expect(card.get_by_label("Mail")).to_have_count(0)
        assert Participant.objects.get(pk=two.ada.pk).shares == ["mail"]
        other = page.locator("article.suggestion").nth(1)
        other.get_by_text("Not for me because …").click()
        other.get_by_role("button", name="it is too far away").click()
        expect(other).to_contain_text("You said no.")
        expect(other.get_by_role("button", name="Undo")).to_be_in_viewport()
        assert Response.objects.get(reason="far").answer == "decline"
        other.get_by_role("button", name="Undo").click()
        expect(other.get_by_role("button", name="Yes", exact=True)).to_be_visible()
        assert two.answers() == {"Ada": "accept"}


def test_the_same_road_without_script(browser, live_server, two):
    with opened(browser, live_server.url, java_script_enabled=False) as page:
        look_in(page)
        page.get_by_role("button", name="Yes", exact=True).first.click()
        expect(page.locator("main")).to_contain_text("You said yes.")
        page.get_by_role("button", name="Undo").click()
        assert two.answers() == {}
        page.get_by_role("link", name="Profile").click()
        page.get_by_label("City").fill("Gomel")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#notice")).to_contain_text("Saved.")
        assert Participant.objects.get(pk=two.ada.pk).profile.city == "Gomel"


def test_an_answer_without_a_connection_is_kept_and_sent_once(browser, live_server, two):
    with opened(browser, live_server.url) as page:
        look_in(page)
        sent = []
        page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/answer/") else None)
        page.context.set_offline(True)
        expect(page.locator("#offline")).to_be_visible()
        card = page.locator("article.suggestion").first
        card.get_by_role("button", name="Yes", exact=True).click()
        expect(card).to_contain_text("Your answer is waiting for a connection.")
        expect(card.get_by_role("button", name="Yes", exact=True)).to_be_hidden()
        assert (two.answers(), sent) == ({}, [])
        page.route("**/answer/", lambda route: route.fulfill(status=503, body="busy"))
        with page.expect_response("**/answer/"):
            page.context.set_offline(False)
        expect(card).to_contain_text("Your answer is waiting for a connection.")
        page.unroute("**/answer/")
        sent.clear()
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(card).to_contain_text("You said yes.")
        expect(page.locator("#offline")).to_be_hidden()
        assert (two.answers(), len(sent)) == ({"Ada": "accept"}, 1)
        page.reload()
        expect(page.get_by_role("link", name="Answered: 1")).to_be_visible()
        assert len(sent) == 1


def test_the_profile_is_saved_as_one_types(browser, live_server, two):
    with opened(browser, live_server.url) as page:
        look_in(page)
        page.get_by_role("link", name="Profile").click()
        page.get_by_label("City").fill("Gomel")
        expect(page.locator("#saved")).to_have_text("Saved.")
        page.get_by_label("What I am looking for", exact=True).fill("графи")
        page.locator("#needs-found").get_by_role("button", name="graphic design").click()
        expect(page.locator("#needs .terms")).to_contain_text("graphic design")
        page.locator("#needs .terms input").first.uncheck()
        expect(page.locator("#needs .terms label")).to_have_count(0)
        page.get_by_label("Name", exact=True).fill("")
        expect(page.locator("#saved")).to_contain_text("Not saved: Name: A name is needed.")
        profile = Participant.objects.get(pk=two.ada.pk).profile
        assert (profile.city, profile.needs) == ("Gomel", [])
