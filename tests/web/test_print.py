"""S10: team sheets, badges and lists on paper, in four languages; nothing in a name does anything there (T56, T57, T63)."""

import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader
from reportlab.pdfbase.pdfmetrics import stringWidth

from matchmaking.models import AuditEntry, Team
from tests.answers import person
from tests.factories import make_event, make_participant, make_role, make_roster, make_table_plan, make_user
from tests.web.visits import text_of, visitor
from web.printing import paper

pytestmark = pytest.mark.django_db
NAMES = ("Ўладзімір Ёлкін", "Щукина Ольга Эдуардовна", "Jürgen Groß-Weißmüller", "Ada O'Neill")
TITLE = {"be": "Вечар", "ru": "Вечер", "de": "Abend", "en": "Evening"}
WORDS = {"be": "Як мы размаўляем", "ru": "Как мы разговариваем", "de": "Wie wir miteinander sprechen", "en": "How we talk"}
STYLE = Path(__file__).resolve().parents[2] / "web" / "static" / "web" / "style.css"


@pytest.fixture
def event(db):
    return make_event(name="Evening", names=TITLE, starts_at=datetime(2026, 12, 1, 9, tzinfo=UTC))


@pytest.fixture
def desk(event):
    user = make_user()
    make_role(user, event.programme, "facilitator", event)
    return visitor(user)


@pytest.fixture
def people(event):
    made = [
        person(event, name, sector=sector, languages=["be", "de"], offers=["graphic design"], needs=["mentoring"])
        for name, sector in zip(NAMES, ("authority", "education", "business", "other"), strict=True)
    ]
    roster = make_roster(event, made[:2], made[2:], state="published")
    Team.objects.filter(roster=roster, number=1).update(place="Стол 7", name="Ліхтары", task="Святло ў двары")
    return made


def printed(desk, event, what, language="en"):
    answer = desk.post(f"/facilitate/events/{event.pk}/print/file/", {"what": what, "language": language})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf"), text_of(answer)
    return PdfReader(BytesIO(answer.content))


def texts(reader):
    return [" ".join(page.extract_text().split()) for page in reader.pages]


@pytest.mark.parametrize("language", TITLE)
def test_sheets_are_read_back_in_every_language(event, desk, people, language):
    first, second = texts(printed(desk, event, "sheets", language))
    for told in ("Стол 7", "Ліхтары", "Святло ў двары", *NAMES[:2], WORDS[language], TITLE[language]):
        assert told in first
    assert NAMES[2] in second
    assert NAMES[0] not in second


def test_badges_say_who_one_is_and_where_to_sit(event, desk, people):
    reader = printed(desk, event, "badges-a4")
    (page,) = texts(reader)
    for told in (*NAMES, "Стол 7", "Team 2", "Belarusian · German", "education", "Ada O'Neill's house"):
        assert told in page
    assert round(float(reader.pages[0].mediabox.height)) == 842
    assert len(printed(desk, event, "badges-a6").pages) == 4


def test_one_person_and_one_team_are_printed_again(event, desk, people):
    team = Team.objects.get(number=2)
    (badge,) = texts(printed(desk, event, f"badges-a6:{people[1].pk}"))
    assert (NAMES[1] in badge, NAMES[0] in badge) == (True, False)
    (sheet,) = texts(printed(desk, event, f"sheets:{team.pk}"))
    assert (NAMES[2] in sheet, NAMES[0] in sheet) == (True, False)
    (badges,) = texts(printed(desk, event, f"team-badges:{team.pk}"))
    assert (NAMES[3] in badges, NAMES[1] in badges) == (True, False)
    found = text_of(desk.get(f"/facilitate/events/{event.pk}/print/?q=щук"))
    assert (NAMES[1] in found, NAMES[0] in found) == (True, False)
    elsewhere = make_roster(make_event(), [], state="published").teams.get()
    stranger = make_participant(elsewhere.roster.event.programme, event=elsewhere.roster.event)
    for what in (f"sheets:{elsewhere.pk}", f"badges-a6:{stranger.pk}", "badges-a6:0", "sheets:x"):
        assert desk.post(f"/facilitate/events/{event.pk}/print/file/", {"what": what}).status_code == 404, what


def test_lists_stand_in_the_order_of_the_alphabet_and_team_by_team(event, desk, people):
    by_name = " ".join(texts(printed(desk, event, "names")))
    assert sorted(NAMES, key=by_name.index) == [NAMES[3], NAMES[2], NAMES[0], NAMES[1]]
    by_team = " ".join(texts(printed(desk, event, "teams", "be")))
    assert by_team.index("Стол 7") < by_team.index(NAMES[0]) < by_team.index(NAMES[2])


