"""Exchanges: whoever is below the floor is reached by chains of exchanges; then chains that win worth are made.

In a chain somebody with a place takes a pair; if its other end is full, that one drops the pair with least net of prices, and
whoever loses by this is next. Of a chain its best beginning is kept, by the exact difference; a place below the floor is worth more
than any chain of pairs, the more the further below. After Lin, Kernighan 1973 "An Effective Heuristic Algorithm for the Traveling-Salesman
Problem".

All compiled functions stand in this one file: their cache notices a change of the file a function is in, not of one it calls.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from matchmaking.engine.greedy import loads
from matchmaking.engine.market import Market
from matchmaking.engine.pairs import Bools, Ints, Ties

LENGTH = 8  # exchanges in a chain
FLOOR_WORTH = 64  # times the largest worth: more than two chains can win
TRIED = 2000  # pairs not taken that are tried, the best net of prices
PASSES = 3
NONE = -1


class Lists(NamedTuple):
    """Everybody's lists in work.

    `worth`, `net` (pairs,), `price` (limits,); mine[begin[p]:begin[p + 1]] are a person's pairs by descending net. `taken` (pairs,),
    `room` (limits,), `degree` (people,), and held[p, :degree[p]], the pairs taken. A chain's number is clock[0], it has
    changed `touched` == clock[0]; the clock[1] changes that may be undone are in `log`. `reward` (1,): worth of the last place
    below the floor. `hash` (people,) orders people by something other than their position.
    """

    worth: Ints
    net: Ints
    price: Ints
    begin: Ints
    mine: Ints
    taken: Bools
    room: Ints
    degree: Ints
    held: Ints
    touched: Ints
    log: Ints
    clock: Ints
    reward: Ints
    hash: Ties


def exchange(market: Market, worth: Ints, price: Ints, net: Ints, order: Ints, start: Bools) -> tuple[Bools, int]:
    """What is taken after exchanges, and how many links brought people to the floor; `order` is all pairs by descending net."""
    lists, people = _lists(market, worth, price, net, order, start), len(market.need)
    needy, hopeless, repairs = _needy(market, lists).tolist(), np.zeros((2, people), np.bool_), 0
    for least in range(1, int(market.need.max(initial=0)) + 1):  # everybody gets a first pair before anybody gets a second
        repairs += sum(_reach(market, lists, person, least, hopeless) for person in needy)
    for _ in range(PASSES):
        free = np.flatnonzero((lists.room[:people] > 0) & (price[:people] > 0))
        if not _pass(market, lists, free, order[~lists.taken[order]][:TRIED]):
            break
    _clear(market, lists, order)
    return lists.taken, repairs


def _lists(market: Market, worth: Ints, price: Ints, net: Ints, order: Ints, start: Bools) -> Lists:
    people, room = len(market.need), market.room - loads(market, start)
    known = np.bincount(market.a, minlength=people) + np.bincount(market.b, minlength=people)
    lists = Lists(
        worth, net, price, begin=np.concatenate([[0], np.cumsum(known)]), mine=np.empty(2 * len(order), np.int64), taken=start.copy(),
        room=room, degree=np.zeros(people, np.int64), held=np.empty((people, int(market.room[:people].max(initial=0))), np.int64),
        touched=np.zeros(len(order), np.int64), log=np.empty(2 * people + 8 * LENGTH, np.int64), clock=np.zeros(2, np.int64),
        reward=np.array([FLOOR_WORTH * int(worth.max(initial=1))]), hash=_hashes(market),
    )  # fmt: skip
    _sort_in(market, lists, order)
    return lists


def _needy(market: Market, lists: Lists) -> Ints:
    """Who is below the floor, those with least first, by hash among equally needy: by position, low keys would always come first."""
    needy = np.flatnonzero(lists.degree < market.need)
    return needy[np.lexsort((lists.hash[needy], (lists.degree + market.held)[needy]))]


def _hashes(market: Market) -> Ties:
    """A number for each person, (people,), made of all their pairs: the same wherever they stand in the list."""
    hashes = np.zeros(len(market.need), np.uint64)
    for side in (market.a, market.b):
        np.bitwise_xor.at(hashes, side, market.tie)
    return hashes


@njit(cache=True)
def _sort_in(market: Market, lists: Lists, order: Ints) -> None:
    """Everybody's pairs in this order, and of them the taken ones."""
    place = lists.begin[:-1].copy()
    for pair in order:
        for person in (market.a[pair], market.b[pair]):
            lists.mine[place[person]] = pair
            place[person] += 1
            if lists.taken[pair]:
                lists.held[person, lists.degree[person]] = pair
                lists.degree[person] += 1


@njit(cache=True)
def _other(market: Market, pair: int, person: int) -> int:
    return int(market.b[pair] if market.a[pair] == person else market.a[pair])


