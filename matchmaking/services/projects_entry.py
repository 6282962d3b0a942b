"""The track record, entered project by project."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction

from matchmaking.errors import BadInput
from matchmaking.models import Membership, Participant, Programme, Project, User
from matchmaking.services import trail

TAKEN = "There is a project with this external id already."


@transaction.atomic
def enter(
    *, programme: Programme, by: User, external_id: str, members: Sequence[str], lead: str = "", held_on: date | None = None, **told: Any
) -> Project:
    """Enter a project with its members by external id; those nobody knows are kept as outsiders."""
    if lead and lead not in members:
        raise BadInput("The lead has to be one of the members.", fields={"lead": "The lead has to be one of the members."})
    try:
        with transaction.atomic():
            project = Project.objects.create(programme=programme, external_id=external_id, held_on=held_on, **told)
    except IntegrityError:
        raise BadInput(TAKEN, fields={"external_id": TAKEN}) from None
    known = _known(programme, members)
    rows = [Membership(project=project, external_id=one, participant_id=known.get(one), lead=one == lead) for one in dict.fromkeys(members)]
    Membership.objects.bulk_create(rows)
    trail.record("project.entered", project, actor=by, programme=programme, members=len(rows), outsiders=len(rows) - len(known))
    return project


def _known(programme: Programme, members: Sequence[str]) -> Mapping[str, int]:
    rows = Participant.objects.filter(programme=programme, external_id__in=members).exclude(external_id="")
    return dict(rows.values_list("external_id", "pk"))
