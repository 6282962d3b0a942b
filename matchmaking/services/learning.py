"""Learning from answers: asked for, claimed by a worker, kept as a version; versions put to use and rolled back.

The row is the job and the version in one. A claim takes a lease and raises its epoch; every later write names that epoch.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Now

from matchmaking import jobs
from matchmaking.errors import Conflict, NotFound
from matchmaking.failpoints import failpoint
from matchmaking.jobs import Job
from matchmaking.models import Habit, LearnedWeights, Participant, Programme, User
from matchmaking.selectors.learning import active_weights, answers_since, usable, versions_of
from matchmaking.services import trail
from matchmaking.services.protections import protected
from matchmaking.services.shards import Fenced, in_seconds

log = logging.getLogger(__name__)
State = LearnedWeights.State
NEWS = 50  # new answers that are worth another look
TRIES = 5  # the look under way may end between the refused insert and the search for it
SHIPPED = 0
EXHAUSTED = "The work stopped {attempts} times. Ask for it again; if it stops again, tell the operator: learned weights {learned}."


def start(programme: Programme, *, by: User | None) -> tuple[LearnedWeights, bool]:
    """Ask for a look at the programme's answers, or get the one under way; whether it is new. The database decides."""
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                last = versions_of(programme).aggregate(last=Max("version"))["last"] or SHIPPED
                learned = LearnedWeights.objects.create(
                    programme=programme, version=last + 1, until=Now(), asked_at=Now(), requested_by=by
                )  # fmt: skip
                trail.record("learning.asked", learned, actor=by, programme=programme, version=learned.version)
                jobs.enqueue(Job.LEARN, learned_id=learned.pk)
            learned.refresh_from_db()
            return learned, True
        except IntegrityError:
            active = versions_of(programme).filter(state__in=LearnedWeights.WORKING).first()
            if active is not None:
                return active, False
    raise Conflict("Another look at these answers has just begun or ended. Try again.")


def start_due() -> int:
    """Ask for a look wherever answers have come in; how many. Not where an organiser has rolled back: then people decide."""
    return sum(start(programme, by=None)[1] for programme in Programme.objects.order_by("pk") if _due(programme))


def _due(programme: Programme) -> bool:
    heard = versions_of(programme).exclude(state=State.FAILED).first()
    return not _rolled_back(versions_of(programme)) and answers_since(heard, programme) >= NEWS


def _rolled_back(versions: QuerySet[LearnedWeights]) -> bool:
    """Whether people use another one than the newest of these that can be used."""
    newest = usable(versions).first()
    return newest is not None and not newest.active


# --- the job ----------------------------------------------------------------------------------------------------------
def claim(learned_id: int) -> LearnedWeights | None:
    """Take the lease of a waiting or abandoned look; None if another worker has it or there is nothing to do."""
    free = LearnedWeights.objects.filter(pk=learned_id, attempts__lt=settings.MAX_ATTEMPTS)
    if protected("claim"):
        free = free.filter(_waiting_or_abandoned())
    lease = {"lease_until": in_seconds(settings.LEASE_S), "epoch": F("epoch") + 1, "attempts": F("attempts") + 1}
    with transaction.atomic():
        if free.update(state=State.RUNNING, **lease) != 1:
            return None
        return LearnedWeights.objects.select_related("programme").get(pk=learned_id)


def _waiting_or_abandoned() -> Q:
    return Q(state=State.WAITING) | Q(state=State.RUNNING, lease_until__lt=Now())


def held(learned: LearnedWeights) -> QuerySet[LearnedWeights]:
    """The claimed row, as long as no other worker has it."""
    mine = LearnedWeights.objects.filter(pk=learned.pk)
    return mine.filter(epoch=learned.epoch, state=State.RUNNING) if protected("fencing") else mine


@contextmanager
def _fenced(learned: LearnedWeights) -> Iterator[None]:
    """A transaction that holds while the claim does; otherwise Fenced is raised and nothing is written."""
    with transaction.atomic():
        Programme.objects.select_for_update(no_key=True).get(pk=learned.programme_id)
        if held(learned).update(lease_until=in_seconds(settings.LEASE_S)) != 1:
            raise Fenced
        yield


