"""S(a, b) = z(a->b) + z(b->a) of an event as `tiles.py` wants it: one dense product, and layers for what is sparse.

S is symmetric and bilinear. Columns that many people share (a language, a sector, a frequent word), the sentence vectors and what
hangs on one person alone are dense factors; all other words, terms and partners are added pair by pair, which is cheaper where few share
them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matchmaking.engine.parts import SHARE, SYMMETRIC, rows_of
from matchmaking.engine.scanning import look_up, overlay, scatter
from matchmaking.engine.space import Space
from matchmaking.engine.tiles import Add, Factor, Floats, Ints, Layer, Singles, Sums, rounding
from matchmaking.engine.weights import Weights

DENSE = 0.12  # share of the pairs that meet in a column from which a dense one costs less
Csr = tuple[Ints, npt.NDArray[np.int32], Singles]


@dataclass(frozen=True, slots=True)
class Rare:
    """Sparse products: `left` (n, columns), the three arrays of CSR, times `right` (n, columns), CSR; both of float32."""

    left: Csr
    right: Any

    def facing(self, columns: slice) -> Add:
        """What adds the products with these people to a tile."""
        postings = sparse.csc_array(self.right[columns])
        ends, people = postings.indptr.astype(np.int64), postings.indices.astype(np.int32)
        return lambda tile, rows: scatter(tile, rows.start, *self.left, ends, people, postings.data)


@dataclass(frozen=True, slots=True)
class Single:
    """Values of single pairs, (n, n), the three arrays of CSR of float32 with sorted columns."""

    values: Csr

    def facing(self, columns: slice) -> Add:
        """What adds the values of pairs with these people to a tile."""
        return lambda tile, rows: overlay(tile, rows.start, columns.start, *self.values)


@dataclass(frozen=True, slots=True)
class Table:
    """A value for each two kinds of people: `table` (kinds, kinds), `kind` (n,)."""

    table: Singles
    kind: npt.NDArray[np.int32]

    def facing(self, columns: slice) -> Add:
        """What adds the values of pairs with these people to a tile."""
        kind = self.kind[columns]
        return lambda tile, rows: look_up(tile, self.table, self.kind[rows], kind)


def stacks(space: Space, weights: Weights) -> tuple[Any, Any]:
    """The rows of all symmetric parts side by side, each times the root of its weight, so one product adds them all.

    The left stack carries the signs, so a weight may be negative.
    """
    roots = [abs(weights.of[part]) ** 0.5 for part in SYMMETRIC]
    signs = [1.0 if weights.of[part] >= 0.0 else -1.0 for part in SYMMETRIC]
    right = [rows_of(space, part) * root for part, root in zip(SYMMETRIC, roots, strict=True)]
    left = [rows * sign for rows, sign in zip(right, signs, strict=True)]
    return sparse.csr_array(sparse.hstack(left, format="csr")), sparse.csr_array(sparse.hstack(right, format="csr"))


def sums_of(space: Space, weights: Weights, order: Ints, alone: Floats, pairs: Any, kinds: tuple[Ints, Floats]) -> Sums:
    """S of people in an order.

    `alone` (n,) is what each person brings to a pair whoever the other is; `pairs` (n, n) holds
    values of single pairs, sparse; `kinds` numbers the sectors (n,) with the bridges (sectors, sectors) to be added in both directions.
    """
    of = weights.of
    left, right = _columns(space, weights, order)
    shares = _meetings(left) * _meetings(right) > (DENSE * max(len(order), 1)) ** 2
    head = np.flatnonzero(shares)
    beside = _beside(alone, *kinds)
    factors = [
        Factor(1.0, np.hstack([left[:, head].toarray(), beside[0]]), np.hstack([right[:, head].toarray(), beside[1]])),
        Factor(2.0 * SHARE * of["meaning"], space.meaning, space.meaning, order),
        Factor(of["need_meaning"] + of["offer_meaning"], space.meant_needs, space.meant_offers, order),
        Factor(of["need_meaning"] + of["offer_meaning"], space.meant_offers, space.meant_needs, order),
    ]
    factors = [factor for factor in factors if factor.left.shape[1] and factor.weight]
    tail = np.flatnonzero(~shares & (_meetings(left) > 0) & (_meetings(right) > 0))
    layers, terms, reach = _layers(space, weights, order, (left[:, tail], right[:, tail]), pairs)
    return Sums(factors, rounding(factors, terms, reach), layers)


def _layers(space: Space, weights: Weights, order: Ints, tail: tuple[Any, Any], pairs: Any) -> tuple[list[Layer], int, Floats]:
    """What is added to the dense products, of how many terms it is, and a bound of their absolute sum, shape (n,)."""
    found: list[Layer] = []
    left, right = (sparse.csr_array(rows) for rows in tail)
    norms = np.maximum(*(np.sqrt(np.asarray((rows * rows).sum(axis=1), np.float64)) for rows in (left, right)))
    reach: Floats = norms * norms.max(initial=0.0)
    terms = int(np.diff(left.indptr).max(initial=0)) + 2
    if left.nnz and right.nnz:
        found.append(Rare(_csr(left), right))
    single = sparse.csr_array(pairs[order][:, order]).astype(np.float32)
    if single.nnz:
        single.sort_indices()
        found.append(Single(_csr(single)))
    tied = np.pad(2.0 * SHARE * weights.of["ties"] * space.ties, ((0, 1), (0, 1)))
    if tied.any():
        found.append(Table(tied.astype(np.float32), (space.area[order] % len(tied)).astype(np.int32)))
    return found, terms, reach + np.abs(single.data).max(initial=0.0) + np.abs(tied).max(initial=0.0)


def _columns(space: Space, weights: Weights, order: Ints) -> tuple[Any, Any]:
    """All sparse parts of S as left . right, CSR of float32."""
    left, right = stacks(space, weights)
    needed = weights.of["need"] + weights.of["offer"]
    sides = [left * (2.0 * SHARE), space.needs * needed, space.offers * needed], [right, space.offers, space.needs]
    one, other = (sparse.csr_array(sparse.hstack(side, format="csr")[order], dtype=np.float32) for side in sides)
    return one, other


def _beside(alone: Floats, kind: Ints, bridges: Floats) -> tuple[Singles, Singles]:
    """What hangs on one person, and on two sectors, as dense columns."""
    ones = np.ones(len(alone))
    sectors = np.eye(len(bridges))[kind]
    both = bridges + bridges.T
    left = np.column_stack([alone, ones, sectors]) if both.any() else np.column_stack([alone, ones])
    right = np.column_stack([ones, alone, both[kind]]) if both.any() else np.column_stack([ones, alone])
    return left.astype(np.float32), right.astype(np.float32)


def _meetings(rows: Any) -> Floats:
    return np.bincount(rows.indices, minlength=rows.shape[1]).astype(np.float64)


def _csr(rows: Any) -> Csr:
    return rows.indptr.astype(np.int64), rows.indices.astype(np.int32), rows.data
