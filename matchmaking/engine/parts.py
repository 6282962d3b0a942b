"""The named parts of the score: z(a->b) = sum of weight x value, p = sigmoid(z), score = p_ab * p_ba.

Bilinear parts are inner products of rows. The exact scores of pairs add up in the fixed order of `PARTS` and entry by entry, so
they do not depend on which pairs are computed together.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matchmaking.engine.network import within
from matchmaking.engine.records import Cohort, Profile
from matchmaking.engine.space import Space
from matchmaking.engine.weights import PARTS, Weights

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SYMMETRIC = ("interest", "industry", "themes", "place", "text", "language", "time", "network")  # inner products of sparse rows
GROUND = ("need", "offer", "interest", "industry", "themes", "text", "network", "together")  # what two people can begin a conversation with
MEANT = ("need_meaning", "offer_meaning")
NEAR = 0.3  # cosine from which a need and an offer mean something alike
SHARE = 0.5  # what two people have in common is one piece of evidence: half of it counts in each direction
SCALE = 1e9  # scores are compared as round(log w * 1e9)
PAIRS_AT_ONCE = 8192


def rows_of(space: Space, part: str) -> Any:
    """The vectors behind a symmetric part, shape (n, columns)."""
    return space.interests if part == "interest" else getattr(space, part)


def bridge_table(profiles: Sequence[Profile], weights: Weights) -> tuple[Ints, Floats]:
    """The sector number of each profile, shape (n,), and the bridge values, shape (sectors, sectors)."""
    sectors = sorted({profile.sector for profile in profiles})
    table = np.array([[weights.bridge(a, b) for b in sectors] for a in sectors], np.float64).reshape(len(sectors), len(sectors))
    return np.array([sectors.index(profile.sector) for profile in profiles], np.int64), table


def acquainted(space: Space, weights: Weights) -> Any:
    """What those who worked together have in one direction beyond the products of rows, shape (n, n), sparse and symmetric.

    Of their partners in common those count whom they know from elsewhere: what the products count is taken away again.
    """
    known = within(space.network, space.together)
    return SHARE * (weights.of["together"] * space.together + weights.of["network"] * (space.elsewhere - known))


def repeats(cohort: Cohort) -> Any:
    """1 for pairs declined at an earlier event, shape (n, n), sparse and symmetric."""
    return pair_matrix(cohort, cohort.declined_before)


def pair_matrix(cohort: Cohort, pairs: Any) -> Any:
    """Pairs of keys as a sparse symmetric matrix of ones, shape (n, n); unknown keys are left out."""
    index = {profile.key: position for position, profile in enumerate(cohort.profiles)}
    known = sorted({(index[a], index[b]) for a, b in pairs if a in index and b in index and a != b})
    both = sorted({*known, *((b, a) for a, b in known)})
    row, column = (np.array(side, np.int64) for side in (zip(*both, strict=True) if both else ((), ())))
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(cohort.profiles), len(cohort.profiles)))


class Scorer:
    """Exact values, scores and probabilities of single pairs."""

    def __init__(self, space: Space, cohort: Cohort, weights: Weights) -> None:
        self.space, self.cohort, self.weights = space, cohort, weights
        self.sector, self.bridges = bridge_table(cohort.profiles, weights)
        self.repeats = repeats(cohort)
        self.weight = np.array([weights.of[part] for part in PARTS], np.float64)

    def values(self, a: Ints, b: Ints) -> tuple[Floats, Floats]:
        """Values of all parts for pairs (a[i], b[i]): a to b and b to a, each of shape (pairs, parts)."""
        space, shape = self.space, (len(a), len(PARTS))
        forth, back = np.zeros(shape), np.zeros(shape)
        columns = {part: position for position, part in enumerate(PARTS)}
        both: dict[str, Floats] = {part: row_products(rows_of(space, part), rows_of(space, part), a, b) for part in SYMMETRIC}
        both["meaning"] = dense_products(space.meaning, space.meaning, a, b)
        both["ties"] = tied(space, a, b)
        both["together"] = singles(space.together, a, b)
        both["network"] = np.where(both["together"] > 0.0, singles(space.elsewhere, a, b), both["network"])
        both = {part: SHARE * value for part, value in both.items()}
        both["constant"] = np.ones(len(a))
        both["repeat"] = singles(self.repeats, a, b)
        for part, value in both.items():
            forth[:, columns[part]] = back[:, columns[part]] = value
        gets, gives = row_products(space.needs, space.offers, a, b), row_products(space.needs, space.offers, b, a)
        meant = dense_products(space.meant_needs, space.meant_offers, a, b), dense_products(space.meant_needs, space.meant_offers, b, a)
        sides = ((forth, gets, gives, *meant, a, b), (back, gives, gets, *reversed(meant), b, a))
        for table, need, offer, meant_need, meant_offer, start, end in sides:
            table[:, columns["need"]] = need
            table[:, columns["offer"]] = offer
            table[:, columns["need_meaning"]] = meant_need
            table[:, columns["offer_meaning"]] = meant_offer
            table[:, columns["bridge"]] = self.bridges[self.sector[start], self.sector[end]]
            table[:, columns["activity"]] = space.activity[end]
            table[:, columns["habits"]] = space.open_[start] + space.draw[end]
        return forth, back

    def terms(self, a: Ints, b: Ints) -> tuple[Floats, Floats]:
        """Weight x value of all parts, a to b and b to a, each of shape (pairs, parts)."""
        forth, back = self.values(a, b)
        return forth * self.weight, back * self.weight

    def scores(self, a: Ints, b: Ints) -> Ints:
        """round(log(p_ab * p_ba) * 1e9) of pairs, shape (pairs,)."""
        chunks = [self._scores(a[i : i + PAIRS_AT_ONCE], b[i : i + PAIRS_AT_ONCE]) for i in range(0, len(a), PAIRS_AT_ONCE)]
        return np.concatenate(chunks) if chunks else np.zeros(0, np.int64)

    def grounded(self, a: Ints, b: Ints) -> npt.NDArray[np.bool_]:
        """Whether a pair has anything in common besides place, language, time and sectors, shape (pairs,)."""
        least = np.full(len(PARTS), np.inf)
        least[[PARTS.index(part) for part in GROUND]] = 0.0
        least[[PARTS.index(part) for part in MEANT]] = NEAR
        chunks = (self.values(a[i : i + PAIRS_AT_ONCE], b[i : i + PAIRS_AT_ONCE]) for i in range(0, len(a), PAIRS_AT_ONCE))
        found = [((forth > least) | (back > least)).any(axis=1) for forth, back in chunks]
        return np.concatenate(found) if found else np.zeros(0, np.bool_)

    def _scores(self, a: Ints, b: Ints) -> Ints:
        forth, back = self.terms(a, b)
        pairs = zip(added(forth).tolist(), added(back).tolist(), strict=True)
        return np.array([log_score_e9(z_ab, z_ba) for z_ab, z_ba in pairs], np.int64)


def added(terms: Floats) -> Floats:
    """z as the sum of terms from left to right, shape (pairs,)."""
    total = np.zeros(terms.shape[0])
    for column in range(terms.shape[1]):
        total = total + terms[:, column]
    return total


def row_products(left: Any, right: Any, a: Ints, b: Ints) -> Floats:
    """left[a[i]] . right[b[i]] for each i, added up in the order of the columns, shape (pairs,)."""
    if not len(a):
        return np.zeros(0)
    products = sparse.csr_array(left[a].multiply(right[b]))
    owner = np.repeat(np.arange(len(a)), np.diff(products.indptr))
    return np.bincount(owner, products.data, minlength=len(a)).astype(np.float64)


def singles(table: Any, a: Ints, b: Ints) -> Floats:
    """table[a[i], b[i]] for each i of a sparse table, shape (pairs,)."""
    return np.asarray(table[a, b], np.float64).ravel() if len(a) else np.zeros(0)


def dense_products(left: Any, right: Any, a: Ints, b: Ints) -> Floats:
    """left[a[i]] . right[b[i]] for each i in 64 bits, shape (pairs,); each row is added up by itself, whatever the others are."""
    products: Floats = np.multiply(left[a], right[b], dtype=np.float64).sum(axis=1)
    return products


def tied(space: Space, a: Ints, b: Ints) -> Floats:
    """How much the areas of a[i] and b[i] work together, 0 where one is unknown, shape (pairs,)."""
    start, end = space.area[a], space.area[b]
    known = (start >= 0) & (end >= 0)
    values = np.zeros(len(a))
    values[known] = space.ties[start[known], end[known]]
    return values


def sigmoid(z: float) -> float:
    """1 / (1 + exp(-z)), without overflow."""
    return 1.0 / (1.0 + math.exp(-z)) if z >= 0 else math.exp(z) / (1.0 + math.exp(z))


def log_sigmoid(z: float) -> float:
    """log(sigmoid(z)), without overflow."""
    return -math.log1p(math.exp(-z)) if z >= 0 else z - math.log1p(math.exp(z))


def log_score_e9(z_ab: float, z_ba: float) -> int:
    """round(log(p_ab * p_ba) * 1e9)."""
    return round((log_sigmoid(z_ab) + log_sigmoid(z_ba)) * SCALE)
