"""Exact answers over listed teams: a linear program by column generation, then whole numbers (HiGHS) over what can still matter.

The bound is that of the linear program over every team that keeps the rules; a team whose reduced cost lies further below than
the gap cannot be in a better roster, so the last program holds few teams (set partitioning; Barnhart et al. 1998, branch and price).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_matrix, hstack

from matchmaking.engine.teams.budget import Budget
from matchmaking.engine.teams.columns import Columns
from matchmaking.engine.teams.problem import Ints

Floats = npt.NDArray[np.float64]

A_ROUND = 400  # columns that enter at once: more slow the programs down, fewer need more rounds
ROUNDS = 40
CUTS_A_ROUND = 60
EXACT = 1_000_000  # prices are rounded to millionths before they are checked in whole numbers
SURE = 1e-6  # share of the bound by which it is raised against rounding


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The linear program: its true upper `bound`, prices of the units and of a team, and the columns that were in it."""

    bound: float
    prices: Floats
    team_price: float
    pool: Ints
    slack: float


def matrix(columns: Columns, which: Ints) -> csc_matrix:
    """Rows (and the number of teams as the last row) against the columns named and spare teams, (rows + 1, columns + 1)."""
    teams = columns.units[which].astype(np.int64)
    inside = np.column_stack([teams >= 0, np.ones(len(which), bool)])
    indices = np.column_stack([teams, np.full(len(which), len(columns.rows))])[inside]
    starts = np.concatenate([[0], np.cumsum(inside.sum(axis=1)), [len(indices) + 1]])
    out = csc_matrix(
        (np.ones(len(indices) + 1), np.append(indices, len(columns.rows)), starts), shape=(len(columns.rows) + 1, len(which) + 1)
    )
    out.sum_duplicates()
    return out


def _need(columns: Columns) -> Floats:
    return np.array([*(len(row) for row in columns.rows), columns.most], float)


def reduced(columns: Columns, prices: Floats, team_price: float, values: Floats) -> Floats:
    """Value of each column less the prices of its units and of a team, (columns,)."""
    padded = np.append(prices, 0.0)  # -1 stands behind a team's last unit and reads this
    return np.asarray(values - padded[columns.units].sum(axis=1) - team_price, np.float64)


def relax(columns: Columns, values: Floats, start: Ints, budget: Budget) -> Relaxed | None:
    """Solve the linear program over all columns from the pool `start`; None where the clock ended it."""
    rows = len(columns.rows)
    need = _need(columns)
    pool = np.unique(start)
    dear = float(np.abs(values).max(initial=1.0)) * 2 + 1  # what a unit left out costs
    while not budget.over():
        a = matrix(columns, pool)
        slack = csc_matrix(np.hstack([np.eye(rows + 1), -np.eye(rows + 1)]))
        cost = np.concatenate([-values[pool], [0.0], np.full(2 * rows + 2, dear)])
        most = np.concatenate([_between(columns, pool), np.full((2 * rows + 2, 2), [0.0, np.inf])])
        solved = linprog(
            cost,
            A_eq=hstack([a, slack], format="csc"),
            b_eq=need,
            bounds=most,
            method="highs",
            options={"time_limit": budget.left() + 0.01},
        )
        if solved.status != 0:
            return None
        prices = -solved.eqlin.marginals
        rest = reduced(columns, prices[:-1], prices[-1], values)
        best = float(rest.max(initial=0.0))
        if best <= 1e-7 * dear:
            bound = -solved.fun + max(best, 0.0) * columns.most + SURE * abs(solved.fun)
            return Relaxed(bound, prices[:-1], float(prices[-1]), pool, float(solved.x[len(pool) + 1 :].sum()))
        pool = np.union1d(pool, _entering(columns, rest))
    return None


def _entering(columns: Columns, rest: Floats) -> Ints:
    """The best columns by reduced cost, at most a few that begin with the same unit, so that they do not all say the same."""
    good = np.flatnonzero(rest > 0)
    many = good[np.argsort(-rest[good], kind="stable")][: A_ROUND * 25]
    first = columns.units[many, 0]
    rank = np.zeros(len(many), np.int64)
    seen: dict[int, int] = {}
    for i, unit in enumerate(first.tolist()):
        rank[i] = seen[unit] = seen.get(unit, -1) + 1
    return many[np.argsort(rank, kind="stable")][:A_ROUND]


@dataclass(frozen=True, slots=True)
class Tightened:
    """Columns that can still be in a roster worth `at_least`, the cuts found (cuts, columns), and the bound they give."""

    which: Ints
    cuts: csc_matrix | None
    bound: float


