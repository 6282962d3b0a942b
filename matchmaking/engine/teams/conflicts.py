"""The smallest sets of rules that cannot hold together, and the cheapest changes that let a roster exist, each checked.

A set counts as impossible only where counting or an exact program proves it, and as possible only where a roster is shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations

from matchmaking.engine.teams import counting, exact, search, words
from matchmaking.engine.teams.budget import Budget
from matchmaking.engine.teams.closure import Closure
from matchmaking.engine.teams.measure import check
from matchmaking.engine.teams.outcome import Conflict, Relaxation
from matchmaking.engine.teams.places import place
from matchmaking.engine.teams.problem import compile_case
from matchmaking.engine.teams.rules import FRAME, Case, Roster
from matchmaking.engine.teams.said import Said

QUICK = 60_000  # steps of a first look, which finds a roster wherever rules are loose
THOROUGH = 600_000  # steps of a second one, where nothing was proved
KINDS = ("counted", "apart", "together", "pinned", "locked", "never_alone", "at_least_one", "common_language", "common_slots")
MOST_DROPPED = 3  # rules that a relaxation gives up at most


@dataclass
class Oracle:
    """Which sets of rules can hold: a roster, or None with `proved`, each looked at once."""

    case: Case
    budget: Budget
    seed: int
    known: dict[frozenset[str], tuple[Roster | None, bool]] = field(default_factory=dict)

    def impossible(self, rules: frozenset[str]) -> bool:
        """Whether it is proved that no roster keeps these rules and the frame."""
        roster, proved = self.ask(rules)
        return roster is None and proved

    def shown(self, rules: frozenset[str]) -> bool:
        """Whether a roster was met that keeps these rules, perhaps with others."""
        return any(rules <= asked for asked, (roster, _) in self.known.items() if roster is not None)

    def ask(self, rules: frozenset[str]) -> tuple[Roster | None, bool]:
        """A roster that keeps the rules, or None and whether that is proved."""
        if rules not in self.known:
            self.known[rules] = settle(self.case.only(rules), self.seed, self.budget)
        return self.known[rules]


def settle(case: Case, seed: int, budget: Budget) -> tuple[Roster | None, bool]:
    """A roster that keeps every rule, whatever it is worth; or None and whether it is proved that there is none."""
    if counting.refute(case) is not None:
        return None, True
    closure = Closure(case)
    numbers = counting.numbers_of_teams(case, closure)
    for steps in (QUICK, THOROUGH):
        if (roster := _searched(case, closure, numbers, seed, steps, budget)) is not None:
            return roster, False
        if steps == QUICK:
            answer = exact.any_roster(case, numbers, closure, budget)
            if answer.roster is not None or answer.none:
                return answer.roster, answer.none
    return placed(case, closure, numbers, budget)


def placed(case: Case, closure: Closure, numbers: range, budget: Budget) -> tuple[Roster | None, bool]:
    """What the program of places says of each number of teams."""
    none = True
    for teams in reversed(numbers):
        answer = place(problem := compile_case(case, teams, closure), budget.left())
        if answer.team_of is not None:
            return problem.roster(answer.team_of), False
        none = none and answer.none
    return None, none


def _searched(case: Case, closure: Closure, numbers: range, seed: int, steps: int, budget: Budget) -> Roster | None:
    for run, teams in enumerate(reversed(numbers)):
        problem = compile_case(case, teams, closure)
        found = search.one_run(problem, seed, run * len(search.HEATS), steps, budget)
        if found is not None and not check(case, roster := problem.roster(found.team_of)):
            return roster
        if budget.over():
            return None
    return None


def find(case: Case, seed: int, budget: Budget, start: frozenset[str] | None = None) -> Conflict | None:
    """A smallest set of rules that cannot hold together, within a set known to be impossible; None if that is not proved."""
    oracle = Oracle(case, budget, seed)
    rules = start if start is not None else frozenset(case.names())
    if start is None and not oracle.impossible(rules):
        return None
    if frozenset(FRAME) & rules:
        return Conflict(FRAME, words.conflict(case, FRAME), True)
    for part in _parts(rules):
        if part <= rules and oracle.impossible(rules - part):
            rules -= part
    for name in sorted(rules):
        if not budget.over() and oracle.impossible(rules - {name}):
            rules -= {name}
    minimal = all(oracle.shown(rules - {name}) for name in rules)
    ordered = tuple(name for name in case.names() if name in rules)
    return Conflict(ordered, words.conflict(case, ordered), minimal)


def _parts(rules: frozenset[str]) -> Iterator[frozenset[str]]:
    """Whole kinds, then halves of what is left of a kind: most of what plays no part goes in a few questions."""
    groups = [frozenset(name for name in rules if name.split(":")[0] == kind) for kind in KINDS]
    yield from (group for group in groups if 0 < len(group) < len(rules))
    for group in groups:
        ordered = sorted(group)
        if len(ordered) > 3:
            yield frozenset(ordered[: len(ordered) // 2])
            yield frozenset(ordered[len(ordered) // 2 :])


def relaxations(case: Case, conflict: Conflict, seed: int, budget: Budget) -> list[Relaxation]:
    """Changes that let a roster exist, cheapest first: a number eased a little, then rules given up, as few as possible."""
    asked = ((said, changed, settle(changed, seed, budget)[0]) for said, changed in _eased(case, conflict))
    eased = [Relaxation(said, changed, roster) for said, changed, roster in asked if roster is not None]
    return eased + _given_up(case, conflict, seed, budget)


def _eased(case: Case, conflict: Conflict) -> Iterator[tuple[Said, Case]]:
    """Numbers changed by one: fewer or more teams, wider sizes, a time less in common."""
    counted = any(name.startswith(("at_least_one", "never_alone")) or name in FRAME for name in conflict.rules)
    if case.teams is not None and counted:
        for teams in (case.teams - 1, case.teams + 1):
            if (changed := replace(case, teams=teams)).numbers_of_teams():
                yield Said.of("make_teams", teams=teams, now=case.teams), changed
    size = replace(case, largest=case.largest + 1)
    yield Said.of("allow_people", most=size.largest), size
    if "common_slots" in conflict.rules:
        for slots in range(case.rules.common_slots - 1, 0, -1):
            rules = replace(case.rules, common_slots=slots)
            yield Said.of("ask_times", times=slots, now=case.rules.common_slots), replace(case, rules=rules)


def _given_up(case: Case, conflict: Conflict, seed: int, budget: Budget) -> list[Relaxation]:
    """Rules given up: one of the conflict where that is enough, else with one of each further conflict that shows."""
    oracle = Oracle(case, budget, seed)
    everything = frozenset(case.names())
    conflicts = [conflict]
    for count in range(1, MOST_DROPPED + 1):
        pool = sorted({name for one in conflicts for name in one.rules if name not in FRAME})
        sets = [frozenset(some) for some in combinations(pool, count) if all(set(some) & set(one.rules) for one in conflicts)]
        works = [(some, roster) for some in sets if (roster := oracle.ask(everything - some)[0]) is not None]
        if works:
            return [
                Relaxation(words.given_up(case, sorted(some)), case.only(everything - some), roster, tuple(sorted(some)))
                for some, roster in works
            ]
        further = [find(case, seed, budget, everything - some) for some in sets if oracle.impossible(everything - some)]
        conflicts += [one for one in further if one is not None and set(one.rules) not in [set(known.rules) for known in conflicts]]
        if budget.over():
            break
    return []
