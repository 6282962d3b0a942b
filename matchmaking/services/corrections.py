"""What organisers do with somebody's profile: correct it before its owner has it, look at the contacts for a purpose."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from matchmaking.engine.normalise import normalise
from matchmaking.errors import BadInput, Conflict
from matchmaking.models import CONTACT_FIELDS, Organisation, Participant, Programme, User
from matchmaking.services import participants, trail

CLAIMED = "This person has confirmed the profile. Ask them to change it."


@transaction.atomic
def correct(*, participant: Participant, by: User, version: int, changes: Mapping[str, Any]) -> Participant:
    """Correct a profile that nobody has confirmed yet; afterwards it is its owner's alone."""
    if not Participant.objects.select_for_update().filter(pk=participant.pk, claimed_at__isnull=True).exists():
        raise Conflict(CLAIMED)
    return participants.change(participant=participant, data=changes, by=by, version=version)


@transaction.atomic
def show_contacts(*, participant: Participant, by: User, purpose: str) -> dict[str, str]:
    """The contacts, for a purpose that the person can read afterwards."""
    trail.record("participant.contacts_seen", participant, actor=by, programme=participant.programme_id, purpose=purpose)
    return {field: getattr(participant, field) for field in CONTACT_FIELDS}


@transaction.atomic
def enter_organisation(*, programme: Programme, by: User, name: str, sector: str) -> Organisation:
    """Enter an organisation, unless there is one of this name."""
    participants.checked(programme, {"sector": sector})
    key = normalise(name)[:300]
    if not key:
        raise BadInput("A name is needed.", fields={"name": "A name is needed."})
    organisation, new = Organisation.objects.get_or_create(programme=programme, key=key, defaults={"name": name, "sector": sector})
    if not new:
        raise Conflict("There is an organisation of this name already.")
    trail.record("organisation.entered", organisation, actor=by, programme=programme)
    return organisation
