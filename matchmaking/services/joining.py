"""How people come to take part in an event: by its link, entered by an organiser; approval, refusal, withdrawal."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from matchmaking.errors import BadInput, Conflict
from matchmaking.models import Consent, Event, Participant, Registration, User
from matchmaking.services import consents, pairs, participants, rosters, top_up, trail, twins
from matchmaking.services.cells import clean

State = Registration.State
SLOT = timedelta(minutes=30)
SLOTS_WITHOUT_DATES = 48  # half hours of one day, while the event says nothing of its times
WISHES_CHARS = 2000


def checked_password(password: str) -> str:
    """A password good enough for a new login, whoever asks."""
    try:
        validate_password(password)
    except ValidationError as error:
        raise BadInput("Choose another password.", fields={"password": " ".join(error.messages)}) from error
    return password


# --- by the event's link ----------------------------------------------------------------------------------------------
def ask_to_join(
    *,
    event: Event,
    mail: str,
    password: str,
    language: str,
    data: Mapping[str, Any],
    ticked: Iterable[str] = (),
    text_version: str | None = None,
) -> None:
    """A new person asks to take part; an organiser decides.

    Answers nothing, so that nobody learns whether the address was known: with the right password of a known login it is
    that person who joins, with a wrong one nothing happens. Either way one password is hashed, so the time is the same.
    """
    mail = participants.checked_mail(mail)
    checked_password(password)
    purposes = consents.check(ticked, text_version)
    told = _told(event, data)
    refuse_if_over(event)
    known = User.objects.filter(mail=mail).first()
    try:
        if known is None:
            _join_as_new(event, mail, password, language, told, purposes)
        elif known.check_password(password) and known.is_active:
            join(event=event, user=known, data=data, ticked=purposes)
    except (Conflict, IntegrityError):
        return  # refused before, or another request with this address was faster: the answer stays the same


@transaction.atomic
def _join_as_new(event: Event, mail: str, password: str, language: str, data: Mapping[str, Any], purposes: Sequence[str]) -> None:
    user = User.objects.create_user(mail, password, name=data["name"][:200], language=language)
    join(event=event, user=user, data=data, ticked=purposes)


@transaction.atomic
def join(*, event: Event, user: User, data: Mapping[str, Any], ticked: Iterable[str] = (), text_version: str | None = None) -> Registration:
    """Somebody with a login asks to take part: waiting for approval, or taking part at once where an organiser invited them.

    `data` is needed where the person is new to the programme; else the profile stays as it is.
    """
    purposes = consents.check(ticked, text_version)
    refuse_if_over(event)
    participant = Participant.objects.filter(programme=event.programme_id, user=user).first()
    if participant is None:
        participant = participants.create(programme=event.programme, data=_told(event, data), mail=user.mail, by=user, user=user)
    for purpose in purposes:
        consents.give(participant=participant, purpose=purpose, by=user)
    return _ask(event, participant, user)


def _ask(event: Event, participant: Participant, user: User) -> Registration:
    registration, new = Registration.objects.get_or_create(event=event, participant=participant, defaults={"state": State.WAITING})
    if registration.state == State.REFUSED:
        raise Conflict("The organisers have not accepted you for this event. Ask them.")
    before = {State.INVITED: State.APPROVED, State.WITHDRAWN: State.WAITING}
    moved = registration.state in before and _move(registration, [registration.state], before[State(registration.state)])
    if new or moved:
        trail.record("registration.joined", registration, actor=user, event=event, state=registration.state)
        top_up.ask(Registration.objects.filter(pk=registration.pk))
    return registration


def _told(event: Event, data: Mapping[str, Any]) -> dict[str, Any]:
    told = participants.checked(event.programme, data)
    if "name" not in told:
        raise BadInput("A name is needed.", fields={"name": "A name is needed."})
    return told


def refuse_if_over(event: Event) -> None:
    """Nobody joins an event that has ended."""
    if event.ends_at is not None and event.ends_at < timezone.now():
        raise Conflict("This event is over.")


# --- entered by an organiser ------------------------------------------------------------------------------------------
@transaction.atomic
def enter(*, event: Event, by: User, data: Mapping[str, Any], mail: str = "", external_id: str = "", consent: str = "") -> Registration:
    """An organiser writes somebody down for the event: invited; approved where consent to suggestions is stated.

    Somebody who stands in the programme already keeps the profile as it is.
    """
    mail, external_id = participants.checked_mail(mail) if mail else "", clean(external_id)[:120]
    if not mail and not external_id:
        raise BadInput("A mail address or an external id is needed.")
    programme = event.programme
    key = participants.key_of(external_id=external_id, mail=mail)
    participant = Participant.objects.filter(programme=programme, key=key).first()
    if participant is None:
        participant = participants.create(programme=programme, data=data, mail=mail, external_id=external_id, by=by)
    stated = bool(consent) and participant.claimed_at is None
    if stated:
        purpose = Consent.Purpose.SUGGESTIONS
        consents.give(participant=participant, purpose=purpose, by=by, source=clean(consent)[:500])
    state = State.APPROVED if stated else State.INVITED
    registration, new = Registration.objects.get_or_create(event=event, participant=participant, defaults={"state": state})
    if new:
        trail.record("registration.invited", registration, actor=by, event=event, state=registration.state)
        top_up.ask(Registration.objects.filter(pk=registration.pk))
    return registration


# --- decisions --------------------------------------------------------------------------------------------------------
def _move(registration: Registration, before: Sequence[str], after: str) -> bool:
    """Change the state if it still is one of `before`; whether this call did it."""
    moved = Registration.objects.filter(pk=registration.pk, state__in=before).update(state=after) == 1
    registration.refresh_from_db(fields=["state"])
    return moved


@transaction.atomic
def approve(*, registration: Registration, by: User) -> Registration:
    """Let somebody take part who asked to; from now on they are in runs and visible as they chose."""
    if _move(registration, [State.WAITING, State.REFUSED], State.APPROVED):
        participant = twins.join_with_imported(registration, by=by)
        trail.record("registration.approved", registration, actor=by, event=registration.event)
        top_up.ask(Registration.objects.filter(pk=registration.pk))
        trail.intend(participant, "approved", f"registration:{registration.pk}", event=registration.event)
    elif registration.state != State.APPROVED:
        raise Conflict("This person has to answer the invitation first, or has withdrawn.")
    return registration


@transaction.atomic
def refuse(*, registration: Registration, by: User) -> Registration:
    """Keep somebody out of the event; what was suggested goes, introductions close, answers stay."""
    if _move(registration, [State.WAITING, State.INVITED, State.APPROVED], State.REFUSED):
        gone = pairs.vanish(consents.pairs_with(registration.participant, event=registration.event))
        gone["seats"] = rosters.leave(registration.participant, event=registration.event)
        trail.record("registration.refused", registration, actor=by, event=registration.event, **gone)
    elif registration.state != State.REFUSED:
        raise Conflict("This person has withdrawn from the event.")
    return registration


@transaction.atomic
def withdraw(*, registration: Registration, by: User) -> Registration:
    """Leave an event: its suggestions go at once, its introductions close, answers stay."""
    if _move(registration, [State.INVITED, State.WAITING, State.APPROVED], State.WITHDRAWN):
        participant, event = registration.participant, registration.event
        partners = top_up.partners(participant, event)
        gone = pairs.vanish(consents.pairs_with(participant, event=event)) | {"seats": rosters.leave(participant, event=event)}
        top_up.ask(partners)
        trail.record("registration.withdrawn", registration, actor=by, event=event, **gone)
    elif registration.state != State.WITHDRAWN:
        raise Conflict("The organisers have not accepted you for this event.")
    return registration


# --- for this event ---------------------------------------------------------------------------------------------------
def slot_count(event: Event) -> int:
    """How many half hours the event has."""
    if event.starts_at is None or event.ends_at is None:
        return SLOTS_WITHOUT_DATES
    return max(1, -((event.starts_at - event.ends_at) // SLOT))


@transaction.atomic
def tell(*, registration: Registration, by: User, slots: Sequence[int] | None = None, wishes: str | None = None) -> Registration:
    """Say when one is free during the event, and what one wishes."""
    values: dict[str, Any] = {}
    if slots is not None:
        values["slots"] = sorted(set(slots))
        if values["slots"] and not 0 <= values["slots"][0] <= values["slots"][-1] < slot_count(registration.event):
            raise BadInput("The event has no such half hour.", fields={"slots": "The event has no such half hour."})
    if wishes is not None:
        values["wishes"] = clean(wishes)
        if len(values["wishes"]) > WISHES_CHARS:
            raise BadInput("This text is too long.", fields={"wishes": "This text is too long."})
    if values:
        Registration.objects.filter(pk=registration.pk).update(**values)
        registration.refresh_from_db()
        if slots is not None:
            top_up.ask(Registration.objects.filter(pk=registration.pk), changed=True)
        trail.record("registration.changed", registration, actor=by, event=registration.event, fields=sorted(values))
    return registration