def tighten(columns: Columns, which: Ints, values: Floats, at_least: float, budget: Budget) -> Tightened:
    """Cut off fractions by subset rows, drop the columns that cannot matter any more, again until nothing moves.

    Of three units, at most one team can hold two or more (Jepsen et al. 2008, subset-row inequalities).
    """
    triples = np.zeros((0, 3), np.int64)
    bound = np.inf
    for _ in range(ROUNDS):
        if len(which) == 0 or budget.over():
            break
        inside = _inside(columns, which)
        cuts = _cut_rows(inside, triples)
        solved = linprog(
            -np.append(values[which], 0.0),
            A_eq=matrix(columns, which),
            b_eq=_need(columns),
            A_ub=cuts,
            b_ub=None if cuts is None else np.ones(len(triples)),
            bounds=_between(columns, which),
            method="highs",
            options={"time_limit": budget.left() + 0.01},
        )
        if solved.status == 2:
            return Tightened(which[:0], None, at_least)
        if solved.status != 0:
            break
        bound = -solved.fun
        gap = bound * (1 + SURE) - at_least
        if gap < 0:
            return Tightened(which[:0], None, at_least)
        rest = np.append(values[which], 0.0) + matrix(columns, which).T @ solved.eqlin.marginals
        if cuts is not None:
            rest = rest + cuts.T @ solved.ineqlin.marginals
        fresh = _violated(inside, solved.x, triples)
        if len(fresh) == 0:
            break
        keep = rest[:-1] >= -gap
        which = which[keep]
        triples = np.concatenate([triples, fresh])
    return Tightened(which, _cut_rows(_inside(columns, which), triples), bound)


def _between(columns: Columns, which: Ints) -> Floats:
    """Least and most of each column and of the spare teams, (columns + 1, 2)."""
    most = np.full((len(which) + 1, 2), [0.0, np.inf])
    most[-1, 1] = columns.most - columns.fewest
    return most


def _inside(columns: Columns, which: Ints) -> csc_matrix:
    return matrix(columns, which)[:-1].tocsr()


def _cut_rows(inside: csc_matrix, triples: Ints) -> csc_matrix | None:
    if len(triples) == 0:
        return None
    together = inside[triples[:, 0]] + inside[triples[:, 1]] + inside[triples[:, 2]]
    together.data = (together.data >= 2).astype(np.float64)
    together.eliminate_zeros()
    return together.tocsc()


def _violated(inside: csc_matrix, x: Floats, known: Ints) -> Ints:
    """Triples of units whose cut the fractions break most, (triples, 3)."""
    used = np.flatnonzero((x[:-1] > 1e-6) & (x[:-1] < 1 - 1e-6))
    if len(used) == 0:
        return known[:0]
    some = np.asarray(inside[:, used].todense(), bool)
    rows = np.flatnonzero(some.any(axis=1))
    i, j, k = (rows[index] for index in _triples(len(rows)))
    two = (some[i] & some[j]) | (some[i] & some[k]) | (some[j] & some[k])
    over = two @ x[used]
    order = np.argsort(-over, kind="stable")
    order = order[over[order] > 1 + 1e-4][:CUTS_A_ROUND]
    return np.column_stack([i[order], j[order], k[order]])


def _triples(n: int) -> tuple[Ints, Ints, Ints]:
    i, j, k = np.meshgrid(np.arange(n), np.arange(n), np.arange(n), indexing="ij")
    good = (i < j) & (j < k)
    return i[good], j[good], k[good]


def choose(
    columns: Columns, which: Ints, values: Floats, at_least: float | None, seconds: float, cuts: csc_matrix | None = None
) -> tuple[str, Ints]:
    """The best whole choice among the named columns that is worth `at_least`.

    Says "optimal" with the columns, "none" where it is proved that there is none, "unknown" where time ran out.
    """
    if len(which) == 0:
        return "none", which
    need, worth = _need(columns), np.append(values[which], 0.0)
    limits = [LinearConstraint(matrix(columns, which), need, need)]
    if at_least is not None:
        limits.append(LinearConstraint(csc_matrix(worth), at_least, np.inf))
    if cuts is not None:
        limits.append(LinearConstraint(cuts, -np.inf, 1))
    most = np.append(np.full(len(which), max(len(row) for row in columns.rows)), columns.most - columns.fewest)
    solved = milp(
        -worth,
        constraints=limits,
        integrality=np.ones(len(worth)),
        bounds=Bounds(0, most),
        options={"time_limit": max(seconds, 0.01), "mip_rel_gap": 0.0},
    )
    if solved.status == 2:
        return "none", which[:0]
    if solved.x is None:
        return "unknown", which[:0]
    return ("optimal" if solved.status == 0 else "unknown"), np.repeat(which, np.round(solved.x[:-1]).astype(np.int64))


def disproved(columns: Columns, relaxed: Relaxed) -> bool:
    """Whether the prices prove that no roster exists, in whole numbers: no team costs less than 0, all that is needed together does.

    (Farkas' lemma.) `relaxed` must be of values 0. The price of a team is raised until no team costs less than 0.
    """
    if len(columns.value) == 0:
        return True
    prices = np.round(relaxed.prices * EXACT).astype(np.int64)
    a_team = -int(np.append(prices, 0)[columns.units].sum(axis=1).min())
    teams = columns.most if a_team >= 0 else columns.fewest
    return bool(prices @ _need(columns)[:-1].astype(np.int64) + a_team * teams < 0)