@njit(cache=True)
def _switch(market: Market, lists: Lists, pair: int) -> int:
    """Take a pair, or drop it if it is taken; what this changes in worth, floors included."""
    sign = -1 if lists.taken[pair] else 1
    lists.taken[pair] = sign > 0
    change = sign * lists.worth[pair]
    for person in (market.a[pair], market.b[pair]):
        before = lists.degree[person]
        change += sign * lists.reward[0] * max(market.need[person] - min(before, before + sign), 0)
        if sign > 0:
            lists.held[person, before] = pair
        else:
            place = 0
            while lists.held[person, place] != pair:
                place += 1
            lists.held[person, place] = lists.held[person, before - 1]
        lists.degree[person] += sign
        lists.room[person] -= sign
    for place in range(market.first[pair], market.first[pair + 1]):
        lists.room[market.more[place]] -= sign
    return int(change)


@njit(cache=True)
def _noted(market: Market, lists: Lists, pair: int) -> int:
    """Switch a pair so that it can be undone."""
    lists.log[lists.clock[1]] = pair
    lists.clock[1] += 1
    lists.touched[pair] = lists.clock[0]
    return _switch(market, lists, pair)


@njit(cache=True)
def _undo(market: Market, lists: Lists, until: int) -> None:
    """Undo all but the first `until` changes."""
    while lists.clock[1] > until:
        lists.clock[1] -= 1
        _switch(market, lists, lists.log[lists.clock[1]])


@njit(cache=True)
def _begin(lists: Lists) -> None:
    lists.clock[0] += 1
    lists.clock[1] = 0


@njit(cache=True)
def _counts(market: Market, pair: int, limit: int) -> bool:
    """Whether a pair counts against a limit of groups."""
    found = False
    for place in range(market.first[pair], market.first[pair + 1]):
        found = found or market.more[place] == limit
    return found


@njit(cache=True)
def _fits(market: Market, lists: Lists, person: int, pair: int, dropped: int) -> bool:
    """Whether a person's list has room for a pair, if `dropped` goes (or NONE)."""
    if lists.room[person] + (dropped != NONE) <= 0:
        return False
    for place in range(market.first[pair], market.first[pair + 1]):
        limit = market.more[place]
        if market.owner[limit] == person and lists.room[limit] <= 0 and (dropped == NONE or not _counts(market, dropped, limit)):
            return False
    return True


@njit(cache=True)
def _weakest(market: Market, lists: Lists, person: int, pair: int) -> int:
    """What a person drops for a pair: least net, by hash among equals; NONE where no single one makes room."""
    best = NONE
    for place in range(lists.degree[person]):
        held = lists.held[person, place]
        if lists.touched[held] == lists.clock[0] or not _fits(market, lists, person, pair, held):
            continue
        weaker = best == NONE or lists.net[held] < lists.net[best]
        if weaker or (lists.net[held] == lists.net[best] and market.tie[held] < market.tie[best]):
            best = held
    return best


@njit(cache=True)
def _next(market: Market, lists: Lists, person: int) -> tuple[int, int]:
    """The best pair for a person with a place and what its partner drops for it, each NONE where there is none."""
    best, drop, most = NONE, NONE, np.int64(0)
    for number in range(lists.begin[person], lists.begin[person + 1]):
        pair = lists.mine[number]
        if best != NONE and lists.net[pair] <= most:
            break  # near the right prices no partner adds to the net of the pair
        if lists.taken[pair] or lists.touched[pair] == lists.clock[0] or not _fits(market, lists, person, pair, NONE):
            continue
        partner, dropped = _other(market, pair, person), NONE
        won = lists.net[pair] + lists.price[partner]
        if not _fits(market, lists, partner, pair, NONE):
            dropped = _weakest(market, lists, partner, pair)
            if dropped == NONE:
                continue
            won = lists.net[pair] - lists.net[dropped]
        if best == NONE or won > most:
            best, drop, most = pair, dropped, won
    return best, drop


@njit(cache=True)
def _chain(market: Market, lists: Lists, person: int, total: int) -> int:
    """Exchanges from a person with a place on; what is won with the best beginning of them, which is kept, `total` being won before."""
    best, kept = total, lists.clock[1]
    for _ in range(LENGTH):
        pair, dropped = _next(market, lists, person)
        if pair == NONE:
            break
        partner = _other(market, pair, person)
        if dropped != NONE:
            total += _noted(market, lists, dropped)
        total += _noted(market, lists, pair)
        if total > best:
            best, kept = total, lists.clock[1]
        if dropped == NONE:
            break
        person = _other(market, dropped, partner)
    _undo(market, lists, kept)
    return best


