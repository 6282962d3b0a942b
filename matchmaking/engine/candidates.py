"""Candidate generation: the exact best K partners of everybody, in one pass over all pairs (`tiles.py`).

A bound of each pair's score in 32 bits finds the few pairs that may be among the best; they are computed in 64 bits, and everything within
a rounding margin of the K-th best is kept; the allocation recomputes those exactly and cuts at K. So the lists are
the exact ones whatever the shards. Memory: the vectors, the lists and one tile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matchmaking.engine.arrays import Arrays, pack, unpack
from matchmaking.engine.costs import Gate, Values, costs, sparse_rows
from matchmaking.engine.gates import Gates, gates_of
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import SHARE, acquainted, bridge_table, repeats
from matchmaking.engine.records import Cohort
from matchmaking.engine.space import Space
from matchmaking.engine.sums import stacks, sums_of
from matchmaking.engine.tiles import UNIT, Factor, Search
from matchmaking.engine.weights import Weights

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ROWS_AT_ONCE = 128
MARGIN = 1e-7  # relative; the rounding errors of a tile are far below it
WORST = np.inf
BEYOND = 1e300  # no pair costs more


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs (row, column) with their approximate score; for each row how many partners pass the gates, and how many of those in its list
    the threshold: all of them, as far as there are fewer than K.
    """

    row: Ints
    column: Ints
    score: Floats
    eligible: Ints
    above: Ints


def candidates_rows(space: Space, cohort: Cohort, parameters: Parameters, start: int, stop: int) -> bytes:
    """The candidates of the profiles number start..stop as bytes."""
    found = candidates(space, cohort, parameters, cohort.weights.dialled(parameters.bridge), start, stop)
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
    nothing = np.zeros(0, np.int64)
    if start >= stop:
        return Candidates(nothing, nothing, np.zeros(0), nothing, nothing)
    people = People(space, cohort, parameters, weights, start, stop)
    margin = people.margin()
    worst = (1.0 + margin) / parameters.threshold if parameters.threshold > 0.0 else BEYOND
    owner, partner, cost = people.search().best(parameters.candidates, slack=margin, worst=worst)
    row, column = people.order[owner], people.order[partner]
    order = np.lexsort((column, row))
    above = np.bincount(row - start, minlength=stop - start)
    eligible = people.gates.partners()[start:stop]
    return Candidates(row[order], column[order], 1.0 / cost[order], eligible, above)


def partners(space: Space, cohort: Cohort, parameters: Parameters, weights: Weights, start: int, stop: int) -> Ints:
    """How many partners above the threshold each of the profiles number start..stop has, all of them counted, shape (stop - start,)."""
    above = np.zeros(space.count, np.int64)
    for rows, _, cost, _ in Tiles(space, cohort, parameters, weights).over(start, stop):
        above[rows] = (cost * parameters.threshold <= 1.0 + MARGIN if parameters.threshold > 0.0 else cost < WORST).sum(axis=1)
    return above[start:stop]


class People:
    """The people of an event in the order of a search: those number start..stop first, each time sector by sector."""

    def __init__(self, space: Space, cohort: Cohort, parameters: Parameters, weights: Weights, start: int, stop: int) -> None:
        self.space, self.weights, self.owners = space, weights, stop - start
        self.gates = gates_of(cohort, parameters)
        self.sector, self.bridges = bridge_table(cohort.profiles, weights)
        everyone = np.arange(space.count)
        self.kind = 2 * self.gates.sector + self.gates.mixes
        self.order = np.lexsort((everyone, self.kind, (everyone < start) | (everyone >= stop)))
        of = weights.of
        self.pairs = acquainted(space, weights) + of["repeat"] * repeats(cohort)
        self.opens = of["habits"] * space.open_
        self.draws = of["activity"] * space.activity + of["habits"] * space.draw + of["constant"]

    def margin(self) -> float:
        """The most by which the cost of a pair may be wrong, relative: sentence vectors are in 32 bits."""
        of, space = self.weights.of, self.space
        meant = abs(of["need_meaning"]) + abs(of["offer_meaning"])
        factors = (Factor(of["meaning"], space.meaning, space.meaning), Factor(meant, space.meant_needs, space.meant_offers))
        reach = (factor.reach().max(initial=0.0) for factor in factors)
        return float(MARGIN + 4.0 * UNIT * sum(reach))

    def search(self) -> Search:
        """The search for the best partners of the first people."""
        kind = self.kind[self.order]
        kinds = np.arange(int(kind.max(initial=0)) + 1)
        meets = (kinds[:, None] // 2 != kinds[None, :] // 2) | ((kinds[:, None] % 2 == 1) & (kinds[None, :] % 2 == 1))
        bridges = self.weights.of["bridge"] * self.bridges
        alone = (self.opens + self.draws)[self.order]
        sums = sums_of(self.space, self.weights, self.order, alone, 2.0 * self.pairs, (self.sector[self.order], bridges))
        return Search(sums, partial(costs, self._gate(), self._values(bridges), self.order), kind, meets, self.owners)

    def _gate(self) -> Gate:
        gates = self.gates
        return Gate(sparse_rows(gates.closed), gates.organisation, gates.tongues, gates.sector, gates.mixes)

    def _values(self, bridges: Floats) -> Values:
        space, of = self.space, self.weights.of
        left, right = stacks(space, self.weights)
        stacked, mates = sparse_rows(SHARE * left), sparse_rows(right)
        ties = np.pad(SHARE * of["ties"] * space.ties, ((0, 1), (0, 1)))  # an unknown area, number -1, has none
        weight = np.array([of["need"], of["offer"], SHARE * of["meaning"], of["need_meaning"], of["offer_meaning"]], np.float64)
        return Values(
            left=stacked, right=mates, pairs=sparse_rows(self.pairs), needs=sparse_rows(space.needs), offers=sparse_rows(space.offers),
            meaning=space.meaning, asked=space.meant_needs, given=space.meant_offers,
            area=space.area % len(ties), ties=ties, kind=self.sector, bridges=bridges,
            opens=self.opens, draws=self.draws, weight=weight, room=np.zeros(left.shape[1]),
        )  # fmt: skip


class Tiles:
    """Approximate costs 1 / (p_ab * p_ba) of all pairs, tile by tile."""

    def __init__(self, space: Space, cohort: Cohort, parameters: Parameters, weights: Weights) -> None:
        self.space, self.weights = space, weights
        self.gates: Gates = gates_of(cohort, parameters)
        self.sector, self.bridges = bridge_table(cohort.profiles, weights)
        self.repeats = repeats(cohort)
        self.left, self.right = stacks(space, weights)
        self._ties = np.pad(space.ties, ((0, 1), (0, 1)))  # an unknown area, number -1, has none
        self._acquainted = acquainted(space, weights)

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
        return [*sparse_ones, *(matrix[columns].T.astype(np.float64) for matrix in (space.meaning, space.meant_offers, space.meant_needs))]

    def _directions(self, rows: Ints, columns: Ints, turned: Sequence[Any]) -> tuple[Floats, Floats]:
        """z from rows to columns and from columns to rows, each of shape (rows, columns)."""
        space, of = self.space, self.weights.of
        both, offers, needs, meaning, meant_offers, meant_needs = turned
        shared = (self.left[rows] @ both).toarray() + self._acquainted[rows][:, columns].toarray() / SHARE
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
