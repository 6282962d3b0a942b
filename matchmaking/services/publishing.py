"""Publishing: one short transaction that turns what an event shows from one run to another, whole; and back."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from matchmaking.errors import Conflict
from matchmaking.failpoints import failpoint
from matchmaking.jobs import Job, enqueue
from matchmaking.models import Block, Event, Intent, Pair, Publication, Registration, Response, Run, RunKind, Suggestion, User
from matchmaking.selectors.records import live_consent
from matchmaking.selectors.suggestions import ALIVE
from matchmaking.services import runs, trail
from matchmaking.services.protections import protected

R = TypeVar("R", bound=Model)
ROWS_AT_ONCE = 500
LATEST_AFTER_END = timedelta(days=14)
_ANSWERED = Exists(Response.objects.filter(pair=OuterRef("pair")))


@dataclass(frozen=True, slots=True)
class Live:
    """A suggestion that would be shown: its two people, and which of them have answered."""

    pk: int
    a: int
    b: int
    answered: frozenset[int]
    order: tuple[int, int, str, str]


def publish(run: Run, *, by: User | None) -> Run:
    """Show a finished run in place of the one before; publishing it again changes nothing."""
    if run.kind == RunKind.TOP_UP:
        raise Conflict("A top-up is published by itself, with the run that it adds to.")
    if run.kind in (RunKind.TEAMS, RunKind.TABLES):
        raise Conflict("This run leaves drafts. Publish one of them.")
    Publication.objects.bulk_create([Publication(event=run.event, kind=run.kind)], ignore_conflicts=True)
    with _whole():
        publication = _locked(Publication.objects.filter(event=run.event, kind=run.kind)).get()
        run = _locked(Run.objects.filter(pk=run.pk)).get()
        if publication.run_id == run.pk and run.published_at and not run.taken_back_at:
            return run
        if run.taken_back_at:
            raise Conflict("This run was taken back. Start a new one.")
        if run.state != Run.State.DONE:
            raise Conflict("This run is {state}; only a finished run can be published.", state=run.state)
        before = Run.objects.filter(publications=publication).first()
        _turn(publication, run)
        Run.objects.filter(pk=run.pk).update(published_at=Now(), previous=before)
        _tell(run)
        trail.record("run.published", run, actor=by, event=run.event, previous=publication.run_id)
        if run.kind == RunKind.SUGGESTIONS:
            runs.keep_for_top_ups(run)
            enqueue(Job.TOP_UP, event_id=run.event_id)  # for those who came, or changed, after it read the profiles
        failpoint("publish.before_commit")
    failpoint("publish.after_commit")
    if protected("recheck"):
        drop_impossible(run)  # a withdrawal that committed beside the transaction above
    run.refresh_from_db()
    return run


def publish_if_due(run_id: int) -> None:
    """Publish a run that was asked for with `publish`, unless a newer one is shown already."""
    run = Run.objects.select_related("event").filter(pk=run_id, state=Run.State.DONE, publish=True, taken_back_at__isnull=True).first()
    if run is None or run.published_at:
        return
    newer = Publication.objects.filter(event=run.event_id, kind=run.kind, run__created_at__gt=run.created_at)
    if newer.exists():
        Run.objects.filter(pk=run_id).update(publish=False)
    else:
        publish(run, by=None)


def take_back(run: Run, *, by: User | None) -> Run:
    """Unanswered pairs of a published run vanish, the previous run's return; answers and introductions stay."""
    if run.kind == RunKind.TOP_UP:
        raise Conflict("A top-up goes with the run that it was added to. Take that one back.")
    with transaction.atomic():
        publication = _locked(Publication.objects.filter(event=run.event_id, kind=run.kind)).filter(run=run).first()
        run = Run.objects.select_related("event").get(pk=run.pk)
        if publication is None or run.taken_back_at:
            raise Conflict("This run is not what the event shows, so it cannot be taken back.")
        Run.objects.filter(pk=run.pk).update(taken_back_at=Now(), publish=False)
        earlier = run.previous
        while earlier is not None and earlier.taken_back_at:
            earlier = earlier.previous
        if earlier is not None:
            _turn(publication, earlier)
        elif Suggestion.objects.filter(_ANSWERED, run=run).exists():
            Suggestion.objects.filter(~_ANSWERED, run=run, dropped_at__isnull=True).update(dropped_at=Now())
        else:
            Publication.objects.filter(pk=publication.pk).update(run=None)
        enqueue(Job.TOP_UP, event_id=run.event_id)
        trail.record("run.taken_back", run, actor=by, event=run.event, previous=earlier.pk if earlier else None)
    run.refresh_from_db()
    return run


def drop_impossible(run: Run) -> int:
    """Mark the suggestions that a block, a decline, a withdrawal or an erasure has made impossible."""
    staying = Suggestion.objects.filter(run=run, dropped_at__isnull=True)
    return staying.filter(impossible(run.event)).update(dropped_at=Now())


def impossible(event: Event) -> Q:
    """Suggestions that must not be shown (any more) in `event`."""
    one, other = OuterRef("pair__a"), OuterRef("pair__b")
    blocked = Exists(Block.objects.filter(Q(by=one, whom=other) | Q(by=other, whom=one)))
    declined = Exists(Response.objects.filter(pair=OuterRef("pair"), answer=Response.Answer.DECLINE))
    found = Q(blocked) | Q(declined) | Q(pair__introduction__closed_at__isnull=False)
    for side in ("pair__a", "pair__b"):
        here = Registration.objects.filter(event=event, participant=OuterRef(side), state=Registration.State.APPROVED)
        found |= ~Q(Exists(here)) | ~Q(live_consent(side))
    return found


