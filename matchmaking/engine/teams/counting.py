"""Contradictions that counting finds: before any search, each as the names of rules that cannot hold together with the frame.

The sets are small but need not be minimal; conflicts.py makes them so. Nothing is said where counting finds nothing.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from matchmaking.engine.teams.closure import Closure
from matchmaking.engine.teams.measure import broken_in_team
from matchmaking.engine.teams.rules import FRAME, Case, Person, has

Names = frozenset[str]


def refute(case: Case) -> Names | None:
    """Rules that cannot hold together, or None where counting finds no contradiction."""
    return next(_contradictions(case), None)


def numbers_of_teams(case: Case, closure: Closure) -> range:
    """The numbers of teams that sizes, required skills, locks and pins leave possible, fewest first."""
    numbers, (locks, outside, held) = case.numbers_of_teams(), _locked(case, closure)
    for skill in case.rules.at_least_one:
        having = len({closure.group_of[i] for i, person in enumerate(case.people) if skill in person.skills})
        numbers = range(numbers.start, min(numbers.stop, having + 1))
    least = max([locks - (-outside // case.largest), locks + held, *(number for _, number in case.rules.pinned)])
    return range(max(numbers.start, least), min(numbers.stop, locks + outside // case.smallest + 1))


def _locked(case: Case, closure: Closure) -> tuple[int, int, int]:
    """How many teams are locked, how many people are in none of them, and how many numbers are held by others' pins."""
    groups = {frozenset(group) for group in case.rules.locked}
    at = {person.id: i for i, person in enumerate(case.people)}
    locked = {closure.group_of[at[min(group)]] for group in groups if group}
    held = sum(bool(numbers) for group, numbers in enumerate(closure.numbers) if group not in locked)
    return len(groups), len(case.people) - len(frozenset[str]().union(*groups)), held


def _contradictions(case: Case) -> Iterator[Names]:
    numbers = case.numbers_of_teams()
    if not numbers:
        yield frozenset(FRAME)
        return
    yield from _pins(case, numbers)
    closure = Closure(case)
    yield from _locks(case)
    yield from _groups(case, closure)
    yield from _supply(case, closure, numbers)
    yield from _crowds_apart(case, numbers)
    yield from _counted(case, numbers)
    yield from _numbers(case, closure)
    yield from _company(case, closure)


def _pins(case: Case, numbers: range) -> Iterator[Names]:
    """Numbers that no roster has, and one person pinned to two of them."""
    first: dict[str, tuple[int, int]] = {}
    for i, (person, number) in enumerate(case.rules.pinned):
        if not 1 <= number < numbers.stop:
            yield frozenset({f"pinned:{i}"})
        before = first.setdefault(person, (i, number))
        if before[1] != number:
            yield frozenset({f"pinned:{before[0]}", f"pinned:{i}"})


def _locks(case: Case) -> Iterator[Names]:
    """Locked teams of a size that is not allowed, that share somebody, or that break a rule by themselves."""
    people = {person.id: person for person in case.people}
    groups = [frozenset(group) for group in case.rules.locked]
    for i, group in enumerate(groups):
        broken = sorted(broken_in_team(case, [people[person] for person in group]))
        if "team_size" in broken:
            yield frozenset({f"locked:{i}"})
        for rule in broken:
            yield frozenset({f"locked:{i}", rule})
        for j in range(i):
            if group & groups[j] and group != groups[j]:
                yield frozenset({f"locked:{i}", f"locked:{j}"})


def _groups(case: Case, closure: Closure) -> Iterator[Names]:
    """Groups that must be together and cannot be."""
    locked = {frozenset(group): f"locked:{i}" for i, group in enumerate(case.rules.locked)}
    at = {person.id: i for i, person in enumerate(case.people)}
    for i, (a, b) in enumerate(case.rules.apart):
        if a in at and b in at and closure.group_of[at[a]] == closure.group_of[at[b]]:
            yield closure.why([at[a], at[b]]) | {f"apart:{i}"}
    for group, members in enumerate(closure.groups):
        numbers = closure.numbers[group]
        if len(numbers) > 1:
            yield closure.why([("team", numbers[0]), ("team", numbers[1])])
        people = [case.people[i] for i in members]
        ids = {person.id for person in people}
        for lock, name in locked.items():
            if lock < ids:
                stranger = next(at[person] for person in sorted(ids - lock))
                yield closure.why([at[min(lock)], stranger]) | {name}
        yield from _inside(case, closure, members, people)


def _inside(case: Case, closure: Closure, members: tuple[int, ...], people: list[Person]) -> Iterator[Names]:
    """What a group that must be together breaks whoever else joins it; or that nobody can join, where it is full."""
    tied = closure.why(members)
    if len(members) > case.largest:
        yield tied
        return
    broken = set(broken_in_team(case, people))
    open_rules = {"common_language", "common_slots"}
    if len(members) == case.largest:
        open_rules |= broken - {"team_size"}
    for rule in sorted(broken & open_rules):
        yield tied | {rule}


def _supply(case: Case, closure: Closure, numbers: range) -> Iterator[Names]:
    """Fewer people (or groups that must be together) with a skill than teams that need it."""
    for skill in case.rules.at_least_one:
        having = [i for i, person in enumerate(case.people) if skill in person.skills]
        if len(having) < numbers.start:
            yield frozenset({f"at_least_one:{skill}"})
        if len({closure.group_of[i] for i in having}) < numbers.start:
            rules = {f"at_least_one:{skill}"}
            for group in range(len(closure.groups)):
                double = [i for i in having if closure.group_of[i] == group]
                rules |= closure.why(double) if len(double) > 1 else set()
            yield frozenset(rules)


