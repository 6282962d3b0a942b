"""The events a person takes part in, as their pages name them."""

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from matchmaking.models import Event, Publication, Registration, RunKind, User


def taken_part_in(events: QuerySet[Event], user: User) -> QuerySet[Event]:
    """Those of `events` in which `user` takes part, with when what they suggest was published (`as_of`)."""
    mine = Registration.objects.filter(event=OuterRef("pk"), participant__user=user, state=Registration.State.APPROVED)
    shown = Publication.objects.filter(event=OuterRef("pk"), kind=RunKind.SUGGESTIONS).values("run__published_at")[:1]
    return events.filter(Exists(mine)).annotate(as_of=Subquery(shown)).order_by("starts_at", "pk")
