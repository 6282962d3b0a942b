"""Every team that keeps the rules, for cases small enough: a depth-first walk over units, cut as soon as a rule cannot be kept."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from matchmaking.engine.teams.kernel import _ones, judge
from matchmaking.engine.teams.problem import Ints, Limits, Problem, Words

COLUMNS_A_SECOND, MOST_COLUMNS = 75_000, 1_500_000  # listed at most, by the seconds there are: the programs over them take the time
NODES_A_SECOND, MOST_NODES = 6_000_000, 60_000_000

Short = npt.NDArray[np.int16]


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
        found = _walk(*arrays, problem.limits, teams, value, *most)
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


@njit(cache=True)
def _walk(
    masks: Words,
    counts: Ints,
    ranges: Ints,
    enemies: npt.NDArray[np.bool_],
    scores: Ints,
    twins: Ints,
    limits: Limits,
    teams: Short,
    value: Ints,
    most: int,
    most_nodes: int,
) -> int:
    """How many teams there are, written to `teams` and `value` as far as these reach; -1 beyond the limits."""
    m, width = len(masks), limits.largest
    chosen = np.zeros(width + 1, np.int64)
    size, score = np.zeros(width + 1, np.int64), np.zeros(width + 1, np.int64)
    languages = np.full(width + 1, 0xFFFFFFFFFFFFFFFF, np.uint64)
    slots = np.full((width + 1, masks.shape[1]), 0xFFFFFFFFFFFFFFFF, np.uint64)
    no_apart = np.zeros(m + 1, np.int64)
    depth, unit, found, nodes = 0, 0, 0, 0
    while True:
        if unit >= m:
            if depth == 0:
                return found
            depth -= 1
            unit = chosen[depth] + 1
            continue
        nodes += 1
        if nodes > most_nodes:
            return -1
        fits = size[depth] + counts[unit, 0] <= limits.largest and (languages[depth] & masks[unit, 0]) != 0
        for i in range(depth):
            if not fits or enemies[chosen[i], unit]:
                fits = False
                break
        common = 0
        for word in range(3, masks.shape[1]):
            slots[depth + 1 if depth < width else depth, word] = slots[depth, word] & masks[unit, word]
            common += _ones(slots[depth, word] & masks[unit, word])
        if not fits or common < limits.common_slots:
            unit += 1
            continue
        chosen[depth] = unit
        size[depth + 1] = size[depth] + counts[unit, 0]
        languages[depth + 1] = languages[depth] & masks[unit, 0]
        score[depth + 1] = score[depth]
        for i in range(depth):
            score[depth + 1] += scores[chosen[i], unit]
        depth += 1
        if size[depth] >= limits.smallest:
            wrong, worth = judge(masks, counts, ranges, no_apart, no_apart, limits, chosen, depth)
            if wrong == 0:
                if found < len(teams):
                    for i in range(depth):
                        teams[found, i] = chosen[i]
                    value[found] = worth + score[depth]
                found += 1
                if found > most:
                    return -1
        if size[depth] >= limits.largest:
            depth -= 1
            unit = chosen[depth] + 1
        elif _used(chosen, depth, unit) >= twins[unit]:
            unit += 1


@njit(cache=True)
def _used(chosen: Ints, depth: int, unit: int) -> int:
    used = 0
    for i in range(depth):
        used += 1 if chosen[i] == unit else 0
    return used
