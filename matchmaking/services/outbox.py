"""The outbox: what people must be told goes out by mail, at an hour that suits them, and at most once.

A worker takes what it is about to send in one conditional update and commits, before the mail server hears of it. If it dies in
between, nobody knows whether the mail went: the intent is `unknown` for good. The same news stands in the notices and open
suggestions in the next gathered mail, so a lost mail costs little, and a second one would cost trust.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from matchmaking import jobs
from matchmaking.access import SUGGESTIONS, notices_visible_to
from matchmaking.failpoints import failpoint
from matchmaking.jobs import Job
from matchmaking.models import Consent, Intent, NoticeSettings, Pulse, User
from matchmaking.selectors import notices
from matchmaking.selectors.health import MAIL_REFUSED
from matchmaking.selectors.suggestions import shown
from matchmaking.services import mailing, notice_choices, posting_hours, trail
from matchmaking.services.news import still_news
from matchmaking.services.protections import protected
from matchmaking.services.shards import in_seconds

log = logging.getLogger(__name__)
State = Intent.State
PEOPLE_AT_ONCE = 200  # asked for in one sweep
MAILS_AT_ONCE = 20  # to one person, before others have their turn
MOST_ATTEMPTS = 8
NEWS_FOR = timedelta(days=3)  # what could not be mailed by then is told in the notices alone


@dataclass(frozen=True, slots=True)
class Parcel:
    """One mail, the intents it tells of, each with the epoch it was taken at, and the day of the gathered mail before it."""

    mail: mailing.Mail
    taken: tuple[tuple[int, int], ...]
    user_id: int
    gathered: bool
    digest_before: date | None


def deliver(*, user_id: int, now: datetime | None = None) -> int:
    """Send one person what is due; how many mails were handed over. A second delivery finds nothing left to take."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or not settings.MAIL_ON:
        return 0
    for count in range(MAILS_AT_ONCE):
        parcel = take(user, now or timezone.now())
        if parcel is None or not hand_over(parcel):
            return count
    return MAILS_AT_ONCE


# --- taking -----------------------------------------------------------------------------------------------------------
def due() -> QuerySet[Intent]:
    """Whose mail is to be looked at now."""
    return Intent.objects.filter(Q(due_at__isnull=True) | Q(due_at__lte=Now()), state=State.WAITING)


