"""Three tours of the demo from its start page, by clicks on what is seen. With PICTURES they leave those of the README."""

import os
from io import BytesIO
from pathlib import Path

import pypdf
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from matchmaking.models import Event, Response, Team, User
from tests.conftest import ROOT
from tests.web.browser import reading
from tests.web.hands import HEIGHTS, Hand
from tests.web.worlds import SAMPLES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
COLOURS = 255  # of a picture: ours are few


@pytest.fixture
def tour(browser, keeper, live_server):
    """`tour(role, language, width)`: a visitor who has just clicked on that role's sample log-in."""
    world = keeper.bring()

    def begin(role, language, width):
        language = "en" if os.environ.get("PICTURES") else language  # the README is English
        User.objects.filter(mail=SAMPLES[role]).update(language=language)
        context = reading(browser, live_server.url, language, "light", device_scale_factor=2 if width == 360 else 1)
        page = context.__enter__()
        page.set_viewport_size({"width": width, "height": HEIGHTS[360] if width == 360 else 1000})
        page.goto("/")
        hand = Hand(page, language)
        hand.click(page.locator(f"[data-role={role}]").first)
        open_.append(context)
        return hand

    begin.world = world
    open_: list = []
    yield begin
    for context in open_:
        context.__exit__(None, None, None)


def named(tour, event: str, hand: Hand) -> str:
    return Event.objects.get(pk=tour.world.at[event]).names[hand.language]


def keep(page: Page, name: str, **area: object) -> None:
    """What is in the window, for the README."""
    if os.environ.get("PICTURES"):
        shot = Image.open(BytesIO(page.screenshot(**area))).convert("RGB")
        shot.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE).save(Path(ROOT) / "docs" / "pictures" / f"{name}.png", optimize=True)


def test_a_participant_comes_to_an_accepted_suggestion(tour):
    hand = tour("participant", "en", 360)
    card = hand.page.locator("article.suggestion").first
    expect(card.locator(".why li").first).to_be_visible()
    keep(hand.page, "participant")
    hand.press("Yes", card)
    expect(card).to_contain_text("You said yes.")
    assert (hand.clicks, Response.objects.get(participant__user=tour.world.user("participant")).answer) == (2, "accept")


def test_a_facilitator_comes_to_a_printed_team_sheet(tour):
    hand = tour("facilitator", "de", 1280)
    card = hand.page.locator("article", has_text=named(tour, "hackathon", hand))
    hand.follow("Open the board", card)
    expect(hand.page.locator("h1")).to_be_visible()
    keep(hand.page, "board")
    hand.follow("Print")
    sheets = hand.take(lambda: hand.press("All team sheets"))
    assert hand.clicks <= 4
    paper = pypdf.PdfReader(sheets.path())
    teams = Team.objects.filter(roster=tour.world.at["roster"])
    assert len(paper.pages) >= teams.count() > 10
    person = teams.get(number=1).seats.first().participant
    assert person.name.split()[0] in paper.pages[0].extract_text()


def test_an_organiser_comes_to_the_heat_map(tour):
    hand = tour("organiser", "ru", 1280)
    hand.follow("Mixing", hand.page.locator("article", has_text=named(tour, "event", hand)))
    expect(hand.page.locator("table.heat td a").first).to_be_visible()
    assert hand.clicks == 2
    keep(hand.page, "mixing")