def test_who_printed_what_is_in_the_audit_and_nothing_is_printed_for_nothing(event, desk, people):
    printed(desk, event, "team-badges:" + str(Team.objects.get(number=1).pk))
    entry = AuditEntry.objects.get(action="names.printed")
    assert (entry.event_id, entry.data) == (event.pk, {"purpose": "badges", "rows": 2, "language": "en"})
    empty = make_event(event.programme)
    make_role(desk.get("/").wsgi_request.user, event.programme, "facilitator", empty)
    asked = f"/facilitate/events/{empty.pk}/print/file/"
    refused = {"badges-a4": 409, "sheets": 409, "secrets": 400}
    assert {what: desk.post(asked, {"what": what}).status_code for what in refused} == refused
    assert AuditEntry.objects.filter(action="names.printed").count() == 1
    assert "nothing to print" in text_of(desk.get(f"/facilitate/events/{empty.pk}/print/"))


def test_names_are_text_on_paper_and_long_ones_stay_whole(event, desk):
    evil = '<img src="file:///etc/passwd"/><b>&amp;\x07\x1b[31m Eve'
    inert = '<imgsrc="file:///etc/passwd"/><b>&amp;[31mEve'
    long = "Maximiliane-Alexandra von und zu der Konstantinopolitanischen Hügellandschaft " + "Ы" * 80
    make_participant(event.programme, event=event, name=evil)
    terms = [f"{'skill ' * 19}{number}" for number in range(50)]
    tall = make_participant(event.programme, event=event, name=long, offers=terms, needs=terms, languages=["be"] * 50)
    make_participant(event.programme, event=event, name="\u0301\u0301")
    make_roster(event, [tall], state="published")
    make_table_plan(event, [tall])
    assert len(printed(desk, event, "sheets").pages) == 1, "fifty offers are no reason for more"
    for what in ("badges-a4", "badges-a6", "names"):
        page = "".join("".join(texts(printed(desk, event, what))).split())
        assert inert in page, what
        assert "".join(long.split()) in page, what
    (page,) = printed(desk, event, "badges-a4").pages
    starts: list[float] = []
    page.extract_text(visitor_text=lambda text, at, place, *_: starts.append(at[4] + place[4]) if text.strip() else None)
    assert all(0 < x < 595 for x in starts)
    assert "/Annots" not in page, "no links, nothing to open"


@pytest.mark.parametrize("text", ["Ada", "Maximiliane von Hohenstein", "Ы" * 200, "a b " * 150, "Щ" * 30 + " Alexandra"])
def test_a_text_fits_its_box_without_losing_a_letter(text):
    box = paper.fitted(text, 200, 60, largest=30)
    assert box.wrap(200, 60)[1] <= 60
    lines = [line[1] if isinstance(line, tuple) else line.words for line in box.blPara.lines]
    assert "".join("".join(words) for words in lines) == "".join(text.split())
    assert all(stringWidth(" ".join(words), paper.BOLD, box.style.fontSize) <= 200.5 for words in lines)


def test_the_code_leads_to_ones_own_team_and_holds_nothing_of_the_person(event, desk, people, monkeypatch, settings):
    settings.PUBLIC_URL = "https://partners.example.org"
    asked = []
    make = __import__("segno").make
    monkeypatch.setattr("web.printing.badges.segno.make", lambda content, **options: asked.append(content) or make(content, **options))
    printed(desk, event, "badges-a4")
    assert asked == [f"https://partners.example.org/team/?event={event.pk}"]
    opened = visitor(people[0]).get(asked[0].removeprefix("https://partners.example.org"))
    assert "Стол 7" in text_of(opened)


def test_sectors_have_the_colours_of_the_pages_and_letters_those_of_four_languages():
    light = STYLE.read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")[0]
    pages = {name.replace(" ", "-"): re.search(rf"--{name.replace(' ', '-')}: (#\w+)", light)[1] for name in paper.COLOURS}
    assert {name.replace(" ", "-"): colour for name, colour in paper.COLOURS.items()} == pages
    paper.letters()
    known = paper.TTFont("Test", paper.FONTS / "DejaVuSans-Bold.ttf").face.charToGlyph
    wanted = "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯІЎҐЄЇабвгдеёжзийклмнопрстуфхцчшщъыьэюяіўґєї’ÄÖÜäöüßẞĄĘŁŃÓŚŹŻąęłńóśźżŠŽČšžčŪū–—„“«»€№"
    assert [sign for sign in wanted if ord(sign) not in known] == []
    assert all(path.stat().st_size < 150_000 for path in paper.FONTS.glob("*.ttf"))
