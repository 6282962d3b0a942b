"""The outbox: who is mailed what, when, and never twice."""

from datetime import datetime, time, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.utils import timezone

from matchmaking.models import AuditEntry, Consent, Intent, NoticeSettings, Pulse
from matchmaking.selectors import health
from matchmaking.services import (
    blocks,
    consents,
    erasure,
    joining,
    mailing,
    notice_choices,
    outbox,
    posting_hours,
    programmes,
    reminders,
    roster_moves,
    rosters,
    suggestions,
    trail,
)  # fmt: skip
from matchmaking.services.invariants import i5
from tests.answers import make_two
from tests.factories import make_roster, make_user

pytestmark = pytest.mark.django_db
MINSK = ZoneInfo("Europe/Minsk")
FIRST = datetime(2027, 5, 4, 10, tzinfo=MINSK)
NOON = datetime(2027, 4, 4, 12, tzinfo=MINSK)
NIGHT = NOON.replace(hour=23)
State = Intent.State


def agree(*people):
    Consent.objects.bulk_create(Consent(participant=one, purpose="mail", source="own") for one in people)


@pytest.fixture
def two():
    """Ada and Ben, who agreed to mails; the event is a month off."""
    found = make_two(name="Fair", starts_at=FIRST, ends_at=FIRST + timedelta(hours=8))
    agree(found.ada, found.ben)
    return found


def tell(two, kind, key="1", **data):
    trail.intend(two.ada, kind, key, event=two.event, **data)
    return Intent.objects.get(recipient=two.ada, kind=kind, dedupe_key=key)


def deliver(who, now=NOON):
    return outbox.deliver(user_id=who.user_id, now=now)


def states():
    return sorted(Intent.objects.values_list("kind", "state"))


def subjects():
    return [one.subject for one in mail.outbox]


# --- once, and to whom ------------------------------------------------------------------------------------------------
def test_a_mutual_match_is_mailed_to_both_at_once_and_once(two):
    two.introduce()
    assert [deliver(one) for one in (two.ada, two.ben, two.ada, two.ben)] == [1, 1, 0, 0]
    assert subjects() == ["Ben and you both said yes: Fair", "Ada and you both said yes: Fair"]
    assert [one.to for one in mail.outbox] == [[two.ada.user.mail], [two.ben.user.mail]]
    assert states() == [("introduction", "sent")] * 2
    assert "ben@example.org" not in mail.outbox[0].body
    assert list(i5(two.event)) == []


def test_p6_nobody_is_told_of_a_decline(two):
    suggestions.accept(suggestion=two.suggestion, by=two.ada)
    suggestions.decline(suggestion=two.suggestion, by=two.ben)
    assert (list(Intent.objects.all()), deliver(two.ada), deliver(two.ben)) == ([], 0, 0)


BETWEEN = {
    "a withdrawn consent": lambda two: consents.withdraw(participant=two.ada, purpose="mail", by=two.ada.user),
    "a block": lambda two: blocks.block(by=two.ben, whom=two.ada),
    "the other who left": lambda two: joining.withdraw(registration=two.ben.registrations.get(), by=two.ben.user),
    "having left": lambda two: joining.withdraw(registration=two.ada.registrations.get(), by=two.ada.user),
    "an erasure of the other": lambda two: erasure.erase(participant=two.ben, by=None),
    "an erasure": lambda two: erasure.erase_login(user=two.ada.user, by=None),
    "nothing": lambda two: None,
}


@pytest.mark.parametrize("between", BETWEEN)
def test_what_came_between_is_looked_at_when_it_is_sent(two, between):
    two.introduce()
    BETWEEN[between](two)
    assert deliver(two.ada) == (between == "nothing")
    assert len(mail.outbox) == (between == "nothing")


def test_without_consent_it_stays_in_the_notices(two):
    Consent.objects.filter(purpose="mail").delete()
    tell(two, "approved")
    assert (deliver(two.ada), states()) == (0, [("approved", "skipped")])


