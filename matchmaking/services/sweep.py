"""The sweep: takes up what lost its message or its worker. Safe to run twice at once."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from matchmaking import jobs
from matchmaking.jobs import Job
from matchmaking.models import Pulse, Run, Shard
from matchmaking.services import imports, keys, learning, mailed_sign_in, outbox, runs, top_up
from matchmaking.services.protections import protected
from matchmaking.services.shards import abandoned, job_of

# each asks again for its own kind of waiting work, or clears away what has had its day
OTHERS: dict[str, Callable[[], int]] = {
    "imports": imports.resend,
    "learning": learning.resend,
    "mails": outbox.resend,
    "top_ups": top_up.resend,
    "sign_in_mails": mailed_sign_in.resend,
    "tidied": keys.tidy,
}


def sweep() -> dict[str, int]:
    """Ask again for all work that waits too long; how much of each."""
    found = {"given_up": give_up(), "shards": resend_shards(), "publishing": resend_publishing()}
    found |= {name: resend() for name, resend in OTHERS.items()}
    Pulse.objects.bulk_create([Pulse(name="sweep", at=Now())], update_conflicts=True, unique_fields=["name"], update_fields=["at"])
    return found


def waited() -> Q:
    """Rows for which no message was sent for a while."""
    return Q(asked_at__isnull=True) | Q(asked_at__lt=Now() - timedelta(seconds=settings.RESEND_AFTER_S))


def resend_shards() -> int:
    """Send the message again for shards that wait, or whose worker is gone."""
    states = Q()
    if protected("resend"):
        states |= Q(state=Shard.State.WAITING)
    if protected("take_up"):
        states |= abandoned()
    if not states:
        return 0
    active = Shard.objects.filter(run__state__in=Run.ACTIVE, run_epoch=F("run__epoch"), attempts__lt=settings.MAX_ATTEMPTS)
    return sum(_ask(shard_id, kind, states) for shard_id, kind in active.filter(states, waited()).values_list("pk", "run__kind"))


def _ask(shard_id: int, kind: str, states: Q) -> bool:
    if Shard.objects.filter(states, waited(), pk=shard_id).update(asked_at=Now()) != 1:
        return False
    return jobs.publish(job_of(kind), {"shard_id": shard_id})


def give_up() -> int:
    """Fail the runs of shards whose last attempt lost its worker."""
    active = Shard.objects.filter(run__state__in=Run.ACTIVE, run_epoch=F("run__epoch"), attempts__gte=settings.MAX_ATTEMPTS)
    spent = active.filter(Q(state=Shard.State.WAITING) | abandoned()).select_related("run__event")
    return sum(runs.give_up_exhausted(shard) for shard in spent)


def resend_publishing() -> int:
    """Ask again for the publishing of runs that are done and should be published."""
    due = Run.objects.filter(state=Run.State.DONE, publish=True, published_at__isnull=True, taken_back_at__isnull=True)
    waiting = list(due.filter(waited()).values_list("pk", flat=True))
    return sum(
        jobs.publish(Job.PUBLISH_RUN, {"run_id": run_id})
        for run_id in waiting
        if due.filter(waited(), pk=run_id).update(asked_at=Now()) == 1
    )
