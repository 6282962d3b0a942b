"""What is always true of an event, checked: the invariants of the quality bar, as far as their tables exist."""

from collections import Counter
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from matchmaking.models import (
    KEPT,
    Artefact,
    AuditEntry,
    Block,
    Consent,
    Event,
    IdeaSuggestion,
    Intent,
    Introduction,
    Pair,
    Publication,
    Registration,
    Response,
    Roster,
    Run,
    RunKind,
    Seat,
    Shard,
    Suggestion,
)
from matchmaking.selectors.records import taking_part
from matchmaking.services.shards import in_seconds

LOST_S = 60 * settings.TIME_SCALE
ACTIONS = {"done": "run.done", "failed": "run.failed", "cancelled": "run.cancelled"}


def check_invariants(event: Event) -> list[str]:
    """Every violation as a sentence that begins with the invariant's id; an empty list is good news."""
    return [f"{check.__name__.upper()}: {found}" for check in CHECKS for found in check(event)]


def visible(event: Event) -> "QuerySet[Suggestion]":
    """What the event shows."""
    rows = Suggestion.objects.filter(run__publications__event=event, dropped_at__isnull=True, held_at__isnull=True)
    return rows.select_related("pair", "run")


def i2(event: Event) -> Iterator[str]:
    """One run is shown, whole: it is done, and it holds as many suggestions as it measured, carried ones added."""
    for publication in Publication.objects.filter(event=event, run__isnull=False).select_related("run"):
        run = publication.run
        if run is None or run.state != Run.State.DONE:
            yield f"what is shown comes from run {publication.run_id}, which is not done"
        elif run.event_id != event.pk:
            yield f"what is shown comes from run {run.pk} of another event"
        elif run.measures and Suggestion.objects.filter(run=run).count() < run.measures.get("pairs", 0):
            gone = run.measures["pairs"] - Suggestion.objects.filter(run=run).count()
            if not AuditEntry.objects.filter(action__startswith="participant.erased", programme_id=event.programme_id).exists():
                yield f"{gone} suggestions of run {run.pk} are missing"
    yield from _top_ups(event)
    for run_id in visible(event).exclude(pair__event=event).values_list("run_id", flat=True).distinct():
        yield f"run {run_id} shows pairs of another event"


def _top_ups(event: Event) -> Iterator[str]:
    """Top-ups appear whole or not at all, in the run they were computed for."""
    added = Suggestion.objects.filter(run__event=event, top_up__isnull=False)
    for pk in added.exclude(top_up__tops_up=F("run"), top_up__published_at__isnull=False).values_list("pk", flat=True):
        yield f"suggestion {pk} came with a top-up that does not belong to what it is shown in"
    ended = Run.objects.filter(event=event, kind=RunKind.TOP_UP).filter(Q(published_at__isnull=False) | Q(publish=False))
    for pk in ended.filter(suggestions__isnull=False).values_list("pk", flat=True).distinct():
        yield f"top-up {pk} has ended and left suggestions staged"
    for pk in ended.filter(dues__isnull=False).values_list("pk", flat=True).distinct():
        yield f"top-up {pk} has ended and somebody still waits for it"


def i3(event: Event) -> Iterator[str]:
    """At most one active run of each kind."""
    kinds = Counter(Run.objects.filter(event=event, state__in=Run.ACTIVE).values_list("kind", flat=True))
    yield from (f"{count} active runs of kind {kind}" for kind, count in kinds.items() if count > 1)


def i4(event: Event) -> Iterator[str]:
    """An unordered pair is visible once at most, and nobody is paired with themselves."""
    pairs = Counter(frozenset(pair) for pair in visible(event).values_list("pair__a_id", "pair__b_id"))
    yield from (f"a pair of {len(pair)} is visible {count} times" for pair, count in pairs.items() if count > 1 or len(pair) < 2)


def i5(event: Event) -> Iterator[str]:
    """One intent per recipient, kind and dedupe key; mailed once at most, and only to who agreed to mails."""
    keys = Counter(Intent.objects.filter(event=event).values_list("recipient_id", "kind", "dedupe_key"))
    yield from (f"{count} intents {key}" for key, count in keys.items() if count > 1)
    entries = AuditEntry.objects.filter(event_id=event.pk, noun="intent")
    handed = Counter(entries.filter(action="notice.taken").values_list("noun_id", flat=True))
    handed.subtract(entries.filter(action="notice.refused").values_list("noun_id", flat=True))
    yield from (f"intent {pk} was handed over {count} times" for pk, count in handed.items() if count > 1)
    agreed = Consent.objects.filter(participant=OuterRef("recipient"), purpose=Consent.Purpose.MAIL, created_at__lte=OuterRef("taken_at"))
    then = Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=OuterRef("taken_at"))
    sent = Intent.objects.filter(event=event, state=Intent.State.SENT)
    yield from (f"intent {pk} was mailed without consent" for pk in sent.exclude(Exists(agreed.filter(then))).values_list("pk", flat=True))


