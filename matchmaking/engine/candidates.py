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
from matchmaking.engine.parts import SHARE, SYMMETRIC, bridge_table, repeats, rows_of
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
    found = candidates(space, cohort, parameters, default_weights().dialled(parameters.bridge), start, stop)
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
        self._ties = np.pad(space.ties, ((0, 1), (0, 1)))  # an unknown area, number -1, has none

    def over(self, start: int, stop: int) -> Iterator[tuple[Ints, Ints, Floats, Bools]]:
        """Row numbers, column numbers, costs (infinite behind a gate) and who passes, for rows start..stop."""
        for rows, columns in self._sector_blocks(start, stop):
            turned = self._turned(columns)
            for first in range(0, len(rows), ROWS_AT_ONCE):
                chunk = rows[first : first + ROWS_AT_ONCE]
                passed = self.gates.tile(chunk, columns)
                forth, back = self._directions(chunk, columns, turned)
                cost: Floats = (1.0 + np.exp(-forth)) * (1.0 + np.exp(-back))
                yield chunk, columns, np.where(passed, cost, WORST), passed

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

    def log_cost(self, rows: Ints, columns: Ints) -> Floats:
        """-log(p_ab * p_ba), whatever the gates say, shape (rows, columns)."""
        forth, back = self._directions(rows, columns, self._turned(columns))
        cost: Floats = np.logaddexp(0.0, -forth) + np.logaddexp(0.0, -back)
        return cost

    def _turned(self, columns: Ints) -> Sequence[Any]:
        space = self.space
        sparse_ones = [sparse.csr_array(matrix[columns].T) for matrix in (self.right, space.offers, space.needs)]
        return [*sparse_ones, *(matrix[columns].T for matrix in (space.meaning, space.meant_offers, space.meant_needs))]

    def _directions(self, rows: Ints, columns: Ints, turned: Sequence[Any]) -> tuple[Floats, Floats]:
        """z from rows to columns and from columns to rows, each of shape (rows, columns)."""
        space, of = self.space, self.weights.of
        both, offers, needs, meaning, meant_offers, meant_needs = turned
        shared = (self.left[rows] @ both).toarray() + of["together"] * space.together[rows][:, columns].toarray()
        shared += of["meaning"] * (space.meaning[rows] @ meaning) + of["ties"] * self._ties[np.ix_(space.area[rows], space.area[columns])]
        shared = SHARE * shared + of["constant"] + of["repeat"] * self.repeats[rows][:, columns].toarray()
        gets, gives = (space.needs[rows] @ offers).toarray(), (space.offers[rows] @ needs).toarray()
        asked, given = space.meant_needs[rows] @ meant_offers, space.meant_offers[rows] @ meant_needs
        to = of["need"] * gets + of["offer"] * gives + of["need_meaning"] * asked + of["offer_meaning"] * given
        fro = of["need"] * gives + of["offer"] * gets + of["need_meaning"] * given + of["offer_meaning"] * asked
        return shared + to + self._unary(rows, columns), shared + fro + self._unary(columns, rows).T

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
