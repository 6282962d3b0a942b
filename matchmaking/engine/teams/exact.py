"""Small cases exactly: is there any roster, and which is the best one."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from matchmaking.engine.teams import columns as listing
from matchmaking.engine.teams import kernel, partition, search
from matchmaking.engine.teams.budget import Budget
from matchmaking.engine.teams.closure import Closure
from matchmaking.engine.teams.columns import Columns
from matchmaking.engine.teams.measure import worth
from matchmaking.engine.teams.problem import FINE, Ints, Problem, compile_case
from matchmaking.engine.teams.rules import Case, Roster

MOST_UNITS = 72  # beyond, listing every team takes longer than the search
POOL = 1_500  # columns the first linear program starts from
NEAR = 700  # columns among which a better roster is looked for before the proof
ROUNDING, ROUNDING_S = 0.15, 2.0  # the share of the time left for that, and the seconds, as long as that is not more than half
WHOLE = 150_000  # columns among which whole numbers look for any roster; beyond, the program takes too long and too much memory


@dataclass(frozen=True, slots=True)
class Answer:
    """`roster` that keeps every rule, or `none` proved, or neither. `bound` in points; `optimal` where the roster reaches it."""

    roster: Roster | None = None
    none: bool = False
    bound: float | None = None
    optimal: bool = False


def any_roster(case: Case, numbers: range, closure: Closure, budget: Budget, *, whole: bool = True) -> Answer:
    """A roster that keeps every rule, or the proof that there is none, or neither where the case is too large or time ran out.

    Without `whole`, only the linear program is asked: it takes moments and proves most of what is impossible.
    """
    problem = compile_case(case, numbers.stop - 1, closure)
    columns = listing.every_team(problem, numbers.start, seconds=budget.seconds, alike=True) if _small(problem) else None
    if columns is None:
        return Answer()
    if len(columns.value) == 0:
        return _nothing_open(problem, columns, case, closure)
    zero = np.zeros(len(columns.value))
    relaxed = partition.relax(columns, zero, np.arange(min(POOL, len(zero))), budget)
    if relaxed is None:
        return Answer()
    if relaxed.slack > 1e-6:
        return Answer(none=partition.disproved(columns, relaxed))
    return _whole(columns, relaxed, case, closure, budget) if whole else Answer()


def _nothing_open(problem: Problem, columns: Columns, case: Case, closure: Closure) -> Answer:
    if columns.rows or columns.fewest > 0:
        return Answer(none=True)
    return Answer(_roster(case, closure, columns, np.zeros(0, np.int64)))


def _small(problem: Problem) -> bool:
    return problem.complete and len(problem.members) - int(problem.closed.sum()) <= MOST_UNITS


def _whole(columns: Columns, relaxed: partition.Relaxed, case: Case, closure: Closure, budget: Budget) -> Answer:
    """First among few columns, which finds; then among all, which also proves."""
    zero = np.zeros(len(columns.value))
    status, chosen = partition.choose(columns, relaxed.pool, zero, None, budget.left() / 4)
    if len(chosen) == 0 and budget.left() > 0 and len(zero) <= WHOLE:
        status, chosen = partition.choose(columns, np.arange(len(zero)), zero, None, budget.left())
        if status == "none":
            return Answer(none=True)
    return Answer(_roster(case, closure, columns, chosen)) if len(chosen) else Answer()


def best_roster(case: Case, numbers: range, closure: Closure, known: Roster, value: int, budget: Budget) -> Answer:
    """The best roster, starting from a known one worth `value` thousandths (without what groups have inside).

    The answer's bound is true whenever the linear program was finished; `roster` is None where the known one stands.
    """
    problem = compile_case(case, numbers.stop - 1, closure)
    listed = _small(problem) and not case.value.wishes  # a wish is for a number, and listed teams have none
    columns = listing.every_team(problem, numbers.start, seconds=budget.seconds) if listed else None
    if columns is None or len(columns.value) == 0:
        return Answer()
    grain = _grain(columns)
    values = columns.value / grain
    start = np.unique(np.concatenate([np.argsort(-columns.value, kind="stable")[:POOL], _columns_of(columns, problem, known)]))
    relaxed = partition.relax(columns, values, start, budget)
    if relaxed is None:
        return Answer()
    have = (value - _locked_value(problem)) / grain
    elsewhere = worth(case, known).total - have * grain / FINE  # locked teams, and pairs inside groups

    def points(bound: float) -> float:
        return round(elsewhere + bound * grain / FINE, 6)

    rest = partition.reduced(columns, relaxed.prices, relaxed.team_price, values)
    chosen, have = _rounded(columns, values, rest, have, budget)
    which = np.flatnonzero(rest >= have + 1 - relaxed.bound)
    tight = partition.tighten(columns, which, values, have + 1, budget)
    status, better = partition.choose(columns, tight.which, values, have + 1, budget.left(), tight.cuts)
    chosen = better if len(better) else chosen
    found = _roster(case, closure, columns, chosen) if len(chosen) else None
    if status == "unknown":
        return Answer(found, bound=points(max(min(relaxed.bound, tight.bound), have)))
    return Answer(found, bound=points(max(have, float(values[better].sum()))), optimal=True)


def _rounded(columns: Columns, values: partition.Floats, rest: partition.Floats, have: float, budget: Budget) -> tuple[Ints, float]:
    """A whole roster among the columns nearest to the linear program's, if it beats what there is: then less is left to prove."""
    near = np.argsort(-rest, kind="stable")[:NEAR]
    _, chosen = partition.choose(columns, near, values, have + 1, max(budget.left() * ROUNDING, min(budget.left() / 2, ROUNDING_S)))
    return chosen, max(have, float(values[chosen].sum()))