@njit(cache=True)
def _try(market: Market, lists: Lists, pair: int) -> int:
    """Take a pair, drop what is in its way, go on from both who lose by it; what is won, 0 if all is undone."""
    _begin(lists)
    total, lost = 0, np.full(2, NONE)
    one, other = market.a[pair], market.b[pair]
    if lists.hash[other] < lists.hash[one]:
        one, other = other, one
    for side, person in enumerate((one, other)):
        if not _fits(market, lists, person, pair, NONE):
            dropped = _weakest(market, lists, person, pair)
            if dropped == NONE:
                _undo(market, lists, 0)
                return 0
            total += _noted(market, lists, dropped)
            lost[side] = _other(market, dropped, person)
    total += _noted(market, lists, pair)
    for person in lost:
        if person != NONE:
            total = _chain(market, lists, person, total)
    if total <= 0:
        _undo(market, lists, 0)
        return 0
    return total


@njit(cache=True)
def _pass(market: Market, lists: Lists, free: Ints, tried: Ints) -> int:
    """Try chains from people with a place whose price is not 0, and from pairs not taken; what all of them win."""
    won = 0
    for person in free:
        while lists.room[person] > 0:
            _begin(lists)
            more = _chain(market, lists, person, 0)
            won += more
            if more <= 0:
                break
    for pair in tried:
        if not lists.taken[pair]:
            won += _try(market, lists, pair)
    return won


@njit(cache=True)
def _clear(market: Market, lists: Lists, order: Ints) -> None:
    """Drop pairs the objective does not count where both people reach the floor without."""
    for pair in order[::-1]:
        x, y = market.a[pair], market.b[pair]
        if lists.taken[pair] and not market.counted[pair] and lists.degree[x] > market.need[x] and lists.degree[y] > market.need[y]:
            _switch(market, lists, pair)


@njit(cache=True)
def _reach(market: Market, lists: Lists, person: int, least: int, hopeless: Bools) -> int:
    """Bring a person to `least` pairs, as far as they need them, by shortest chains; how many pairs that gives them.

    Whom a search met in vain is `hopeless` (2, people): nobody who comes later, with as much or more, need look there again.
    """
    before, people = lists.degree[person], len(market.need)
    queue, way = np.empty(people, np.int64), np.empty((people, 3), np.int64)  # way[p]: pair taken before, what was dropped, by whom
    while lists.degree[person] < min(market.need[person], least):
        if not _reached(market, lists, person, 0, hopeless, queue, way) and not _reached(market, lists, person, 1, hopeless, queue, way):
            break
    return int(lists.degree[person] - before)


@njit(cache=True)
def _reached(market: Market, lists: Lists, person: int, even: int, hopeless: Bools, queue: Ints, way: Ints) -> bool:
    """Give a person one more pair, if breadth-first search finds a chain to somebody with room or more than they need; if `even`, to
    somebody who will still have as much as this person then.
    """
    if hopeless[even, person]:
        return False
    enough = lists.degree[person] + 1 if even else market.need.max()
    way[:, 0] = NONE - 1
    way[person] = NONE
    queue[0], head, tail = person, 0, 1
    while head < tail:
        now = queue[head]
        head += 1
        best, drop, most = NONE, NONE, np.int64(0)
        for number in range(lists.begin[now], lists.begin[now + 1]):
            pair = lists.mine[number]
            if lists.taken[pair] or not _fits(market, lists, now, pair, way[now, 1]):
                continue
            partner = _other(market, pair, now)
            if _fits(market, lists, partner, pair, NONE):
                won = lists.net[pair] + lists.price[partner]
                if best == NONE or won > most:
                    best, drop, most = pair, NONE, won
                continue
            for place in range(lists.degree[partner]):
                held = lists.held[partner, place]
                loser = _other(market, held, partner)
                if way[loser, 0] == NONE or not _fits(market, lists, partner, pair, held):
                    continue
                if lists.degree[loser] > min(market.need[loser], enough):
                    won = lists.net[pair] - lists.net[held]
                    if best == NONE or won > most:
                        best, drop, most = pair, held, won
                elif way[loser, 0] < NONE and not hopeless[even, loser]:
                    way[loser] = pair, held, now
                    queue[tail] = loser
                    tail += 1
        if best != NONE and _walked(market, lists, now, best, drop, way):
            return True
    for met in queue[:tail]:
        hopeless[even, met] = True
    return False


@njit(cache=True)
def _walked(market: Market, lists: Lists, last: int, pair: int, dropped: int, way: Ints) -> bool:
    """Make the exchanges of a chain from its end back to its first person; all undone if they get in each other's way."""
    _begin(lists)
    total = 0
    if dropped != NONE:
        total += _noted(market, lists, dropped)
    while pair != NONE:
        before, partner = way[last, 1], _other(market, pair, last)
        apart = lists.taken[pair] or (before != NONE and not lists.taken[before])
        if apart or not _fits(market, lists, partner, pair, NONE) or not _fits(market, lists, last, pair, before):
            _undo(market, lists, 0)
            return False
        if before != NONE:
            total += _noted(market, lists, before)
        total += _noted(market, lists, pair)
        pair, last = way[last, 0], way[last, 2]
    if total <= 0:
        _undo(market, lists, 0)
    return total > 0
