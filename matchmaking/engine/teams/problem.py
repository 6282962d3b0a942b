"""A case as arrays: units (people who must be together) with masks, pair scores between units, teams with who is fixed to them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matchmaking.engine.teams.closure import Closure
from matchmaking.engine.teams.rules import Case, Counted, Roster, has

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

ALL = np.uint64(2**64 - 1)
ANY = 1 << 40  # more people than a team ever has
FINE = 1000  # values are counted in whole thousandths, so that sums are the same in any order


class Units(NamedTuple):
    """Arrays the compiled search reads; m units, w words of slots, f flags.

    `masks` (m, 3 + w): languages and slots that all members share, skills and sectors that some member has, in the order
    languages, skills, sectors, slots. `counts` (m, 1 + f): people, people with each counted property; `ranges` (f, 4) the least and the
    most of it in a team, whether none is allowed too, and the column of `counts` that a team must have for the rule to apply (-1: none).
    `wish_*` list the points of a unit for teams it wishes for. `pair_*` and `apart_*` list for each unit
    its partners (start, partner, score), both directions. `home_*` list the teams where its members are now, for the price of a move.
    """

    masks: Words
    counts: Ints
    pair_start: Ints
    pair_unit: Ints
    pair_score: Ints
    apart_start: Ints
    apart_unit: Ints
    ranges: Ints
    wish_start: Ints
    wish_team: Ints
    wish_points: Ints
    home_start: Ints
    home_team: Ints
    movable: npt.NDArray[np.bool_]

    @property
    def size(self) -> Ints:
        """People of each unit, (m,)."""
        return self.counts[:, 0]


class Limits(NamedTuple):
    """Numbers the compiled search reads: sizes, slots in common, the mask of required skills, points in thousandths."""

    smallest: int
    largest: int
    common_slots: int
    languages: int
    slots: int
    required: np.uint64
    wanted: np.uint64
    per_skill: int
    per_sector: int
    sectors_cap: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A case for one number of teams. `members` holds positions of people; `team_of` (m,) a fixed unit's team, else -1.

    `closed` (teams,) are the locked teams: nobody enters or leaves.
    """

    case: Case
    teams: int
    members: tuple[tuple[int, ...], ...]
    units: Units
    limits: Limits
    team_of: Ints
    closed: npt.NDArray[np.bool_]

    @property
    def complete(self) -> bool:
        """Whether the arrays say all that the rules say; proofs need that, a search does not."""
        return self.limits.languages < 64 and len(self.case.rules.at_least_one) <= 64

    def roster(self, team_of: Ints) -> Roster:
        """Ids of the people of each team, in the order of the case."""
        teams: list[list[int]] = [[] for _ in range(self.teams)]
        for unit, team in enumerate(team_of.tolist()):
            if team >= 0:
                teams[team].extend(self.members[unit])
        people = self.case.people
        return tuple(tuple(people[i].id for i in sorted(team)) for team in teams)

    def positions(self, roster: Roster) -> Ints:
        """The team of each unit in a roster, (m,)."""
        home = {person: t for t, team in enumerate(roster) for person in team}
        return np.array([home[self.case.people[unit[0]].id] for unit in self.members], np.int64)


def compile_case(case: Case, teams: int, closure: Closure | None = None) -> Problem:
    """The arrays of a case whose rules do not contradict each other on their face (see counting.py)."""
    closure = closure or Closure(case)
    units = _units(case, closure)
    locked = {closure.group_of[_position(case)[group[0]]] for group in case.rules.locked if group}
    team_of, closed = _fixed(case, closure, teams, locked)
    units = units._replace(movable=team_of < 0)
    return Problem(case, teams, tuple(closure.groups), units, _limits(case), team_of, closed)


def _position(case: Case) -> dict[str, int]:
    return {person.id: i for i, person in enumerate(case.people)}