@pytest.mark.parametrize(
    ("kind", "data"), [("suggestions", {}), ("reminder", {}), ("team", {"roster": 5}), ("tables", {"plan": 5})], ids=str
)
def test_what_was_overtaken_is_no_news(two, kind, data):
    """All answered; another roster, another plan shown."""
    suggestions.accept(suggestion=two.suggestion, by=two.ada)
    tell(two, kind, **data)
    assert (deliver(two.ada), states()) == (0, [(kind, "skipped")])


# --- when ---------------------------------------------------------------------------------------------------------------
def test_suggestions_are_gathered_into_one_mail_a_day(two):
    """The day is that of the event's place; the next morning has the next mail."""
    tell(two, "suggestions", "1")
    tell(two, "suggestions", "2")
    assert deliver(two.ada) == 1
    later = tell(two, "suggestions", "3")
    assert deliver(two.ada, NOON + timedelta(hours=6)) == 0
    later.refresh_from_db()
    assert later.due_at == datetime(2027, 4, 5, 8, tzinfo=MINSK)
    found = []
    for hours in (13, 20, 21):
        Intent.objects.update(due_at=None)
        found.append(deliver(two.ada, NOON + timedelta(hours=hours)))
    assert found == [0, 1, 0]
    assert subjects() == ["There are new suggestions for you: Fair"] * 2
    assert "Suggestions that wait for your answer: 1" in mail.outbox[0].body
    assert states() == [("suggestions", "sent"), ("suggestions", "sent"), ("suggestions", "skipped")]


def test_a_gathered_mail_waits_a_moment_for_more(two):
    """An organiser publishes two runs in a row: one mail, not one now and one tomorrow."""
    first = tell(two, "suggestions")
    assert deliver(two.ada, first.created_at.astimezone(MINSK) + timedelta(seconds=20)) == 0
    first.refresh_from_db()
    assert first.due_at >= first.created_at + timedelta(seconds=60)


@pytest.mark.parametrize(("way", "found"), [("at once", 1), ("gathered", 0), ("nothing", 0)])
def test_the_way_that_was_chosen_holds(two, way, found):
    tell(two, "suggestions")
    deliver(two.ada)
    notice_choices.choose(user=two.ada.user, way=way, quiet_from=time(21), quiet_until=time(8))
    two.introduce()
    assert (deliver(two.ada), notice_choices.way_of(two.ada.user)) == (found, way)


def test_a_mutual_match_waits_for_the_morning(two):
    two.introduce()
    assert (deliver(two.ada, NIGHT), list(Intent.objects.filter(recipient=two.ada).values_list("state", "due_at"))) == (
        0,
        [("waiting", datetime(2027, 4, 5, 8, tzinfo=MINSK))],
    )


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (FIRST.replace(hour=7), "now"),  # quiet hours of the very day
        (FIRST + timedelta(hours=7), "now"),
        (FIRST - timedelta(hours=12), "morning"),  # the evening before: urgent, but it waits
        (FIRST - timedelta(hours=20), "now"),
        (FIRST - timedelta(days=9), "gathered"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["team", "moved"])
def test_changes_on_the_day_of_the_event_do_not_wait(two, now, found, kind):
    NoticeSettings.objects.create(user=two.ada.user, digest_on=now.date())
    tell(two, kind)
    assert deliver(two.ada, now) == (found == "now")
    due = Intent.objects.get().due_at
    morning = due is not None and due.astimezone(MINSK).time() == time(8)
    assert (due is None, morning) == (found == "now", found != "now")


@pytest.mark.parametrize(
    ("begin", "end", "clock", "until"),
    [
        (21, 8, 20, None), (21, 8, 21, (5, 8)), (21, 8, 3, (4, 8)), (21, 8, 8, None), (13, 15, 12, None), (13, 15, 13, (4, 15)),
        (13, 15, 15, None), (0, 0, 0, None),
    ],
)  # fmt: skip
def test_quiet_hours_over_noon_and_over_midnight(begin, end, clock, until):
    choices = NoticeSettings(quiet_from=time(begin), quiet_until=time(end))
    wanted = datetime(2027, 4, until[0], until[1], tzinfo=MINSK) if until else None
    assert posting_hours.quiet_until(choices, datetime(2027, 4, 4, clock, tzinfo=MINSK)) == wanted


