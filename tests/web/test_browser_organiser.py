"""What organisers come for (S11 to S15, S17), done once as a person does it, clicks counted; languages and widths take turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import openpyxl
import pytest
from playwright.sync_api import expect

from matchmaking.models import Event, Import, Invitation, Participant, Run, Suggestion
from matchmaking.services import imports
from tests.runs import compute_all
from tests.web.hands import Hand, at_home

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
ROWS, WRONG = 500, 10


@pytest.fixture
def events(browser, keeper, live_server):
    """`events(language, width)`: an organiser on the page of all events."""
    world = keeper.bring()

    def enter(language, width):
        return at_home(browser, live_server.url, world, "organiser", language, width)

    enter.world = world
    return enter


def card(hand: Hand, events, name: str = "event"):
    """The card of an event on the first page."""
    event = Event.objects.get(pk=events.world.at[name])
    return hand.page.locator("article", has_text=event.names[hand.language])


# --- S11 --------------------------------------------------------------------------------------------------------------
def test_s11_an_event_needs_a_name_and_is_seen_with_its_defaults(events):
    with events("be", 1280) as hand:
        hand.follow("Set up an event")
        hand.field("Name").fill("Вячэрняя сустрэча")
        hand.press("Set it up")
        expect(hand.page.locator("h1")).to_have_text(hand.word("People and import"))
        assert hand.clicks == 2
        event = Event.objects.get(name="Вячэрняя сустрэча")
        assert (event.kind, event.time_zone, event.cap, event.floor) == ("discussion", "Europe/Minsk", 8, 2)
        hand.follow("Settings")
        expect(hand.field("Name")).to_have_value("Вячэрняя сустрэча")


def test_s11_a_facilitator_is_invited_in_three_clicks(events):
    with events("ru", 360) as hand:
        hand.follow("Settings", card(hand, events))
        hand.field("Mail").fill("nina@example.org")
        hand.press("Make a link")
        expect(hand.page.locator("code")).to_contain_text("http")
        assert hand.clicks <= 3
        assert Invitation.objects.filter(mail="nina@example.org").count() == 1


# --- S12 --------------------------------------------------------------------------------------------------------------
def form_export() -> bytes:
    """What a form gives for 500 people: a mail address that is none in ten of the rows."""
    lines = ["Имя;Почта;Организация;Сектор"]
    for number in range(ROWS):
        mail = f"guest{number}@example.org" if number % (ROWS // WRONG) else "нет адреса"
        lines.append(f"Гость {number};{mail};Дом {number % 40};образование")
    return "\r\n".join(lines).encode("cp1251")


def test_s12_a_form_with_500_rows_is_repaired_saved_and_taken_back(events):
    with events("de", 1280) as hand:
        page = hand.page
        hand.follow("People and import", card(hand, events, "empty"))
        page.set_input_files("#file", {"name": "form.csv", "mimeType": "text/csv", "buffer": form_export()})
        hand.clicks += 1
        hand.field("Where they agreed to suggestions").fill("Formular vom Mai")
        hand.press("Read the file")
        made = Import.objects.get(file_name="form.csv")
        imports.read(import_id=made.pk)
        page.reload()
        expect(page.locator(".row-card")).to_have_count(WRONG)
        for number in range(WRONG):
            row = page.locator(".row-card", has=page.locator("form")).first
            row.locator("[name=mail]").fill(f"mended{number}@example.org")
            row.locator("button").click()
            expect(page.locator(".row-card form")).to_have_count(WRONG - number - 1)
        hand.press("Save all of it")
        assert hand.clicks <= 6, "the ten repairs apart"
        imports.save(import_id=made.pk)
        page.reload()
        assert Participant.objects.filter(registrations__event=events.world.at["empty"]).count() == ROWS
        hand.clicks = 0
        hand.press("Take the import back")
        expect(page.locator("main")).to_contain_text(str(ROWS))
        assert (hand.clicks, Participant.objects.filter(registrations__event=events.world.at["empty"]).count()) == (1, 0)


# --- S13 --------------------------------------------------------------------------------------------------------------
def test_s13_a_run_is_started_followed_and_cancelled(events):
    with events("en", 360) as hand:
        page = hand.page
        hand.follow("Matching", card(hand, events))
        hand.clicks = 0
        hand.press("Start a preview")
        expect(page.locator("#progress")).to_contain_text("Queued, will start shortly.")
        run = Run.objects.get(event=events.world.at["event"], state="waiting")
        assert hand.clicks == 1
        hand.press("Cancel the run")
        expect(page.locator("main")).to_contain_text("what people see now has not changed")
        run.refresh_from_db()
        assert (hand.clicks, run.state) == (2, "cancelled")


def test_s13_a_failure_says_in_plain_words_what_to_do(events):
    with events("be", 1280) as hand:
        Run.objects.filter(event=events.world.at["training"]).exclude(pk=events.world.at["failed"]).delete()
        hand.page.reload()
        hand.follow("See why the run failed", card(hand, events, "training"))
        expect(hand.page.locator(".note.bad")).to_contain_text(hand.word("The run failed."))
        expect(hand.page.get_by_role("link", name=hand.word("Start a new run"))).to_be_visible()
        told = hand.page.locator(".note.bad").inner_text()
        assert (hand.clicks, [word for word in ("Traceback", "Error", "{", "None") if word in told]) == (1, [])


# --- S14 --------------------------------------------------------------------------------------------------------------
@contextmanager
def reviewing(events, language: str, width: int) -> Iterator[Hand]:
    """On the pairs of a preview."""
    with events(language, width) as hand:
        hand.follow("Review the preview and publish it", card(hand, events, "hackathon"))
        hand.follow("Review the pairs")
        hand.clicks = 0
        yield hand


def test_s14_one_pair_is_held_with_a_click_and_fifty_at_once(events):
    with reviewing(events, "ru", 1280) as hand:
        held = Suggestion.objects.filter(run=events.world.at["preview"], held_at__isnull=False)
        pairs = hand.page.locator("article.pair")
        expect(pairs).to_have_count(50)
        hand.press("Hold back", pairs.first)
        expect(pairs.first).to_contain_text(hand.word("held back"))
        assert (hand.clicks, held.count()) == (1, 1)
        for box in hand.page.locator("[name=suggestions]").all():
            box.check()
        hand.press("Hold back", hand.page.locator(".sticky"))
        expect(hand.page.locator("#notice")).to_contain_text("49")
        assert held.count() == 50


def test_s14_people_without_a_suggestion_are_a_click_away(events):
    with reviewing(events, "de", 360) as hand:
        hand.follow("People without a suggestion")
        expect(hand.page.locator("h1")).to_have_text(hand.word("People without a suggestion"))
        assert hand.clicks == 1


# --- S15 --------------------------------------------------------------------------------------------------------------
def test_s15_the_worst_pair_the_most_shown_and_both_files(events):
    with events("be", 360) as hand:
        hand.follow("Mixing", card(hand, events))
        expect(hand.page.locator("section .note.wait")).to_contain_text(hand.word("They meet least:"))
        hand.clicks = 0
        hand.unfold("Who is shown most")
        most = hand.page.locator("details[open] li a")
        expect(most.first).to_be_visible()
        assert (hand.clicks, most.count()) == (1, 10)
        hand.clicks = 0
        picture = hand.take(lambda: hand.follow("Picture (SVG)"))
        table = hand.take(lambda: hand.follow("Table (CSV)"))
        assert (hand.clicks, picture.path().read_text()[:4], table.path().read_text(encoding="utf-8")[0]) == (2, "<svg", "\ufeff")


def test_s15_the_network_is_a_picture_with_a_table_beside_it(events):
    with events("en", 1280) as hand:
        page = hand.page
        hand.follow("Mixing", card(hand, events))
        hand.follow("See who is joined with whom")
        people = Participant.objects.filter(registrations__event=events.world.at["event"], registrations__state="approved").count()
        expect(page.locator("svg.network .mark")).to_have_count(people)
        expect(page.locator("tbody tr")).to_have_count(people)
        name = page.locator("tbody th a").first.inner_text()
        page.locator("tbody th a").first.click()
        expect(page.locator("svg.network g.chosen text")).to_have_text(name)
        shown = int(page.locator("tbody tr").first.locator("td").nth(1).inner_text())
        expect(page.locator("svg.network .curve.chosen")).to_have_count(shown)
        hand.clicks = 0
        files = [hand.take(lambda kind=kind: hand.press(kind)) for kind in ("Picture (SVG)", "Table (CSV)")]
        assert (hand.clicks, [file.suggested_filename for file in files]) == (
            2,
            ["discussion-minsk-network.svg", "discussion-minsk-network.csv"],
        )
        assert name in files[0].path().read_text()
        assert name in files[1].path().read_text(encoding="utf-8-sig")
        hand.follow("Export")
        expect(page.locator("tbody tr")).to_have_count(2)
        expect(page.locator("tbody tr").first).to_contain_text("Partner network")


# --- S17 --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("language", "width"), [("ru", 360), ("de", 1280)])
def test_s17_the_list_of_names_opens_in_a_spreadsheet(events, language, width):
    with events(language, width) as hand:
        hand.follow("Export", card(hand, events))
        hand.field("What the file is for").fill("Badges")
        file = hand.take(lambda: hand.press("Workbook (XLSX)"))
        assert hand.clicks <= 4
        sheet = openpyxl.load_workbook(BytesIO(file.path().read_bytes())).active
        assert sheet["B1"].value == f"1: {hand.word('Name')}"
        assert sheet.max_row - 1 == Suggestion.objects.filter(run=events.world.at["shown"], held_at=None, dropped_at=None).count()


# --- one road whole ---------------------------------------------------------------------------------------------------
def test_a_preview_is_computed_compared_published_and_taken_back(events):
    with events("ru", 1280) as hand:
        page = hand.page
        hand.follow("Matching", card(hand, events, "hackathon"))
        hand.press("Start a preview")
        run = Run.objects.get(event=events.world.at["hackathon"], state="waiting")
        compute_all(run)
        page.reload()
        expect(page.locator("h2").first).to_have_text(hand.word("Beside what is shown now"))
        hand.press("Publish to everybody")
        expect(page.locator("#notice")).to_contain_text(hand.word("Published: everybody sees their suggestions now."))
        hand.press("Take back")
        expect(page.locator("#notice")).to_contain_text(hand.word("Taken back: what was shown before is shown again."))