def _fixed(case: Case, closure: Closure, teams: int, locked: set[int]) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Pinned units sit at their number; locked ones where most of them are now, else at the last free numbers."""
    team_of = np.full(len(closure.groups), -1, np.int64)
    closed = np.zeros(teams, np.bool_)
    for group, numbers in enumerate(closure.numbers):
        if numbers:
            team_of[group] = numbers[0] - 1
    free = sorted(set(range(teams)) - set(team_of[team_of >= 0].tolist()))
    homes = _homes(case)
    for group in sorted(locked, key=lambda group: -_stay(closure.groups[group], homes, free)[0]):
        if team_of[group] < 0:
            _, best = _stay(closure.groups[group], homes, free)
            team_of[group] = best
            free.remove(best)
        closed[team_of[group]] = True
    return team_of, closed


def _stay(members: tuple[int, ...], homes: dict[int, int], free: list[int]) -> tuple[int, int]:
    """How many members could stay at the best of the free numbers, and that number; the last one where it does not matter."""
    return max(((sum(homes.get(person) == team for person in members), team) for team in free), default=(0, -1))


def _homes(case: Case) -> dict[int, int]:
    at = _position(case)
    return {at[person]: team for team, ids in enumerate(case.current or ()) for person in ids if person in at}


def _limits(case: Case) -> Limits:
    skills, value = _skills(case), case.value
    return Limits(
        smallest=case.smallest,
        largest=case.largest,
        common_slots=case.rules.common_slots,
        languages=min(64, len({language for person in case.people for language in person.languages})),
        slots=len({slot for person in case.people for slot in person.slots}),
        required=_mask(case.rules.at_least_one, skills),
        wanted=_mask(value.skills_wanted, skills),
        per_skill=round(value.points_per_skill * FINE),
        per_sector=round(value.points_per_sector * FINE),
        sectors_cap=value.sectors_cap,
    )


def _skills(case: Case) -> dict[str, int]:
    return {name: i for i, name in enumerate([*dict.fromkeys((*case.rules.at_least_one, *case.value.skills_wanted))][:64])}


def _mask(names: Iterable[str], numbers: dict[str, int]) -> np.uint64:
    return np.uint64(sum(1 << numbers[name] for name in names if name in numbers))


def _units(case: Case, closure: Closure) -> Units:
    people, groups = case.people, closure.groups
    skills = _skills(case)
    sectors = _numbered(person.sector for person in people)
    languages = _numbered(language for person in people for language in sorted(person.languages))
    shared = [frozenset.intersection(*(people[i].languages for i in group)) for group in groups]
    either = [frozenset[str]().union(*(people[i].skills for i in group)) for group in groups]
    pairs = [(a, b, round(score * case.value.pair_weight * FINE)) for a, b, score in _pairs(case, closure)]
    apart = [(a, b, 1) for a, b in _apart(case, closure)]
    homes = _homes(case)
    staying = [[homes[i] for i in group if i in homes] for group in groups]
    pair_start, pair_unit, pair_score = _adjacent(len(groups), pairs)
    apart_start, apart_unit, _ = _adjacent(len(groups), apart)
    shares = np.array([_mask(names, languages) if case.rules.common_language else ALL for names in shared], np.uint64)
    skilled = np.array([_mask(names, skills) for names in either], np.uint64)
    from_sectors = np.array([_mask({people[i].sector for i in group}, sectors) for group in groups], np.uint64)
    properties, ranges = _counted(case)
    counts = [[sum(has(people[i], name) for i in group) for name in properties] for group in groups]
    wish_start, wish_team, wish_points = _wishes(case, closure)
    return Units(
        masks=np.column_stack([shares, skilled, from_sectors, _slots(case, closure)]),
        counts=np.array([[len(group), *row] for group, row in zip(groups, counts, strict=True)], np.int64),
        ranges=np.array(ranges, np.int64).reshape(len(ranges), 4),
        wish_start=wish_start,
        wish_team=wish_team,
        wish_points=wish_points,
        pair_start=pair_start,
        pair_unit=pair_unit,
        pair_score=pair_score,
        apart_start=apart_start,
        apart_unit=apart_unit,
        home_start=np.cumsum([0, *(len(homes) for homes in staying)]).astype(np.int64),
        home_team=np.array([team for homes in staying for team in homes], np.int64),
        movable=np.ones(len(groups), np.bool_),
    )


def _counted(case: Case) -> tuple[list[str], list[tuple[int, int, int, int]]]:
    """The properties that are counted in each team, and their ranges."""
    rules = [Counted(f"flag:{flag}", least=2, or_none=True) for flag in case.rules.never_alone] + list(case.rules.counted)
    properties = [rule.property for rule in rules] + [rule.where for rule in rules if rule.where]
    only = [len(rules) + 1 + sum(1 for before in rules[:i] if before.where) if rule.where else -1 for i, rule in enumerate(rules)]
    ranges = [(rule.least, ANY if rule.most is None else rule.most, int(rule.or_none), only[i]) for i, rule in enumerate(rules)]
    return properties, ranges + [(0, ANY, 0, -1)] * (len(properties) - len(rules))


def _wishes(case: Case, closure: Closure) -> tuple[Ints, Ints, Ints]:
    """Points of each unit for the teams that its members wish for, as (start, team, points)."""
    at = _position(case)
    wishes: list[list[tuple[int, int]]] = [[] for _ in closure.groups]
    for person, number, points in case.value.wishes:
        if person in at:
            wishes[closure.group_of[at[person]]].append((number - 1, round(points * FINE)))
    flat = [wish for unit in wishes for wish in sorted(unit)]
    both = np.array(flat, np.int64).reshape(len(flat), 2)
    start = np.cumsum([0, *(len(unit) for unit in wishes)]).astype(np.int64)
    return start, np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])


def _numbered(names: Iterable[str]) -> dict[str, int]:
    """A number below 64 for each name; rarer names beyond that are left out: the search then sees less, never more."""
    count: dict[str, int] = {}
    for name in names:
        count[name] = count.get(name, 0) + 1
    return {name: i for i, name in enumerate(sorted(count, key=lambda name: (-count[name], name))[:64])}


def _slots(case: Case, closure: Closure) -> Words:
    slots = sorted({slot for person in case.people for slot in person.slots}) if case.rules.common_slots else []
    words = np.zeros((len(closure.groups), max(1, -(-len(slots) // 64))), np.uint64)
    for group, members in enumerate(closure.groups):
        shared = frozenset.intersection(*(case.people[i].slots for i in members))
        for number, slot in enumerate(slots):
            if slot in shared:
                words[group, number // 64] |= np.uint64(1 << (number % 64))
    return words


def _pairs(case: Case, closure: Closure) -> list[tuple[int, int, float]]:
    at, group_of = _position(case), closure.group_of
    return [(group_of[at[a]], group_of[at[b]], score) for a, b, score in case.pair_scores if a in at and b in at]


def _apart(case: Case, closure: Closure) -> set[tuple[int, int]]:
    at, group_of = _position(case), closure.group_of
    pairs = ((group_of[at[a]], group_of[at[b]]) for a, b in case.rules.apart if a in at and b in at)
    return {(min(pair), max(pair)) for pair in pairs}


def _adjacent(m: int, pairs: list[tuple[int, int, int]]) -> tuple[Ints, Ints, Ints]:
    """Partners of each unit as (start, partner, score), sums where two units have several pairs."""
    scores: list[dict[int, int]] = [{} for _ in range(m)]
    for a, b, score in pairs:
        if a != b:
            scores[a][b] = scores[a].get(b, 0) + score
            scores[b][a] = scores[b].get(a, 0) + score
    start = np.cumsum([0, *(len(row) for row in scores)]).astype(np.int64)
    flat = [(unit, row[unit]) for row in scores for unit in sorted(row)]
    both = np.array(flat, np.int64).reshape(len(flat), 2)
    return start, np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])
