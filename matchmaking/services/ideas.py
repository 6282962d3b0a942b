"""Ideas: projects that seek partners; whoever leads one decides about it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from matchmaking.errors import BadInput, Conflict
from matchmaking.models import Event, Idea, Participant, Run, RunKind, User
from matchmaking.selectors.records import taking_part
from matchmaking.services import runs, trail, versions

OTHER_PROGRAMME = "The event is not of this programme."


@transaction.atomic
def propose(*, lead: Participant, by: User, event: Event | None = None, **told: Any) -> Idea:
    _check(event, lead.programme_id)
    idea = Idea.objects.create(programme_id=lead.programme_id, lead=lead, event=event, **told)
    trail.record("idea.proposed", idea, actor=by, programme=idea.programme_id, event=event)
    return idea


@transaction.atomic
def change(*, idea: Idea, by: User, version: int, changes: Mapping[str, Any]) -> Idea:
    """Change an idea, if it still is at `version`."""
    _check(changes.get("event"), idea.programme_id)
    versions.change(idea, version=version, **changes)
    trail.record("idea.changed", idea, actor=by, programme=idea.programme_id, event=idea.event, fields=sorted(changes))
    return idea


@transaction.atomic
def delete(*, idea: Idea, by: User, version: int) -> None:
    trail.record("idea.deleted", idea, actor=by, programme=idea.programme_id, event=idea.event)
    versions.delete(idea, version=version)


def look_for_joiners(*, idea: Idea, by: User) -> tuple[Run, bool]:
    """Ask for the lists of all ideas of the idea's event, or get the run that is active already; whether it is new."""
    if idea.event is None:
        raise Conflict("This idea belongs to no event yet. Choose its event first.")
    if not taking_part(idea.event).filter(participant=idea.lead_id).exists():
        raise Conflict("The lead of this idea does not take part in its event, or does not agree to suggestions.")
    return runs.start(idea.event, by=by, kind=RunKind.IDEAS)


def _check(event: Event | None, programme_id: int) -> None:
    if event is not None and event.programme_id != programme_id:
        raise BadInput(OTHER_PROGRAMME, fields={"event": OTHER_PROGRAMME})
