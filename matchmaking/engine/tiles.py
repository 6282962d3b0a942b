"""The exact best partners of many people in one pass over all pairs, tile by tile: vectors, lists and one tile of memory.

Who pairs best by a chance of two yeses is found through a symmetric sum S(a, b) = z(a->b) + z(b->a), for which there is ONE matrix product:
log sigma is concave, so log(p_ab p_ba) <= 2 log sigma(S / 2), and a pair whose S is below what the K-th of a list needs
cannot enter it. S comes in 32 bits with a bound of its error; only pairs that reach the bar are computed exactly, whatever is asked
of them (gates, both directions). A tile between two people who both want lists is computed once and serves both.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.linalg.blas import sgemm
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

from matchmaking.engine.scanning import enter, promising, reaching

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

WIDEST = 1024  # people on a side of a tile: 4 MB of sums, which fit a cache
NARROWEST = 64  # of the first tiles, whose pairs all enter: lists are empty then
BEYOND = np.float32(1e38)  # more than any S
UNIT = 2.0**-23  # twice the rounding of 32 bits
ROUNDINGS = 16  # besides one for each term of a sum


Add = Callable[[Singles, slice], None]


class Layer(Protocol):
    """Something that adds its share of S to tiles."""

    def facing(self, columns: slice) -> Add:
        """What adds the share of people `rows` x `columns` to a tile, given the tile and `rows`."""


@dataclass(frozen=True, slots=True)
class Factor:
    """weight x left[a] . right[b], summed over the columns; `left` and `right` (n, columns), contiguous float32.

    With an `order` person number i is row order[i] of them: rows are then copied tile by tile, never all of them.
    """

    weight: float
    left: Singles
    right: Singles
    order: Ints | None = None

    def facing(self, columns: slice, onto: float) -> Add:
        """What turns a tile into `onto` times itself plus this product."""
        right = self._rows(self.right, columns)

        def put(tile: Singles, rows: slice) -> None:
            sgemm(self.weight, right.T, self._rows(self.left, rows).T, onto, tile.T, trans_a=1, overwrite_c=1)

        return put

    def reach(self) -> Floats:
        """A bound of the product of each person with anybody, shape (n,)."""
        norms = np.maximum(_norms(self.left), _norms(self.right))
        reach: Floats = abs(self.weight) * norms * norms.max(initial=0.0)
        return reach if self.order is None else reach[self.order]

    def _rows(self, rows: Singles, some: slice) -> Singles:
        return rows[some] if self.order is None else rows[self.order[some]]


@dataclass(frozen=True, slots=True)
class Sums:
    """S of all pairs: dense factors, further layers, and for each person the most by which 32 bits may be wrong, shape (n,)."""

    factors: Sequence[Factor]
    error: Floats
    layers: Sequence[Layer] = ()

    def facing(self, columns: slice) -> Add:
        """What fills a tile with S of people `rows` x `columns`, given the tile and `rows`."""
        products = [factor.facing(columns, float(number > 0)) for number, factor in enumerate(self.factors)]
        shares = [*products, *(layer.facing(columns) for layer in self.layers)]

        def fill(tile: Singles, rows: slice) -> None:
            for add in shares:
                add(tile, rows)

        return fill


def rounding(factors: Sequence[Factor], terms: int = 0, reach: float | Floats = 0.0) -> Floats:
    """By how much S of each person may be wrong: u x terms x the sum of absolute values, by Cauchy and Schwarz, shape (n,).

    `terms` is how many are added besides those of the factors, and `reach` a bound of their absolute sum.
    """
    terms += sum(factor.left.shape[1] for factor in factors) + ROUNDINGS
    error: Floats = terms * UNIT * (sum((factor.reach() for factor in factors), np.zeros(len(factors[0].left))) + reach)
    return error


def one_way(cost: Floats) -> Floats:
    """The least S of a pair whose cost exp(-S) is at most this."""
    least: Floats = -np.log(cost)
    return least


def both_ways(cost: Floats) -> Floats:
    """The least S of a pair whose cost 1 / (p_ab p_ba) is at most this: 2 log sigma(S / 2) = -log(cost)."""
    with np.errstate(divide="ignore"):
        least: Floats = -2.0 * np.log(np.sqrt(cost) - 1.0)
    return least


@dataclass(slots=True)
class Lists:
    """For each of `people` the cheapest partners so far: `most` of them, and what ties with the last within `slack`."""

    people: int
    most: int
    slack: float
    worst: float
    costs: Floats = field(init=False)
    partners: npt.NDArray[np.int32] = field(init=False)
    count: Ints = field(init=False)
    limit: Floats = field(init=False)

    def __post_init__(self) -> None:
        room = self.most + max(self.most // 2, 8)
        self.costs = np.empty((self.people, room))
        self.partners = np.empty((self.people, room), np.int32)
        self.count = np.zeros(self.people, np.int64)
        self.limit = np.full(self.people, self.worst)

    def offer(self, people: Ints, others: Ints, cost: Floats) -> None:
        """Enter pairs."""
        done = 0
        while done >= 0:
            lists = self.costs, self.partners, self.count, self.limit
            done = enter(lists, self.most, self.slack, people, others, cost, done)
            if done >= 0:
                self._grow()

    def all(self) -> tuple[Ints, Ints, Floats]:
        """Person, partner and cost of every entry."""
        held = np.arange(self.costs.shape[1])[None, :] < self.count[:, None]
        return np.nonzero(held)[0], self.partners[held].astype(np.int64), self.costs[held]

    def _grow(self) -> None:
        """More room for everybody: somebody has more ties than fit."""
        room = 2 * self.costs.shape[1]
        self.costs = np.pad(self.costs, ((0, 0), (0, room - self.costs.shape[1])))
        self.partners = np.pad(self.partners, ((0, 0), (0, room - self.partners.shape[1])))


@dataclass(frozen=True, slots=True)
class Search:
    """The best partners of the first `owners` people, in an order in which equal `group` numbers (n,) stand together among the owners
    and among the others.

    `meets[group, group]`: whether such people may be paired at all; `cost` gives the exact cost of pairs (infinite behind a gate),
    `least` the smallest S of a pair that is no dearer than a cost, both elementwise and monotone. Without a `cost` it is S itself that
    counts, one way: the cost is exp(-S) as the tile has it, so ask for a `slack` of twice the error.
    """

    sums: Sums
    cost: Callable[[Ints, Ints], Floats] | None
    group: Ints
    meets: Bools
    owners: int
    least: Callable[[Floats], Floats] = both_ways

    def best(self, most: int, *, slack: float = 0.0, worst: float = np.inf) -> tuple[Ints, Ints, Floats]:
        """Owner, partner and cost of everybody's `most` cheapest pairs no dearer than `worst`, ties with the last within `slack` too."""
        lists = Lists(self.owners, most, slack, worst)
        asked = np.full(len(self.group), BEYOND, np.float32)
        mine, others = self._cuts(0, self.owners), self._cuts(self.owners, len(self.group))
        self._ask(asked, lists, slice(0, self.owners))
        with threadpool_limits(1, "blas"):
            work = _Work()
            for number, columns in enumerate([*mine, *others]):
                shared = number < len(mine) and self.cost is not None
                met = [rows for rows in (mine[: number + 1] if shared else mine) if self._meet(rows, columns)]
                if not met:
                    continue
                fill = self.sums.facing(columns)
                for rows in met:
                    tile = work.tile(rows.stop - rows.start, columns.stop - columns.start)
                    fill(tile, rows)
                    self._take(work, tile, lists, asked, rows, columns, shared)
        return lists.all()

    def _meet(self, rows: slice, columns: slice) -> bool:
        return bool(self.meets[self.group[rows.start], self.group[columns.start]])

    def _take(self, work: "_Work", tile: Singles, lists: Lists, asked: Singles, rows: slice, columns: slice, shared: bool) -> None:
        """Enter what a tile promises."""
        if shared:
            found = promising(tile, asked[rows], asked[columns], rows == columns, work.row, work.column)
        else:
            found = reaching(tile, asked[rows], work.row, work.column)
        if not found:
            return
        a, b = work.row[:found].astype(np.int64) + rows.start, work.column[:found].astype(np.int64) + columns.start
        cost = self.cost(a, b) if self.cost is not None else np.exp(-tile[work.row[:found], work.column[:found]].astype(np.float64))
        open_ = cost < np.inf
        a, b, cost = a[open_], b[open_], cost[open_]
        lists.offer(a, b, cost)
        self._ask(asked, lists, rows)
        if shared:
            lists.offer(b, a, cost)
            self._ask(asked, lists, columns)

    def _ask(self, asked: Singles, lists: Lists, people: slice) -> None:
        """What S must reach, at least, to enter the lists of these people."""
        least = self.least(lists.limit[people]) - self.sums.error[people]
        asked[people] = np.nextafter(np.clip(least, -BEYOND, BEYOND).astype(np.float32), -BEYOND)

    def _cuts(self, first: int, last: int) -> list[slice]:
        """People of one group side by side; few at first in the first two groups, as long as lists are empty on both sides."""
        edges = [first, *(np.flatnonzero(np.diff(self.group[first:last])) + first + 1).tolist(), last] if first < last else []
        groups = enumerate(pairwise(edges))
        return [cut for number, (start, stop) in groups for cut in _growing(start, stop, NARROWEST if number < 2 else WIDEST)]


class _Work:
    """Memory of one tile, used again and again."""

    def __init__(self) -> None:
        size = WIDEST * WIDEST
        self.sums = np.empty(size, np.float32)
        self.row, self.column = np.empty(size, np.int32), np.empty(size, np.int32)

    def tile(self, rows: int, columns: int) -> Singles:
        return self.sums[: rows * columns].reshape(rows, columns)


def _growing(start: int, stop: int, narrowest: int) -> Iterator[slice]:
    first = start
    while start < stop:
        end = min(start + min(max(start - first, narrowest), WIDEST), stop)
        yield slice(start, end)
        start = end


def _norms(rows: Singles) -> Floats:
    squares = [np.einsum("ij,ij->i", part, part, dtype=np.float64) for part in np.array_split(rows, len(rows) // WIDEST + 1)]
    norms: Floats = np.sqrt(np.concatenate(squares))
    return norms
