"""S4: contacts, met and next step, the card and the calendar entry."""

import re
from datetime import UTC, datetime

import pytest

from matchmaking.models import AuditEntry, FollowUp, Introduction, Participant
from tests.answers import give_contacts_consent, make_two, person
from tests.factories import make_suggestion, make_user
from tests.web.visits import PART, text_of, visitor

pytestmark = pytest.mark.django_db
PAGE = "/contacts/"


@pytest.fixture
def two(db):
    made = make_two()
    made.introduce(shares=["mail", "phone", "telegram"])
    return made


def path(step):
    return f"{PAGE}{Introduction.objects.get().pk}/{step}"


def test_a_contact_is_found_with_what_the_other_side_chose(two):
    page = visitor(two.ada).get(PAGE)
    assert {"mailto:ben@example.org", "tel:+375", "https://t.me/ben"} <= set(re.findall(r'href="([^"]+)"', page.content.decode()))
    assert "Ben" in text_of(visitor(two.ada).get(f"{PAGE}?q=BEN"))
    assert "Ben's house" not in text_of(visitor(two.ada).get(f"{PAGE}?q=zoe"))
    assert "Nobody of this name." in text_of(visitor(two.ada).get(f"{PAGE}?q=zoe"))


def test_met_is_one_tap_and_ones_own(two):
    client = visitor(two.ada)
    client.post(path("note/"), {"met": "1"})
    noted = FollowUp.objects.get()
    assert (noted.participant_id, noted.met_at is not None) == (two.ada.pk, True)
    client.post(path("note/"), {"met": "1"})
    assert FollowUp.objects.get().met_at == noted.met_at, "the first time counts"
    assert AuditEntry.objects.filter(action="introduction.noted").count() == 1
    assert 'aria-pressed="true"' in client.get(PAGE).content.decode()
    assert 'aria-pressed="true"' not in visitor(two.ben).get(PAGE).content.decode()
    client.post(path("note/"), {"met": "0"})
    assert FollowUp.objects.get().met_at is None


def test_the_next_step_and_the_time_are_kept_for_oneself(two):
    told = visitor(two.ada).post(path("note/"), {"next_step": "Bring\r\nposters", "meets_at": "2026-12-01T18:30"}, headers=PART)
    noted = FollowUp.objects.get()
    assert (noted.next_step, noted.meets_at) == ("Bring\nposters", datetime(2026, 12, 1, 15, 30, tzinfo=UTC)), "Minsk is three hours ahead"
    assert 'value="2026-12-01T18:30"' in told.content.decode()
    assert "posters" not in visitor(two.ben).get(PAGE).content.decode()


@pytest.mark.parametrize("said", [{"next_step": "a" * 501}, {"meets_at": "tomorrow"}, {"meets_at": "2026-13-01T00:00"}])
def test_a_note_that_cannot_be_kept_is_refused(two, said):
    assert visitor(two.ada).post(path("note/"), said).status_code == 400
    assert FollowUp.objects.exclude(next_step="", meets_at=None).count() == 0


def test_the_card_holds_what_is_shared_and_nothing_else(two):
    visitor(two.ben).post(path("share/"), {"shares": ["phone"]})
    card = visitor(two.ada).get(path("contact.vcf"))
    assert (card["Content-Type"], card["Cache-Control"]) == ("text/vcard; charset=utf-8", "no-store")
    lines = card.content.decode().split("\r\n")
    assert lines == ["BEGIN:VCARD", "VERSION:3.0", "FN:Ben", "N:Ben;;;;", "ORG:Ben's house", "TEL:+375 Ben", "END:VCARD", ""]


def test_the_meeting_is_at_the_time_noted_else_during_the_event(two):
    assert visitor(two.ada).get(path("meeting.ics")).status_code == 409
    two.event.starts_at, two.event.ends_at = datetime(2026, 12, 5, 7, tzinfo=UTC), datetime(2026, 12, 5, 12, tzinfo=UTC)
    two.event.save()
    during = visitor(two.ada).get(path("meeting.ics")).content.decode()
    assert ("DTSTART:20261205T070000Z" in during, "DTEND:20261205T120000Z" in during) == (True, True)
    visitor(two.ada).post(path("note/"), {"meets_at": "2026-12-01T18:30"})
    noted = visitor(two.ada).get(path("meeting.ics")).content.decode()
    assert ("DTSTART:20261201T153000Z" in noted, "DTEND:20261201T163000Z" in noted, "SUMMARY:Meeting: Ben" in noted) == (True, True, True)


def test_t64_line_ends_in_names_and_notes_start_no_new_line(two):
    Participant.objects.filter(pk=two.ben.pk).update(name="Ben\r\nTEL:1;x,y", phone="1\r\nEMAIL:evil@example.org")
    visitor(two.ada).post(path("note/"), {"next_step": "a\r\nATTENDEE:mailto:x@example.org", "meets_at": "2026-12-01T18:30"})
    for step in ("contact.vcf", "meeting.ics"):
        lines = visitor(two.ada).get(path(step)).content.decode().split("\r\n")
        assert [line for line in lines if line.startswith(("TEL:1;", "EMAIL:evil", "ATTENDEE"))] == []
        assert not any("\n" in line or "\r" in line for line in lines)


def test_t6_contacts_are_taken_back_at_once(two):
    visitor(two.ben).post(path("share/"), {})
    page = text_of(visitor(two.ada).get(PAGE))
    assert ("ben@example.org" in page, "This person shares no contact at the moment." in page) == (False, True)
    visitor(two.ben).post(path("end/"))
    assert "No contacts yet." in text_of(visitor(two.ada).get(PAGE))
    assert visitor(two.ada).get(f"{PAGE}{Introduction.objects.get().pk}/contact.vcf").status_code == 404


def test_what_introductions_to_come_open_is_chosen_here(two):
    visitor(two.cleo).post(f"{PAGE}always/{two.cleo.pk}/", {"shares": ["telegram"]})
    two.cleo.refresh_from_db()
    assert two.cleo.shares == ["telegram"]
    assert two.cleo.consents.filter(purpose="contacts", withdrawn_at=None).exists()
    assert visitor(two.ada).post(f"{PAGE}always/{two.cleo.pk}/", {"shares": []}).status_code == 404


def test_without_contacts_the_page_says_what_now():
    page = visitor(make_user()).get(PAGE)
    assert "No contacts yet." in text_of(page)
    assert 'href="/suggestions/"' in page.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number(count, django_assert_num_queries):
    two = make_two()
    two.introduce(shares=["mail"])
    for number in range(count - 1):
        other = person(two.event, f"P{number}")
        give_contacts_consent(other, "mail")
        row = make_suggestion(two.suggestion.run, two.ada, other)
        for who in (two.ada, other):
            visitor(who).post(f"/suggestions/{row.pk}/answer/", {"answer": "accept"})
    client = visitor(two.ada)
    with django_assert_num_queries(6):
        page = client.get(PAGE).content.decode()
    assert page.count("<article") == count