def take(user: User, now: datetime) -> Parcel | None:
    """Take the next mail for this person; None where none is due, or another worker was faster.

    Consent, blocks, withdrawals and erasures are looked at here, a moment before the sending.
    """
    with transaction.atomic():
        choices = notice_choices.settings_of(user)
        rows = list(due().filter(recipient__user=user).select_related("event", "recipient").order_by("created_at", "pk"))
        visible = set(notices_visible_to(user).filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
        news = still_news(user, [row for row in rows if row.pk in visible])
        _skip({row.pk for row in rows} - {row.pk for row in news})
        plan = posting_hours.plan(news, choices, now)
        for at, waiting in plan.later.items():
            Intent.objects.filter(pk__in=waiting, state=State.WAITING).update(due_at=at)
        if not plan.now:
            return None
        mail = _composed(user, plan.now)
        if mail is None:
            return None
        parcel = _taken(user, mail, plan, choices)
        if parcel is None:
            transaction.set_rollback(True)
        return parcel


def _taken(user: User, mail: mailing.Mail, plan: posting_hours.Plan, choices: NoticeSettings) -> Parcel | None:
    """Win the race for all of it, or for nothing."""
    if plan.digest_on is not None:
        NoticeSettings.objects.bulk_create([NoticeSettings(user=user)], ignore_conflicts=True)
        first = Q(digest_on__isnull=True) | Q(digest_on__lt=plan.digest_on)
        if NoticeSettings.objects.filter(first, user=user).update(digest_on=plan.digest_on) != 1:
            return None
    ids = [intent.pk for intent in plan.now]
    free = Intent.objects.filter(pk__in=ids)
    if protected("mail_claim"):
        free = free.filter(state=State.WAITING)
    if free.update(state=State.TAKEN, taken_at=Now(), epoch=F("epoch") + 1, attempts=F("attempts") + 1) != len(ids):
        return None
    for intent in plan.now:
        trail.record("notice.taken", intent, actor=None, event=intent.event)
    taken = tuple(Intent.objects.filter(pk__in=ids).order_by("pk").values_list("pk", "epoch"))
    return Parcel(mail, taken, user.pk, plan.digest_on is not None, choices.digest_on)


def _composed(user: User, news: Sequence[Intent]) -> mailing.Mail | None:
    """The mail in words; what cannot be worded is put aside, so that it does not come back every few seconds."""
    try:
        return compose(user, news)
    except DatabaseError:
        raise
    except Exception as error:
        log.error("could not word the mail of intent %s: %s", news[0].pk, type(error).__name__)
        _end([(intent.pk, intent.epoch) for intent in news], State.FAILED, "notice.failed")
        return None


def compose(user: User, news: Sequence[Intent]) -> mailing.Mail:
    """One thing that happened, or several, as a mail; with what still waits for an answer."""
    language = user.language
    with override(language):
        told = notices.told(news, language)
        subject = told[0].text.rstrip(".") if len(told) == 1 else _("News for you")
        context = {
            "subject": subject,
            "name": notices.plain(user.name),
            "news": [{"text": one.text, "address": mailing.address(one.path)} for one in told],
            "waiting": sum(row.state == "open" for row in shown(SUGGESTIONS.standings(user))),
        }
    key = "intents " + " ".join(str(intent.pk) for intent in sorted(news, key=lambda one: one.pk))
    stop = notice_choices.stop_address(user)
    return mailing.compose("news", context, to=user.mail, language=language, key=key, stop=stop)


# --- handing over -----------------------------------------------------------------------------------------------------
def hand_over(parcel: Parcel) -> bool:
    """Give a mail that was taken to the mail server, and write what came of it; whether the server answers."""
    failpoint("intent.before_send")
    if not _holds(parcel):
        return False
    if not _agreed(parcel):
        _give_back(parcel, again=True)  # taken anew, without what is refused by now
        return True
    try:
        mailing.send(parcel.mail)
    except mailing.NotSent as refused:
        if refused.away:
            _note_refusal()
        _give_back(parcel, again=refused.again)
        return not refused.away
    except mailing.Unsure:
        _end(parcel.taken, State.UNKNOWN, "notice.unsure")
        return False
    failpoint("intent.after_send")
    _end(parcel.taken, State.SENT, "notice.mailed")
    return True


def _holds(parcel: Parcel) -> bool:
    """Whether all of it is still there and ours: a worker that was frozen meanwhile sends nothing."""
    ours = [intent for intent, _epoch in parcel.taken]
    held = Intent.objects.filter(pk__in=ours, state=State.TAKEN, taken_at__gt=in_seconds(-settings.MAIL_LEASE_S))
    return held.count() == len(ours)


def _agreed(parcel: Parcel) -> bool:
    """Whether the consent to mails still stands, at the last moment at which that can be asked."""
    consent = Consent.objects.filter(participant=OuterRef("recipient"), purpose=Consent.Purpose.MAIL, withdrawn_at__isnull=True)
    return Intent.objects.filter(Exists(consent), pk__in=[intent for intent, _epoch in parcel.taken]).count() == len(parcel.taken)


def _end(taken: Iterable[tuple[int, int]], state: str, action: str) -> None:
    """Write how it ended, where nobody has taken it since."""
    with transaction.atomic():
        for intent, epoch in taken:
            if Intent.objects.filter(pk=intent, epoch=epoch).exclude(state=state).update(state=state) == 1:
                row = Intent.objects.select_related("event").get(pk=intent)
                trail.record(action, row, actor=None, event=row.event)


def _give_back(parcel: Parcel, *, again: bool) -> None:
    """The server took nothing, that is certain: try later, or put it aside for good."""
    with transaction.atomic():
        _end(parcel.taken, State.WAITING, "notice.refused")
        rows = Intent.objects.filter(pk__in=[intent for intent, _epoch in parcel.taken], state=State.WAITING)
        attempts = max(rows.values_list("attempts", flat=True), default=0)
        if not again or attempts >= MOST_ATTEMPTS:
            _end(parcel.taken, State.FAILED, "notice.failed")
        else:
            rows.update(due_at=in_seconds(pause_s(attempts)))
        if parcel.gathered:
            NoticeSettings.objects.filter(user=parcel.user_id).update(digest_on=parcel.digest_before)


def pause_s(attempts: int) -> float:
    """Seconds until the next attempt: one minute, four, sixteen, up to four hours."""
    seconds: float = min(60 * 4 ** max(attempts - 1, 0), 4 * 3600) * settings.TIME_SCALE
    return seconds


def _note_refusal() -> None:
    Pulse.objects.bulk_create([Pulse(name=MAIL_REFUSED, at=Now())], update_conflicts=True, unique_fields=["name"], update_fields=["at"])


# --- the sweep --------------------------------------------------------------------------------------------------------
def resend() -> int:
    """Ask for the mails that are due; of a mail server that is away only one, to see. How many people were asked for."""
    lose()
    drop_unmailable()
    if not settings.MAIL_ON:
        return 0
    waited = Q(asked_at__isnull=True) | Q(asked_at__lt=in_seconds(-settings.RESEND_AFTER_S))
    unasked = due().filter(waited, recipient__user__isnull=False)
    most = 1 if Pulse.objects.filter(name=MAIL_REFUSED, at__gt=in_seconds(-settings.MAIL_AWAY_S)).exists() else PEOPLE_AT_ONCE
    people = list(dict.fromkeys(unasked.order_by("created_at").values_list("recipient__user_id", flat=True)[:PEOPLE_AT_ONCE]))[:most]
    if people:
        unasked.filter(recipient__user__in=people).update(asked_at=Now())
    return sum(jobs.publish(Job.MAIL, {"user_id": person}) for person in people)


def lose() -> int:
    """Mails whose worker is gone may have been sent: say so, and never send them again; how many."""
    old = Intent.objects.filter(state=State.TAKEN, taken_at__lt=in_seconds(-settings.MAIL_LEASE_S))
    lost = list(old.values_list("pk", "epoch"))
    _end(lost, State.UNKNOWN, "notice.unsure")
    return len(lost)


def drop_unmailable() -> None:
    """What nobody can be mailed: to people without a log-in, too old to be news, or while there is no mail server."""
    waiting = Intent.objects.filter(state=State.WAITING)
    if settings.MAIL_ON:
        waiting = waiting.filter(Q(recipient__user__isnull=True) | Q(created_at__lt=in_seconds(-NEWS_FOR.total_seconds())))
    if waiting.exists():
        _skip(set(waiting.values_list("pk", flat=True)[:1000]))


def _skip(ids: set[int]) -> None:
    """Leave these to the notices alone."""
    if ids:
        with transaction.atomic():
            skipped = Intent.objects.filter(pk__in=ids, state=State.WAITING).update(state=State.SKIPPED)
            trail.record("notices.not_mailed", None, actor=None, count=skipped)
