"""Runs as people follow them: state, percent, stage and time left, in one query."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Case, Count, F, IntegerField, Max, Q, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext

from matchmaking.models import STAGES_OF, Run, RunKind, Shard, Stage

WEIGHTS = {  # share of the time in percent, measured on 5,793 organisations with two processes (benchmarks/main_job.py)
    Stage.SNAPSHOT: 2,
    Stage.VECTORS: 20,
    Stage.CANDIDATES: 14,
    Stage.ALLOCATION: 15,
    Stage.REASONS: 45,
    Stage.TEAMS: 100,  # of 5 s an alternative; the stages before it take 2 to 3 s with 180 people
    Stage.FINISH: 4,
}
STAGE_SENTENCES = {
    Stage.SNAPSHOT: "Reading the profiles.",
    Stage.VECTORS: "Reading what people offer and need.",
    Stage.CANDIDATES: "Looking for possible partners.",
    Stage.ALLOCATION: "Choosing, so that everybody gets something and nobody too much.",
    Stage.REASONS: "Writing down the reasons.",
    Stage.TEAMS: "Looking for the best teams.",
    Stage.FINISH: "Measuring the result.",
}
STATE_SENTENCES = {
    Run.State.WAITING: "Queued, will start shortly.",
    Run.State.DONE: "Done.",
    Run.State.CANCELLED: "Cancelled.",
}
RESUMING = "Resuming (attempt {attempt})."


class _Pieces(NamedTuple):
    """Shards of one stage: how many, how many done, and the attempt that one of the others is, or will be, at."""

    all: int
    done: int
    attempt: int


def progress(run: Run) -> dict[str, Any]:
    """State, stage, percent (0..100), `attempt` from 2 where a worker was lost, seconds left (None: not known yet), a sentence."""
    pieces = _pieces(run) if run.state in Run.ACTIVE else {}
    percent = 100 if run.state == Run.State.DONE else int(sum(_share(stage, piece) for stage, piece in pieces.items()) * _scale(run))
    attempt = max((piece.attempt for piece in pieces.values()), default=1)
    template, params = _sentence(run, attempt)
    return {
        "state": run.state,
        "stage": run.stage,
        "percent": min(percent, 99) if run.state != Run.State.DONE else 100,
        "attempt": attempt,
        "remaining_s": _remaining(run, percent),
        "template": template,
        "params": params,
    }


def _pieces(run: Run) -> dict[Stage, _Pieces]:
    done = Q(state=Shard.State.DONE)
    without_worker = Q(state=Shard.State.WAITING) | Q(state=Shard.State.RUNNING, lease_until__lt=Now())
    at = Case(When(without_worker, then=F("attempts") + 1), default=F("attempts"), output_field=IntegerField())
    rows = (
        Shard.objects.filter(run=run.pk, run_epoch=run.epoch)
        .values("stage")
        .annotate(all=Count("pk"), done=Count("pk", filter=done), attempt=Max(at, filter=~done, default=1))
    )
    return {Stage(stage): _Pieces(*counts) for stage, *counts in rows.values_list("stage", *_Pieces._fields)}


def _share(stage: Stage, piece: _Pieces) -> float:
    return WEIGHTS[stage] * piece.done / piece.all


def _scale(run: Run) -> float:
    """Percent of the whole per percent of the stages that this kind of run goes through."""
    return 100 / sum(WEIGHTS[stage] for stage in STAGES_OF[RunKind(run.kind)])


def _sentence(run: Run, attempt: int) -> tuple[str, dict[str, Any]]:
    if run.state == Run.State.FAILED:
        return run.failure.get("template", "Failed."), _with_stage(run.failure.get("params", {}))
    if run.state == Run.State.RUNNING and attempt > 1:
        return RESUMING, {"attempt": attempt}
    if run.state == Run.State.RUNNING and run.stage:
        return STAGE_SENTENCES[Stage(run.stage)], {}
    return STATE_SENTENCES.get(Run.State(run.state), ""), {}


def _with_stage(params: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a sentence, with a stage told by what it does, in the active language."""
    stage = params.get("stage")
    return {**params, "stage": gettext(STAGE_SENTENCES[stage]).rstrip(".")} if stage in STAGE_SENTENCES else dict(params)


def _remaining(run: Run, percent: int) -> int | None:
    if run.state not in Run.ACTIVE:
        return 0
    if run.started_at is None or percent < WEIGHTS[Stage.SNAPSHOT]:
        return None
    elapsed = max((timezone.now() - run.started_at).total_seconds(), 0.0)
    return round(elapsed * (100 - percent) / percent)
