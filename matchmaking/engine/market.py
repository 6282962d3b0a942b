"""What is left to choose once pinned pairs have their places: the open pairs, and the limits each of them counts against.

A limit is a person's cap, or how many partners of one group a person's list may hold; only those that could bind are kept. Arrays
in a named tuple, because compiled loops take it as it is.
"""

from typing import NamedTuple

import numpy as np

from matchmaking.engine.pairs import Bools, Ints, Pairs, Rules, Ties


class Market(NamedTuple):
    """Open pairs (pairs,) and the limits they count against.

    `which` are numbers of the open pairs among all, `a`, `b` and `tie` theirs, `counted` whether the objective counts them. Pair i counts
    against the limits a[i], b[i] (the first limits are the people's caps) and more[first[i]:first[i + 1]]. `room` (limits,) is
    how many pairs each still takes, `owner` (limits,) whose list it is about; `held` (people,) how many pinned pairs somebody
    has, `need` (people,) how many more the floor asks for.
    """

    which: Ints
    a: Ints
    b: Ints
    tie: Ties
    counted: Bools
    first: Ints
    more: Ints
    room: Ints
    owner: Ints
    need: Ints
    held: Ints

    def degrees(self, taken: Bools) -> Ints:
        """In how many of the taken pairs each person is, shape (people,)."""
        people = len(self.need)
        return np.bincount(self.a[taken], minlength=people) + np.bincount(self.b[taken], minlength=people)


def market_of(pairs: Pairs, rules: Rules) -> Market:
    """The open pairs under the rules, with the room that pinned ones leave."""
    which, people = np.flatnonzero(~pairs.pinned), rules.people
    held = pairs.degrees(np.flatnonzero(pairs.pinned), people)
    pair, limit, room, owner = _group_limits(pairs, rules)
    return Market(
        which=which, a=pairs.a[which], b=pairs.b[which], tie=pairs.tie[which], counted=pairs.grounded[which],
        first=np.searchsorted(pair, np.append(which, len(pairs.a))), more=people + limit,
        room=np.concatenate([np.maximum(rules.cap - held, 0), room]),
        owner=np.concatenate([np.arange(people), owner]),
        need=np.maximum(rules.floor - held, 0),
        held=held,
    )  # fmt: skip


def _group_limits(pairs: Pairs, rules: Rules) -> tuple[Ints, Ints, Ints, Ints]:
    """Limits of groups: (pair, limit) for each open pair that counts against one, by pair; the room and the owner of each limit."""
    most = np.array(rules.groups.most, np.int64)
    pair, person, group = _partners_groups(pairs, rules)
    order = np.argsort(person * max(len(most), 1) + group, kind="stable")
    pair, person, group = pair[order], person[order], group[order]
    begins = np.flatnonzero((np.diff(person, prepend=-1) != 0) | (np.diff(group, prepend=-1) != 0))
    count = np.diff(begins, append=len(pair))
    binds = count > most[group[begins]]
    begins = begins[binds]
    limit = np.repeat(np.where(binds, np.cumsum(binds) - 1, -1), count)
    pair, limit = pair[limit >= 0], limit[limit >= 0]
    held = np.bincount(limit[pairs.pinned[pair]], minlength=len(begins))
    room = np.maximum(most[group[begins]] - held, 0)
    pair, limit = pair[~pairs.pinned[pair]], limit[~pairs.pinned[pair]]
    order = np.lexsort((limit, pair))
    return pair[order], limit[order], room, person[begins]


def _partners_groups(pairs: Pairs, rules: Rules) -> tuple[Ints, Ints, Ints]:
    """(pair, person, group of the partner) for both sides of all pairs; groups too small to bind anybody are left out."""
    groups = rules.groups
    members = np.bincount([group for own in groups.of for group in own], minlength=len(groups.most))
    of = [[group for group in own if members[group] > groups.most[group]] for own in groups.of]
    size = np.array([len(own) for own in of], np.int64)
    flat, start = np.array([group for own in of for group in own], np.int64), np.cumsum(size) - size
    found = []
    for mine, other in ((pairs.a, pairs.b), (pairs.b, pairs.a)):
        count = size[other]
        pair = np.repeat(np.arange(len(other)), count)
        place = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
        found.append((pair, mine[pair], flat[start[other][pair] + place]))
    pair, person, group = (np.concatenate(both) for both in zip(*found, strict=True))
    return pair, person, group