def i6(event: Event) -> Iterator[str]:
    """Contacts are open exactly where both said yes and nobody blocked or withdrew."""
    opened = Introduction.objects.filter(pair__event=event, closed_at__isnull=True)
    yes = Response.objects.filter(pair=OuterRef("pair"), answer=Response.Answer.ACCEPT)
    for side in ("pair__a", "pair__b"):
        for pk in opened.exclude(Exists(yes.filter(participant=OuterRef(side)))).values_list("pk", flat=True):
            yield f"introduction {pk} is open without a yes of its {side[-1]}"
    for pk in opened.filter(_blocked("pair__a", "pair__b") | _gone(event, "pair__a") | _gone(event, "pair__b")).values_list(
        "pk", flat=True
    ):
        yield f"introduction {pk} is open past a block or a withdrawal"
    accepted = Pair.objects.filter(event=event, introduction__isnull=True)
    for side in ("a", "b"):
        mine = Response.objects.filter(pair=OuterRef("pk"), participant=OuterRef(side), answer=Response.Answer.ACCEPT)
        accepted = accepted.filter(Exists(mine))
    lasting = accepted.exclude(_blocked("a", "b") | _gone(event, "a") | _gone(event, "b"))
    yield from (f"both sides of pair {pk} said yes and were not introduced" for pk in lasting.values_list("pk", flat=True))


def i7(event: Event) -> Iterator[str]:
    """A roster holds each person once at most, only those who take part, and the pinned in their teams; the others are unplaced."""
    seats = Seat.objects.filter(roster__event=event, participant__isnull=False)
    there = set(taking_part(event).values_list("participant_id", flat=True))
    counted = Counter[tuple[int, int | None]]()
    for pk, roster, at, person, pinned, number in seats.values_list(
        "pk", "roster_id", "team__roster_id", "participant_id", "pinned", "team__number"
    ):
        counted[roster, person] += 1
        if roster != at:
            yield f"seat {pk} of roster {roster} is in a team of roster {at}"
        if person not in there:
            yield f"participant {person} takes no part in the event and sits in roster {roster}"
        if pinned is not None and pinned != number:
            yield f"participant {person} is pinned to team {pinned} of roster {roster} and sits in team {number}"
    yield from (f"participant {person} sits {count} times in roster {roster}" for (roster, person), count in counted.items() if count > 1)
    shown = Roster.objects.filter(event=event, state=Roster.State.PUBLISHED).count()
    if shown > 1:
        yield f"{shown} rosters are published"


def i8(event: Event) -> Iterator[str]:
    """Declined and blocked pairs, and those who withdrew, are not suggested; answered pairs that live are still there."""
    for pk in visible(event).filter(_blocked("pair__a", "pair__b")).values_list("pk", flat=True):
        yield f"suggestion {pk} is visible past a block"
    shown_at = Coalesce("top_up__published_at", "run__published_at")
    declined = Response.objects.filter(pair=OuterRef("pair"), answer=Response.Answer.DECLINE, answered_at__lt=OuterRef("came"))
    for pk in visible(event).annotate(came=shown_at).filter(Exists(declined)).values_list("pk", flat=True):
        yield f"suggestion {pk} was published after a decline"
    withdrawn = _gone(event, "pair__a") | _gone(event, "pair__b")
    for pk in visible(event).filter(withdrawn).values_list("pk", flat=True):
        yield f"suggestion {pk} is visible past a withdrawal"
    if not Publication.objects.filter(event=event, run__isnull=False).exists():
        return
    answered = Pair.objects.filter(Exists(Response.objects.filter(pair=OuterRef("pk"))), event=event, shown_at__isnull=False)
    answered = answered.exclude(Exists(Response.objects.filter(pair=OuterRef("pk"), answer=Response.Answer.DECLINE)))
    living = answered.filter(Q(introduction__closed_at__isnull=True), Q(introduction__isnull=False) | Q(expires_at__gt=Now()))
    living = living.exclude(_blocked("a", "b") | _gone(event, "a") | _gone(event, "b"))
    there = Suggestion.objects.filter(pair=OuterRef("pk"), run__publications__event=event, dropped_at__isnull=True)
    yield from (f"answered pair {pk} is lost" for pk in living.exclude(Exists(there)).values_list("pk", flat=True))


