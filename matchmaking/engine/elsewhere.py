"""Partners in common of two people who worked together: those whom each of them knows from projects that the other was not in.

Two members of one project share all its other members, which says no more than that they were both there. Whom they share beside it
says that they move in the same circles. So their joint projects are left out, and what remains is counted as for strangers
(`network.network_rows`): sum over shared partners x of sqrt(c(a, x) c(b, x)) / known(x) ** 0.25, over (many(a) many(b)) ** 0.25, where c
adds up the weights of the projects that led there. That is no product of rows, so it is a value of single pairs.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import sparse

from matchmaking.engine.costs import Rows, sparse_rows
from matchmaking.engine.network import BUSY, Participation

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Elsewhere:
    """The track record, ready to be asked for pairs. `known` (people,) tells how many profiles have each person as a partner."""

    def __init__(self, joined: Participation, known: Ints) -> None:
        self.own = sparse_rows(joined.weighted)
        self.members = sparse_rows(sparse.csr_array(joined.weighted.T))
        self.rare: Floats = np.maximum(known, 1) ** -BUSY

    def values(self, a: Ints, b: Ints, many: Ints) -> Floats:
        """What the part `network` counts of people number a[i] and b[i] of the record, shape (pairs,).

        `many` (pairs,) are the numbers of partners of both, multiplied.
        """
        if not len(a):
            return np.zeros(0)
        seats = np.diff(self.own.starts)
        swap = (seats[a] < seats[b]) | ((seats[a] == seats[b]) & (a > b))  # so that both orders add up alike, and busy people once
        one, other = np.where(swap, b, a), np.where(swap, a, b)
        order = np.lexsort((other, one))
        shared = np.empty(len(a))
        shared[order] = _shared(self.own, self.members, self.rare, one[order], other[order])
        shared /= np.maximum(many, 1) ** BUSY
        return shared


def elsewhere(record: Elsewhere, together: Any, network: Any, places: Ints, first: int = 0) -> Any:
    """What the part `network` counts of those who worked together, shape (n, n), sparse and symmetric.

    `together` (n, n) holds these pairs, of which those with somebody from number `first` on are looked at; `network` (n, people) are the
    rows of past partners, `places` (n,) tells each one's row in the record.
    """
    pairs = sparse.coo_array(sparse.triu(together, k=1))
    some = pairs.col >= first
    a, b = pairs.row[some], pairs.col[some]
    many = np.diff(network.indptr).astype(np.int64)
    half = sparse.coo_array((record.values(places[a], places[b], many[a] * many[b]), (a, b)), shape=together.shape)
    both = sparse.csr_array(half + half.T)
    both.eliminate_zeros()
    both.sort_indices()
    return both


@njit(cache=True)
def _shared(own: Rows, members: Rows, rare: Floats, a: Ints, b: Ints) -> Floats:
    """The sum over shared partners of people a[i] and b[i], shape (pairs,); `rare` (people,) is what each counts.

    All pairs of one a[i] follow each other, so that everybody in the projects of a[i] is added up once.
    """
    found, last = np.zeros(len(a)), -1
    total, times, met = np.zeros(len(rare)), np.zeros(len(rare), np.int64), np.zeros(len(rare), np.int64)
    joint, often, theirs = np.zeros(len(rare)), np.zeros(len(rare), np.int64), np.zeros(len(rare))
    for number in range(len(a)):
        one, other = a[number], b[number]
        if one != last:
            _add(own, members, last, last, False, total, times)
            _add(own, members, one, one, True, total, times)
            last = one
        count = _gather(own, members, other, one, theirs, met)
        if count:
            _add(own, members, one, other, True, joint, often)
            for place in range(count):
                person = met[place]
                if times[person] > often[person]:
                    found[number] += np.sqrt((total[person] - joint[person]) * theirs[person]) * rare[person]
                theirs[person] = 0.0
            _add(own, members, one, other, False, joint, often)
    return found


@njit(cache=True)
def _add(own: Rows, members: Rows, person: int, other: int, there: bool, room: Floats, often: Ints) -> None:
    """Add up the weights of joint projects of two people in `room`, and their number in `often`, for each member; or clear both."""
    if person < 0:
        return
    at, stop = own.starts[other], own.starts[other + 1]
    for entry in range(own.starts[person], own.starts[person + 1]):
        project = own.columns[entry]
        while at < stop and own.columns[at] < project:
            at += 1
        if at == stop or own.columns[at] != project:
            continue
        for place in range(members.starts[project], members.starts[project + 1]):
            member = members.columns[place]
            room[member] = room[member] + own.values[entry] if there else 0.0
            often[member] = often[member] + 1 if there else 0


@njit(cache=True)
def _gather(own: Rows, members: Rows, person: int, other: int, room: Floats, met: Ints) -> int:
    """Add up in `room`, for each member, the weights of the projects of `person` without `other`; `met` lists who they are, the answer
    is how many.
    """
    count, at, stop = 0, own.starts[other], own.starts[other + 1]
    for entry in range(own.starts[person], own.starts[person + 1]):
        project = own.columns[entry]
        while at < stop and own.columns[at] < project:
            at += 1
        if at < stop and own.columns[at] == project:
            continue
        for place in range(members.starts[project], members.starts[project + 1]):
            member = members.columns[place]
            if room[member] == 0.0:
                met[count] = member
                count += 1
            room[member] += own.values[entry]
    return count
