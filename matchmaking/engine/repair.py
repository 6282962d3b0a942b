"""Floor repair: whoever is below the floor gets a partner who drops their weakest pair, if that leaves nobody short."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


class Lists:
    """The chosen pairs as lists of everybody, with room and organisations counted."""

    def __init__(self, a: list[int], b: list[int], chosen: Iterable[int], organisation: list[int]) -> None:
        self.a, self.b, self.organisation = a, b, organisation
        self.of: list[set[int]] = [set() for _ in organisation]
        for pair in chosen:
            self.add(pair)

    def add(self, pair: int) -> None:
        """Show a pair to both."""
        self.of[self.a[pair]].add(pair)
        self.of[self.b[pair]].add(pair)

    def drop(self, pair: int) -> None:
        """Show a pair no longer."""
        self.of[self.a[pair]].discard(pair)
        self.of[self.b[pair]].discard(pair)

    def other(self, pair: int, person: int) -> int:
        """The partner of a person in a pair."""
        return self.b[pair] if self.a[pair] == person else self.a[pair]

    def of_organisation(self, person: int, organisation: int, without: int = -1) -> int:
        """How many partners of one organisation a person has, not counting one pair."""
        if organisation < 0:
            return 0
        return sum(1 for pair in self.of[person] if pair != without and self.organisation[self.other(pair, person)] == organisation)


def repair(
    a: Ints,
    b: Ints,
    values: Ints,
    ties: npt.NDArray[np.uint64],
    pinned: npt.NDArray[np.bool_],
    chosen: Ints,
    organisation: Ints,
    cap: int,
    floor: int,
    per_organisation: int,
) -> Ints:
    """The chosen pairs after repair, sorted numbers; all arrays have one entry per pair, `organisation` one per person."""
    lists = Lists(a.tolist(), b.tolist(), chosen.tolist(), organisation.tolist())
    work = _Repair(lists, values.tolist(), ties.tolist(), pinned.tolist(), cap, floor, per_organisation)
    needy = [person for person, own in enumerate(lists.of) if len(own) < floor]
    mine = _pairs_of(a, b, needy)
    # By hash among equally needy: by position, low keys would always come first.
    for person in sorted(needy, key=lambda p: (len(lists.of[p]), min((work.ties[pair] for pair in mine[p]), default=0))):
        work.fill(person, mine[person])
    return np.array(sorted(set().union(*lists.of)), np.int64)


def _pairs_of(a: Ints, b: Ints, people: list[int]) -> dict[int, list[int]]:
    return {person: np.flatnonzero((a == person) | (b == person)).tolist() for person in people}


class _Repair:
    def __init__(
        self, lists: Lists, values: list[int], ties: list[int], pinned: list[bool], cap: int, floor: int, per_organisation: int
    ) -> None:
        self.lists, self.values, self.ties, self.pinned = lists, values, ties, pinned
        self.cap, self.floor, self.per_organisation = cap, floor, per_organisation

    def fill(self, person: int, pairs: list[int]) -> None:
        """Give a person partners until the floor is reached or nothing helps; ends since each step adds one."""
        while len(self.lists.of[person]) < self.floor:
            steps = [step for pair in pairs if (step := self._step(person, pair))]
            if not steps:
                return
            *_, pair, dropped = min(steps)
            if dropped >= 0:
                self.lists.drop(dropped)
            self.lists.add(pair)

    def _step(self, person: int, pair: int) -> tuple[bool, int, int, int, int] | None:
        """(drops one, cost, tie, pair, pair dropped or -1) of linking one pair; None where it cannot be."""
        lists, partner = self.lists, self.lists.other(pair, person)
        if pair in lists.of[person] or not self._fits(person, partner, -1):
            return None
        if len(lists.of[partner]) < self.cap and self._fits(partner, person, -1):
            return (False, -self.values[pair], self.ties[pair], pair, -1)
        weakest = min((p for p in lists.of[partner] if self._free(p, partner)), key=lambda p: (self.values[p], self.ties[p]), default=-1)
        if weakest < 0 or not self._fits(partner, person, weakest):
            return None
        return (True, self.values[weakest] - self.values[pair], self.ties[pair], pair, weakest)

    def _fits(self, person: int, partner: int, without: int) -> bool:
        return self.lists.of_organisation(person, self.lists.organisation[partner], without) < self.per_organisation

    def _free(self, pair: int, partner: int) -> bool:
        """Whether a partner may drop a pair: nobody asked for it, and the other one stays above the floor."""
        return not self.pinned[pair] and len(self.lists.of[self.lists.other(pair, partner)]) > self.floor