def i9(event: Event) -> Iterator[str]:
    """Runs end with a reason; none seems to run long after its worker died."""
    ended = Run.objects.filter(event=event).exclude(state__in=Run.ACTIVE)
    for pk in ended.filter(state=Run.State.FAILED, failure={}).values_list("pk", flat=True):
        yield f"run {pk} failed without a reason"
    for pk in ended.filter(finished_at__isnull=True, started_at__isnull=False).values_list("pk", flat=True):
        yield f"run {pk} ended at no time"
    dead = Shard.objects.filter(run__event=event, run__state__in=Run.ACTIVE, run_epoch=F("run__epoch"), state=Shard.State.RUNNING)
    for pk in dead.filter(lease_until__lt=in_seconds(-LOST_S)).values_list("pk", flat=True):
        yield f"shard {pk} has had no worker for more than {LOST_S} s"


def i10(event: Event) -> Iterator[str]:
    """Nothing that a run left for itself outlives it."""
    kept = Q(run__kind=RunKind.SUGGESTIONS, run__state=Run.State.DONE, stage__in=KEPT)
    for pk in Artefact.objects.filter(run__event=event).exclude(Q(run__state__in=Run.ACTIVE) | kept).values_list("pk", flat=True):
        yield f"artefact {pk} outlived its run"
    for pk in Artefact.objects.filter(run__event=event).exclude(run_epoch=F("run__epoch")).values_list("pk", flat=True):
        yield f"artefact {pk} is of an epoch that was given up"
    for model in (Suggestion, IdeaSuggestion):
        staged = model.objects.filter(run__event=event, run__state__in=[Run.State.FAILED, Run.State.CANCELLED])
        yield from (f"run {pk} staged suggestions and did not remove them" for pk in staged.values_list("run_id", flat=True).distinct())


def i11(event: Event) -> Iterator[str]:
    """Every end of a run, every publishing and taking back, has its audit entry."""
    written = Counter(AuditEntry.objects.filter(event_id=event.pk, noun="run").values_list("noun_id", "action"))
    for run in Run.objects.filter(event=event):
        wanted = {ACTIONS[run.state]} if run.state in ACTIONS else set()
        wanted |= {"run.published"} if run.published_at else set()
        wanted |= {"run.taken_back"} if run.taken_back_at else set()
        yield from (f"run {run.pk} has no audit entry {action}" for action in sorted(wanted) if not written[(run.pk, action)])
        once = ("run.asked", "run.done", "run.published")
        yield from (
            f"run {run.pk} has {written[(run.pk, action)]} audit entries {action}" for action in once if written[(run.pk, action)] > 1
        )


def i12(event: Event) -> Iterator[str]:
    """Nobody is in more live suggestions than the cap, or has more open ones than the limit, answered ones apart."""
    live, opened, kept = Counter[int](), Counter[int](), Counter[int]()
    answers = set(Response.objects.filter(pair__event=event).values_list("pair_id", "participant_id"))
    answered = {pair for pair, _ in answers}
    over = Response.objects.filter(pair=OuterRef("pair"), answer=Response.Answer.DECLINE)
    rows = visible(event).exclude(Exists(over)).filter(Q(pair__introduction__isnull=False) | Q(pair__expires_at__gt=Now()))
    cap = event.cap
    for row in rows:
        cap = max(cap, int(row.run.parameters.get("cap", event.cap)))
        for person in (row.pair.a_id, row.pair.b_id):
            live[person] += 1
            kept[person] += row.pair_id in answered
            opened[person] += (row.pair_id, person) not in answers
    yield from (f"participant {who} is in {n} live suggestions" for who, n in live.items() if n > max(cap, kept[who]))
    most = event.open_limit
    yield from (f"participant {who} has {n} open suggestions" for who, n in opened.items() if n > max(most, kept[who]))


def _blocked(a: str, b: str) -> Exists:
    one, other = OuterRef(a), OuterRef(b)
    return Exists(Block.objects.filter(Q(by=one, whom=other) | Q(by=other, whom=one)))


def _gone(event: Event, side: str) -> Q:
    """Whether the participant at `side` no longer takes part in the event, or no longer agrees to suggestions."""
    here = Registration.objects.filter(event=event, participant=OuterRef(side), state=Registration.State.APPROVED)
    agrees = Consent.objects.filter(participant=OuterRef(side), purpose=Consent.Purpose.SUGGESTIONS, withdrawn_at__isnull=True)
    return ~Q(Exists(here)) | ~Q(Exists(agrees))


CHECKS: tuple[Callable[[Event], Iterator[str]], ...] = (i2, i3, i4, i5, i6, i7, i8, i9, i10, i11, i12)
