"""What a change of a roster does to the teams it touches: their values, and the rules newly broken or kept.

Plain Python over stored pair scores: it answers within a request, and says what the engine says of the whole roster.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from matchmaking.engine.teams.measure import Broken, worth_of_team
from matchmaking.engine.teams.moves import Rescored, rescore
from matchmaking.models import Roster, Team
from matchmaking.selectors.team_cases import Question, as_roster, fits_between, needs_everybody, people_of, private_pairs, question

Home = Mapping[int, int]  # the number of each person's team


@dataclass(frozen=True, slots=True)
class Score:
    """Values by number before and after, rules newly broken or kept, and the case that names them."""

    before: Mapping[int, float]
    after: Mapping[int, float]
    breaks: tuple[Broken, ...]
    mends: tuple[Broken, ...]
    question: Question


def score(roster: Roster, teams: int, before: Home, after: Home) -> Score:
    """What it does that people sit otherwise."""
    pairs = zip(as_roster(teams, before), as_roster(teams, after), strict=True)
    touched = {int(person) for old, new in pairs if set(old) != set(new) for person in {*old, *new}}
    asked = _question(roster, touched)
    there = {int(person.id) for person in asked.case.people}
    old, new = (as_roster(teams, {person: home[person] for person in home if person in there}) for home in (before, after))
    found: Rescored = rescore(asked.case, old, new)
    return Score(found.before, found.after, found.breaks, found.mends, asked)


def revalue(roster: Roster, numbers: Collection[int], home: Home) -> None:
    """Bring the stored value of teams up to date after somebody left them."""
    case = _question(roster, {person for person, number in home.items() if number in numbers}).case
    there = {person.id for person in case.people}
    for number in numbers:
        members = [str(person) for person, at in home.items() if at == number and str(person) in there]
        Team.objects.filter(roster=roster, number=number).update(value=worth_of_team(case, number, members))


def _question(roster: Roster, touched: Collection[int]) -> Question:
    rules = roster.rules.rules
    people = people_of(roster.event, None if needs_everybody(rules) else touched)
    asked = question(rules, people, private_pairs(roster.event, touched))
    return replace(asked, case=replace(asked.case, pair_scores=fits_between(roster.basis, touched)))