def _grain(columns: Columns) -> int:
    """The largest whole number of thousandths that all values are multiples of: nothing lies between two of its multiples."""
    return max(1, int(np.gcd.reduce(columns.value)))


def _locked_value(problem: Problem) -> int:
    state = search.empty_state(problem, 0, 0)
    kernel.build(problem.units, problem.limits, state, 0)
    return int(state.value[problem.closed].sum())


def _columns_of(columns: Columns, problem: Problem, roster: Roster) -> Ints:
    """The columns of a roster's teams."""
    row_of = {unit: row for row, units in enumerate(columns.rows) for unit in units}
    ids = [problem.case.people[members[0]].id for members in problem.members]
    home = {person: team for team, members in enumerate(roster) for person in members}
    teams: dict[int, list[int]] = {}
    for unit, person in enumerate(ids):
        if unit in row_of:
            teams.setdefault(home[person], []).append(row_of[unit])
    wanted = {tuple(sorted(rows)) for rows in teams.values()}
    width = columns.units.shape[1]
    keys = np.array([(*rows, *[-1] * (width - len(rows))) for rows in sorted(wanted)], np.int16)
    return np.concatenate([np.flatnonzero((columns.units == key).all(axis=1)) for key in keys])


def _roster(case: Case, closure: Closure, columns: Columns, chosen: Ints) -> Roster:
    """Teams at their places: pinned and locked ones at their numbers, the others behind each other."""
    waiting = {row: list(units) for row, units in enumerate(columns.rows)}
    teams = [[waiting[row].pop() for row in team if row >= 0] for team in columns.units[chosen].tolist()]
    inside = Counter(unit for units in columns.rows for unit in units)
    locks = len(closure.groups) - len(inside)
    problem = compile_case(case, len(teams) + locks, closure)
    team_of = problem.team_of.copy()
    free = sorted(set(range(problem.teams)) - set(team_of[team_of >= 0].tolist()))
    for team in teams:
        fixed = [int(team_of[unit]) for unit in team if team_of[unit] >= 0]
        team_of[team] = fixed[0] if fixed else free.pop(0)
    return problem.roster(team_of)
