"""Hand moves: scored as they are made, taken back step by step, and never over what another facilitator did unseen.

Locks are taken in one order: registrations before rosters. A move is never refused for a hard rule: the rule is a warning.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from matchmaking.errors import BadInput, Conflict, Moved, NotFound
from matchmaking.failpoints import failpoint
from matchmaking.models import Intent, Roster, RosterMove, Seat, Team, User
from matchmaking.selectors.team_cases import registration_of
from matchmaking.services import trail
from matchmaking.services.protections import protected
from matchmaking.services.roster_scores import Score, score

MOST_STEPS = 100
NOT_THERE = "This person takes no part in this event's teams."
ELSEWHERE = "Somebody has moved this person since you looked: now in team {number}. Apply your move anyway, or keep it as it is."
UNPLACED = "Somebody has moved this person since you looked: now without a team. Apply your move anyway, or keep it as it is."
Kind = RosterMove.Kind


@dataclass(frozen=True, slots=True)
class Wanted:
    """A move: a person to the team of a number (None: to none), in exchange for `swap` if named; `seen` is where they were seen."""

    participant: int
    number: int | None
    seen: int | None
    swap: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The roster after a move, or as it would be, and what that does; `score` is None where nobody moved."""

    roster: Roster
    score: Score | None


@contextmanager
def changing(roster: Roster) -> Iterator[Roster]:
    """One change of a roster at a time: the row as it is now, held until the transaction ends."""
    with transaction.atomic():
        rows = Roster.objects.select_related("event", "rules", "basis").filter(pk=roster.pk)
        now = rows.select_for_update(of=("self",)).first()
        if now is None:
            raise NotFound("There is no such roster.")
        if now.state == Roster.State.ASIDE:
            raise Conflict("This roster was set aside. Work on the published one, or on a draft.")
        yield now


def move(*, roster: Roster, wanted: Wanted, by: User, anyway: bool = False, trial: bool = False) -> Done:
    """Move a person by hand; a `trial` only says what that would do. Where somebody else moved them since, `Moved` is raised."""
    with transaction.atomic():
        for person in (wanted.participant, *([wanted.swap] if wanted.swap else [])):
            if not list(registration_of(roster.event, person).select_for_update(of=("self",)).values_list("pk")):
                raise BadInput(NOT_THERE, fields={"participant": NOT_THERE})
        with changing(roster) as now:
            home, teams = _home(now), _teams(now)
            at = home.get(wanted.participant)
            failpoint("roster.read")
            if wanted.seen != at and not anyway and protected("roster_moves"):
                raise _moved(now, wanted.participant, at)
            after = _after(wanted, home, teams, at)
            if after == home:
                return Done(now, None)
            found = score(now, len(teams), home, after)
            if not trial:
                swapped = wanted.swap if wanted.swap in home else None
                _sit(now, teams, home, after, found)
                _log(now, Kind.MOVE, by, participant_id=wanted.participant, swapped_id=swapped, before=at, after=wanted.number)
                trail.record("roster.moved", now, actor=by, event=now.event, participant=wanted.participant, version=now.version)
                tell(now, [wanted.participant, *([swapped] if swapped else [])])
            return Done(now, found)


def undo(*, roster: Roster, by: User, steps: int = 1) -> tuple[Roster, int]:
    """Take back the last hand moves that still stand, the latest first; how many were taken back."""
    if not 1 <= steps <= MOST_STEPS:
        raise BadInput("Between 1 and {limit} steps can be taken back at once.", limit=MOST_STEPS)
    with changing(roster) as now:
        left = list(RosterMove.objects.filter(roster=now, undone_at__isnull=True).order_by("-version")[:steps])
        for one in left:
            _take_back(now, one)
        if left:
            RosterMove.objects.filter(pk__in=[one.pk for one in left]).update(undone_at=Now())
            _raise(now)
            trail.record("roster.undone", now, actor=by, event=now.event, steps=len(left), version=now.version)
            tell(now, [person for one in left if one.kind == Kind.MOVE for person in (one.participant_id, one.swapped_id) if person])
        return now, len(left)


def lock(*, roster: Roster, numbers: list[int], locked: bool, by: User) -> Roster:
    """Lock teams, so that runs and moves leave them as they are; or let them go again. All of them, or none."""
    with changing(roster) as now:
        teams = _teams(now)
        if unknown := sorted(set(numbers) - set(teams)):
            raise BadInput("There is no team {number}; the teams are numbered 1 to {last}.", number=unknown[0], last=len(teams))
        turned = [number for number in sorted(set(numbers)) if teams[number].locked != locked]
        for number in turned:
            Team.objects.filter(pk=teams[number].pk).update(locked=locked)
            _log(now, Kind.LOCK if locked else Kind.UNLOCK, by, before=number, after=number)
        if turned:
            trail.record("roster.locked" if locked else "roster.unlocked", now, actor=by, event=now.event, teams=turned)
        return now


