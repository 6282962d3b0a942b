"""Runs of suggestions: for each stage, load what it needs, call the engine, keep what it leaves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

import matchmaking
from matchmaking.compute.recent import Recent
from matchmaking.engine import pipeline
from matchmaking.engine.missing import with_missing
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort, Direction, Suggested
from matchmaking.engine.records import Shortfall as Short
from matchmaking.engine.telling import pair_facts
from matchmaking.engine.top_up import freeze
from matchmaking.failpoints import failpoint
from matchmaking.models import FROZEN, KEPT, Artefact, Pair, Run, Shortfall, Stage, Suggestion
from matchmaking.selectors import records
from matchmaking.selectors.learning import active_weights
from matchmaking.services import runs, shards, trail
from matchmaking.services.caches import VectorMemory
from matchmaking.services.protections import protected
from matchmaking.services.shards import Claim, Range

STAGED_AT_ONCE = 500
ROWS_PER_SHARD = 4000  # at most, so that a large run shows how far it is and loses little with a worker


@dataclass(frozen=True, slots=True)
class Left:
    """What a shard leaves: bytes for the next stage, the next stage's ranges, what else to write in the same transaction."""

    data: bytes | None
    then: Sequence[Range] = ()
    also: Callable[[Run], object] = lambda run: None


def snapshot(run: Run, claim: Claim) -> Left:
    """The event as it is now, and its fingerprint."""
    learned = active_weights(run.event.programme_id)
    cohort = pipeline.order(records.cohort_of(run.event, learned))
    facts = {"fingerprint": pipeline.fingerprint(cohort, _parameters(run)), "code_version": code_version(), "learned": learned}
    ranges = _ranges(run, len(cohort.profiles))
    return Left(pipeline.encode_cohort(cohort), ranges, lambda run: Run.objects.filter(pk=run.pk).update(**facts))


def vectors(run: Run, claim: Claim) -> Left:
    cohort = _cohort(run)
    ranges = _ranges(run, len(cohort.profiles))
    return Left(pipeline.vectorise_rows(cohort, claim.start, claim.stop, VectorMemory()), ranges)


def candidates(run: Run, claim: Claim) -> Left:
    cohort = _cohort(run)
    found = pipeline.candidates_rows(_space(run, cohort), cohort, _parameters(run), claim.start, claim.stop)
    return Left(found, [(0, len(cohort.profiles))])


def allocation(run: Run, claim: Claim) -> Left:
    cohort = _cohort(run)
    parts = shards.artefacts(run, Stage.CANDIDATES)
    chosen = pipeline.allocate_all(_space(run, cohort), cohort, _parameters(run), parts)
    return Left(chosen, _ranges(run, pipeline.chosen_count(chosen)))


