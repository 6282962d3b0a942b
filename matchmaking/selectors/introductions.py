"""A person's introductions, with the contacts that may be read in them now."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from matchmaking.models import Consent, Introduction
from matchmaking.selectors.labels import event_name
from matchmaking.selectors.prepared import instant


def with_sides(introductions: QuerySet[Introduction]) -> QuerySet[Introduction]:
    """With all that `told` reads, and whether each side's consent to exchange contacts stands."""
    consents = Consent.objects.filter(purpose=Consent.Purpose.CONTACTS, withdrawn_at__isnull=True)
    return introductions.select_related("pair__event", "pair__a__organisation", "pair__b__organisation").annotate(
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
    }


def open_contacts(introduction: Any, side: str) -> list[str]:
    """The contacts that a side has opened, while its consent stands."""
    return list(getattr(introduction, f"{side}_shares")) if getattr(introduction, f"{side}_consents") else []
