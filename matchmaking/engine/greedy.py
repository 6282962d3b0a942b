"""The greedy b-matching: pairs by descending worth, each taken if all its limits still have room.

Khan et al. 2016, "Efficient Approximation Algorithms for Weighted b-Matching": without group limits it reaches half the optimum.
"""

import numpy as np
from numba import njit

from matchmaking.engine.market import Market
from matchmaking.engine.pairs import Bools, Ints


def greedy(market: Market, worth: Ints) -> Bools:
    """Which open pairs are taken, shape (pairs,): of those the objective counts, by descending `worth`, ties by hash."""
    taken = np.zeros(len(market.a), np.bool_)
    fill(market, ordered(market, worth), taken)
    return taken


def fill(market: Market, order: Ints, taken: Bools) -> None:
    """Take whatever has room beside what is taken already, in this order, if the objective counts it."""
    room = market.room - loads(market, taken)
    _fill(market, order, room, taken)


def loads(market: Market, taken: Bools) -> Ints:
    """How many taken pairs count against each limit, shape (limits,)."""
    load = np.zeros(len(market.room), np.int64)
    load[: len(market.need)] = market.degrees(taken)
    of_groups = market.more[np.repeat(taken, np.diff(market.first))]
    load += np.bincount(of_groups, minlength=len(load))
    return load


def ordered(market: Market, worth: Ints) -> Ints:
    """All open pairs by descending worth, ties by hash."""
    order = np.argsort(-worth)
    same = worth[order][1:] == worth[order][:-1]
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))  # few, so only they are sorted by two keys
    among = order[tied]
    order[tied] = among[np.lexsort((market.tie[among], -worth[among]))]
    return order


@njit(cache=True)
def _fill(market: Market, order: Ints, room: Ints, taken: Bools) -> None:
    for pair in order:
        x, y = market.a[pair], market.b[pair]
        if taken[pair] or not market.counted[pair] or room[x] <= 0 or room[y] <= 0:
            continue
        fits = True
        for place in range(market.first[pair], market.first[pair + 1]):
            fits = fits and room[market.more[place]] > 0
        if fits:
            taken[pair] = True
            room[x] -= 1
            room[y] -= 1
            for place in range(market.first[pair], market.first[pair + 1]):
                room[market.more[place]] -= 1
