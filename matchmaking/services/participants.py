"""Participants and their profiles: how somebody comes to stand in a programme, and changes what they told."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Now

from matchmaking.engine.normalise import normalise
from matchmaking.errors import BadInput, Conflict, MatchmakingError, Stale
from matchmaking.models import CONTACT_FIELDS, Organisation, Participant, Profile, Programme, Proposal, User
from matchmaking.services import top_up, trail
from matchmaking.services.cells import ITEM_CHARS, ITEMS, clean

PERSON_FIELDS = ("name", "phone", "telegram", "shares", "listed")
PROFILE_FIELDS = (
    "sector", "industries", "city", "country", "languages", "offers", "needs", "interests",
    "offer_text", "need_text", "about", "private_answers", "same_sector",
)  # fmt: skip
OWN_FIELDS = (*PERSON_FIELDS, "organisation", *PROFILE_FIELDS)
MATCHED = {"organisation", *PROFILE_FIELDS} - {"private_answers"}  # what suggestions rest on
Fields = Mapping[str, Any]
By = User | None


# --- keys ------------------------------------------------------------------------------------------------------------
def key_of(*, external_id: str = "", mail: str = "") -> str:
    """The content key: it is the same in every database, and shows no address."""
    return f"x:{external_id}" if external_id else f"m:{hashlib.sha256(clean_mail(mail).encode()).hexdigest()[:32]}"


def free_key(programme: Programme, *, external_id: str = "", mail: str = "") -> str:
    """The content key, or one beside it where somebody stands there whom the address alone does not prove to be the same."""
    key = key_of(external_id=external_id, mail=mail)
    taken = Participant.objects.filter(programme=programme, key=key).exists()
    return f"{key}:{secrets.token_hex(8)}" if taken else key


def clean_mail(mail: str) -> str:
    return clean(mail).casefold()


def checked_mail(mail: str) -> str:
    mail = clean_mail(mail)
    try:
        validate_email(mail)
    except ValidationError as error:
        raise BadInput("This is not a mail address.", fields={"mail": "This is not a mail address."}) from error
    return mail


# --- what people tell ------------------------------------------------------------------------------------------------
def checked(programme: Programme, data: Fields) -> dict[str, Any]:
    """`data` clean and within its limits, or one refusal that names every field that is not."""
    values: dict[str, Any] = {}
    wrong: dict[str, str | MatchmakingError] = {}
    for name, value in data.items():
        try:
            values[name] = _checked_field(programme, name, value)
        except BadInput as error:
            wrong[name] = error
    if wrong:
        raise BadInput("Some fields cannot be used as they are.", fields=wrong)
    return values


def _checked_field(programme: Programme, name: str, value: Any) -> Any:
    if name not in OWN_FIELDS:
        raise BadInput("This field cannot be changed here.")
    field = _field(name)
    if isinstance(field, models.BooleanField):
        return _flag(value)
    if isinstance(field, models.JSONField):
        return _contacts(value) if name == "shares" else _items(value)
    text = _text(value, field.max_length or 0)
    if name == "name" and not text:
        raise BadInput("A name is needed.")
    if name == "sector" and text not in {sector["key"] for sector in programme.sectors}:
        raise BadInput("The programme has no such sector.")
    return text


def _field(name: str) -> "models.Field[Any, Any]":
    if name == "organisation":
        return cast("models.Field[Any, Any]", Organisation._meta.get_field("name"))
    model: type[models.Model] = Participant if name in PERSON_FIELDS else Profile
    return cast("models.Field[Any, Any]", model._meta.get_field(name))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadInput("This is true or false.")
    return value


def _text(value: Any, limit: int) -> str:
    if not isinstance(value, str):
        raise BadInput("This is a text.")
    if len(value) > 4 * limit or len(text := clean(value)) > limit:
        raise BadInput("This text is too long.")
    return text


def _items(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > ITEMS:
        raise BadInput("This is a list of at most {limit} texts.", limit=ITEMS)
    items = {text.casefold(): text for item in reversed(value) if (text := _text(item, ITEM_CHARS))}
    return list(reversed(items.values()))


def _contacts(value: Any) -> list[str]:
    if not isinstance(value, list) or not set(map(str, value)) <= set(CONTACT_FIELDS):
        raise BadInput("This is a list of mail, phone and telegram.")
    return [field for field in CONTACT_FIELDS if field in value]


# --- writing ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def create(*, programme: Programme, data: Fields, mail: str, by: By, user: User | None = None, external_id: str = "") -> Participant:
    """Write a new participant with a profile; one with a login has confirmed it by telling it."""
    values = checked(programme, data)
    if "name" not in values:
        raise BadInput("A name is needed.", fields={"name": "A name is needed."})
    participant = Participant.objects.create(
        programme=programme,
        user=user,
        key=free_key(programme, external_id=external_id, mail=mail),
        external_id=external_id,
        mail=mail,
        organisation=organisation_for(programme, values.get("organisation", ""), sector=values.get("sector", "other")),
        **{name: values[name] for name in PERSON_FIELDS if name in values},
    )
    Profile.objects.create(participant=participant, **{name: values[name] for name in PROFILE_FIELDS if name in values})
    if user is not None:
        Participant.objects.filter(pk=participant.pk).update(claimed_at=Now())
    trail.record("participant.entered", participant, actor=by, programme=programme)
    return participant


def organisation_for(programme: Programme, name: str, *, sector: str = "other") -> Organisation | None:
    """The programme's organisation of this name, made where it is new; None without a name."""
    key = normalise(name)[:300]
    if not key:
        return None
    return Organisation.objects.get_or_create(programme=programme, key=key, defaults={"name": name, "sector": sector})[0]


