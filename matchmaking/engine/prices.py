"""Prices: what one more place is worth under each limit, and with them a proof of how good the chosen pairs are.

For any prices y, no choice of pairs that keeps the limits and gives everybody what they need is worth more than
sum room y (y > 0) + sum need y (y < 0) + sum max(0, v - the y of all the pair's limits): the Lagrange dual of the b-matching. The
price of somebody who would else stay below the floor is negative, a reward for whoever is matched with them. Prices descend on the
bound by its subgradient, each in steps of about the same length however many ask for that person (RMSprop; Tieleman, Hinton 2012). All
prices and sums are 64-bit integers, so the order of pairs changes nothing.
"""

import numpy as np
from numba import njit

from matchmaking.engine.market import Market
from matchmaking.engine.pairs import Bools, Ints

STEPS = 300
STEP, SHRINK = 0.3, 0.985  # a step when all is as usual, of the mean worth; and what is left of it one step later
MEMORY = 0.99  # what is left of a step's square in the mean that says what is usual
LOWEST = 4  # times the largest worth: no reward is higher, or those whom nobody can reach would drive it up for ever


def prices(market: Market, worth: Ints, taken: Bools) -> tuple[Ints, int]:
    """Prices (limits,) and the smallest bound met on the worth of open pairs; `taken` is a choice to start from."""
    price = best = _start(market, worth, taken)
    need = np.zeros(len(price), np.int64)
    need[: len(market.need)] = market.need
    length = STEP * int(worth.sum()) / max(int(market.counted.sum()), 1)
    lowest, least, asked, usual = -LOWEST * int(worth.max(initial=0)), -1, np.zeros(len(price), np.int64), np.zeros(len(price))
    for _ in range(STEPS):
        bound = int(_bound(market, worth, price, need, asked))
        if least < 0 or bound < least:
            least, best = bound, price
        way = _way(market.room, need, price, asked)
        if not way.any():
            break
        usual = MEMORY * usual + (1.0 - MEMORY) * way * way
        step = length * way / np.sqrt(np.maximum(usual, 1.0 - MEMORY))
        price, length = _moved(price, step.astype(np.int64), lowest), length * SHRINK
    return best, least


def net_of(market: Market, worth: Ints, price: Ints) -> Ints:
    """Worth less the prices of all limits, shape (pairs,)."""
    before = np.concatenate([[0], np.cumsum(price[market.more])])
    net: Ints = worth - price[market.a] - price[market.b] - (before[market.first[1:]] - before[market.first[:-1]])
    return net


def _start(market: Market, worth: Ints, taken: Bools) -> Ints:
    """Half the worth of each full person's weakest pair; 0 where there is room left."""
    people = len(market.need)
    weakest = np.full(people, np.iinfo(np.int64).max)
    for side in (market.a, market.b):
        np.minimum.at(weakest, side[taken], worth[taken])
    degree = market.degrees(taken)
    price = np.zeros(len(market.room), np.int64)
    price[:people] = np.where((degree > 0) & (degree >= market.room[:people]), weakest // 2, 0)
    return price


def _way(room: Ints, need: Ints, price: Ints, asked: Ints) -> Ints:
    """Where the bound falls: by how much too many or too few ask; 0 where a price of 0 is right."""
    dear = (price > 0) | ((price == 0) & (asked > room))
    poor = ~dear & ((price < 0) | (asked < need))
    way: Ints = np.where(dear, asked - room, 0) + np.where(poor, asked - need, 0)
    return way


def _moved(price: Ints, step: Ints, lowest: int) -> Ints:
    """Prices after a step; one that would change its sign stops at 0."""
    moved = np.maximum(price + step, lowest)
    return np.where((price > 0) & (moved < 0) | (price < 0) & (moved > 0), 0, moved)


@njit(cache=True)
def _bound(market: Market, worth: Ints, price: Ints, need: Ints, asked: Ints) -> int:
    """The bound that prices give; into `asked` (limits,) how many pairs worth their price count against each limit."""
    asked[:] = 0
    total = np.int64(0)
    for limit in range(len(price)):
        total += price[limit] * (market.room[limit] if price[limit] > 0 else need[limit])
    for pair in range(len(worth)):
        x, y, start, stop = market.a[pair], market.b[pair], market.first[pair], market.first[pair + 1]
        net = worth[pair] - price[x] - price[y]
        for place in range(start, stop):
            net -= price[market.more[place]]
        if net > 0:
            total += net
            asked[x] += 1
            asked[y] += 1
            for place in range(start, stop):
                asked[market.more[place]] += 1
    return int(total)
