"""The facilitator's board in a real browser: a person moved by drag, by clicks and by keys; undo; two at work; the walk by keys alone."""

import pytest
from playwright.sync_api import Page, expect

from matchmaking.models import Roster, Seat
from tests.web.browser import does_not_fit, findings, keep_picture, opened, sign_in
from tests.web.facilitating import make_board
from tests.web.visits import visitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
LAPTOP = {"width": 1280, "height": 800}
CYRILLIC_M = (
    """document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "ь", code: "KeyM", bubbles: true, cancelable: true}))"""
)


def signed_in(page: Page, address: str, who) -> Page:
    sign_in(page, address, visitor(who))
    page.set_viewport_size(LAPTOP)
    return page


def said(page: Page):
    return page.locator("#status .said")


def test_a_person_is_moved_by_drag_by_clicks_and_by_keys_and_each_is_taken_back_by_a_key(browser, live_server):
    board = make_board()
    ada, late = board.people[0], board.late
    with opened(browser, live_server.url) as page:
        signed_in(page, live_server.url, board.facilitator).goto(board.page())
        page.locator(f"#person-{ada.pk}").drag_to(page.locator("#team-2 h3"))
        expect(page.locator(f"#team-2 #person-{ada.pk}")).to_be_focused()
        expect(said(page)).to_contain_text("Ada 1.1: team 1 → team 2.")
        expect(page.locator("#heard")).to_contain_text("Ada 1.1: team 1 → team 2.")
        assert board.at(ada) == 2
        page.locator(f"#person-{late.pk}").click()
        page.locator("#panel").get_by_role("button", name="Team 3, people: 3").click()
        expect(page.locator(f"#team-3 #person-{late.pk}")).to_be_focused()
        expect(page.locator("#panel")).to_be_hidden()
        assert board.at(late) == 3
        page.evaluate(CYRILLIC_M)
        expect(page.locator("#to")).to_be_focused()
        page.keyboard.type("4")
        page.keyboard.press("Enter")
        expect(page.locator(f"#team-4 #person-{late.pk}")).to_be_focused()
        page.keyboard.press("p")
        expect(said(page)).to_contain_text("Late Lena is pinned to team 4.")
        for _ in range(4):  # faster than the server answers
            page.keyboard.press("u")
        expect(said(page)).to_contain_text("Taken back: Ada 1.1: team 1 → team 2")
        expect(page.locator("#undo button")).to_be_disabled()
        assert (board.at(ada), board.at(late)) == (1, None)
        page.locator(f"#person-{ada.pk}").drag_to(page.locator("#unplaced"))
        expect(page.locator(f"#unplaced #person-{ada.pk}")).to_be_visible()
        expect(page.locator("#measures")).to_contain_text("Without a team2")


def test_two_at_work_see_each_other_and_no_move_is_lost(browser, live_server):
    """F17 on the page, and what the other one does shows by itself."""
    board = make_board()
    ada, ben, other = board.people[0], board.people[4], visitor(board.colleague())
    with opened(browser, live_server.url) as page:
        signed_in(page, live_server.url, board.facilitator).goto(board.page())
        other.get(board.page())
        page.locator(f"#person-{ada.pk}").focus()
        board.move(ben, 4, client=other)
        expect(page.locator(f"#team-4 #person-{ben.pk}")).to_be_visible()
        expect(page.locator(f"#person-{ada.pk}")).to_be_focused()
        expect(page.locator("#now")).to_contain_text("Also working here: Pavel")
        page.locator(f"#person-{ada.pk}").click()
        expect(page.locator("#to")).to_be_focused()
        board.move(ada, 3, client=other)
        page.keyboard.type("2")
        page.keyboard.press("Enter")
        expect(page.locator("#notice")).to_contain_text("Somebody has moved this person since you looked: now in team 3.")
        expect(page.locator(f"#team-3 #person-{ada.pk}")).to_be_visible()
        expect(page.get_by_role("link", name="Keep it as it is")).to_be_focused()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator(f"#team-2 #person-{ada.pk}")).to_be_visible()
        expect(page.locator("#notice")).to_be_empty()
        assert Seat.objects.filter(roster=board.roster, participant=ada).count() == 1


def test_from_home_to_published_by_keys_alone(browser, live_server):
    board = make_board()
    with opened(browser, live_server.url) as page:
        signed_in(page, live_server.url, board.facilitator).goto("/facilitate/")

        def reach(name: str) -> None:
            """The next control of this name in the order of tabulators."""
            for _ in range(60):
                page.keyboard.press("Tab")
                if page.evaluate("document.activeElement.textContent.trim()") == name:
                    return
            raise AssertionError(f"{name} is not reached by Tab")

        reach("Open the board")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{board.page()}")
        reach("Late Lena")
        page.keyboard.press("Enter")
        expect(page.locator("#to")).to_be_focused()
        page.keyboard.type("ada 2.2")
        page.keyboard.press("Enter")
        expect(page.locator(f"#team-2 #person-{board.late.pk}")).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(page.locator(f"#person-{board.people[6].pk}")).to_be_focused()
        page.keyboard.press("f")
        page.keyboard.type("ada 4.3")
        expect(page.locator("#found .go")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page.locator(f"#person-{board.people[11].pk}")).to_be_focused()
        page.goto(board.page())
        reach("Publish …")
        page.keyboard.press("Enter")
        page.wait_for_url("**/publish/")
        reach("Publish")
        page.keyboard.press("Enter")
        expect(page.locator("#notice")).to_contain_text("Published: everybody sees their team now.")
        assert Roster.objects.get(pk=board.roster.pk).state == "published"


def test_pages_fit_laptop_and_phone_and_axe_finds_nothing(browser, live_server):
    board = make_board()
    other = board.draft()
    board.move(board.people[0], 2)
    board.post("pin/", participant=board.people[3].pk, pinned="1")
    board.post("lock/", team=3, locked="1")
    events = map(board.event_page, ("teams/", "rules/?add=count"))
    boards = map(board.page, ("", f"people/{board.late.pk}/", "teams/2/", "beside/", f"beside/?with={other.pk}", "publish/"))
    runs = (f"/facilitate/runs/{run.pk}/" for run in (board.roster.run, board.conflict()))
    pages = ("/facilitate/", *events, *boards, *runs)
    wrong = {}
    for turn, (scheme, size, language) in enumerate((("light", LAPTOP, "de"), ("dark", {"width": 360, "height": 740}, "be"))):
        board.speaks(language)
        with opened(browser, live_server.url, color_scheme=scheme) as page:
            signed_in(page, live_server.url, board.facilitator).set_viewport_size(size)
            for place, path in enumerate(pages):
                page.goto(path)
                page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
                keep_picture(page, f"facilitator-{place}-{turn}")
                if bad := does_not_fit(page) + findings(page):
                    wrong[f"{path} {scheme}"] = bad
    assert wrong == {}
