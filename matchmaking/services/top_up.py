"""Top-ups: who waits for one, the one that takes care of them, and its publishing.

A top-up is a run of its own kind, with lease, epoch and sweep like any other. It is bound to the run that the event shows: its rows
become rows of that run, all in one transaction, or none where another run is shown by then.
"""

import json
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from matchmaking import jobs
from matchmaking.access import published_suggestions
from matchmaking.failpoints import failpoint
from matchmaking.jobs import Job
from matchmaking.models import FROZEN, Artefact, Event, Participant, Publication, Registration, Run, RunKind, TopUpDue
from matchmaking.services import publishing, runs, trail
from matchmaking.services.adding import add
from matchmaking.services.shards import in_seconds

AFTER_FAILURE = timedelta(minutes=10)  # before the next one: what made a top-up fail will not be gone in seconds
APPROVED = Registration.State.APPROVED


def ask(people: "QuerySet[Registration]", *, changed: bool = False) -> None:
    """Note, in the caller's transaction, that these need suggestions, and ask for a top-up after it; `changed`: made anew.

    Somebody who is typing saves again and again, so a changed profile waits for a pause.
    """
    to_come = Q(event__ends_at__isnull=True) | Q(event__ends_at__gt=Now())
    found = list(people.filter(to_come, state=APPROVED).order_by("pk").values_list("pk", "event_id"))
    if not found:
        return
    ids = [pk for pk, _ in found]
    TopUpDue.objects.bulk_create([TopUpDue(registration_id=pk, since=Now(), changed=changed) for pk in ids], ignore_conflicts=True)
    more = {"changed": True} if changed else {}
    TopUpDue.objects.filter(registration__in=ids).update(since=Now(), turn=F("turn") + 1, run=None, asked_at=Now(), **more)
    for event_id in sorted({event_id for _, event_id in found}):
        jobs.enqueue(Job.TOP_UP, wait_s=settings.TOP_UP_PAUSE_S if changed else 0, event_id=event_id)


def ask_for(participant: Participant, *, changed: bool = False) -> None:
    """Ask in all events that the person takes part in."""
    ask(Registration.objects.filter(participant=participant), changed=changed)


def partners(participant: Participant, event: Event) -> "QuerySet[Registration]":
    """Those whom the event shows the person to: once they lose that suggestion, they have room for another one."""
    shown = published_suggestions().filter(Q(pair__a=participant) | Q(pair__b=participant), pair__event=event)
    others = {person for pair in shown.values_list("pair__a_id", "pair__b_id") for person in pair} - {participant.pk}
    return Registration.objects.filter(event=event, participant__in=others)


def waiting(event_id: int) -> "QuerySet[TopUpDue]":
    """Who waits in an event, the longest first; who is still typing is not there yet."""
    rested = Q(changed=False) | Q(since__lte=in_seconds(-settings.TOP_UP_PAUSE_S))
    return TopUpDue.objects.filter(rested, registration__event=event_id).order_by("since", "pk")


def begin(event_id: int) -> Run | None:
    """Start the top-up that an event waits for; None where nobody waits, nothing is shown or another one is under way."""
    shown = Publication.objects.filter(event=event_id, kind=RunKind.SUGGESTIONS, run__isnull=False).select_related("run", "event").first()
    if shown is None or shown.run is None or not waiting(event_id).exists():
        return None
    if not Artefact.objects.filter(run=shown.run, stage=FROZEN).exists():
        return None  # computed before there were top-ups: they wait for the next run
    earlier = Run.objects.filter(event=event_id, kind=RunKind.TOP_UP)
    unpublished = Q(state=Run.State.DONE, publish=True, published_at__isnull=True)
    failed = Q(state=Run.State.FAILED, finished_at__gt=Now() - AFTER_FAILURE)
    if earlier.filter(Q(state__in=Run.ACTIVE) | unpublished | failed).exists():
        return None
    run, new = runs.ask(shown.event, kind=RunKind.TOP_UP, by=None, parameters=shown.run.parameters, publish=True, shards=1)
    return run if new else None


def publish_if_due(run_id: int) -> None:
    """Publish a finished run or top-up that is to be published; again changes nothing."""
    run = Run.objects.select_related("event").filter(pk=run_id, kind=RunKind.TOP_UP).first()
    if run is None:
        publishing.publish_if_due(run_id)
    else:
        publish(run)


def publish(run: Run) -> None:
    """Add a finished top-up to the run it was computed for, whole; or give it up where the event shows another one by now."""
    with transaction.atomic():
        shown = Publication.objects.select_for_update().filter(event=run.event_id, kind=RunKind.SUGGESTIONS).first()
        due = Run.objects.select_for_update().filter(pk=run.pk, state=Run.State.DONE, publish=True, published_at__isnull=True).first()
        if due is None:
            return
        base = Run.objects.select_related("event").filter(publications=shown, top_ups=due).first() if shown else None
        if base is not None:
            _add(due, base)
        else:
            _give_up(due)
        jobs.enqueue(Job.TOP_UP, event_id=run.event_id)  # for those who came meanwhile
        failpoint("top_up.before_commit")
    failpoint("top_up.after_commit")
    if base is not None:
        publishing.drop_impossible(base)  # a withdrawal that committed beside the transaction above


def _add(run: Run, base: Run) -> None:
    told = add(run, base)
    TopUpDue.objects.filter(run=run).delete()
    Run.objects.filter(pk=run.pk).update(published_at=Now(), measures=run.measures | told)
    trail.record("run.published", run, actor=None, event=base.event, tops_up=base.pk, **told)


def _give_up(run: Run) -> None:
    """Leave it to the next top-up, of the run that is shown now."""
    runs.clear(run)
    TopUpDue.objects.filter(run=run).update(run=None)
    Run.objects.filter(pk=run.pk).update(publish=False)


def resend() -> int:
    """Ask again where a message was lost, as the sweep does; for how many events."""
    long_ago = Now() - timedelta(seconds=settings.RESEND_AFTER_S)
    lost = TopUpDue.objects.filter(run__isnull=True).filter(Q(asked_at__isnull=True) | Q(asked_at__lt=long_ago))
    shown = Publication.objects.filter(kind=RunKind.SUGGESTIONS, run__isnull=False).values("event_id")
    events = sorted(set(lost.filter(registration__event__in=shown).values_list("registration__event_id", flat=True)))
    for event_id in events:
        lost.filter(registration__event=event_id).update(asked_at=Now())
    return sum(jobs.publish(Job.TOP_UP, {"event_id": event_id}) for event_id in events)


def forget(own: "QuerySet[Run]", key: str) -> None:
    """Take a person out of what runs keep for their top-ups; their vectors are gone as a whole, and made again without them."""
    for artefact in Artefact.objects.filter(run__in=own, stage=FROZEN):
        told = json.loads(bytes(artefact.data))
        for values in (told["value"], told["price"]):
            values.pop(key, None)
        data = json.dumps(told, sort_keys=True, ensure_ascii=False).encode()
        Artefact.objects.filter(pk=artefact.pk).update(data=data, sha256=sha256(data).hexdigest())
