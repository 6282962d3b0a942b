"""Shards: who works on a piece of a run, until when, and what may still be written.

A claim is one conditional update that takes a lease and raises the shard's epoch; every later write names that epoch and the run's.
Locks are taken in one order, run before shard. Lease times use the database's clock.
"""

import logging
import os
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from matchmaking.jobs import Job, enqueue
from matchmaking.models import STAGES_OF, Artefact, Run, RunKind, Shard, Stage
from matchmaking.services.protections import protected

log = logging.getLogger(__name__)
Range = tuple[int, int]


class Fenced(Exception):
    """The lease has gone to another worker, or the run has ended: nothing may be written."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on a shard: every write names it."""

    run_id: int
    run_epoch: int
    shard_id: int
    epoch: int
    stage: str
    number: int
    start: int
    stop: int


def in_seconds(seconds: float) -> CombinedExpression:
    """That many seconds from now, by the database's clock."""
    return Now() + timedelta(seconds=seconds)


def abandoned() -> Q:
    """Shards whose worker has let the lease run out."""
    return Q(state=Shard.State.RUNNING, lease_until__lt=Now())


def claim(shard_id: int) -> Claim | None:
    """Take the lease of a waiting or abandoned shard; None if another worker has it or there is nothing to do.

    What decides stands on the shard's own row: PostgreSQL re-checks just that row after waiting for another update of it.
    """
    of_an_active_run = Exists(Run.objects.filter(pk=OuterRef("run_id"), epoch=OuterRef("run_epoch"), state__in=Run.ACTIVE))
    free = Shard.objects.filter(of_an_active_run, pk=shard_id, attempts__lt=settings.MAX_ATTEMPTS)
    if protected("claim"):
        waiting = Q(state=Shard.State.WAITING)
        free = free.filter(waiting | abandoned() if protected("take_up") else waiting)
    with transaction.atomic():
        taken = free.update(
            state=Shard.State.RUNNING, epoch=F("epoch") + 1, attempts=F("attempts") + 1, lease_until=in_seconds(settings.LEASE_S),
            worker=f"{socket.gethostname()}:{os.getpid()}", started_at=Now(),
        )  # fmt: skip
        if taken != 1:
            return None
        shard = Shard.objects.get(pk=shard_id)
        mine = Claim(shard.run_id, shard.run_epoch, shard.pk, shard.epoch, shard.stage, shard.number, shard.start, shard.stop)
    unstarted = Run.objects.filter(pk=mine.run_id, epoch=mine.run_epoch, state=Run.State.WAITING)
    unstarted.update(state=Run.State.RUNNING, started_at=Now())
    return mine


def _mine(claim: Claim) -> "Q":
    mine = Q(pk=claim.shard_id, state=Shard.State.RUNNING, epoch=claim.epoch)
    return mine if protected("fencing") else Q(pk=claim.shard_id)


def held(claim: Claim) -> QuerySet[Shard]:
    """The claimed shard, as long as no other worker has it."""
    return Shard.objects.filter(pk=claim.shard_id, epoch=claim.epoch, state=Shard.State.RUNNING)


def holds(claim: Claim) -> bool:
    """Whether the claim is still good."""
    active = Run.objects.filter(pk=claim.run_id, epoch=claim.run_epoch, state__in=Run.ACTIVE)
    return active.exists() and Shard.objects.filter(_mine(claim)).exists()


@contextmanager
def fenced(claim: Claim) -> Iterator[Run]:
    """A transaction that holds while the claim does; otherwise Fenced is raised, counted, and nothing is written."""
    try:
        with transaction.atomic():
            run = Run.objects.select_for_update().filter(pk=claim.run_id).first()
            current = run is not None and run.epoch == claim.run_epoch and run.state in Run.ACTIVE
            held = Shard.objects.filter(_mine(claim)).update(lease_until=in_seconds(settings.LEASE_S)) == 1
            if run is None or (protected("fencing") and not (current and held)):
                raise Fenced
            yield run
    except Fenced:
        Shard.objects.filter(pk=claim.shard_id).update(fenced=F("fenced") + 1)
        log.warning("refused a write: run %s, %s %s, epoch %s", claim.run_id, claim.stage, claim.number, claim.epoch)
        raise


