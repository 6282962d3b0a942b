"""What a roster is worth and which hard rules it breaks: read from the case alone, apart from any search."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matchmaking.engine.teams.rules import Case, Person, Roster


@dataclass(frozen=True, slots=True)
class Broken:
    """A hard rule that a roster breaks; `team` counts from 1, None where the rule is about no single team."""

    rule: str
    team: int | None = None
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Worth:
    """Value of each team in the roster's order, and what they come to; `worst` is the least of them."""

    teams: tuple[float, ...]

    @property
    def total(self) -> float:
        """The sum over the teams."""
        return sum(self.teams)

    @property
    def worst(self) -> float:
        """The team that has least."""
        return min(self.teams, default=0)


def check(case: Case, roster: Roster) -> list[Broken]:
    """Every hard rule that the roster breaks, frame first; empty: it keeps them all."""
    return list(_frame(case, roster)) + list(_teams(case, roster)) + list(broken_groups(case, roster))


def _frame(case: Case, roster: Roster) -> Iterator[Broken]:
    places = [person for team in roster for person in team]
    known = {person.id for person in case.people}
    twice = tuple(sorted({person for person in places if places.count(person) > 1})) if len(places) > len(set(places)) else ()
    if twice or not known.issuperset(places):
        yield Broken("answer", people=twice or tuple(sorted(set(places) - known)))
    yield from left_out(case, roster)
    if case.teams is not None and len(roster) != case.teams:
        yield Broken("teams")


def left_out(case: Case, roster: Roster) -> Iterator[Broken]:
    """Whether somebody has no place."""
    if missing := {person.id for person in case.people}.difference(person for team in roster for person in team):
        yield Broken("everyone", people=tuple(sorted(missing)))


def _teams(case: Case, roster: Roster) -> Iterator[Broken]:
    people = {person.id: person for person in case.people}
    for number, ids in enumerate(roster, 1):
        team = [people[i] for i in ids if i in people]
        for rule in broken_in_team(case, team):
            yield Broken(rule, number, tuple(ids))


def broken_in_team(case: Case, team: Sequence[Person]) -> Iterator[str]:
    """Names of the rules that a team breaks by its members alone: size, language, slots, skills, flags."""
    rules = case.rules
    if not case.smallest <= len(team) <= case.largest:
        yield "team_size"
    if not team:
        return
    if rules.common_language and not frozenset.intersection(*(person.languages for person in team)):
        yield "common_language"
    if rules.common_slots and len(frozenset.intersection(*(person.slots for person in team))) < rules.common_slots:
        yield "common_slots"
    for skill in rules.at_least_one:
        if not any(skill in person.skills for person in team):
            yield f"at_least_one:{skill}"
    for flag in rules.never_alone:
        if sum(flag in person.flags for person in team) == 1:
            yield f"never_alone:{flag}"
    for i, rule in enumerate(rules.counted):
        if not rule.holds(team):
            yield f"counted:{i}"


def broken_groups(case: Case, roster: Roster) -> Iterator[Broken]:
    """The rules about people by name that a roster breaks: together, apart, pinned, locked."""
    home = {person: number for number, team in enumerate(roster, 1) for person in team}
    for i, group in enumerate(case.rules.together):
        if len({home.get(person) for person in group}) > 1:
            yield Broken(f"together:{i}", people=group)
    for i, (a, b) in enumerate(case.rules.apart):
        if a in home and home[a] == home.get(b):
            yield Broken(f"apart:{i}", home[a], (a, b))
    for i, (person, number) in enumerate(case.rules.pinned):
        if home.get(person) != number:
            yield Broken(f"pinned:{i}", home.get(person), (person,))
    teams = {frozenset(team) for team in roster}
    for i, group in enumerate(case.rules.locked):
        if frozenset(group) not in teams:
            yield Broken(f"locked:{i}", people=group)


def worth(case: Case, roster: Roster) -> Worth:
    """The value of each team."""
    people = {person.id: person for person in case.people}
    home = {person: number for number, team in enumerate(roster) for person in team}
    inside: defaultdict[int, float] = defaultdict(float)
    for a, b, score in case.pair_scores:
        if a in home and home[a] == home.get(b):
            inside[home[a]] += score
    granted: defaultdict[int, float] = defaultdict(float)
    for person, number, points in case.value.wishes:
        granted[number - 1] += points if home.get(person) == number - 1 else 0
    plain = [without_pairs(case, [people[i] for i in ids]) for ids in roster]
    return Worth(tuple(points + case.value.pair_weight * inside[team] + granted[team] for team, points in enumerate(plain)))


def worth_of_team(case: Case, number: int, ids: Sequence[str]) -> float:
    """The value of one team; of the people and the pair scores, those inside are enough."""
    inside, people = set(ids), {person.id: person for person in case.people}
    fit = sum(score for a, b, score in case.pair_scores if a in inside and b in inside)
    granted = sum(points for person, wanted, points in case.value.wishes if wanted == number and person in inside)
    return without_pairs(case, [people[one] for one in ids]) + case.value.pair_weight * fit + granted


def without_pairs(case: Case, team: Sequence[Person]) -> float:
    """The points of a team for the skills and sectors it has."""
    value = case.value
    skills = {skill for person in team for skill in person.skills}.intersection(value.skills_wanted)
    sectors = {person.sector for person in team}
    return value.points_per_skill * len(skills) + value.points_per_sector * min(len(sectors), value.sectors_cap)


def moved(case: Case, roster: Roster) -> tuple[str, ...]:
    """Those of the current roster who are still there and are in a team of another number."""
    here = {person.id for person in case.people}
    home = {person: number for number, team in enumerate(roster) for person in team}
    return tuple(
        person for number, team in enumerate(case.current or ()) for person in team if person in here and home.get(person) != number
    )
