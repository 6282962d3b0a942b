"""Runs one shard: claim it, keep its lease, compute, keep the result; or give it back with a reason."""

import logging
import resource
import sys

from matchmaking.compute import ideas, suggestions, tables, teams, top_up
from matchmaking.errors import MatchmakingError
from matchmaking.failpoints import failpoint
from matchmaking.models import Run, RunKind, Shard, Stage
from matchmaking.services import runs, shards
from matchmaking.services.shards import Claim, Fenced, Heartbeat
from matchmaking.services.top_up import publish_if_due

log = logging.getLogger(__name__)
KINDS = {
    RunKind.SUGGESTIONS: suggestions.STAGES,
    RunKind.IDEAS: ideas.STAGES,
    RunKind.TEAMS: teams.STAGES,
    RunKind.TOP_UP: top_up.STAGES,
    RunKind.TABLES: tables.STAGES,
}
UNITS_PER_MB = 1024 * 1024 if sys.platform == "darwin" else 1024


def run(shard_id: int) -> bool:
    """Compute one shard; whether it did. A second delivery of the message does nothing."""
    claim = shards.claim(shard_id)
    if claim is None:
        return False
    try:
        with Heartbeat(shards.held(claim)):
            _compute(claim)
    except Fenced:
        return False
    except MatchmakingError as error:  # the input cannot be used: trying again would not help
        runs.fail(_run_of(claim), error.template, error.params, epoch=claim.run_epoch)
        return False
    except Exception:
        if not shards.holds(claim):  # the run ended, or began anew, under a worker that was too slow
            return False
        log.exception("run %s, %s %s, attempt failed", claim.run_id, claim.stage, claim.number)
        if not shards.give_back(claim):
            runs.give_up_exhausted(Shard.objects.select_related("run__event").get(pk=shard_id))
        return False
    return True


def _compute(claim: Claim) -> None:
    failpoint("run.claimed")
    failpoint(f"run.claimed.{claim.stage}")
    this = _run_of(claim)
    if this.epoch != claim.run_epoch:
        raise Fenced
    left = KINDS[RunKind(this.kind)][claim.stage](this, claim)
    failpoint(f"run.computed.{claim.stage}")
    with shards.fenced(claim) as held:
        shards.finish(claim, held, data=left.data, then=left.then, peak_mb=_peak_mb())
        left.also(held)
        failpoint(f"run.before_commit.{claim.stage}")
    failpoint(f"run.finished.{claim.stage}")
    if claim.stage == Stage.FINISH:
        publish_if_due(claim.run_id)


def _run_of(claim: Claim) -> Run:
    return Run.objects.select_related("event").get(pk=claim.run_id)


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // UNITS_PER_MB
