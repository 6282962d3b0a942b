"""Change requests as facilitators read them."""

from django.db.models import OuterRef, QuerySet, Subquery

from matchmaking.models import ChangeRequest, Roster, Seat


def with_teams(requests: QuerySet[ChangeRequest]) -> QuerySet[ChangeRequest]:
    """Requests with who asked, and where that person sits now: `roster_id` and `team_number` of what is published."""
    seat = Seat.objects.filter(
        participant=OuterRef("participant"), roster__event=OuterRef("event"), roster__state=Roster.State.PUBLISHED
    ).order_by()
    return requests.select_related("participant__organisation").annotate(
        roster_id=Subquery(seat.values("roster_id")[:1]), team_number=Subquery(seat.values("team__number")[:1])
    )
