"""Top-ups: new suggestions for those who came or changed after the run that the event shows, with what that run left."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import compress

from django.db.models.functions import Now

from matchmaking.compute.recent import Recent
from matchmaking.compute.suggestions import Left, stage, stage_shortfalls
from matchmaking.engine import pipeline, top_up
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort, Suggested
from matchmaking.engine.records import Shortfall as Short
from matchmaking.engine.top_up import Frozen
from matchmaking.errors import Conflict
from matchmaking.failpoints import failpoint
from matchmaking.models import FROZEN, KEPT, Artefact, Publication, Run, RunKind, Stage, TopUpDue
from matchmaking.selectors import records
from matchmaking.selectors.top_ups import standings
from matchmaking.services import shards, trail
from matchmaking.services.caches import VectorMemory
from matchmaking.services.shards import Claim
from matchmaking.services.top_up import waiting

AT_ONCE = 500  # rows in one statement
MOST = 50  # people in one top-up; who waits beyond them is next
NOT_KEPT = "What this run left for late arrivals is not there any more. Start a new run of the event."


@dataclass(frozen=True, slots=True)
class Found:
    """New pairs, and who stays below the floor."""

    pairs: Sequence[Suggested] = ()
    short: Sequence[Short] = ()


NOTHING = Found()


@dataclass(frozen=True, slots=True)
class Base:
    """The run that a top-up adds to, as it was computed."""

    cohort: Cohort
    space: pipeline.Space
    frozen: Frozen


def compute(run: Run, claim: Claim) -> Left:
    """The whole of a top-up: small enough for one shard."""
    dues = list(waiting(run.event_id).select_related("registration__participant"))  # before the records: these hold what was asked for
    shown = Publication.objects.filter(event=run.event_id, kind=RunKind.SUGGESTIONS).select_related("run__event", "run__learned").first()
    if shown is None or shown.run is None:
        return Left(None, (), lambda held: _done(held, None, [], [], NOTHING))
    base, parameters = shown.run, Parameters(**shown.run.parameters)
    now = pipeline.order(records.cohort_of(run.event, base.learned))
    made = _base(base, now, claim)
    done, taken = _sorted_out(dues, base, {profile.key for profile in {*made.cohort.profiles} & {*now.profiles}})
    found = _found(base, made, parameters, now, taken)
    failpoint("top_up.computed")
    return Left(None, (), lambda held: _done(held, base, done, taken, found))


STAGES: dict[str, Callable[[Run, Claim], Left]] = {Stage.FINISH: compute}


RECENT = Recent[Base]()


def _base(run: Run, now: Cohort, claim: Claim) -> Base:
    """What the run left. Vectors that an erasure took away are made again, from the records as they are."""
    pieces = Artefact.objects.filter(run=run, run_epoch=run.epoch, stage__in=KEPT)
    stages = set(pieces.values_list("stage", flat=True))
    if FROZEN not in stages:
        raise Conflict(NOT_KEPT)
    if stages < set(KEPT):
        vectors = pipeline.vectorise_rows(now, 0, len(now.profiles), VectorMemory())
        with shards.fenced(claim):
            pieces.exclude(stage=FROZEN).delete()
            _keep(run, Stage.SNAPSHOT, pipeline.encode_cohort(now))
            _keep(run, Stage.VECTORS, vectors)
    return RECENT.get(tuple(pieces.order_by("pk").values_list("pk", flat=True)), lambda: _read(run))


def _read(run: Run) -> Base:
    ((records_then,), (frozen,)) = shards.artefacts(run, Stage.SNAPSHOT), shards.artefacts(run, FROZEN)
    cohort = pipeline.decode_cohort(records_then)
    return Base(cohort, pipeline.merge_vectors(cohort, shards.artefacts(run, Stage.VECTORS)), top_up.thaw(frozen))


def _keep(run: Run, name: str, data: bytes) -> None:
    Artefact.objects.create(run=run, run_epoch=run.epoch, stage=name, number=0, sha256=sha256(data).hexdigest(), data=data)


def _sorted_out(dues: list[TopUpDue], base: Run, read: set[str]) -> tuple[list[TopUpDue], list[TopUpDue]]:
    """Those the run took care of itself, since it read them as they are; and the first of the others."""
    by_run = [bool(base.started_at and due.since < base.started_at and due.registration.participant.key in read) for due in dues]
    return list(compress(dues, by_run)), list(compress(dues, (not done for done in by_run)))[:MOST]


def _found(base: Run, made: Base, parameters: Parameters, now: Cohort, taken: list[TopUpDue]) -> Found:
    """New pairs of those who wait, and of those who lose a pair to a changed profile."""
    there = {profile.key for profile in now.profiles}
    asked = {due.registration.participant.key for due in taken} & there
    changed = {due.registration.participant.key for due in taken if due.changed}
    if not asked:
        return NOTHING
    stand = standings(base)
    freed = {pair for pair in stand.open if set(pair) & changed}
    now = replace(now, declined=now.declined | stand.over)
    late = top_up.late_to(made.space, made.cohort, now, VectorMemory())
    for pair in freed:
        stand.waiting.subtract(pair)
    full = {key for key, count in stand.waiting.items() if count >= base.event.open_limit}
    kept = stand.answered | (stand.open - freed)
    subjects = asked | {key for pair in freed for key in pair}
    found = top_up.top_up(late, made.frozen, parameters, kept, subjects, full)
    shown = kept | {(pair.a, pair.b) for pair in found}
    return Found(found, top_up.shortfalls(late, parameters, shown, subjects))


def _done(run: Run, base: Run | None, done: list[TopUpDue], taken: list[TopUpDue], found: Found) -> None:
    """Stage what was found, seen by nobody until it is published, and who is taken care of by it."""
    stage(run, 0, found.pairs)
    stage_shortfalls(run, found.short)
    for turn, ids in _by_turn(done):
        TopUpDue.objects.filter(pk__in=ids, turn=turn).delete()
    for turn, ids in _by_turn(taken):
        TopUpDue.objects.filter(pk__in=ids, turn=turn).update(run=run)
    measures = {"people": len(taken), "pairs": len(found.pairs)}
    Run.objects.filter(pk=run.pk).update(
        state=Run.State.DONE, tops_up=base, learned=base.learned if base else None, measures=measures, finished_at=Now(), asked_at=Now()
    )
    trail.record("run.done", run, actor=None, event=run.event)


def _by_turn(dues: Sequence[TopUpDue]) -> Iterator[tuple[int, list[int]]]:
    """The ids of some at a time, with the turn that was read: who has asked again since is left alone."""
    for turn in sorted({due.turn for due in dues}):
        ids = [due.pk for due in dues if due.turn == turn]
        yield from ((turn, ids[start : start + AT_ONCE]) for start in range(0, len(ids), AT_ONCE))
