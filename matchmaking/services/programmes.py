"""Programmes and events: set up by operators and organisers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from matchmaking.engine.parameters import LIMITS
from matchmaking.errors import BadInput, Conflict, MatchmakingError
from matchmaking.models import Event, Programme, Registration, User
from matchmaking.services import trail, versions

PLACE = ("city", "time_zone")
TAKEN = "This address is taken. Choose another one."


@transaction.atomic
def create(*, by: User, **data: Any) -> Programme:
    """Set up a programme; its first organiser is invited next."""
    try:
        with transaction.atomic():
            programme = Programme.objects.create(**data)
    except IntegrityError:
        raise BadInput(TAKEN, fields={"slug": TAKEN}) from None
    trail.record("programme.created", programme, actor=by, programme=programme)
    return programme


@transaction.atomic
def create_event(*, programme: Programme, by: User, **data: Any) -> Event:
    event = Event(programme=programme, **data)
    _check(event)
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except IntegrityError:
        raise BadInput(TAKEN, fields={"slug": TAKEN}) from None
    trail.record("event.created", event, actor=by, event=event)
    return event


@transaction.atomic
def change_event(*, event: Event, by: User, version: int, changes: Mapping[str, Any]) -> Event:
    """Change what the organiser set, if it still is at `version`; who takes part is told of another time or place."""
    before = Event.objects.filter(pk=event.pk).values("starts_at", *PLACE).get()
    for name, value in changes.items():
        setattr(event, name, value)
    _check(event)
    try:
        with transaction.atomic():
            versions.change(event, version=version, **changes)
    except IntegrityError:
        raise BadInput(TAKEN, fields={"slug": TAKEN}) from None
    trail.record("event.changed", event, actor=by, event=event, fields=sorted(changes))
    if any(changes.get(name, before[name]) != before[name] for name in ("starts_at", *PLACE)):
        _tell_of_the_move(event, before["starts_at"])
    return event


def _tell_of_the_move(event: Event, was: datetime | None) -> None:
    if event.ends_at is not None and event.ends_at < timezone.now():
        return
    here = event.registrations.filter(state=Registration.State.APPROVED).values_list("participant_id", flat=True)
    trail.intend_all(here, "moved", f"event:{event.pk}:{event.version}", event=event, was=was and was.isoformat())


@transaction.atomic
def delete_event(*, event: Event, by: User, version: int) -> None:
    """Delete an event that nobody has been in yet."""
    if event.registrations.exists() or event.runs.exists() or event.pairs.exists():
        raise Conflict("People are registered for this event or were matched in it; it can be ended, not deleted.")
    trail.record("event.deleted", event, actor=by, event=event)
    versions.delete(event, version=version)


def _check(event: Event) -> None:
    """What the database would refuse without a sentence."""
    wrong: dict[str, str | MatchmakingError] = {}
    for name in ("cap", "floor"):
        low, high = LIMITS[name]
        if not low <= getattr(event, name) <= high:
            wrong[name] = BadInput("A whole number from {low} to {high}.", low=low, high=high)
    if not wrong and event.floor > event.cap:
        wrong["floor"] = "The floor cannot be above the cap."
    if event.starts_at and event.ends_at and event.ends_at < event.starts_at:
        wrong["ends_at"] = "The event cannot end before it starts."
    if event.ends_at and not event.starts_at:
        wrong["starts_at"] = "An event that ends has to start."
    if wrong:
        raise BadInput("Some fields cannot be used as they are.", fields=wrong)
