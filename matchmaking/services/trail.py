"""Audit entries and notification intents: always in the transaction of the change they tell of."""

from collections.abc import Iterable
from typing import Any

from django.db import models

from matchmaking.jobs import Job, enqueue
from matchmaking.models import AuditEntry, Event, Intent, Participant, Programme, User
from matchmaking.services.shards import in_seconds

ROWS_AT_ONCE = 500


def record(
    action: str,
    thing: models.Model | None,
    *,
    actor: User | None,
    programme: Programme | int | None = None,
    event: Event | None = None,
    **data: Any,
) -> None:
    """Write that `actor` did `action` to `thing`; ids and counts only, never names or texts."""
    if event is not None and programme is None:
        programme = event.programme_id
    AuditEntry.objects.create(
        programme_id=programme.pk if isinstance(programme, Programme) else programme,
        event_id=event.pk if event else None,
        actor_id=actor.pk if actor else None,
        action=action,
        noun=str(thing._meta.model_name) if thing is not None else "",
        noun_id=thing.pk if thing is not None else None,
        data=data,
    )


def intend_all(people: Iterable[int], kind: str, dedupe_key: str, *, event: Event, wait_s: float = 0, **data: Any) -> None:
    """Ask for one notification to each of these participants; its mail waits `wait_s`, so that several changes become one."""
    due = in_seconds(wait_s) if wait_s else None
    intents = [
        Intent(recipient_id=person, kind=kind, dedupe_key=dedupe_key, event=event, due_at=due, data=data) for person in sorted(set(people))
    ]
    Intent.objects.bulk_create(intents, batch_size=ROWS_AT_ONCE, ignore_conflicts=True)


def intend(recipient: Participant, kind: str, dedupe_key: str, *, event: Event | None = None, **data: Any) -> None:
    """Ask for one notification; asking for the same again does nothing."""
    intent = Intent(recipient=recipient, kind=kind, dedupe_key=dedupe_key, event=event, data=data)
    Intent.objects.bulk_create([intent], ignore_conflicts=True)
    if recipient.user_id is not None:
        enqueue(Job.MAIL, user_id=recipient.user_id)
