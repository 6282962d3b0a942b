"""A person's introductions, with the contacts that may be read in them now."""

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from matchmaking.models import Consent, FollowUp, Introduction
from matchmaking.selectors.labels import event_name
from matchmaking.selectors.prepared import instant


def with_sides(introductions: QuerySet[Introduction], user_id: int) -> QuerySet[Introduction]:
    """With all that `told` reads: whether each side's consent to exchange contacts stands, and the reader's own notes."""
    mine = Prefetch("follow_ups", FollowUp.objects.filter(participant__user=user_id), to_attr="noted")
    consents = Consent.objects.filter(purpose=Consent.Purpose.CONTACTS, withdrawn_at__isnull=True)
    sides = introductions.select_related("pair__event", "pair__a__organisation", "pair__b__organisation").prefetch_related(mine)
    return sides.annotate(
        a_consents=Exists(consents.filter(participant=OuterRef("pair__a"))),
        b_consents=Exists(consents.filter(participant=OuterRef("pair__b"))),
    )


def told(introduction: Any, user_id: int, language: str) -> dict[str, Any]:
    """An introduction as one side reads it: a contact that the other side does not share is not there at all."""
    pair = introduction.pair
    me, they = ("a", "b") if pair.a.user_id == user_id else ("b", "a")
    partner = getattr(pair, they)
    return {
        "id": introduction.pk,
        "event": {"id": pair.event_id, "name": event_name(pair.event, language)},
        "partner": {"id": partner.pk, "name": partner.name, "organisation": partner.organisation.name if partner.organisation else ""},
        "contacts": {field: getattr(partner, field) for field in open_contacts(introduction, they) if getattr(partner, field)},
        "my_shares": open_contacts(introduction, me),
        "since": instant(introduction.created_at),
        **noted(introduction.noted[0] if introduction.noted else None),
    }


def noted(row: FollowUp | None) -> dict[str, Any]:
    """What a side noted for itself."""
    if row is None:
        return {"met_at": None, "next_step": "", "meets_at": None}
    return {"met_at": instant(row.met_at), "next_step": row.next_step, "meets_at": instant(row.meets_at)}


def open_contacts(introduction: Any, side: str) -> list[str]:
    """The contacts that a side has opened, while its consent stands."""
    return list(getattr(introduction, f"{side}_shares")) if getattr(introduction, f"{side}_consents") else []