# --- faults ---------------------------------------------------------------------------------------------------------------
def test_a_mail_whose_worker_died_may_have_been_sent_and_is_never_sent_again(two):
    """F8, F31: between the taking and the report nobody knows."""
    tell(two, "approved")
    parcel = outbox.take(two.ada.user, NOON)
    assert (deliver(two.ada), states(), outbox.lose()) == (0, [("approved", "taken")], 0)
    Intent.objects.update(taken_at=timezone.now() - timedelta(hours=1))
    assert (outbox.lose(), states()) == (1, [("approved", "unknown")])
    assert (outbox.hand_over(parcel), deliver(two.ada), mail.outbox) == (False, 0, []), "nor does it come back to send it"
    assert list(i5(two.event)) == []


def test_a_consent_withdrawn_while_a_worker_stands_still_is_heard(two):
    tell(two, "approved")
    parcel = outbox.take(two.ada.user, NOON)
    consents.withdraw(participant=two.ada, purpose="mail", by=two.ada.user)
    assert (outbox.hand_over(parcel), mail.outbox, states()) == (True, [], [("approved", "waiting")])
    Intent.objects.update(due_at=None)
    assert (deliver(two.ada), mail.outbox) == (0, []), "what is refused by now is left out when the rest is taken anew"


def test_a_server_that_is_away_is_asked_again_later_and_less_and_less(two, monkeypatch):
    def refuse(_mail):
        raise mailing.NotSent(again=True, away=True)

    with monkeypatch.context() as patched:
        patched.setattr(mailing, "send", refuse)
        tell(two, "suggestions")
        assert (deliver(two.ada), states(), health.mail_state()) == (0, [("suggestions", "waiting")], "degraded")
        assert NoticeSettings.objects.get().digest_on is None, "the mail of the day is still to come"
        assert (deliver(two.ada), Intent.objects.get().attempts) == (0, 1), "not before its time"
        pauses = [outbox.pause_s(attempt) for attempt in (1, 2, 3, 9)]
        assert pauses == [60, 240, 960, 14400]
        for _attempt in range(7):
            Intent.objects.update(due_at=None)
            deliver(two.ada)
        assert states() == [("suggestions", "failed")]
    Pulse.objects.all().delete()
    assert health.mail_state() == "degraded", "the dead letter is seen"
    assert health.intents_by_state() == {"failed": 1}
    assert list(i5(two.event)) == []


@pytest.mark.parametrize(
    ("error", "state"),
    [(mailing.NotSent(again=False), "failed"), (mailing.NotSent(again=True), "waiting"), (mailing.Unsure(), "unknown")],
    ids=["refused for good", "refused for now", "unsure"],
)
def test_what_the_server_answered_is_written(two, monkeypatch, error, state):
    def answer(_mail):
        raise error

    tell(two, "approved")
    monkeypatch.setattr(mailing, "send", answer)
    deliver(two.ada)
    assert states() == [("approved", state)]
    entries = AuditEntry.objects.filter(noun="intent")
    ends = {"failed": ["notice.refused", "notice.failed"], "waiting": ["notice.refused"], "unknown": ["notice.unsure"]}
    assert sorted(entries.values_list("action", flat=True)) == sorted(["notice.taken", *ends[state]])


def test_what_cannot_be_worded_is_put_aside(two, monkeypatch):
    tell(two, "approved")
    monkeypatch.setattr(outbox, "compose", lambda *_: {}["never"])
    assert (deliver(two.ada), states()) == (0, [("approved", "failed")])


@pytest.mark.parametrize(("protected", "mails"), [(True, 1), (False, 2)])
def test_f8_two_workers_that_read_the_same_send_one_mail(two, monkeypatch, protected, mails):
    """Both have read the intent as waiting; the conditional update decides. Without it the same test sees two mails."""
    monkeypatch.setattr(outbox, "protected", lambda name: protected or name != "mail_claim")
    tell(two, "approved")
    worded, second = outbox.compose, []

    def compose(user, news):
        if not second:  # the other worker comes just now, and is done before we write
            second.append(True)
            deliver(two.ada)
        return worded(user, news)

    monkeypatch.setattr(outbox, "compose", compose)
    deliver(two.ada)
    assert len(mail.outbox) == mails
    assert len(list(i5(two.event))) == mails - 1


