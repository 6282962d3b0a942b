"""Notices on their pages: the bell, what is told and read, how one wants to be told, the end of mails with one click; the demo's mails."""

import re
from datetime import time, timedelta

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from matchmaking.management.sentences import ROOT
from matchmaking.models import Consent, Event, Intent, NoticeSettings, Participant
from matchmaking.selectors.notices import KINDS, OTHER
from matchmaking.services import blocks, mailing, notice_choices, trail
from tests.answers import make_two
from tests.factories import make_role, make_user
from tests.web.test_pages import PAYLOAD
from tests.web.visits import text_of, visitor

pytestmark = pytest.mark.django_db
NOTICES, SETTINGS = "/notices/", "/notices/settings/"


@pytest.fixture
def two():
    return make_two(name="Fair")


def bell(client, page="/suggestions/"):
    """What the bell says on a page."""
    source = client.get(page).content.decode()
    return source.partition('class="bell"')[2].partition('aria-label="')[2].partition('"')[0]


def stop_path(who):
    return notice_choices.stop_address(who.user).removeprefix("http://localhost:8000")


# --- the bell and what is told ------------------------------------------------------------------------------------------
def test_the_bell_counts_what_is_unread_and_reading_is_seeing(two):
    two.introduce()
    trail.intend(two.ada, "suggestions", "1", event=two.event)
    client = visitor(two.ada)
    assert (bell(client), bell(visitor(two.cleo))) == ("Notices, 2 unread", "Notices")
    client.head(NOTICES)
    assert bell(client) == "Notices, 2 unread", "who only asks for the head has read nothing"
    told = text_of(client.get(NOTICES))
    first, second = told.index("New. There are new suggestions for you: Fair."), told.index("New. Ben and you both said yes: Fair.")
    assert first < second, "the newest first"
    assert (bell(client), "New." in text_of(client.get(NOTICES))) == ("Notices", False)


def test_p6_a_notice_of_an_introduction_goes_with_it_and_says_nothing(two):
    two.introduce()
    client = visitor(two.ada)
    blocks.block(by=two.ben, whom=two.ada)
    assert bell(client) == "Notices"
    assert "Nothing has happened yet." in text_of(client.get(NOTICES))


def test_an_organiser_has_a_bell_too(two):
    organiser = make_user()
    make_role(organiser, two.event.programme)
    assert text_of(visitor(organiser).get(SETTINGS)).count("You do not take part in a programme yet.") == 1


@pytest.mark.parametrize("language", ["be", "ru", "en", "de"])
def test_every_kind_has_its_sentence_and_leads_to_a_page(two, language):
    """Introductions are told only where there is one; a kind that this version does not know has a sentence too."""
    two.ada.user.language = language
    two.ada.user.save()
    Event.objects.update(starts_at=timezone.now() + timedelta(days=3), city="Brest")
    kinds = [*sorted(KINDS.keys() - {"introduction"}), "a kind of tomorrow"]
    for kind in kinds:
        trail.intend(two.ada, kind, "1", event=two.event)
    told = text_of(visitor(two.ada).get(NOTICES))
    assert (told.count("Fair"), "{" in told) == (len(kinds), False)
    assert all(resolve(words.path).url_name for words in (*KINDS.values(), OTHER))


@pytest.mark.parametrize("count", [1, 3])
def test_notices_cost_the_same_for_any_number(two, count, django_assert_num_queries):
    two.introduce()
    for number in range(count):
        trail.intend(two.ada, "suggestions", str(number), event=two.event)
    client = visitor(two.ada)
    client.get(NOTICES)
    with django_assert_num_queries(5):  # session, person, notices, names in them, heading
        answer = client.get(NOTICES)
    assert text_of(answer).count("There are new suggestions") == count


def test_t56_what_people_write_is_shown_in_notices_and_never_run(two):
    two.introduce()
    Participant.objects.update(name=PAYLOAD)
    Event.objects.update(name=PAYLOAD)
    source = visitor(two.ada).get(NOTICES).content.decode()
    assert ("<script>" in source, "<img" in source, source.count("&lt;script&gt;") >= 2) == (False, False, True)


def test_every_kind_that_is_written_has_a_sentence_of_its_own():
    written = set()
    for path in (ROOT / "matchmaking").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        written |= {kind for kind, _ in re.findall(r'"?kind"?[=:] ?"(\w+)", "?(dedupe_key)', source)}
        written |= set(re.findall(r'trail\.intend(?:_all)?\([\w.]+, "(\w+)"', source))
    assert len(written) >= 7
    assert written - KINDS.keys() == set()


