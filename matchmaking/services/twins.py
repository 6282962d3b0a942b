"""One person standing twice in a programme: imported before, and come by the link with a login of their own.

The address alone proves nothing, so the two stay apart until an organiser approves the person who came.
"""

from django.db.models import F, Q
from django.db.models.functions import Now

from matchmaking.models import Consent, Invitation, Pair, Participant, Profile, Registration, User
from matchmaking.services import participants, trail


def imported_twin(participant: Participant) -> Participant | None:
    """The unclaimed participant of the same programme and address, if there is exactly one."""
    if participant.user_id is None or not participant.mail:
        return None
    same = Participant.objects.filter(programme=participant.programme_id, mail=participant.mail, user__isnull=True)
    found = list(same.exclude(pk=participant.pk)[:2])
    return found[0] if len(found) == 1 else None


def join_with_imported(registration: Registration, *, by: User) -> Participant:
    """Make one of the two: the imported row keeps its key, track record and pairs, and takes on all the person told.

    The registration keeps its id. Where the person stands in pairs already, the two stay apart.
    """
    own = registration.participant
    imported = imported_twin(own)
    if imported is None or Pair.objects.filter(Q(a=own) | Q(b=own)).exists():
        return own
    _move_registrations(own, imported, first=registration)
    _move_consents(own, imported)
    _move_profile(own, imported)
    Invitation.objects.filter(participant=imported, used_at__isnull=True).update(used_at=Now())
    own_id = own.pk
    own.delete()
    trail.record("participant.joined_with", imported, actor=by, programme=imported.programme_id, joined=own_id)
    registration.participant = imported
    return imported


def _move_registrations(own: Participant, imported: Participant, *, first: Registration) -> None:
    Registration.objects.filter(participant=imported, event=first.event_id).delete()
    there = Registration.objects.filter(participant=imported).values_list("event_id", flat=True)
    Registration.objects.filter(participant=own).exclude(event__in=list(there)).update(participant=imported)


def _move_consents(own: Participant, imported: Participant) -> None:
    live = Consent.objects.filter(participant=imported, withdrawn_at__isnull=True).values_list("purpose", flat=True)
    Consent.objects.filter(participant=own).exclude(purpose__in=list(live), withdrawn_at__isnull=True).update(participant=imported)


def _move_profile(own: Participant, imported: Participant) -> None:
    user, left = own.user, imported.organisation_id
    Participant.objects.filter(pk=own.pk).update(user=None)
    fields = (*participants.PERSON_FIELDS, "organisation", "claimed_at")
    told = {name: getattr(own, name) for name in fields}
    Participant.objects.filter(pk=imported.pk).update(user=user, version=F("version") + 1, **told)
    answers = {name: getattr(own.profile, name) for name in participants.PROFILE_FIELDS}
    Profile.objects.update_or_create(participant=imported, defaults=answers)
    if left != own.organisation_id:
        participants.drop_if_empty(left)
    imported.refresh_from_db()
