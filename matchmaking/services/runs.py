"""Runs: asked for, cancelled, begun anew, given up, swept up."""

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now

from matchmaking.engine.parameters import Parameters
from matchmaking.errors import BadInput, Conflict
from matchmaking.failpoints import failpoint
from matchmaking.models import (
    STAGES_OF,
    Artefact,
    Event,
    IdeaSuggestion,
    Pair,
    Participant,
    Publication,
    Registration,
    Run,
    RunKind,
    Shard,
    Shortfall,
    Stage,
    Suggestion,
    User,
)
from matchmaking.services import trail
from matchmaking.services.protections import protected
from matchmaking.services.shards import begin

log = logging.getLogger(__name__)
SHARD_LIMIT = 64
TRIES = 5  # the active run may end between the refused insert and the look for it
EXHAUSTED = "The work stopped {attempts} times at one stage ({stage}). Start a new run; if it stops again, tell the operator: run {run}."
FROM_EVENT = ("cap", "floor", "same_sector", "met_again")


def parameters_of(event: Event, overrides: Mapping[str, Any]) -> Parameters:
    """The event's settings, with `overrides` over them."""
    names = Parameters.__dataclass_fields__
    unknown = sorted(set(overrides) - set(names))
    if unknown:
        raise BadInput("There is no parameter '{name}'. Known are: {known}.", name=unknown[0], known=", ".join(names))
    chosen = {name: getattr(event, name) for name in FROM_EVENT} | dict(overrides)
    for name, value in chosen.items():
        if not _fits(value, names[name].default):
            raise BadInput("{name} cannot be '{value}'.", name=name, value=value)
    return Parameters(**chosen)


def _fits(value: object, default: object) -> bool:
    """Whether `value` is of the default's kind; a whole number may stand for a fraction, a truth value for no number."""
    if isinstance(value, bool) or isinstance(default, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    return isinstance(value, (int, float) if isinstance(default, float) else int)


def start(
    event: Event,
    *,
    by: User | None,
    parameters: Mapping[str, Any] | None = None,
    publish: bool = False,
    kind: str = RunKind.SUGGESTIONS,
    shards: int | None = None,
) -> tuple[Run, bool]:
    """Ask for a run, or get the one that is active already; whether it is new. The database decides between two at once.

    Lists for ideas are published as soon as they are there: the lead alone decides about them, nobody reviews them.
    """
    chosen = parameters_of(event, parameters or {})
    return ask(event, kind=kind, by=by, parameters=chosen.as_dict(), publish=publish or kind == RunKind.IDEAS, shards=shards)


def ask(
    event: Event, *, kind: str, by: User | None, parameters: Mapping[str, Any], publish: bool = False, shards: int | None = None
) -> tuple[Run, bool]:
    """A run of a kind with its parameters as they are, or the one that is active already."""
    count = settings.RUN_SHARDS if shards is None else shards
    if not 1 <= count <= SHARD_LIMIT:
        raise BadInput("The number of shards must be between 1 and {limit}.", limit=SHARD_LIMIT)
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                run = Run.objects.create(
                    event=event, kind=kind, parameters=dict(parameters), publish=publish, shard_count=count, requested_by=by
                )
                trail.record("run.asked", run, actor=by, event=event, publish=publish)
                begin(run, STAGES_OF[RunKind(kind)][0], [(0, 0)])
            failpoint("run.asked")
            return run, True
        except IntegrityError:
            active = Run.objects.filter(event=event, kind=kind, state__in=Run.ACTIVE).first()
            if active is not None:
                return active, False
    raise Conflict("Another run of this event has just begun or ended. Try again.")


def cancel(run: Run, *, by: User | None) -> Run:
    """End an active run at once; its workers notice at their next write."""
    with transaction.atomic():
        active = Run.objects.filter(pk=run.pk, state__in=Run.ACTIVE)
        if active.update(state=Run.State.CANCELLED, epoch=F("epoch") + 1, finished_at=Now()) != 1:
            run.refresh_from_db()
            raise Conflict("This run is {state} already.", state=run.state)
        run.shards.update(epoch=F("epoch") + 1, lease_until=None)
        clear(run)
        trail.record("run.cancelled", run, actor=by, event=run.event)
    run.refresh_from_db()
    return run


def fail(run: Run, template: str, params: Mapping[str, object], *, epoch: int) -> bool:
    """Give a run up with a sentence; False if it had ended, or begun anew, before."""
    with transaction.atomic():
        active = Run.objects.filter(pk=run.pk, epoch=epoch, state__in=Run.ACTIVE)
        failure = {"template": template, "params": dict(params)}
        if active.update(state=Run.State.FAILED, epoch=F("epoch") + 1, finished_at=Now(), failure=failure) != 1:
            return False
        run.shards.update(epoch=F("epoch") + 1, lease_until=None)
        clear(run)
        trail.record("run.failed", run, actor=None, event=run.event)
    log.warning("run %s failed", run.pk)
    return True


@transaction.atomic
def restart_runs_of(participant: Participant) -> int:
    """Begin the active runs anew that may hold this person.

    Call it in the erasure's transaction, before any row of theirs is touched: it waits for a publishing that is under way,
    and keeps others from beginning until the transaction ends.
    """
    events = list(Registration.objects.filter(participant=participant).values_list("event_id", flat=True))
    list(Publication.objects.select_for_update().filter(event__in=events).order_by("pk").values_list("pk", flat=True))
    active = Run.objects.filter(event__in=events, state__in=Run.ACTIVE).select_related("event").order_by("pk")
    if not protected("restart"):
        return 0
    return sum(1 for run in active if _restart(run))


def _restart(run: Run) -> bool:
    with transaction.atomic():
        active = Run.objects.filter(pk=run.pk, state__in=Run.ACTIVE)
        if active.update(state=Run.State.WAITING, epoch=F("epoch") + 1, fingerprint="", learned=None, stage="", started_at=None) != 1:
            return False
        run.refresh_from_db()
        run.shards.all().delete()
        clear(run)
        trail.record("run.restarted", run, actor=None, event=run.event)
        begin(run, STAGES_OF[RunKind(run.kind)][0], [(0, 0)])
    return True


def clear(run: Run) -> None:
    """Remove what a run left for itself, and what it staged."""
    Artefact.objects.filter(run=run).delete()
    Shortfall.objects.filter(run=run).delete()
    Suggestion.objects.filter(run=run).delete()
    IdeaSuggestion.objects.filter(run=run).delete()
    unused = Pair.objects.filter(event=run.event_id, shown_at__isnull=True, responses__isnull=True)
    unused.exclude(Exists(Suggestion.objects.filter(pair=OuterRef("pk")))).delete()


def keep_for_top_ups(run: Run) -> None:
    """Of the event's finished runs of suggestions, this one and the published one keep records and vectors; they can be made again."""
    heavy = Artefact.objects.filter(run__event=run.event_id, run__kind=RunKind.SUGGESTIONS, run__state=Run.State.DONE)
    heavy = heavy.filter(stage__in=(Stage.SNAPSHOT, Stage.VECTORS)).exclude(run=run)
    heavy.exclude(run__publications__isnull=False).delete()


def give_up_exhausted(shard: Shard) -> bool:
    """Fail the run of a shard whose last attempt ended without a result."""
    params = {"attempts": shard.attempts, "stage": shard.stage, "run": shard.run_id}
    return fail(shard.run, EXHAUSTED, params, epoch=shard.run_epoch)
