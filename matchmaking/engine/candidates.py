"""Candidate generation: the exact best K partners of everybody, in row blocks, sector block by sector block.

A tile of approximate scores is computed by sparse products whose rows do not depend on one another; everything within
a rounding margin of the K-th best is kept, and the allocation recomputes those few exactly and cuts at K. So the lists are
the exact ones whatever the shards. Memory: the vectors, the lists and one tile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matchmaking.engine.arrays import Arrays, pack, unpack
from matchmaking.engine.gates import Gates, gates_of
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import SYMMETRIC, bridge_table, repeats, rows_of
from matchmaking.engine.records import Cohort
from matchmaking.engine.space import Space
from matchmaking.engine.weights import Weights, default_weights

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ROWS_AT_ONCE = 128
MARGIN = 1e-7  # relative; the rounding errors of a tile are far below it
WORST = np.inf


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs (row, column) with their approximate score, and for each row how many partners pass the gates and the threshold."""

    row: Ints
    column: Ints
    score: Floats
    eligible: Ints
    above: Ints


def candidates_rows(space: Space, cohort: Cohort, parameters: Parameters, start: int, stop: int) -> bytes:
    """The candidates of the profiles number start..stop as bytes."""
    found = candidates(space, cohort, parameters, default_weights(), start, stop)
    arrays: Arrays = {
        "row": found.row.astype(np.int32),
        "column": found.column.astype(np.int32),
        "score": found.score,
        "first": np.array([start], np.int64),
        "eligible": found.eligible.astype(np.int32),
        "above": found.above.astype(np.int32),
    }
    return pack(arrays)


def read_candidates(parts: Sequence[bytes]) -> Candidates:
    """The candidates of all shards as one, ordered by row then column."""
    shards = sorted((unpack(part) for part in parts), key=lambda shard: (int(shard["first"][0]), len(shard["eligible"])))
    merged = {name: np.concatenate([shard[name] for shard in shards]) for name in ("row", "column", "score", "eligible", "above")}
    return Candidates(
        merged["row"].astype(np.int64),
        merged["column"].astype(np.int64),
        merged["score"].astype(np.float64),
        merged["eligible"].astype(np.int64),
        merged["above"].astype(np.int64),
    )


def candidates(space: Space, cohort: Cohort, parameters: Parameters, weights: Weights, start: int, stop: int) -> Candidates:
    """The best K partners, and a margin, of the profiles number start..stop."""
    tiles = Tiles(space, cohort, parameters, weights)
    eligible, above = np.zeros(space.count, np.int64), np.zeros(space.count, np.int64)
    blocks: list[tuple[Ints, Ints, Floats]] = []
    for rows, columns, cost, passed in tiles.over(start, stop):
        eligible[rows] = passed.sum(axis=1)
        if parameters.threshold > 0.0:
            cost[cost * parameters.threshold > 1.0 + MARGIN] = WORST
        above[rows] = (cost < WORST).sum(axis=1)
        blocks.append(_best(rows, columns, cost, parameters.candidates))
    row, column, cost_of = (np.concatenate([block[i] for block in blocks]) if blocks else np.zeros(0) for i in range(3))
    order = np.lexsort((column, row))
    score = 1.0 / cost_of[order] if blocks else np.zeros(0)
    return Candidates(row[order].astype(np.int64), column[order].astype(np.int64), score, eligible[start:stop], above[start:stop])


def _best(rows: Ints, columns: Ints, cost: Floats, most: int) -> tuple[Ints, Ints, Floats]:
    """Per row the `most` cheapest columns and all that tie with the last within the margin."""
    if cost.shape[1] > most:
        limit = np.partition(cost, most - 1, axis=1)[:, most - 1]
        keep = cost <= (limit * (1.0 + MARGIN))[:, None]
    else:
        keep = np.ones(cost.shape, np.bool_)
    row, column = np.nonzero(keep & (cost < WORST))
    return rows[row], columns[column], cost[row, column]


class Tiles:
    """Approximate costs 1 / (p_ab * p_ba) of all pairs, tile by tile."""

    def __init__(self, space: Space, cohort: Cohort, parameters: Parameters, weights: Weights) -> None:
        self.space, self.weights = space, weights
        self.gates: Gates = gates_of(cohort, parameters)
        self.sector, self.bridges = bridge_table(cohort.profiles, weights)
        self.repeats = repeats(cohort)
        self.left, self.right = _stacks(space, weights)

    def over(self, start: int, stop: int) -> Iterator[tuple[Ints, Ints, Floats, Bools]]:
        """Row numbers, column numbers, costs (infinite behind a gate) and who passes, for rows start..stop."""
        for rows, columns in self._sector_blocks(start, stop):
            turned = [sparse.csr_array(matrix[columns].T) for matrix in (self.right, self.space.offers, self.space.needs)]
            for first in range(0, len(rows), ROWS_AT_ONCE):
                chunk = rows[first : first + ROWS_AT_ONCE]
                passed = self.gates.tile(chunk, columns)
                yield chunk, columns, np.where(passed, self._cost(chunk, columns, turned), WORST), passed

    def _sector_blocks(self, start: int, stop: int) -> Iterator[tuple[Ints, Ints]]:
        """Rows of one sector with the columns they may meet: other sectors, and their own where both asked for it."""
        everyone, mixes = np.arange(self.space.count), self.gates.mixes
        for sector in range(len(self.bridges)):
            for mixing in (False, True):
                rows = everyone[(self.sector == sector) & (mixes == mixing)]
                rows = rows[(rows >= start) & (rows < stop)]
                columns = everyone[(self.sector != sector) | (mixes & mixing)]
                if len(rows) and len(columns):
                    yield rows, columns

    def _cost(self, rows: Ints, columns: Ints, turned: Sequence[Any]) -> Floats:
        """1 / (p_ab * p_ba) = (1 + exp(-z_ab)) * (1 + exp(-z_ba)), shape (rows, columns)."""
        space, of = self.space, self.weights.of
        both, offers, needs = turned
        shared = (self.left[rows] @ both).toarray() + of["constant"]
        shared += of["repeat"] * self.repeats[rows][:, columns].toarray()
        gets, gives = (space.needs[rows] @ offers).toarray(), (space.offers[rows] @ needs).toarray()
        forth = shared + of["need"] * gets + of["offer"] * gives + self._unary(rows, columns)
        back = shared + of["need"] * gives + of["offer"] * gets + self._unary(columns, rows).T
        cost: Floats = (1.0 + np.exp(-forth)) * (1.0 + np.exp(-back))
        return cost

    def _unary(self, start: Ints, end: Ints) -> Floats:
        of, space = self.weights.of, self.space
        drawn = of["activity"] * space.activity[end] + of["habits"] * space.draw[end]
        bridge = self.bridges[np.ix_(self.sector[start], self.sector[end])]
        return of["bridge"] * bridge + of["habits"] * space.open_[start][:, None] + drawn[None, :]


def _stacks(space: Space, weights: Weights) -> tuple[Any, Any]:
    """The rows of all symmetric parts side by side, each times the root of its weight, so one product adds them all.

    The left stack carries the signs, so a weight may be negative.
    """
    roots = [abs(weights.of[part]) ** 0.5 for part in SYMMETRIC]
    signs = [1.0 if weights.of[part] >= 0.0 else -1.0 for part in SYMMETRIC]
    right = [rows_of(space, part) * root for part, root in zip(SYMMETRIC, roots, strict=True)]
    left = [rows * sign for rows, sign in zip(right, signs, strict=True)]
    return sparse.csr_array(sparse.hstack(left, format="csr")), sparse.csr_array(sparse.hstack(right, format="csr"))
