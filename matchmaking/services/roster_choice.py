"""Which roster a facilitator goes on with: one of several drafts, parts of another one, or the one before the published."""

from itertools import zip_longest

from django.db import transaction
from django.db.models import F

from matchmaking.errors import BadInput, Conflict
from matchmaking.models import Event, Registration, Roster, User
from matchmaking.selectors.beside import home_of, matched
from matchmaking.services import roster_moves, rosters, trail
from matchmaking.services.roster_moves import Wanted

State = Roster.State


def go_on_with(*, roster: Roster, by: User) -> int:
    """Put away the other drafts of the same run and the draft it began with; how many. What is published stays."""
    others = Roster.objects.filter(event=roster.event_id, state=State.DRAFT).exclude(pk=roster.pk)
    beside = others.filter(run__isnull=False, run=roster.run_id) | others.filter(pk=roster.base_id or 0)
    with transaction.atomic():
        list(Event.objects.select_for_update(no_key=True).filter(pk=roster.event_id).values_list("pk"))  # one choice at a time
        roster.refresh_from_db(fields=["state"])
        if roster.state == State.ASIDE:
            raise Conflict("This roster was set aside. Work on the published one, or on a draft.")
        put_away = list(beside.select_related("event").order_by("pk"))
        for one in put_away:
            rosters.set_aside(roster=one, by=by)
    return len(put_away)


def take_over(*, roster: Roster, other: Roster, number: int, by: User) -> int:
    """Make the team of this number what its counterpart in `other` is; how many hand moves that took, each of which can be taken back.

    Whoever has to make room changes places with somebody who comes; those left over go where `other` has them.
    """
    if other.event_id != roster.event_id:
        raise BadInput("Compare with another roster of the same event.")
    home, theirs = home_of(roster), home_of(other)
    ours = matched(home, theirs)
    there = {person: ours.get(at) for person, at in theirs.items()}
    coming = [person for person, at in there.items() if at == number and home.get(person) != number]
    going = [person for person, at in home.items() if at == number and there.get(person) != number]
    moves = [Wanted(person, number, home.get(person), swap) for person, swap in zip_longest(coming, going[: len(coming)])]
    moves += [Wanted(person, there.get(person), number) for person in going[len(coming) :]]
    with transaction.atomic():
        rows = Registration.objects.filter(event=roster.event_id, participant__in=[*coming, *going]).order_by("pk")
        list(rows.select_for_update().values_list("pk", flat=True))  # all of them before the roster, as every move does
        for wanted in moves:
            roster_moves.move(roster=roster, wanted=wanted, by=by)
    return len(moves)


def take_back(*, roster: Roster, by: User) -> Roster | None:
    """Show no longer what is published: it is a draft again, and what was published before is shown again, if anything was.

    Where two people of it cannot be together by now, nothing is shown.
    """
    with transaction.atomic():
        list(Event.objects.select_for_update(no_key=True).filter(pk=roster.event_id).values_list("pk"))  # first, as publishing does
        before = Roster.objects.filter(event=roster.event_id, state=State.ASIDE, published_at__isnull=False)
        previous = before.select_related("event", "rules", "run").order_by("-published_at", "pk").first()
        with roster_moves.changing(roster) as now:
            if now.state != State.PUBLISHED:
                raise Conflict("These teams are not published.")
            Roster.objects.filter(pk=now.pk).update(state=State.DRAFT, version=F("version") + 1, published_at=None)
            trail.record("roster.taken_back", now, actor=by, event=now.event, previous=previous.pk if previous else None)
        try:
            with transaction.atomic():
                return rosters.publish(roster=previous, by=by, anyway=True) if previous is not None else None
        except Conflict:
            return None
