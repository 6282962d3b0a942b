"""Ideas: projects that seek partners; whoever leads one decides about it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from matchmaking.errors import BadInput
from matchmaking.models import Event, Idea, Participant, User
from matchmaking.services import trail, versions

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


def _check(event: Event | None, programme_id: int) -> None:
    if event is not None and event.programme_id != programme_id:
        raise BadInput(OTHER_PROGRAMME, fields={"event": OTHER_PROGRAMME})
