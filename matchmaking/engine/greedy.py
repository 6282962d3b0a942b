"""The greedy b-matching: pairs by descending worth, each taken if its two people still have room.

Khan et al. 2016, "Efficient Approximation Algorithms for Weighted b-Matching": without group limits it reaches half the optimum.
"""

import numpy as np

from matchmaking.engine.pairs import Groups, Ints, Pairs, Rules

AT_ONCE = 65_536  # pairs sifted together: those of people who are full by then never reach the loop


class Tally:
    """How many partners of each group everybody has."""

    def __init__(self, groups: Groups) -> None:
        self.groups, self.count = groups, dict[int, int]()

    def fits(self, x: int, y: int) -> bool:
        """Whether both may have one more partner of the other's groups."""
        of = self.groups.of
        return not (of[x] or of[y]) or (self.allows(x, y) and self.allows(y, x))

    def allows(self, person: int, partner: int, instead: int = -1) -> bool:
        """Whether a person may have one more partner of these groups, or this partner `instead` of one there is."""
        size, (of, most) = len(self.groups.most), (self.groups.of, self.groups.most)
        gone = of[instead] if instead >= 0 else ()
        return all(self.count.get(person * size + group, 0) - (group in gone) < most[group] for group in of[partner])

    def add(self, x: int, y: int, change: int = 1) -> None:
        """Count x and y as partners, or no longer with a change of -1."""
        size = len(self.groups.most)
        for person, partner in ((x, y), (y, x)):
            for group in self.groups.of[partner]:
                place = person * size + group
                self.count[place] = self.count.get(place, 0) + change


def greedy(pairs: Pairs, rules: Rules, worth: Ints) -> Ints:
    """Numbers of the chosen pairs, sorted: the pinned ones, then those the objective counts by descending `worth`, ties by hash."""
    pinned = np.flatnonzero(pairs.pinned)
    room = (rules.cap - pairs.degrees(pinned, rules.people)).tolist()
    tally = Tally(rules.groups)
    for pair in pinned.tolist():
        tally.add(int(pairs.a[pair]), int(pairs.b[pair]))
    chosen: list[int] = pinned.tolist()
    order = _order(pairs, worth)
    for start in range(0, len(order), AT_ONCE):
        block = order[start : start + AT_ONCE]
        free = np.array(room) > 0
        block = block[free[pairs.a[block]] & free[pairs.b[block]]]
        for pair, x, y in zip(block.tolist(), pairs.a[block].tolist(), pairs.b[block].tolist(), strict=True):
            if room[x] > 0 and room[y] > 0 and tally.fits(x, y):
                chosen.append(pair)
                room[x] -= 1
                room[y] -= 1
                tally.add(x, y)
    return np.array(sorted(chosen), np.int64)


def _order(pairs: Pairs, worth: Ints) -> Ints:
    which = np.flatnonzero(pairs.grounded & ~pairs.pinned)
    order = which[np.argsort(-worth[which])]
    same = worth[order][1:] == worth[order][:-1]
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))  # few, so only they are sorted by two keys
    among = order[tied]
    order[tied] = among[np.lexsort((pairs.tie[among], -worth[among]))]
    return order