def keep(learned: LearnedWeights, *, facts: Mapping[str, Any], habits: Mapping[int, tuple[float, float]]) -> None:
    """Write what a worker found, and put it to use unless a guard refused it; all of it, or, without the claim, nothing.

    Where people rolled back meanwhile, a look that nobody asked for is kept and not used.
    """
    with _fenced(learned):
        held(learned).update(**facts, state=State.DONE, finished_at=Now(), lease_until=None)
        there = set(Participant.objects.filter(programme=learned.programme_id).values_list("pk", flat=True)) & habits.keys()
        rows = [Habit(learned=learned, participant_id=person, opens=habits[person][0], draws=habits[person][1]) for person in there]
        Habit.objects.bulk_create(rows, batch_size=500)
        trail.record("learning.done", learned, actor=None, programme=learned.programme_id, version=learned.version)
        learned.refresh_from_db()
        earlier = versions_of(learned.programme).filter(version__lt=learned.version)
        if not learned.refused and not (learned.requested_by_id is None and _rolled_back(earlier)):
            _use(learned.programme_id, learned, actor=None, action="weights.activated")
        failpoint("learning.before_commit")


def fail(learned: LearnedWeights, template: str, params: Mapping[str, object]) -> None:
    """Give a look up with a sentence, if it is still ours."""
    with transaction.atomic():
        failure = {"template": template, "params": dict(params)}
        if held(learned).update(state=State.FAILED, failure=failure, finished_at=Now(), lease_until=None) == 1:
            trail.record("learning.failed", learned, actor=None, programme=learned.programme_id, version=learned.version)


def give_back(learned: LearnedWeights) -> None:
    """Let go of a look that failed, so that it is tried again at once, or fail it after its last attempt."""
    if learned.attempts >= settings.MAX_ATTEMPTS:
        fail(learned, EXHAUSTED, {"attempts": learned.attempts, "learned": learned.pk})
        return
    with transaction.atomic():
        if held(learned).update(state=State.WAITING, lease_until=None, asked_at=Now()) == 1:
            jobs.enqueue(Job.LEARN, learned_id=learned.pk)


def resend() -> int:
    """Ask again for looks that lost their message or their worker, and fail those whose last attempt lost it; how many."""
    for spent in LearnedWeights.objects.filter(state=State.RUNNING, lease_until__lt=Now(), attempts__gte=settings.MAX_ATTEMPTS):
        fail(spent, EXHAUSTED, {"attempts": spent.attempts, "learned": spent.pk})
    long_ago = Now() - timedelta(seconds=settings.RESEND_AFTER_S)
    waiting = LearnedWeights.objects.filter(_waiting_or_abandoned(), Q(asked_at__isnull=True) | Q(asked_at__lt=long_ago))
    return sum(
        jobs.publish(Job.LEARN, {"learned_id": pk})
        for pk in list(waiting.values_list("pk", flat=True))
        if waiting.filter(pk=pk).update(asked_at=Now()) == 1
    )


# --- versions ---------------------------------------------------------------------------------------------------------
def roll_back(programme: Programme, version: int, *, by: User | None) -> LearnedWeights | None:
    """Use an older version from the next run on, or `SHIPPED`, the weights that come with the service; what is in use then.

    The same again changes nothing. What is published stays as it is.
    """
    with transaction.atomic():
        Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)
        learned = None if version == SHIPPED else versions_of(programme).filter(version=version).first()
        if learned is None and version != SHIPPED:
            raise NotFound("There is no version {version} of this programme's weights.", version=version)
        if learned is not None and not usable(versions_of(programme)).filter(pk=learned.pk).exists():
            raise Conflict("Version {version} holds no weights that can be used; choose another one.", version=version)
        _use(programme.pk, learned, actor=by, action="weights.rolled_back")
    return active_weights(programme.pk)


def _use(programme_id: int, learned: LearnedWeights | None, *, actor: User | None, action: str) -> None:
    """Make `learned` (None: the shipped weights) what the next runs use; the programme's row is locked."""
    before = active_weights(programme_id)
    if before == learned:
        return
    LearnedWeights.objects.filter(programme=programme_id, active=True).update(active=False)
    if learned is not None:
        LearnedWeights.objects.filter(pk=learned.pk).update(active=True)
    version, previous = (row.version if row else SHIPPED for row in (learned, before))
    trail.record(action, learned or before, actor=actor, programme=programme_id, version=version, previous=previous)
