"""Hand moves of a facilitator: the roster after one, what the teams are worth then, and which rules it newly breaks."""

from collections.abc import Mapping
from dataclasses import dataclass

from matchmaking.engine.teams.measure import Broken, Worth, check, worth
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


def score_move(case: Case, roster: Roster, move: Move) -> Scored:
    """What a move would do. It is never refused: a broken hard rule is a warning that the facilitator reads first."""
    after = moved_to(roster, move)
    broken, breaks = check(case, roster), check(case, after)
    known, new = {_key(one) for one in broken}, {_key(one) for one in breaks}
    return Scored(
        roster=after,
        before=worth(case, roster),
        after=worth(case, after),
        breaks=tuple(one for one in breaks if _key(one) not in known),
        mends=tuple(one for one in broken if _key(one) not in new),
    )


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