def pin(*, roster: Roster, participant: int, pinned: bool, by: User) -> Roster:
    """Pin a person to the team they are in, so that runs leave them there; or let them go again."""
    with changing(roster) as now:
        seat = Seat.objects.select_related("team").filter(roster=now, participant=participant).first()
        if seat is None:
            raise BadInput("Only somebody who has a team can be pinned to it.", fields={"participant": "This person has no team."})
        if (seat.pinned is not None) != pinned:
            number = seat.team.number
            Seat.objects.filter(pk=seat.pk).update(pinned=number if pinned else None)
            _log(now, Kind.PIN if pinned else Kind.UNPIN, by, participant_id=participant, before=number, after=number)
            trail.record("roster.pinned" if pinned else "roster.unpinned", now, actor=by, event=now.event, participant=participant)
        return now


def tell(roster: Roster, people: Iterable[int]) -> None:
    """Tell people that their published team is another now; who has not read or been mailed the last change gets no second notice."""
    if roster.state == Roster.State.PUBLISHED:
        waiting = Intent.objects.filter(event=roster.event, kind="team", state=Intent.State.WAITING, seen_at__isnull=True)
        some = set(people) - set(waiting.filter(recipient__in=people).values_list("recipient_id", flat=True))
        key = f"roster:{roster.pk}:{roster.version}"
        trail.intend_all(some, "team", key, event=roster.event, wait_s=settings.GATHER_S, roster=roster.pk)


# --- how --------------------------------------------------------------------------------------------------------------
def _home(roster: Roster) -> dict[int, int]:
    rows = Seat.objects.filter(roster=roster, participant__isnull=False).order_by("created_at", "pk")
    return dict(rows.values_list("participant_id", "team__number"))


def _teams(roster: Roster) -> dict[int, Team]:
    return {team.number: team for team in Team.objects.filter(roster=roster).order_by("number")}


def _moved(roster: Roster, participant: int, at: int | None) -> Moved:
    last = RosterMove.objects.filter(roster=roster, participant=participant).aggregate(version=Max("version"))["version"]
    present = {"participant": participant, "team": at, "version": roster.version, "moved_in_version": last}
    return Moved(UNPLACED, present=present) if at is None else Moved(ELSEWHERE, present=present, number=at)


def _after(wanted: Wanted, home: dict[int, int], teams: dict[int, Team], at: int | None) -> dict[int, int]:
    """Who sits where after a move; raises where it names a team that is not there, a locked one, or a swap with a third team."""
    if wanted.number is not None and wanted.number not in teams:
        raise BadInput("There is no team {number}; the teams are numbered 1 to {last}.", number=wanted.number, last=len(teams))
    if wanted.swap is not None and (wanted.number is None or home.get(wanted.swap) != wanted.number or wanted.swap == wanted.participant):
        raise BadInput("Who changes places has to be in that team.", fields={"swap": "This person is not in that team."})
    after = {person: number for person, number in home.items() if person not in (wanted.participant, wanted.swap)}
    after |= {wanted.participant: wanted.number} if wanted.number is not None else {}
    after |= {wanted.swap: at} if wanted.swap is not None and at is not None else {}
    for number in (at, wanted.number):
        if number is not None and teams[number].locked and after != home:
            raise Conflict("Team {number} is locked. Unlock it first.", number=number)
    return after


def _sit(roster: Roster, teams: dict[int, Team], home: dict[int, int], after: dict[int, int], found: Score) -> None:
    """Write who sits where now, and what the teams that changed are worth."""
    for person in home.keys() | after.keys():
        if home.get(person) == after.get(person):
            continue
        seats = Seat.objects.filter(roster=roster, participant=person)
        if person not in after:
            seats.delete()
        elif person not in home:
            Seat.objects.create(roster=roster, team=teams[after[person]], participant_id=person)
        else:
            seats.filter(pinned__isnull=False).update(pinned=after[person])
            seats.update(team=teams[after[person]])
    for number, value in found.after.items():
        Team.objects.filter(pk=teams[number].pk).update(value=value)


def _take_back(roster: Roster, one: RosterMove) -> None:
    """The opposite of a move; of somebody who left since there is nothing to take back."""
    if one.kind in (Kind.LOCK, Kind.UNLOCK):
        Team.objects.filter(roster=roster, number=one.after or 0).update(locked=one.kind == Kind.UNLOCK)
    elif one.kind in (Kind.PIN, Kind.UNPIN):
        Seat.objects.filter(roster=roster, participant=one.participant_id).update(pinned=one.after if one.kind == Kind.UNPIN else None)
    else:
        home, teams = _home(roster), _teams(roster)
        back = {one.participant_id: one.before, one.swapped_id: one.after}
        there = {person: number for person, number in back.items() if person and registration_of(roster.event, person).exists()}
        placed = {person: number for person, number in there.items() if number is not None}
        after = {person: number for person, number in home.items() if person not in there} | placed
        _sit(roster, teams, home, after, score(roster, len(teams), home, after))


def _raise(roster: Roster) -> None:
    """The next version, made by hand."""
    roster.version = roster.hand_version = roster.version + 1
    Roster.objects.filter(pk=roster.pk).update(version=roster.version, hand_version=roster.version)


def _log(roster: Roster, kind: str, by: User, **facts: int | None) -> None:
    _raise(roster)
    RosterMove.objects.create(roster=roster, version=roster.version, kind=kind, made_by=by, **facts)