def reasons(run: Run, claim: Claim) -> Left:
    """Stages the shard's suggestions in batches; nobody sees them until the run is published."""
    cohort = _cohort(run)
    (chosen,) = shards.artefacts(run, Stage.ALLOCATION)
    found = pipeline.reason_rows(_space(run, cohort), cohort, _parameters(run), chosen, claim.start, claim.stop)
    failpoint("run.reasoned")
    if protected("staging"):
        with shards.fenced(claim):
            Suggestion.objects.filter(run=run, shard=claim.number).delete()
    batch = min(STAGED_AT_ONCE, max(1, (len(found) + 1) // 2))
    left = iter(found)
    while rows := list(islice(left, batch)):
        with shards.fenced(claim) as held:
            stage(held, claim.number, rows)
        failpoint("run.staged_half")
    return Left(None, [(0, 0)])


def finish(run: Run, claim: Claim) -> Left:
    """The measures; and the run is done."""
    cohort = _cohort(run)
    (chosen,) = shards.artefacts(run, Stage.ALLOCATION)
    space = _space(run, cohort)
    measures = pipeline.measure(cohort, _parameters(run), chosen, space)
    short = with_missing(cohort, _parameters(run), pipeline.shortfalls(cohort, chosen), VectorMemory())
    frozen = freeze(space, cohort, _parameters(run), chosen)
    _cohorts.forget()
    _spaces.forget()
    return Left(None, (), lambda run: _done(run, measures, short, frozen))


STAGES: dict[str, Callable[[Run, Claim], Left]] = {
    Stage.SNAPSHOT: snapshot,
    Stage.VECTORS: vectors,
    Stage.CANDIDATES: candidates,
    Stage.ALLOCATION: allocation,
    Stage.REASONS: reasons,
    Stage.FINISH: finish,
}


def stage(run: Run, shard: int, found: Sequence[Suggested]) -> None:
    """Write suggestions of a run that is not yet seen, and their pairs where these are new."""
    ids = records.ids_of_keys(run.event, {key for row in found for key in (row.a, row.b)})
    there = [row for row in found if row.a in ids and row.b in ids]
    wanted = {(min(ids[row.a], ids[row.b]), max(ids[row.a], ids[row.b])): row for row in there}
    Pair.objects.bulk_create([Pair(event=run.event, a_id=a, b_id=b) for a, b in wanted], ignore_conflicts=True)
    rows = Pair.objects.filter(event=run.event, a__in={a for a, _ in wanted}, b__in={b for _, b in wanted})
    pairs = {(a, b): pk for pk, a, b in rows.values_list("pk", "a_id", "b_id")}
    Suggestion.objects.bulk_create(
        [_suggestion(run, shard, pairs[pair], row, turned=ids[row.a] > ids[row.b]) for pair, row in wanted.items()]
    )


def stage_shortfalls(run: Run, short: Sequence[Short]) -> None:
    """Write who stays below the floor in a run that is not yet seen."""
    ids = records.ids_of_keys(run.event, {row.key for row in short})
    rows = [
        Shortfall(run=run, participant_id=ids[row.key], given=row.given, cause=row.cause, missing=row.missing)
        for row in short
        if row.key in ids
    ]
    Shortfall.objects.bulk_create(rows)


def _suggestion(run: Run, shard: int, pair: int, row: Suggested, *, turned: bool) -> Suggestion:
    """The engine's a is the smaller key, the pair's a the smaller id."""
    ab, ba, rank_a, rank_b = (row.ba, row.ab, row.rank_b, row.rank_a) if turned else (row.ab, row.ba, row.rank_a, row.rank_b)
    return Suggestion(
        run=run, shard=shard, pair_id=pair, score=row.score, score_e9=row.score_e9, layer=row.layer, rank_a=rank_a, rank_b=rank_b,
        z_ab=ab.z, p_ab=ab.p, terms_ab=_terms(ab), z_ba=ba.z, p_ba=ba.p, terms_ba=_terms(ba),
        told_a=pair_facts(ab, ba), told_b=pair_facts(ba, ab),
    )  # fmt: skip


def _terms(direction: Direction) -> list[list[Any]]:
    return [[term.part, term.value, list(term.evidence)] for term in direction.terms]


def _done(run: Run, measures: dict[str, Any], short: Sequence[Short], frozen: bytes) -> None:
    Run.objects.filter(pk=run.pk).update(
        state=Run.State.DONE, measures=measures, finished_at=Now(), asked_at=Now() if run.publish else F("asked_at")
    )
    stage_shortfalls(run, short)
    Artefact.objects.filter(run=run).exclude(stage__in=KEPT).delete()
    Artefact.objects.create(run=run, run_epoch=run.epoch, stage=FROZEN, number=0, sha256=sha256(frozen).hexdigest(), data=frozen)
    runs.keep_for_top_ups(run)
    trail.record("run.done", run, actor=None, event=run.event)


def _parameters(run: Run) -> Parameters:
    return Parameters(**run.parameters)


def _ranges(run: Run, count: int) -> list[Range]:
    pieces = max(run.shard_count, min(-(-count // ROWS_PER_SHARD), runs.SHARD_LIMIT))
    return pipeline.row_ranges(count, pieces)


def _cohort(run: Run) -> Cohort:
    return _cohorts.get(_marks(run, Stage.SNAPSHOT), lambda: pipeline.decode_cohort(*shards.artefacts(run, Stage.SNAPSHOT)))


def _space(run: Run, cohort: Cohort) -> pipeline.Space:
    marks = (*_marks(run, Stage.SNAPSHOT), *_marks(run, Stage.VECTORS))
    return _spaces.get(marks, lambda: pipeline.merge_vectors(cohort, shards.artefacts(run, Stage.VECTORS)))


def _marks(run: Run, stage: Stage) -> tuple[str, ...]:
    """The checksums of what a stage left: what is made of it is known by them, whatever the run is."""
    found = Artefact.objects.filter(run=run, run_epoch=run.epoch, stage=stage).order_by("number")
    return tuple(found.values_list("sha256", flat=True))


_cohorts = Recent[Cohort]()
_spaces = Recent[pipeline.Space]()


@cache
def code_version() -> str:
    """A hash of the engine's source and data: which code computed a run."""
    folder = Path(matchmaking.__file__).parent / "engine"
    digest = sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".toml", ".json", ".txt", ".tsv"):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return f"engine {digest.hexdigest()[:12]}"
