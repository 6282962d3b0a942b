"""Audit entries and notification intents: always in the transaction of the change they tell of."""

from typing import Any

from django.db import models

from matchmaking.models import AuditEntry, Event, Intent, Participant, Programme, User


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


def intend(recipient: Participant, kind: str, dedupe_key: str, *, event: Event | None = None, **data: Any) -> None:
    """Ask for one notification; asking for the same again does nothing."""
    intent = Intent(recipient=recipient, kind=kind, dedupe_key=dedupe_key, event=event, data=data)
    Intent.objects.bulk_create([intent], ignore_conflicts=True)
