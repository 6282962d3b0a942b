"""Rosters: published by a person, set aside, their teams described, and left by those who go."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from matchmaking.errors import BadInput, Conflict, Moved
from matchmaking.failpoints import failpoint
from matchmaking.models import Event, Idea, Participant, Registration, Roster, RosterMove, Seat, Team, TeamJoiner, User
from matchmaking.selectors.team_cases import private_pairs
from matchmaking.services import table_plans, trail
from matchmaking.services.protections import protected
from matchmaking.services.roster_moves import changing, tell
from matchmaking.services.roster_scores import revalue

NEWER = "The published teams were changed by hand since these were begun (moves: {count}). Publish these anyway, or begin again from those."
KEPT_APART = "Team {number} holds two people who cannot be together, for reasons that are theirs alone. Move one of them, then publish."
State = Roster.State


def publish(*, roster: Roster, by: User, anyway: bool = False) -> Roster:
    """Show a roster to its people in place of the one before; again changes nothing. A newer hand move is not lost unseen."""
    with transaction.atomic():
        list(Event.objects.select_for_update(no_key=True).filter(pk=roster.event_id).values_list("pk"))  # one publishing at a time
        rows = Roster.objects.filter(Q(pk=roster.pk) | Q(event=roster.event_id, state=State.PUBLISHED))
        held = {row.pk: row for row in rows.select_related("run").select_for_update(of=("self",)).order_by("pk")}
        now = held[roster.pk]
        if now.state == State.PUBLISHED:
            return now
        shown = next((row for row in held.values() if row.state == State.PUBLISHED), None)
        if shown is not None and not anyway and protected("roster_base") and (count := _newer(shown, now)):
            raise Moved(NEWER, present={"roster": shown.pk, "version": shown.version, "moves": count}, count=count)
        _refuse_who_is_apart(now)
        if shown is not None:
            Roster.objects.filter(pk=shown.pk).update(state=State.ASIDE, version=F("version") + 1)
        Roster.objects.filter(pk=now.pk).update(state=State.PUBLISHED, version=F("version") + 1, published_at=Now())
        _tell(now)
        trail.record("roster.published", now, actor=by, event=roster.event, previous=shown.pk if shown else None)
        failpoint("roster.before_commit")
    roster.refresh_from_db()
    return roster


def _newer(shown: Roster, roster: Roster) -> int:
    """How many hand moves of what is shown the roster does not know of."""
    moves = RosterMove.objects.filter(roster=shown, undone_at__isnull=True)
    if roster.base_id == shown.pk:
        return moves.filter(version__gt=roster.base_version).count()
    if RosterMove.objects.filter(roster=roster).exists() and roster.published_at is not None:
        return 0  # shown before, and worked on since: a person goes back to it knowingly
    begun = roster.run.created_at if roster.run is not None else roster.created_at
    return moves.filter(created_at__gt=begun).count()


def _refuse_who_is_apart(roster: Roster) -> None:
    home = dict(Seat.objects.filter(roster=roster, participant__isnull=False).values_list("participant_id", "team__number"))
    for a, b in sorted(private_pairs(roster.event, home)):
        if home[a] == home[b]:
            raise Conflict(KEPT_APART, number=home[a])


def _tell(roster: Roster) -> None:
    """Each publishing is news of its own, of the same teams again too."""
    people = Seat.objects.filter(roster=roster, participant__isnull=False).values_list("participant_id", flat=True)
    trail.intend_all(people, "team", f"roster:{roster.pk}:{roster.version + 1}", event=roster.event, roster=roster.pk)


def set_aside(*, roster: Roster, by: User) -> Roster:
    """Put a draft away; what is published is replaced by publishing another."""
    with transaction.atomic():
        if Roster.objects.filter(pk=roster.pk, state=State.DRAFT).update(state=State.ASIDE, version=F("version") + 1) == 1:
            trail.record("roster.set_aside", roster, actor=by, event=roster.event)
        elif roster.state == State.PUBLISHED:
            raise Conflict("These teams are published. Publish others in their place.")
    roster.refresh_from_db()
    return roster


def describe(*, team: Team, changes: dict[str, Any], version: int, by: User) -> Team:
    """Say where a team sits and what it works on, if its roster still stands at `version`."""
    with changing(team.roster) as roster:
        if roster.version != version:
            raise Conflict("Somebody changed these teams since you read them. Read them again, then change them.")
        idea = changes.get("idea")
        if idea is not None and not Idea.objects.filter(pk=idea, event=roster.event_id).exists():
            raise BadInput("Idea {id} is none of this event.", id=idea)
        values = {"idea_id" if name == "idea" else name: value for name, value in changes.items()}
        Team.objects.filter(pk=team.pk).update(**values)
        Roster.objects.filter(pk=roster.pk).update(version=F("version") + 1)
        trail.record("team.described", team, actor=by, event=roster.event, fields=sorted(changes))
        if changes.get("place", team.place) != team.place:
            roster.version += 1
            tell(roster, team.seats.filter(participant__isnull=False).values_list("participant_id", flat=True))
    team.refresh_from_db()
    return team


def number_places(*, roster: Roster, word: str, by: User) -> int:
    """Give each team that has no place one with its number, such as `Table 4`; how many got one."""
    with changing(roster) as now:
        bare = list(Team.objects.filter(roster=now, place=""))
        for team in bare:
            team.place = f"{word} {team.number}".strip()
        if bare:
            Team.objects.bulk_update(bare, ["place"], batch_size=500)
            Roster.objects.filter(pk=now.pk).update(version=F("version") + 1)
            trail.record("roster.places_numbered", now, actor=by, event=now.event, teams=len(bare))
            now.version += 1
            tell(now, Seat.objects.filter(team__in=bare, participant__isnull=False).values_list("participant_id", flat=True))
    return len(bare)


def reword(programme_id: int, change: Callable[[str], str]) -> int:
    """Change what was written about teams, within the caller's transaction: names, places and tasks may name somebody; how many."""
    changed = 0
    written = ("name", "place", "task")
    for pk, *texts in (
        Team.objects.filter(roster__event__programme=programme_id).exclude(name="", place="", task="").values_list("pk", *written)
    ):
        if (told := [change(text) for text in texts]) != texts:
            changed += Team.objects.filter(pk=pk).update(**dict(zip(written, told, strict=True)))
    return changed


def leave(participant: Participant, *, event: Event | None = None) -> int:
    """Take a person out of all rosters and table plans, of all events or of one, in the caller's transaction: their places stay, empty.

    How many seats; their registration is held first, as every move does.
    """
    rows = Registration.objects.filter(participant=participant, **({"event": event} if event is not None else {}))
    list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
    seats = Seat.objects.filter(participant=participant, **({"roster__event": event} if event is not None else {}))
    rosters = Roster.objects.select_related("event", "rules", "basis").filter(seats__in=seats)
    TeamJoiner.objects.filter(participant=participant, **({"team__roster__event": event} if event is not None else {})).delete()
    left = table_plans.leave(participant, event=event)
    for roster in rosters.select_for_update(of=("self",)).order_by("pk"):
        number = seats.filter(roster=roster).values_list("team__number", flat=True).get()
        left += seats.filter(roster=roster).update(participant=None, pinned=None)
        home = Seat.objects.filter(roster=roster, participant__isnull=False).values_list("participant_id", "team__number")
        revalue(roster, [number], dict(home))
        Roster.objects.filter(pk=roster.pk).update(version=F("version") + 1)
    return left
