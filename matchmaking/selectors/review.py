"""A run's pairs, for those who review them."""

from django.db.models import QuerySet

from matchmaking.models import Run, Suggestion


def pairs_of(run: Run) -> QuerySet[Suggestion]:
    """The pairs that are still possible, held ones among them, with both people."""
    people = ("pair__a__profile", "pair__b__profile", "pair__a__organisation", "pair__b__organisation")
    return Suggestion.objects.filter(run=run, dropped_at__isnull=True).select_related(*people)
