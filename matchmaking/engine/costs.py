"""The cost 1 / (p_ab p_ba) of single pairs in 64 bits, infinite behind a gate; compiled, for the few pairs that may enter a list."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Shorts = npt.NDArray[np.int32]


class Rows(NamedTuple):
    """Sparse rows with sorted columns."""

    starts: Ints
    columns: Shorts
    values: Floats


class Gate(NamedTuple):
    """`closed` pairs; `organisation` and `sector` (n,), `tongues` (n, words) and `mixes` (n,) as in `gates.py`."""

    closed: Rows
    organisation: Ints
    tongues: Ints
    sector: Ints
    mixes: Bools


class Values(NamedTuple):
    """What z is made of, weighted: `left` . `right` and `pairs` (values of single pairs) count in both directions, `needs` meet `offers`,
    `meaning`, `asked` and `given` are sentence vectors in 32 bits, `ties` (areas, areas) of `area` (n,), `bridges` of `kind` (n,);
    `opens` and `draws` (n,) hang on the one and the other side. `weight` is that of need, offer, meaning, asked and given. `room`
    (columns,) is zeros, for a row of `left` to be spread in.
    """

    left: Rows
    right: Rows
    pairs: Rows
    needs: Rows
    offers: Rows
    meaning: Singles
    asked: Singles
    given: Singles
    area: Ints
    ties: Floats
    kind: Ints
    bridges: Floats
    opens: Floats
    draws: Floats
    weight: Floats
    room: Floats


def sparse_rows(matrix: Any) -> Rows:
    """A CSR matrix as sparse rows with sorted columns."""
    matrix.sort_indices()
    return Rows(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float64))


@njit(cache=True)
def costs(gate: Gate, values: Values, order: Ints, a: Ints, b: Ints) -> Floats:
    """The cost of the pairs of people number order[a[i]] and order[b[i]], shape (pairs,)."""
    found = np.full(len(a), np.inf)
    spread = -1
    for number in range(len(a)):
        one, other = order[a[number]], order[b[number]]
        if _passes(gate, one, other):
            if spread != one:
                _spread(values.left, spread, values.room, 0.0)
                _spread(values.left, one, values.room, 1.0)
                spread = one
            found[number] = _cost(values, one, other)
    _spread(values.left, spread, values.room, 0.0)
    return found


@njit(cache=True)
def _passes(gate: Gate, a: int, b: int) -> bool:
    if a == b or (gate.organisation[a] >= 0 and gate.organisation[a] == gate.organisation[b]):
        return False
    if gate.sector[a] == gate.sector[b] and not (gate.mixes[a] and gate.mixes[b]):
        return False
    understood = False
    for word in range(gate.tongues.shape[1]):
        understood |= (gate.tongues[a, word] & gate.tongues[b, word]) != 0
    return understood and not _single(gate.closed, a, b)


@njit(cache=True)
def _spread(left: Rows, person: int, room: Floats, times: float) -> None:
    """Put a row times a number into `room`, so that it need not be searched for each partner anew; nobody is number -1."""
    if person >= 0:
        for entry in range(left.starts[person], left.starts[person + 1]):
            room[left.columns[entry]] = left.values[entry] * times


@njit(cache=True)
def _met(room: Floats, right: Rows, b: int) -> float:
    total = 0.0
    for entry in range(right.starts[b], right.starts[b + 1]):
        total += room[right.columns[entry]] * right.values[entry]
    return total


@njit(cache=True)
def _cost(values: Values, a: int, b: int) -> float:
    weight = values.weight
    both = _met(values.room, values.right, b) + _single(values.pairs, a, b) + values.ties[values.area[a], values.area[b]]
    both += weight[2] * _dot(values.meaning[a], values.meaning[b])
    gets, gives = _product(values.needs, a, values.offers, b), _product(values.offers, a, values.needs, b)
    asked, given = _dot(values.asked[a], values.given[b]), _dot(values.given[a], values.asked[b])
    forth = both + weight[0] * gets + weight[1] * gives + weight[3] * asked + weight[4] * given
    back = both + weight[0] * gives + weight[1] * gets + weight[3] * given + weight[4] * asked
    forth += values.bridges[values.kind[a], values.kind[b]] + values.opens[a] + values.draws[b]
    back += values.bridges[values.kind[b], values.kind[a]] + values.opens[b] + values.draws[a]
    return (1.0 + math.exp(-forth)) * (1.0 + math.exp(-back))


@njit(cache=True)
def _product(left: Rows, a: int, right: Rows, b: int) -> float:
    total = 0.0
    one, end = left.starts[a], left.starts[a + 1]
    other, stop = right.starts[b], right.starts[b + 1]
    while one < end and other < stop:
        if left.columns[one] == right.columns[other]:
            total += left.values[one] * right.values[other]
            one += 1
            other += 1
        elif left.columns[one] < right.columns[other]:
            one += 1
        else:
            other += 1
    return total


@njit(cache=True)
def _single(matrix: Rows, a: int, b: int) -> float:
    start, stop = matrix.starts[a], matrix.starts[a + 1]
    place = start + np.searchsorted(matrix.columns[start:stop], b)
    return matrix.values[place] if place < stop and matrix.columns[place] == b else 0.0


@njit(cache=True, fastmath={"reassoc", "contract"})
def _dot(one: Singles, other: Singles) -> float:
    total = 0.0
    for column in range(len(one)):
        total += np.float64(one[column]) * np.float64(other[column])
    return total
