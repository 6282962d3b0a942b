"""Introductions: made when both said yes; which contacts each side opens, and takes back; closed by either."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from matchmaking.errors import BadInput, NotFound
from matchmaking.models import CONTACT_FIELDS, Consent, FollowUp, Introduction, Pair, Participant
from matchmaking.services import consents, trail
from matchmaking.services.cells import clean
from matchmaking.services.pairs import locked

CLOSED = "There is no such introduction."
NEXT_STEP_CHARS = 500


def make(pair: Pair) -> Introduction:
    """Introduce the two, under the pair's lock: one introduction, and one notification for each."""
    introduction = Introduction.objects.create(pair=pair, a_shares=_shared(pair.a), b_shares=_shared(pair.b))
    trail.record("introduction.made", introduction, actor=None, event=pair.event)
    for side in (pair.a, pair.b):
        trail.intend(side, "introduction", f"pair:{pair.pk}", event=pair.event, introduction=introduction.pk)
    return introduction


def choose_contacts(*, introduction: Introduction, by: Participant, shares: Sequence[str]) -> Introduction:
    """Open these contacts of `by` to the other side, and hide the others at once."""
    chosen = checked(shares)
    with locked(introduction.pair_id):
        fresh = _open_one(introduction)
        side = "a_shares" if by.pk == fresh.pair.a_id else "b_shares"
        if getattr(fresh, side) != chosen:
            consent_to_contacts(by, chosen)
            Introduction.objects.filter(pk=fresh.pk).update(**{side: chosen})
            setattr(fresh, side, chosen)
            trail.record("introduction.contacts_chosen", fresh, actor=by.user, event=fresh.pair.event, count=len(chosen))
    return fresh


def close(*, introduction: Introduction, by: Participant) -> None:
    """Withdraw from an introduction: contacts of both sides are hidden at once."""
    with locked(introduction.pair_id):
        fresh = _open_one(introduction)
        Introduction.objects.filter(pk=fresh.pk).update(closed_at=Now(), a_shares=[], b_shares=[])
        trail.record("introduction.closed", fresh, actor=by.user, event=fresh.pair.event)


def note(*, introduction: Introduction, by: Participant, said: Mapping[str, Any]) -> FollowUp:
    """Note for oneself `met` (true or false), `next_step` (text) or `meets_at` (time or None); what is not said stays."""
    values = dict(said)
    if "next_step" in values:
        values["next_step"] = _next_step(values["next_step"])
    with locked(introduction.pair_id):
        fresh = _open_one(introduction)
        row, _new = FollowUp.objects.get_or_create(introduction=fresh, participant=by)
        if "met" in values and (met := values.pop("met")) != (row.met_at is not None):
            values["met_at"] = Now() if met else None
        if values:
            FollowUp.objects.filter(pk=row.pk).update(**values)
            trail.record("introduction.noted", row, actor=by.user, event=fresh.pair.event, fields=sorted(values))
            row.refresh_from_db()
    return row


def _next_step(text: str) -> str:
    if len(text) > 4 * NEXT_STEP_CHARS or len(text := clean(text)) > NEXT_STEP_CHARS:
        raise BadInput("This text is too long.", fields={"next_step": "This text is too long."})
    return text


@transaction.atomic
def choose_standing_contacts(participant: Participant, shares: Sequence[str]) -> None:
    """What `participant` opens at introductions to come; asked at the first yes."""
    chosen = checked(shares)
    if participant.shares != chosen:
        consent_to_contacts(participant, chosen)
        Participant.objects.filter(pk=participant.pk).update(shares=chosen)
        participant.shares = chosen
        trail.record(
            "participant.contacts_chosen", participant, actor=participant.user, programme=participant.programme_id, count=len(chosen)
        )


def consent_to_contacts(participant: Participant, shares: Sequence[str]) -> None:
    """Choosing a contact to open is the person's own consent to exchange it."""
    if shares:
        consents.give(participant=participant, purpose=Consent.Purpose.CONTACTS, by=participant.user)


def checked(shares: Sequence[str]) -> list[str]:
    """The chosen contacts in a fixed order, once each."""
    unknown = sorted(set(shares) - set(CONTACT_FIELDS))
    if unknown:
        raise BadInput("Contacts that can be shared are: mail, phone, telegram.", fields={"shares": "Unknown contact."})
    return [field for field in CONTACT_FIELDS if field in shares]


def _shared(side: Participant) -> list[str]:
    """What `side` chose to open, if consent to it stands."""
    row = Participant.objects.filter(
        pk=side.pk, consents__purpose=Consent.Purpose.CONTACTS, consents__withdrawn_at__isnull=True
    ).values_list("shares", flat=True)
    return list(row.first() or [])


def _open_one(introduction: Introduction) -> Introduction:
    fresh = Introduction.objects.filter(pk=introduction.pk, closed_at__isnull=True).select_related("pair__event").first()
    if fresh is None:
        raise NotFound(CLOSED)
    return fresh
