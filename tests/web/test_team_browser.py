"""My team on a phone, the wall on a TV and printing, in a real browser: the tasks as people do them, nothing cut, axe finds nothing."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect
from pypdf import PdfReader

from matchmaking.models import ChangeRequest, Roster, Team
from tests.factories import make_event, make_organisation, make_participant, make_role, make_roster, make_user
from tests.web.browser import does_not_fit, findings, keep_picture, opened, sign_in
from tests.web.visits import visitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
TV = {"width": 1920, "height": 1080}
LAPTOP = {"width": 1280, "height": 800}
SMALLEST = """Math.min(...[...document.querySelectorAll(".wall-teams ul li")].map((one) => parseFloat(getComputedStyle(one).fontSize)))"""
NAMES = ("Alexandra-Katharina Konstantinopolskaja", "Ўладзімір Ярашэвіч", "Ольга Щукина", "Jürgen Groß", "Ihar Novak", "Каця Ёлкіна")


class Hall:
    """Nine teams of six at tables; a facilitator; the first person of the first team."""

    @transaction.atomic
    def __init__(self) -> None:
        self.event = make_event(name="Evening of city and creativity", ends_at=timezone.now() + timedelta(hours=5))
        self.facilitator = make_user(name="Fedor")
        make_role(self.facilitator, self.event.programme, "facilitator", self.event)
        sectors = ("authority", "education", "business", "creative", "civil society", "other")
        told = {"offers": ["graphic design", "fundraising"], "needs": ["mentoring"], "languages": ["be"], "listed": True}
        house = make_organisation(self.event.programme, name="House of Crafts and Culture of the Lenin District")
        teams = [
            [
                make_participant(self.event.programme, event=self.event, name=name, sector=sector, organisation=house, **told)
                for name, sector in zip(NAMES, sectors, strict=True)
            ]
            for _ in range(9)
        ]
        self.me = teams[0][0]
        self.me.user = make_user()
        self.me.save()
        self.roster = make_roster(self.event, *teams, state="published", published_at=timezone.now())
        for team in Team.objects.all():
            team.place, team.name = f"Table {team.number}", "Friends of lamps and yards"
            team.task = "A map of festivals in the yards of five districts, with a calendar and a budget for the first year"
            team.save()


@pytest.fixture
def hall(live_server, settings):
    settings.PUBLIC_URL = live_server.url
    return Hall()


def test_on_a_phone_the_place_is_seen_at_once_and_a_change_is_asked_for(browser, live_server, hall):
    with opened(browser, live_server.url) as page:
        sign_in(page, live_server.url, visitor(hall.me))
        page.get_by_role("link", name="My team").or_(page.locator("a.home")).first.click()
        page.get_by_role("link", name="My team").click()
        expect(page.locator(".place-name")).to_be_in_viewport()
        expect(page.locator(".place-name")).to_have_text("Table 1")
        expect(page.locator(".members > li").nth(1)).to_contain_text("graphic design")
        for width in (320, 360):
            page.set_viewport_size({"width": width, "height": 740})
            assert (does_not_fit(page), findings(page) if width == 320 else []) == ([], [])
        page.get_by_label("To the facilitators").fill("Two of us know each other already.")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#notice")).to_contain_text("Your request is with the facilitators.")
        assert ChangeRequest.objects.get().participant_id == hall.me.pk


def test_a_tv_shows_all_teams_page_by_page_and_follows_what_is_published(browser, live_server, hall):
    with opened(browser, live_server.url) as desk, opened(browser, live_server.url, color_scheme="dark") as tv:
        sign_in(desk, live_server.url, visitor(hall.facilitator))
        desk.goto(f"/facilitate/events/{hall.event.pk}/wall/")
        desk.get_by_role("button", name="Make the link").click()
        address = desk.locator(".wall-address a").get_attribute("href")
        tv.set_viewport_size(TV)
        for query in ("?page=1", "?list=names&page=1", "?in=be&page=2", "?in=de&list=names&page=2"):
            tv.goto(address + query)
            keep_picture(tv, f"wall-{query.strip('?')}")
            assert (does_not_fit(tv), findings(tv) if "in=" not in query else []) == ([], []), query
            assert tv.evaluate("document.documentElement.scrollHeight") == TV["height"], f"{query}: no more than the screen holds"
        tv.goto(f"{address}?page=1")
        expect(tv.locator(".wall-teams > li")).to_have_count(6)
        assert tv.evaluate(SMALLEST) >= 38, "the letters of a name: 18 mm high on a TV of 55 inches"
        Roster.objects.update(state="aside")
        make_roster(hall.event, [hall.me], state="published", published_at=timezone.now())
        expect(tv.locator(".wall-teams > li")).to_have_count(1)
        desk.get_by_role("button", name="Hold as it is").click()
        expect(tv.locator(".wall-head")).to_contain_text("Held as it was")
        desk.get_by_role("button", name="Take down").click()
        expect(tv.locator("#wall")).to_contain_text("This wall has been taken down")


def test_a_team_is_found_on_a_phone_and_without_script(browser, live_server, hall):
    visitor(hall.facilitator).post(f"/facilitate/events/{hall.event.pk}/wall/", {"step": "put-up"})
    wall = hall.event.walls.get()
    with opened(browser, live_server.url, java_script_enabled=False) as page:
        page.goto(f"/wall/{wall.token}/?list=names&page=1")
        page.get_by_role("searchbox").fill("gro")
        page.get_by_role("button", name="Find").click()
        expect(page.locator(".wall-names li")).to_have_count(9)
        expect(page.locator(".wall-names li").first).to_contain_text("Jürgen Groß Table")


def test_one_badge_is_printed_again_with_three_clicks(browser, live_server, hall):
    with opened(browser, live_server.url) as page:
        sign_in(page, live_server.url, visitor(hall.facilitator))
        page.set_viewport_size(LAPTOP)
        page.goto(f"/facilitate/events/{hall.event.pk}/places/")
        page.get_by_role("link", name="Print").click()
        page.get_by_role("searchbox").fill("Щук")
        page.keyboard.press("Enter")
        with page.expect_download() as taken:
            page.locator(".again").first.get_by_role("button", name="Badge").first.click()
        assert "Ольга Щукина" in " ".join(PdfReader(taken.value.path()).pages[0].extract_text().split())
