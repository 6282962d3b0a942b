"""Single-use links: to claim a profile that was imported or entered, or to become facilitator or organiser."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from matchmaking.errors import BadInput, Conflict, NotFound
from matchmaking.models import Event, Invitation, Participant, Programme, Registration, Role, User
from matchmaking.services import consents, joining, participants, sessions, top_up, trail
from matchmaking.services.cells import clean

VALID_FOR = timedelta(days=30)
CANNOT_BE_USED = "This invitation cannot be used, or not any more. Ask for a new one."


@dataclass(frozen=True)
class Invited:
    """A new invitation and its token, which exists nowhere else."""

    invitation: Invitation
    token: str


def link(token: str) -> str:
    """The address to send; its host comes from the settings, never from a request."""
    return f"{settings.PUBLIC_URL}/invitation/{token}/"


# --- inviting ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def invite_participant(*, participant: Participant, by: User) -> Invited:
    """A link by which the person takes over their profile; an earlier one stops working."""
    if participant.user_id is not None:
        raise Conflict("This person has taken over the profile already.")
    _keep_to_the_cap(by)
    Invitation.objects.filter(participant=participant, used_at__isnull=True).update(used_at=Now())
    role = Invitation.Role.PARTICIPANT
    return _invite(Invitation(programme=participant.programme, participant=participant, role=role, mail=participant.mail), by)


@transaction.atomic
def invite_to_role(*, programme: Programme, role: str, mail: str, by: User | None, event: Event | None = None) -> Invited:
    """A link by which somebody becomes facilitator or organiser of a programme, or of one event of it."""
    if role not in Role.Name.values:
        raise BadInput("Invite a participant, a facilitator or an organiser.", fields={"role": "There is no such role."})
    mail = participants.checked_mail(mail)
    if by is not None:
        _keep_to_the_cap(by)
    return _invite(Invitation(programme=programme, event=event, role=role, mail=mail), by)


def _keep_to_the_cap(by: User) -> None:
    """At most so many invitations of one organiser in 24 hours; the lock on the login counts those who ask at once."""
    User.objects.select_for_update().get(pk=by.pk)
    since = timezone.now() - timedelta(days=1)
    if Invitation.objects.filter(invited_by=by, created_at__gt=since).count() >= settings.INVITATIONS_PER_DAY:
        raise Conflict("You have sent {count} invitations in 24 hours. Go on tomorrow.", count=settings.INVITATIONS_PER_DAY)


def _invite(invitation: Invitation, by: User | None) -> Invited:
    token = secrets.token_urlsafe(32)
    invitation.token_hash, invitation.invited_by, invitation.expires_at = hash_of(token), by, timezone.now() + VALID_FOR
    invitation.save(force_insert=True)
    trail.record("invitation.made", invitation, actor=by, programme=invitation.programme, event=invitation.event, role=invitation.role)
    return Invited(invitation, token)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def is_open_for(mail: str) -> bool:
    """Whether somebody with this address is waited for."""
    return _open().filter(mail=mail).exists()


def of_token(token: str) -> Invitation:
    """The invitation whose link this is; looking at it uses nothing up. NotFound where it cannot be used any more."""
    return open_one(_open().filter(token_hash=hash_of(token)).values_list("pk", flat=True).first() or 0)


def open_one(invitation_id: int) -> Invitation:
    """The invitation, with what it is for, while it can be used; else NotFound."""
    found = _open().filter(pk=invitation_id).select_related("programme", "event", "participant").first()
    if found is None:
        raise NotFound(CANNOT_BE_USED)
    return found


def _open() -> "QuerySet[Invitation]":
    return Invitation.objects.filter(used_at__isnull=True, expires_at__gt=Now())


# --- claiming ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def claim(
    *,
    invitation: Invitation,
    signed_in: User | None = None,
    password: str = "",
    mail: str = "",
    name: str = "",
    language: str = "en",
    ticked: Iterable[str] = (),
    text_version: str | None = None,
) -> Invitation:
    """Use the invitation, once: with the login one is signed in with, a known one's password, or a new login.

    Anything that cannot be used any more reads the same. A refusal leaves the invitation unused.
    """
    purposes = consents.check(ticked, text_version)
    if _open().filter(pk=invitation.pk).update(used_at=Now()) != 1:
        raise NotFound(CANNOT_BE_USED)
    user = signed_in or _login(invitation.mail or mail, password, clean(name)[:200], language)
    if invitation.participant is not None:
        _take_over(invitation.participant, user, purposes)
    else:
        _take_role(invitation, user)
    trail.record("invitation.claimed", invitation, actor=user, programme=invitation.programme, event=invitation.event, role=invitation.role)
    return invitation


def _login(mail: str, password: str, name: str, language: str) -> User:
    mail = participants.checked_mail(mail)
    known = User.objects.filter(mail=mail).first()
    if known is None:
        return User.objects.create_user(mail, joining.checked_password(password), name=name, language=language)
    if not known.check_password(password) or not known.is_active:
        sentence = "This password cannot be used here. If you have signed in before, take the password you know."
        raise BadInput(sentence, fields={"password": sentence})
    return known


def _take_over(participant: Participant, user: User, purposes: Iterable[str]) -> None:
    if Participant.objects.filter(programme=participant.programme_id, user=user).exists():
        raise Conflict("You have a profile in this programme already.")
    free = Participant.objects.filter(pk=participant.pk, user__isnull=True)
    if free.update(user=user, claimed_at=Now(), mail=participant.mail or user.mail) != 1:
        raise NotFound(CANNOT_BE_USED)
    for purpose in purposes:
        consents.give(participant=participant, purpose=purpose, by=user)
    invited = Registration.objects.filter(participant=participant, state=Registration.State.INVITED)
    for registration in list(invited.select_related("event")):
        Registration.objects.filter(pk=registration.pk, state=registration.state).update(state=Registration.State.APPROVED)
        trail.record("registration.joined", registration, actor=user, event=registration.event, state=Registration.State.APPROVED)
    top_up.ask_for(participant)


def _take_role(invitation: Invitation, user: User) -> None:
    if user.mail != invitation.mail:
        raise NotFound(CANNOT_BE_USED)
    role, new = Role.objects.get_or_create(user=user, programme=invitation.programme, event=invitation.event, name=invitation.role)
    if new:
        trail.record("role.given", role, actor=user, programme=invitation.programme, event=invitation.event, name=role.name)


# --- taking back ------------------------------------------------------------------------------------------------------
@transaction.atomic
def remove_role(*, role: Role, by: User | None) -> None:
    """Take a role away: the next request is refused, and every session of the login ends. One organiser stays."""
    whole = Q(programme=role.programme_id, event__isnull=True, name=Role.Name.ORGANISER)
    if role.event_id is None and role.name == Role.Name.ORGANISER:
        Programme.objects.select_for_update().get(pk=role.programme_id)
        if not Role.objects.filter(whole).exclude(pk=role.pk).exists():
            raise Conflict("A programme needs an organiser. Invite another one first.")
    trail.record("role.removed", role, actor=by, programme=role.programme_id, event=role.event, name=role.name, user=role.user_id)
    sessions.end_all(role.user)
    role.delete()