def expiry(event: Event, now: datetime) -> datetime:
    """When an answer to a pair shown now is due: the event's start or its hours to answer, whichever is later, within limits."""
    due = now + timedelta(hours=event.answer_hours)
    if event.starts_at:
        due = max(due, event.starts_at)
    return min(due, event.ends_at + LATEST_AFTER_END) if event.ends_at else due


@contextmanager
def _whole() -> Iterator[None]:
    if protected("whole"):
        with transaction.atomic():
            yield
    else:
        yield


def _locked(rows: "QuerySet[R]") -> "QuerySet[R]":
    return rows.select_for_update() if connection.in_atomic_block else rows


def _turn(publication: Publication, run: Run) -> None:
    """Make `run` what is shown: answered pairs come along, impossible ones go, caps hold, new pairs get their time to answer."""
    _lock_pairs(publication.run_id, run.pk)
    if publication.run_id and publication.run_id != run.pk:
        _carry(publication.run_id, run)
    if protected("recheck"):
        drop_impossible(run)
    _keep_limits(run)
    _open(run)
    Publication.objects.filter(pk=publication.pk).update(run=run)


def _lock_pairs(*run_ids: int | None) -> None:
    """Wait for the answers and withdrawals that are under way; later ones wait for us. In the same order as they lock."""
    concerned = Suggestion.objects.filter(run__in=[run_id for run_id in run_ids if run_id]).values("pair_id")
    list(_locked(Pair.objects.filter(pk__in=concerned)).order_by("pk").values_list("pk", flat=True))


def _carry(before: int, run: Run) -> None:
    """Copy answered pairs that are still alive and that the run does not hold; keep held pairs held."""
    there = Suggestion.objects.filter(run=run, pair=OuterRef("pair"))
    left_out = Suggestion.objects.filter(ALIVE, _ANSWERED, run=before, dropped_at__isnull=True).exclude(Exists(there))
    copies = []
    for row in left_out.exclude(impossible(run.event)).iterator(chunk_size=ROWS_AT_ONCE):
        row.pk, row.run, row._state.adding = Suggestion._meta.pk.get_default(), run, True
        copies.append(row)
    Suggestion.objects.bulk_create(copies, batch_size=ROWS_AT_ONCE)
    held = Suggestion.objects.filter(run=before, held_at__isnull=False).values("pair_id")
    Suggestion.objects.filter(run=run, pair__in=held, held_at__isnull=True).update(held_at=Now())


def _keep_limits(run: Run) -> None:
    """Drop the weakest unanswered pairs of people above their cap, or above the most open ones."""
    cap, most_open = int(run.parameters.get("cap", run.event.cap)), run.event.open_limit
    live, opened, over = Counter[int](), Counter[int](), []
    for row in sorted(_live(run), key=lambda row: row.order):
        waiting = [person for person in (row.a, row.b) if person not in row.answered]
        fits = live[row.a] < cap and live[row.b] < cap and all(opened[person] < most_open for person in waiting)
        if fits or row.answered:
            live.update((row.a, row.b))
            opened.update(waiting)
        else:
            over.append(row.pk)
    for start in range(0, len(over), ROWS_AT_ONCE):
        Suggestion.objects.filter(pk__in=over[start : start + ROWS_AT_ONCE]).update(dropped_at=Now())


def _live(run: Run) -> Iterator[Live]:
    answers: dict[int, set[int]] = {}
    given = Response.objects.filter(pair__suggestions__run=run)
    for pair, person in given.values_list("pair_id", "participant_id"):
        answers.setdefault(pair, set()).add(person)
    rows = Suggestion.objects.filter(run=run, dropped_at__isnull=True, held_at__isnull=True)
    fields = ("pk", "pair_id", "pair__a_id", "pair__b_id", "layer", "score_e9", "pair__a__key", "pair__b__key")
    for pk, pair, a, b, layer, score, *keys in rows.values_list(*fields).iterator(chunk_size=ROWS_AT_ONCE):
        answered = frozenset(answers.get(pair, ()))
        yield Live(pk, a, b, answered, (0 if answered else layer, -score, min(keys), max(keys)))


def _open(run: Run) -> None:
    """Give pairs that are shown for the first time, or anew after they lapsed without an answer, their time to answer."""
    now = Event.objects.filter(pk=run.event_id).values_list(Now(), flat=True).get()
    shown = Suggestion.objects.filter(pair=OuterRef("pk"), run=run, dropped_at__isnull=True)
    lapsed = Q(expires_at__lte=now, responses__isnull=True)
    fresh = Pair.objects.filter(Q(shown_at__isnull=True) | lapsed, Exists(shown), event=run.event_id)
    fresh.update(shown_at=now, expires_at=expiry(run.event, now))


def _tell(run: Run) -> None:
    """One notification to everybody who has something to answer."""
    rows = Suggestion.objects.filter(run=run, dropped_at__isnull=True, held_at__isnull=True).filter(pair__expires_at__gt=Now())
    answered = Response.objects.filter(pair=OuterRef("pair"))
    people: set[int] = set()
    for side in ("pair__a_id", "pair__b_id"):
        unanswered = rows.exclude(Exists(answered.filter(participant=OuterRef(side))))
        people.update(unanswered.values_list(side, flat=True))
    intents = [
        Intent(recipient_id=person, kind="suggestions", dedupe_key=f"run:{run.pk}", event=run.event, data={"run": run.pk})
        for person in sorted(people)
    ]
    Intent.objects.bulk_create(intents, batch_size=ROWS_AT_ONCE, ignore_conflicts=True)
