"""Floor repair: whoever is below the floor gets a partner who drops their weakest pair, if that leaves nobody short."""

import numpy as np

from matchmaking.engine.greedy import Tally
from matchmaking.engine.pairs import Ints, Pairs, Rules

Step = tuple[bool, int, int, int, int]  # drops one, cost, tie, pair, pair dropped or -1


def repair(pairs: Pairs, rules: Rules, worth: Ints, chosen: Ints) -> tuple[Ints, int]:
    """The chosen pairs after repair, sorted numbers, and how many links that took."""
    needy = np.flatnonzero(pairs.degrees(chosen, rules.people) < rules.floor)
    if not len(needy):
        return chosen, 0
    work = _Repair(pairs, rules, worth, chosen.tolist())
    mine = _pairs_of(pairs, needy)
    # By hash among equally needy: by position, low keys would always come first.
    turn = sorted(mine, key=lambda p: (len(work.of[p]), min((work.ties[pair] for pair in mine[p]), default=0)))
    steps = sum(work.fill(person, mine[person]) for person in turn)
    return np.array(sorted(set().union(*work.of)), np.int64), steps


def _pairs_of(pairs: Pairs, people: Ints) -> dict[int, list[int]]:
    """The pairs of each of some people, found in one pass over all."""
    owner, which = np.concatenate([pairs.a, pairs.b]), np.tile(np.arange(len(pairs.a)), 2)
    theirs = np.isin(owner, people)
    owner, which = owner[theirs], which[theirs]
    order = np.lexsort((which, owner))
    edges = np.searchsorted(owner[order], people), np.searchsorted(owner[order], people, side="right")
    return {
        person: which[order[start:stop]].tolist()
        for person, start, stop in zip(people.tolist(), edges[0].tolist(), edges[1].tolist(), strict=True)
    }


class _Repair:
    """The chosen pairs as lists of everybody, of[person] = numbers of pairs, and the steps that change them."""

    def __init__(self, pairs: Pairs, rules: Rules, worth: Ints, chosen: list[int]) -> None:
        self.a, self.b, self.worth, self.ties, self.pinned = (
            array.tolist() for array in (pairs.a, pairs.b, worth, pairs.tie, pairs.pinned)
        )
        self.rules, self.tally = rules, Tally(rules.groups)
        self.of: list[set[int]] = [set() for _ in range(rules.people)]
        self.loose: dict[int, list[int]] = {}  # what somebody may drop, the weakest first, until a list nearby changes
        for pair in chosen:
            self._change(pair, 1)

    def fill(self, person: int, pairs: list[int]) -> int:
        """Give a person partners until the floor is reached or nothing helps; how many. Ends since each step adds one."""
        before = len(self.of[person])
        while len(self.of[person]) < self.rules.floor:
            steps = [step for pair in pairs if (step := self._step(person, pair))]
            if not steps:
                break
            *_, pair, dropped = min(steps)
            if dropped >= 0:
                self._change(dropped, -1)
            self._change(pair, 1)
        return len(self.of[person]) - before

    def _step(self, person: int, pair: int) -> Step | None:
        """What linking one pair costs; None where it cannot be."""
        partner, cap = self._other(pair, person), self.rules.cap
        if pair in self.of[person] or len(self.of[partner]) > cap or not self.tally.allows(person, partner):
            return None
        if len(self.of[partner]) < cap and self.tally.allows(partner, person):
            return (False, -self.worth[pair], self.ties[pair], pair, -1)
        for weakest in self._loose(partner):
            if self.tally.allows(partner, person, self._other(weakest, partner)):
                return (True, self.worth[weakest] - self.worth[pair], self.ties[pair], pair, weakest)
        return None

    def _loose(self, person: int) -> list[int]:
        """What a person may drop: nobody asked for it, and the other one stays above the floor."""
        if person not in self.loose:
            may_go = (p for p in self.of[person] if not self.pinned[p] and len(self.of[self._other(p, person)]) > self.rules.floor)
            self.loose[person] = sorted(may_go, key=lambda p: (self.worth[p], self.ties[p]))
        return self.loose[person]

    def _other(self, pair: int, person: int) -> int:
        found: int = self.b[pair] if self.a[pair] == person else self.a[pair]
        return found

    def _change(self, pair: int, change: int) -> None:
        """Show a pair to both, or no longer with a change of -1."""
        ends = self.a[pair], self.b[pair]
        self.tally.add(*ends, change)
        for person in ends:
            before = len(self.of[person])
            (self.of[person].add if change > 0 else self.of[person].discard)(pair)
            self.loose.pop(person, None)
            if (before > self.rules.floor) != (before + change > self.rules.floor):
                for shown in self.of[person]:
                    self.loose.pop(self._other(shown, person), None)