def finish(claim: Claim, run: Run, *, data: bytes | None, then: Iterable[Range], peak_mb: int = 0) -> bool:
    """Within `fenced`: keep what the shard leaves, mark it done; if it was the stage's last, ask for the next one.

    The run's row is locked, so of several shards that end together exactly one counts itself the last. Whether it was.
    """
    Shard.objects.filter(_mine(claim)).update(state=Shard.State.DONE, finished_at=Now(), lease_until=None, peak_mb=peak_mb)
    if data is not None:
        digest = sha256(data).hexdigest()
        Artefact.objects.create(run=run, run_epoch=claim.run_epoch, stage=claim.stage, number=claim.number, sha256=digest, data=data)
    left = Shard.objects.filter(run=run, run_epoch=claim.run_epoch, stage=claim.stage).exclude(state=Shard.State.DONE)
    if left.exists():
        return False
    stages = STAGES_OF[RunKind(run.kind)]
    following = stages.index(Stage(claim.stage)) + 1
    if following < len(stages):
        begin(run, stages[following], then)
    return True


def begin(run: Run, stage: Stage, ranges: Iterable[Range]) -> None:
    """Create the shards of a stage and ask for workers."""
    rows = [
        Shard(run=run, run_epoch=run.epoch, stage=stage, number=number, start=start, stop=stop)
        for number, (start, stop) in enumerate(ranges)
    ]
    Shard.objects.bulk_create(rows)
    Shard.objects.filter(run=run, run_epoch=run.epoch, stage=stage).update(asked_at=Now())
    Run.objects.filter(pk=run.pk).update(stage=stage)
    for shard in rows:
        enqueue(job_of(run.kind), shard_id=shard.pk)


def job_of(kind: str) -> Job:
    """What a worker is asked for: top-ups go where people wait for the answer."""
    return Job.TOP_UP_SHARD if kind == RunKind.TOP_UP else Job.RUN_SHARD


def give_back(claim: Claim) -> bool:
    """Let go of a shard that failed, so that it is tried again at once; whether an attempt is left."""
    with transaction.atomic():
        held = Shard.objects.filter(_mine(claim), attempts__lt=settings.MAX_ATTEMPTS)
        again = held.update(state=Shard.State.WAITING, lease_until=None, asked_at=Now()) == 1
        if again:
            enqueue(job_of(Run.objects.values_list("kind", flat=True).get(pk=claim.run_id)), shard_id=claim.shard_id)
    return again or not Shard.objects.filter(_mine(claim)).exists()


def artefacts(run: Run, stage: str) -> list[bytes]:
    """What the shards of a stage left, in the order of their numbers."""
    rows = Artefact.objects.filter(run=run, run_epoch=run.epoch, stage=stage).order_by("number")
    found = [(bytes(row.data), row.sha256) for row in rows]
    for data, digest in found:
        if sha256(data).hexdigest() != digest:
            raise ValueError(f"an artefact of run {run.pk}, {stage}, does not match its checksum")
    return [data for data, _ in found]


class Heartbeat:
    """Renews the lease from a thread of its own while the work goes on; ends by itself when the lease is lost."""

    def __init__(self, held: QuerySet[Any]) -> None:
        self.held = held  # the row, as long as it is ours
        self.lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self.lost and not self._over.wait(settings.HEARTBEAT_S):
                self._renew()
        finally:
            connection.close()

    def _renew(self) -> None:
        try:
            self.lost = self.held.update(lease_until=in_seconds(settings.LEASE_S)) == 0
        except DatabaseError as error:  # the next beat tries again; the lease outlives several
            log.warning("no heartbeat: %s", type(error).__name__)