def _crowds_apart(case: Case, numbers: range) -> Iterator[Names]:
    """More people all apart from each other than there can be teams; looked for greedily, so some may be missed."""
    rule_of = {frozenset(pair): f"apart:{i}" for i, pair in enumerate(case.rules.apart) if len(set(pair)) == 2}
    others: dict[str, set[str]] = {}
    for a, b in map(sorted, rule_of):
        others.setdefault(a, set()).add(b)
        others.setdefault(b, set()).add(a)
    many = {person: len(met) for person, met in others.items() if len(met) >= numbers.stop - 1}
    for first in sorted(many):
        crowd = [first]
        for person in sorted(others[first] & many.keys(), key=lambda one: (-many[one], one)):
            if len(crowd) < numbers.stop and others[person].issuperset(crowd):
                crowd.append(person)
        if len(crowd) == numbers.stop:
            yield frozenset(rule_of[frozenset(pair)] for pair in combinations(crowd, 2))
            return


def _counted(case: Case, numbers: range) -> Iterator[Names]:
    """Too few with a property for the least of every team, or too many for the most of them."""
    for i, rule in enumerate(case.rules.counted):
        have = sum(has(person, rule.property) for person in case.people)
        few = not rule.or_none and rule.where is None and have < rule.least * numbers.start
        many = rule.most is not None and rule.where is None and have > rule.most * (numbers.stop - 1)
        if few or many:
            yield frozenset({f"counted:{i}"})


def _numbers(case: Case, closure: Closure) -> Iterator[Names]:
    """No number of teams is left by sizes, required skills, locks and pins together."""
    locks = {frozenset(group): f"locked:{i}" for i, group in enumerate(case.rules.locked)}
    if len(locks) > case.numbers_of_teams().stop - 1:
        yield frozenset(locks.values())
    if not numbers_of_teams(case, closure):
        yield frozenset(name for name in case.names() if name.split(":")[0] in ("at_least_one", "pinned", "together", "locked"))


def _company(case: Case, closure: Closure) -> Iterator[Names]:
    """Groups for whom the people who could share their team are too few, or bring no skill or flag that it needs."""
    facts = _Facts(case, closure)
    for group in np.flatnonzero(~facts.locked).tolist():
        around = facts.could_join(group)
        around[group] = True
        if facts.size[around].sum() < case.smallest:
            yield _narrowing(case, frozenset())
        for k, skill in enumerate(case.rules.at_least_one):
            if not facts.skills[around, k].any():
                yield _narrowing(case, frozenset({f"at_least_one:{skill}"}))
        for k, flag in enumerate(case.rules.never_alone):
            if facts.flags[group, k] == 1 and facts.flags[around, k].sum() == 1:
                yield _narrowing(case, frozenset({f"never_alone:{flag}"}))


def _narrowing(case: Case, lacking: Names) -> Names:
    """What is lacking and all rules that may have narrowed the company; which of them did, the deletion filter finds."""
    return lacking | {name for name in case.names() if name.split(":")[0] not in ("at_least_one", "never_alone")}


class _Facts:
    """The groups of a closure as arrays over groups: `size`, `locked`, `pinned` (g,), `skills`, `flags` (g, rules)."""

    def __init__(self, case: Case, closure: Closure) -> None:
        people, groups, rules = case.people, closure.groups, case.rules
        locked = {frozenset(group) for group in rules.locked}
        self.case, self.apart = case, _apart(case, closure)
        self.size = np.array([len(group) for group in groups])
        self.locked = np.array([frozenset(people[i].id for i in group) in locked for group in groups])
        self.pinned = np.array([bool(numbers) for numbers in closure.numbers])
        self.skills = np.array([[any(s in people[i].skills for i in group) for s in rules.at_least_one] for group in groups], bool)
        self.flags = np.array([[sum(f in people[i].flags for i in group) for f in rules.never_alone] for group in groups], int)
        self.languages = _table([frozenset.intersection(*(people[i].languages for i in group)) for group in groups])
        self.slots = _table([frozenset.intersection(*(people[i].slots for i in group)) for group in groups])

    def could_join(self, group: int) -> npt.NDArray[np.bool_]:
        """Which groups could share a team with this one, looking at the two alone, (g,)."""
        fits = ~self.locked & (self.size + self.size[group] <= self.case.largest)
        fits &= ~(self.pinned & self.pinned[group])
        if self.case.rules.common_language:
            fits &= (self.languages & self.languages[group]).any(axis=1)
        if self.case.rules.common_slots:
            fits &= (self.slots & self.slots[group]).sum(axis=1) >= self.case.rules.common_slots
        fits[self.apart.get(group, [])] = False
        return np.asarray(fits, bool)


def _table(sets: list[frozenset[Any]]) -> npt.NDArray[np.bool_]:
    """Which set holds which thing, (sets, things)."""
    things = {thing: i for i, thing in enumerate(sorted(frozenset[Any]().union(*sets), key=str))}
    table = np.zeros((len(sets), len(things)), bool)
    for row, members in enumerate(sets):
        table[row, [things[thing] for thing in members]] = True
    return table


def _apart(case: Case, closure: Closure) -> dict[int, list[int]]:
    at = {person.id: i for i, person in enumerate(case.people)}
    apart: dict[int, list[int]] = {}
    for a, b in case.rules.apart:
        if a in at and b in at:
            left, right = closure.group_of[at[a]], closure.group_of[at[b]]
            apart.setdefault(left, []).append(right)
            apart.setdefault(right, []).append(left)
    return apart