@transaction.atomic
def change(*, participant: Participant, data: Fields, by: User, version: int) -> Participant:
    """Change what the person told, if it still is at `version`; saving it oneself confirms it.

    The count of the filtered update decides between two who save at once.
    """
    values = checked(participant.programme, data)
    return _write(participant, values, by=by, version=version)


def _write(participant: Participant, values: dict[str, Any], *, by: User, version: int) -> Participant:
    person = {name: values[name] for name in PERSON_FIELDS if name in values}
    if "organisation" in values:
        sector = values.get("sector") or participant.profile.sector
        person["organisation"] = organisation_for(participant.programme, values["organisation"], sector=sector)
    if participant.user_id == by.pk and participant.claimed_at is None:
        person["claimed_at"] = Now()
    rows = Participant.objects.filter(pk=participant.pk, version=version)
    if rows.update(version=F("version") + 1, **person) != 1:
        raise Stale("This profile has been changed since you opened it. Look at it again.")
    profile = participant.profile
    told = [name for name in PROFILE_FIELDS if name in values]
    for name in told:
        setattr(profile, name, values[name])
    profile.save(update_fields=[*told, "changed_at"])
    if "organisation" in person:
        drop_if_empty(participant.organisation_id)
    if {*told, *person} & MATCHED:
        top_up.ask_for(participant, changed=True)
    trail.record("participant.changed", participant, actor=by, programme=participant.programme_id, fields=sorted(values))
    return Participant.objects.select_related("profile", "organisation", "programme").get(pk=participant.pk)


@transaction.atomic
def change_login(*, user: User, name: str | None = None, language: str | None = None) -> User:
    """Change how a login is called and in which language it reads."""
    told = {"name": name, "language": language}
    values = {field: value for field, value in told.items() if value is not None}
    if values:
        User.objects.filter(pk=user.pk).update(**values)
        user.refresh_from_db(fields=list(values))
        trail.record("login.changed", user, actor=user, fields=sorted(values))
    return user


def drop_if_empty(organisation_id: int | None) -> int:
    """Remove an organisation nobody acts for any more: its name may be a person's."""
    if organisation_id is None:
        return 0
    return Organisation.objects.filter(pk=organisation_id, participants__isnull=True).delete()[0]


# --- proposals -------------------------------------------------------------------------------------------------------
@transaction.atomic
def take_proposal(*, proposal: Proposal, by: User) -> Proposal:
    """Write what an import proposes into one's profile; the same answer again changes nothing."""
    if _decide(proposal, taken=True, by=by):
        participant = proposal.participant
        known = {name: value for name, value in proposal.changes.items() if name in OWN_FIELDS}
        _write(participant, checked(participant.programme, known), by=by, version=participant.version)
    return proposal


@transaction.atomic
def leave_proposal(*, proposal: Proposal, by: User) -> Proposal:
    """Keep the profile as it is."""
    _decide(proposal, taken=False, by=by)
    return proposal


def _decide(proposal: Proposal, *, taken: bool, by: User) -> bool:
    decided = Proposal.objects.filter(pk=proposal.pk, decided_at__isnull=True).update(decided_at=Now(), taken=taken)
    proposal.refresh_from_db(fields=["decided_at", "taken"])
    if not decided:
        if proposal.taken != taken:
            raise Conflict("This proposal has been answered already.")
        return False
    trail.record("proposal.taken" if taken else "proposal.left", proposal, actor=by, programme=proposal.participant.programme_id)
    return True
