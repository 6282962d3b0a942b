"""Hand moves of a facilitator: the roster after one, what the teams are worth then, and which rules it newly breaks.

Standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matchmaking.engine.teams.measure import Broken, Worth, broken_groups, broken_in_team, check, left_out, worth, worth_of_team
from matchmaking.engine.teams.rules import Case, Roster
from matchmaking.errors import BadInput


@dataclass(frozen=True, slots=True)
class Move:
    """A person goes to the team of a number (from 1), in exchange for `swap` if named; number None: to no team."""

    person: str
    number: int | None
    swap: str | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A roster after a move. `before` and `after` hold the value of every team; `breaks` and `mends` the rules newly broken or kept."""

    roster: Roster
    before: Worth
    after: Worth
    breaks: tuple[Broken, ...]
    mends: tuple[Broken, ...]

    @property
    def changed(self) -> Mapping[int, float]:
        """By how much each team's value changes, by number; the teams that stay as they were are left out."""
        both = zip(self.before.teams, self.after.teams, strict=True)
        return {number: after - before for number, (before, after) in enumerate(both, 1) if after != before}


@dataclass(frozen=True, slots=True)
class Rescored:
    """The same of the teams that a move touches: their values by number before and after."""

    roster: Roster
    before: Mapping[int, float]
    after: Mapping[int, float]
    breaks: tuple[Broken, ...]
    mends: tuple[Broken, ...]


def score_move(case: Case, roster: Roster, move: Move) -> Scored:
    """What a move would do. It is never refused: a broken hard rule is a warning that the facilitator reads first."""
    after = moved_to(roster, move)
    broken, breaks = check(case, roster), check(case, after)
    return Scored(after, worth(case, roster), worth(case, after), _less(breaks, broken), _less(broken, breaks))


def rescore(case: Case, before: Roster, after: Roster) -> Rescored:
    """What changes from one roster to the other, from the teams alone that differ.

    `case.people` has to know everybody by id, but only the members of those teams by more; `case.pair_scores` only the pairs inside.
    """
    touched = [number for number, (old, new) in enumerate(zip(before, after, strict=True), 1) if set(old) != set(new)]
    broken, breaks = _broken(case, before, touched), _broken(case, after, touched)
    was, becomes = ({number: worth_of_team(case, number, roster[number - 1]) for number in touched} for roster in (before, after))
    return Rescored(after, was, becomes, _less(breaks, broken), _less(broken, breaks))


def _broken(case: Case, roster: Roster, touched: Sequence[int]) -> list[Broken]:
    people = {person.id: person for person in case.people}
    found = list(left_out(case, roster))
    for number in touched:
        team = [people[one] for one in roster[number - 1]]
        found += [Broken(rule, number, tuple(roster[number - 1])) for rule in broken_in_team(case, team)]
    return found + list(broken_groups(case, roster))


def _less(some: Sequence[Broken], others: Sequence[Broken]) -> tuple[Broken, ...]:
    known = {_key(one) for one in others}
    return tuple(one for one in some if _key(one) not in known)


def moved_to(roster: Roster, move: Move) -> Roster:
    """The roster after a move; raises `BadInput` where it names a team or a person that is not there."""
    if move.number is not None and not 1 <= move.number <= len(roster):
        raise BadInput("There is no team {number}; the teams are numbered 1 to {last}.", number=move.number, last=len(roster))
    here = next((number for number, team in enumerate(roster, 1) if move.person in team), None)
    if move.swap is not None and (move.number is None or move.swap not in roster[move.number - 1]):
        raise BadInput("{who} is not in that team.", who=move.swap)
    teams = [[person for person in team if person not in (move.person, move.swap)] for team in roster]
    if move.number is not None:
        teams[move.number - 1].append(move.person)
    if move.swap is not None and here is not None:
        teams[here - 1].append(move.swap)
    return tuple(tuple(team) for team in teams)


def _key(broken: Broken) -> tuple[str, int | None]:
    return broken.rule, broken.team
