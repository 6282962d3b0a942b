"""A run's pairs, for those who review them."""

from django.db.models import F, Q, QuerySet

from matchmaking.models import Run, Suggestion


def pairs_of(run: Run) -> QuerySet[Suggestion]:
    """The pairs that are still possible, held ones among them, with both people."""
    people = ("pair__a__profile", "pair__b__profile", "pair__a__organisation", "pair__b__organisation")
    return Suggestion.objects.filter(run=run, dropped_at__isnull=True).select_related(*people)


def narrowed(rows: QuerySet[Suggestion], *, sectors: str = "", held: bool | None = None, person: int = 0) -> QuerySet[Suggestion]:
    """Pairs within one sector ("same") or across two ("cross"), held back or not, of one person: each where it is asked for."""
    same = {"pair__a__profile__sector": F("pair__b__profile__sector")}
    if sectors == "same":
        rows = rows.filter(**same)
    elif sectors == "cross":
        rows = rows.exclude(**same)
    if held is not None:
        rows = rows.filter(held_at__isnull=not held)
    return rows.filter(Q(pair__a=person) | Q(pair__b=person)) if person else rows