# --- how one wants to be told ---------------------------------------------------------------------------------------------
def test_the_settings_say_what_holds_and_keep_what_is_chosen(two):
    client = visitor(two.ada)
    page = client.get(SETTINGS).content.decode()
    assert ('value="nothing" checked' in page, 'value="21:00"' in page, two.ada.user.mail in page) == (True, True, True)
    assert client.post(SETTINGS, {"way": "gathered", "quiet_from": "22:30", "quiet_until": "07:00"}).status_code == 302
    row = NoticeSettings.objects.get(user=two.ada.user)
    assert (row.gathered, row.quiet_from, row.quiet_until) == (True, time(22, 30), time(7))
    given = Consent.objects.get(participant=two.ada, purpose="mail", withdrawn_at__isnull=True)
    assert given.source == "own"
    client.post(SETTINGS, {"way": "nothing", "quiet_from": "22:30", "quiet_until": "07:00"})
    given.refresh_from_db()
    assert given.withdrawn_at is not None
    wrong = client.post(SETTINGS, {"way": "at once", "quiet_from": "late", "quiet_until": "07:00"})
    assert (wrong.status_code, "Write both times like 21:00." in text_of(wrong)) == (400, True)
    assert notice_choices.way_of(two.ada.user) == "nothing"


# --- one click ------------------------------------------------------------------------------------------------------------
def test_rfc_8058_a_mail_program_stops_mails_with_a_bare_post_and_a_look_stops_nothing(two):
    for one in (two.ada, two.ben):
        Consent.objects.create(participant=one, purpose="mail", source="own")
    program, path = Client(enforce_csrf_checks=True), stop_path(two.ada)
    assert "Stop all mails to you?" in text_of(program.get(path))
    program.head(path)
    assert notice_choices.way_of(two.ada.user) == "at once", "a scanner that follows the link stops nothing"
    for _again in range(2):
        done = program.post(path, {"List-Unsubscribe": "One-Click"}, headers={"Origin": "https://mail.example"})
        assert (done.status_code, "You get no more of these mails." in text_of(done)) == (200, True)
    assert (notice_choices.way_of(two.ada.user), notice_choices.way_of(two.ben.user)) == ("nothing", "at once")


def test_a_stop_address_that_is_forged_reads_like_none_and_one_of_somebody_gone_is_quiet(two):
    path, other = stop_path(two.ada), stop_path(two.ben)
    forged = path.replace(str(two.ada.user_id), str(two.ben.user_id))
    assert [Client().post(one).status_code for one in (forged, "/mail/stop/x/", path)] == [404, 404, 200]
    two.ben.user.delete()
    assert "You get no more of these mails." in text_of(Client().post(other))


# --- the demo ---------------------------------------------------------------------------------------------------------------
def test_the_demo_shows_what_it_would_have_mailed_and_production_has_no_such_page(settings, tmp_path):
    settings.EMAIL_BACKEND, settings.MAIL_DIR = "matchmaking.services.captured_mail.Backend", tmp_path / "mail"
    assert "None yet." in text_of(Client().get("/mail/"))
    for subject in ("First", PAYLOAD):
        context = {"subject": subject, "name": PAYLOAD, "news": [{"text": "Look.", "address": mailing.address("/contacts/")}]}
        mailing.send(mailing.compose("news", context, to="ada@example.org", language="en", key=subject))
    answer = Client().get("/mail/")
    source = answer.content.decode()
    assert source.count('<a href="/contacts/">http://localhost:8000/contacts/</a>') == 2
    assert ("<script>" in source, "<img" in source, "&lt;script&gt;" in source) == (False, False, True)
    assert source.index("&lt;script&gt;") < source.index("First"), "the newest first"
    settings.PRODUCTION = True
    assert Client().get("/mail/").status_code == 404


def test_read_notices_are_kept_with_the_person(two):
    trail.intend(two.ada, "approved", "1", event=two.event)
    visitor(two.ada).get(NOTICES)
    seen = Intent.objects.get()
    data = visitor(two.ada).get("/my-data/my-data.json").json()
    assert [(row["kind"], row["seen_at"] is not None) for row in data["notifications"]] == [("approved", True)]
    assert seen.state == "waiting", "what was seen on a page may still be mailed"
