"""Every team that keeps the rules, for cases small enough: a depth-first walk over units, cut as soon as a rule cannot be kept."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matchmaking.engine.teams.kernel import Short, walk
from matchmaking.engine.teams.problem import Ints, Problem, Words

COLUMNS_A_SECOND, MOST_COLUMNS = 75_000, 1_500_000  # listed at most, by the seconds there are: the programs over them take the time
NODES_A_SECOND, MOST_NODES = 6_000_000, 60_000_000


@dataclass(frozen=True, slots=True)
class Columns:
    """Teams as columns: `units` (columns, most units) with -1 behind the last, `value` (columns,) in thousandths.

    Rows stand for units that are alike where only rules matter: `rows` holds for each the units it stands for. `fewest` to `most`
    teams are still to be made besides the locked ones.
    """

    units: Short
    value: Ints
    rows: tuple[tuple[int, ...], ...]
    fewest: int
    most: int


def every_team(problem: Problem, fewest: int, *, seconds: float, alike: bool = False) -> Columns | None:
    """All teams that keep every rule, without the locked ones; None where there are too many to list.

    With `alike`, units that differ in nothing a rule looks at share a row, and values are 0: fewer teams, enough to say whether
    there is any roster. `fewest` is the least number of teams, the problem's own the most.
    """
    open_units = np.flatnonzero(~np.isin(problem.team_of, np.flatnonzero(problem.closed)))
    order = _rare_first(problem, open_units)
    masks, counts = problem.units.masks[order], problem.units.counts[order]
    enemies, scores = _enemies(problem, order), _scores(problem, order)
    rows: list[tuple[int, ...]] = [(int(unit),) for unit in order]
    if alike:
        masks = masks.copy()
        masks[:, 1] &= problem.limits.required
        masks[:, 2] = 0
        rows = _alike(masks, counts, enemies, problem.team_of[order])
        first = np.array([row[0] for row in rows], np.int64)
        masks, counts, enemies = masks[first], counts[first], enemies[np.ix_(first, first)]
        scores = np.zeros((len(rows), len(rows)), np.int64)
        rows = [tuple(int(order[i]) for i in row) for row in rows]
    twins = np.array([len(row) for row in rows], np.int64)
    arrays = (np.ascontiguousarray(masks), np.ascontiguousarray(counts), problem.units.ranges, np.ascontiguousarray(enemies), scores, twins)
    # A first walk counts, so that the second one writes into arrays of the right length.
    found, width = 0, problem.case.largest
    most = min(MOST_COLUMNS, int(COLUMNS_A_SECOND * seconds)), min(MOST_NODES, int(NODES_A_SECOND * seconds))
    for writing in (False, True):
        size = found if writing else 0
        teams = np.full((size, width), -1, np.int16)
        value = np.zeros(size, np.int64)
        found = walk(*arrays, problem.limits, teams, value, *most)
        if found < 0:
            return None
    closed = int(problem.closed.sum())
    return Columns(teams, value * (not alike), tuple(rows), fewest - closed, problem.teams - closed)


def _alike(masks: Words, counts: Ints, enemies: npt.NDArray[np.bool_], team_of: Ints) -> list[tuple[int, ...]]:
    """Units in groups that no rule tells apart; whoever is pinned or has somebody to be apart from stands alone."""
    groups: dict[object, list[int]] = {}
    for i in range(len(masks)):
        single = bool(enemies[i].any()) or team_of[i] >= 0
        groups.setdefault(i if single else (masks[i].tobytes(), counts[i].tobytes()), []).append(i)
    return [tuple(group) for group in groups.values()]


def _rare_first(problem: Problem, units: Ints) -> Ints:
    """Units that few others can join first: the walk is cut earlier."""
    masks = problem.units.masks[units]
    shared = (masks[:, None, 0] & masks[None, :, 0]) > 0
    return np.asarray(units[np.lexsort((units, shared.sum(axis=1)))], np.int64)


def _enemies(problem: Problem, order: Ints) -> npt.NDArray[np.bool_]:
    """Which units may not share a team: apart, or pinned to different numbers; (units, units)."""
    units, team_of = problem.units, problem.team_of
    out = np.zeros((len(team_of), len(team_of)), np.bool_)
    for unit in range(len(team_of)):
        out[unit, units.apart_unit[units.apart_start[unit] : units.apart_start[unit + 1]]] = True
    pinned = team_of >= 0
    out |= pinned[:, None] & pinned[None, :] & (team_of[:, None] != team_of[None, :])
    return np.ascontiguousarray(out[np.ix_(order, order)])


def _scores(problem: Problem, order: Ints) -> Ints:
    units, m = problem.units, len(problem.team_of)
    out = np.zeros((m, m), np.int64)
    for unit in range(m):
        here = slice(units.pair_start[unit], units.pair_start[unit + 1])
        out[unit, units.pair_unit[here]] = units.pair_score[here]
    return np.ascontiguousarray(out[np.ix_(order, order)])