# --- the sweep ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def asked(monkeypatch):
    found = []
    monkeypatch.setattr("matchmaking.jobs.publish", lambda job, ids: found.append((job, ids)) or True)
    return found


def test_the_sweep_asks_once_for_everybody_who_waits(two, asked, settings):
    two.introduce()
    tell(two, "suggestions")
    assert (outbox.resend(), outbox.resend()) == (2, 0)
    assert sorted(ids["user_id"] for _job, ids in asked) == sorted([two.ada.user_id, two.ben.user_id])
    Pulse.objects.create(name=health.MAIL_REFUSED, at=timezone.now())
    Intent.objects.update(asked_at=None)
    assert outbox.resend() == 1, "of a server that is away, to see"


def test_what_nobody_can_be_mailed_is_left_to_the_notices(two, asked, settings):
    old, without = tell(two, "approved", "old"), tell(two, "approved", "new")
    Intent.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=4))
    assert (outbox.resend(), states()) == (1, [("approved", "skipped"), ("approved", "waiting")])
    settings.MAIL_ON = False
    assert (deliver(two.ada), outbox.resend(), health.mail_state()) == (0, 0, "off")
    without.refresh_from_db()
    assert without.state == State.SKIPPED


# --- what is told -------------------------------------------------------------------------------------------------------
def test_who_takes_part_is_told_when_an_event_moves(two, monkeypatch):
    monkeypatch.setattr("matchmaking.services.programmes.timezone", SimpleNamespace(now=lambda: NOON))
    organiser = make_user()
    event = programmes.change_event(event=two.event, by=organiser, version=1, changes={"name": "Fair", "cap": 9})
    assert not Intent.objects.exists()
    event = programmes.change_event(
        event=event, by=organiser, version=2, changes={"starts_at": FIRST - timedelta(hours=1), "city": "Brest"}
    )
    told = Intent.objects.filter(kind="moved", dedupe_key=f"event:{event.pk}:3")
    assert set(told.values_list("recipient_id", flat=True)) == {two.ada.pk, two.ben.pk, two.cleo.pk}
    deliver(two.ada)
    assert subjects() == ["The time or place has changed: Fair, 4 May 2027, 09:00, Brest"]


def test_who_is_moved_by_hand_is_told_once_it_is_quiet(two):
    roster = make_roster(two.event, [two.ada], [two.ben], state="published")
    facilitator = make_user()
    for number in (2, 1, 2):
        seen = 3 - number
        roster_moves.move(roster=roster, wanted=roster_moves.Wanted(two.ada.pk, number, seen), by=facilitator)
    intent = Intent.objects.get()
    assert (intent.recipient, intent.kind, deliver(two.ada, FIRST)) == (two.ada, "team", 0)
    Intent.objects.update(due_at=None)
    assert (deliver(two.ada, FIRST), subjects()) == (1, ["Your team is set, or has changed: Fair"])
    rosters.describe(team=roster.teams.get(number=2), changes={"place": "Hall B"}, version=4, by=facilitator)
    Intent.objects.update(due_at=None)
    assert sorted(Intent.objects.values_list("recipient__name", "state")) == [("Ada", "sent"), ("Ada", "waiting"), ("Ben", "waiting")]
    draft = make_roster(two.event, [two.ada], [two.ben])
    roster_moves.move(roster=draft, wanted=roster_moves.Wanted(two.ada.pk, 2, 1), by=facilitator)
    assert Intent.objects.count() == 3


def test_who_has_not_answered_is_reminded_once(two):
    pair, now = two.suggestion.pair, timezone.now()
    pair.shown_at, pair.expires_at = now - timedelta(days=2), now + timedelta(hours=20)
    pair.save()
    suggestions.accept(suggestion=two.suggestion, by=two.ben)
    assert (reminders.remind(), reminders.remind()) == (1, 0)
    assert list(Intent.objects.values_list("recipient_id", "kind")) == [(two.ada.pk, "reminder")]
    pair.shown_at = now
    pair.save()
    Intent.objects.all().delete()
    assert reminders.remind() == 0, "not on the heels of the suggestions"
