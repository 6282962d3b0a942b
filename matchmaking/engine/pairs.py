"""What an allocation chooses from, and the limits it keeps: pairs, rules, groups of people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Ties = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs worth showing: a[i] < b[i] are positions, `score` = round(log w * 1e9), `tie` a hash; `pinned` ones are always kept.

    Pairs that are not `grounded` (nothing in common besides place and sectors) only serve to reach the floor.
    """

    a: Ints
    b: Ints
    score: Ints
    tie: Ties
    pinned: Bools
    grounded: Bools

    def degrees(self, which: Ints, people: int) -> Ints:
        """In how many of the pairs number `which` each person is, shape (people,)."""
        return np.bincount(self.a[which], minlength=people) + np.bincount(self.b[which], minlength=people)


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of which a list may hold only so many: `of[person]` their numbers, `most[group]` partners of it in one list."""

    of: tuple[tuple[int, ...], ...]
    most: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits of the allocation: suggestions per person, groups within a list; `past` (n,) is value received before."""

    cap: int
    floor: int
    alpha: float
    groups: Groups
    past: Floats

    @property
    def people(self) -> int:
        """How many take part."""
        return len(self.past)


def groups_of(people: int, kinds: Sequence[tuple[int | None, Sequence[Sequence[str]]]], cap: int) -> Groups:
    """Groups of several kinds, each with its limit and the names of everybody's groups; a limit of the cap or above binds nobody."""
    of: list[list[int]] = [[] for _ in range(people)]
    most: list[int] = []
    for limit, names in kinds:
        if limit is None or limit >= cap:
            continue
        number = {name: len(most) + place for place, name in enumerate(sorted({name for own in names for name in own}))}
        most += [limit] * len(number)
        for person, own in enumerate(names):
            of[person] += [number[name] for name in sorted(set(own))]
    return Groups(tuple(map(tuple, of)), tuple(most))
