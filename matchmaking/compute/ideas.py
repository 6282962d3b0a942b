"""Runs of ideas: who should join each idea of an event. The lists are staged like suggestions and shown when published."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from django.db.models import F
from django.db.models.functions import Now

from matchmaking.compute.suggestions import Left, code_version
from matchmaking.engine import joiners, pipeline
from matchmaking.engine.joiners import Joiner
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort, Idea
from matchmaking.models import Artefact, IdeaSuggestion, Run, Stage
from matchmaking.selectors import records
from matchmaking.selectors.learning import active_weights
from matchmaking.services import shards, trail
from matchmaking.services.caches import VectorMemory
from matchmaking.services.shards import Claim


def snapshot(run: Run, claim: Claim) -> Left:
    """The event and its ideas as they are now, and their fingerprint."""
    learned = active_weights(run.event.programme_id)
    cohort = pipeline.order(records.cohort_of(run.event, learned))
    found = list(records.ideas_of(run.event).values())
    facts = {
        "fingerprint": joiners.ideas_fingerprint(found, cohort, Parameters(**run.parameters)),
        "code_version": code_version(),
        "learned": learned,
    }
    ranges = pipeline.row_ranges(len(cohort.profiles), run.shard_count)
    return Left(joiners.encode_ideas(found, cohort), ranges, lambda run: Run.objects.filter(pk=run.pk).update(**facts))


def vectors(run: Run, claim: Claim) -> Left:
    ideas, cohort = _inputs(run)
    return Left(pipeline.vectorise_rows(cohort, claim.start, claim.stop, VectorMemory()), pipeline.row_ranges(len(ideas), run.shard_count))


def reasons(run: Run, claim: Claim) -> Left:
    """Stages the lists of the shard's ideas; nobody sees them until the run is published."""
    ideas, cohort = _inputs(run)
    space = pipeline.merge_vectors(cohort, shards.artefacts(run, Stage.VECTORS))
    found = joiners.joiners(space, cohort, Parameters(**run.parameters), ideas[claim.start : claim.stop])
    return Left(None, [(0, 0)], lambda held: stage(held, claim.number, found))


def finish(run: Run, claim: Claim) -> Left:
    """The measures; and the run is done."""
    ideas, cohort = _inputs(run)
    measures = {"participants": len(cohort.profiles), "ideas": len(ideas)}
    return Left(None, (), lambda held: _done(held, measures))


STAGES: dict[str, Callable[[Run, Claim], Left]] = {
    Stage.SNAPSHOT: snapshot,
    Stage.VECTORS: vectors,
    Stage.REASONS: reasons,
    Stage.FINISH: finish,
}


def stage(run: Run, shard: int, found: Sequence[Joiner]) -> None:
    """Write the lists of a run that is not yet seen; of an idea or a person that is gone, nothing."""
    people = records.ids_of_keys(run.event, {joiner.key for joiner in found})
    rows_of = defaultdict[str, list[int]](list)
    for idea_id, idea in records.ideas_of(run.event).items():
        rows_of[idea.key].append(idea_id)
    IdeaSuggestion.objects.bulk_create(
        IdeaSuggestion(
            run=run, shard=shard, idea_id=idea_id, participant_id=people[joiner.key], rank=joiner.rank,
            z=joiner.direction.z, p=joiner.direction.p,
            terms=[[term.part, term.value, list(term.evidence)] for term in joiner.direction.terms],
        )
        for joiner in found
        if joiner.key in people
        for idea_id in rows_of[joiner.idea]
    )  # fmt: skip


def _done(run: Run, measures: dict[str, int]) -> None:
    told = IdeaSuggestion.objects.filter(run=run)
    measures |= {"suggested": told.count(), "without_anybody": measures["ideas"] - told.values("idea").distinct().count()}
    Run.objects.filter(pk=run.pk).update(
        state=Run.State.DONE, measures=measures, finished_at=Now(), asked_at=Now() if run.publish else F("asked_at")
    )
    Artefact.objects.filter(run=run).delete()
    trail.record("run.done", run, actor=None, event=run.event)


def _inputs(run: Run) -> tuple[list[Idea], Cohort]:
    (content,) = shards.artefacts(run, Stage.SNAPSHOT)
    return joiners.decode_ideas(content)
