"""Gates: yes/no rules a pair passes before it is scored, never traded against score."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matchmaking.engine.network import met_pairs
from matchmaking.engine.normalise import term_key
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import pair_matrix
from matchmaking.engine.records import Cohort, Profile
from matchmaking.engine.space import spoken

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
WORD_BITS = 62


@dataclass(frozen=True, slots=True)
class Gates:
    """What is needed to ask of any pair whether it may be shown.

    `closed` (n, n), sparse: blocked, declined and met pairs; `organisation` (n,), -1 where unknown; `tongues` (n, words):
    languages as bits, all bits where unknown; `sector` (n,); `mixes` (n,): asked for the own sector too.
    """

    closed: Any
    organisation: Ints
    tongues: Ints
    sector: Ints
    mixes: Bools

    def tile(self, rows: Ints, columns: Ints) -> Bools:
        """Which pairs rows x columns pass, shape (rows, columns)."""
        passed: Bools = rows[:, None] != columns[None, :]
        own = self.organisation[rows][:, None]
        passed &= (own != self.organisation[columns][None, :]) | (own < 0)
        passed &= self._understand(rows, columns)
        same = self.sector[rows][:, None] == self.sector[columns][None, :]
        passed &= ~same | (self.mixes[rows][:, None] & self.mixes[columns][None, :])
        passed &= self.closed[rows][:, columns].toarray() == 0
        return passed

    def partners(self) -> Ints:
        """How many partners everybody may be shown, shape (n,), counted by kinds of people who share sector, languages and wish."""
        kinds, kind, size = np.unique(
            np.column_stack([self.sector, self.mixes, self.tongues]), axis=0, return_inverse=True, return_counts=True
        )
        meets = _between_kinds(kinds)
        found: Ints = (meets @ size)[kind] - meets[kind, kind]
        for members in _groups(self.organisation):
            own, number, count = np.unique(kind[members], return_inverse=True, return_counts=True)
            found[members] -= (meets[np.ix_(own, own)] @ count)[number] - meets[kind[members], kind[members]]
        a, b = self.closed.nonzero()
        colleagues = (self.organisation[a] >= 0) & (self.organisation[a] == self.organisation[b])
        return found - np.bincount(a, meets[kind[a], kind[b]] * ~colleagues, minlength=len(kind)).astype(np.int64)

    def _understand(self, rows: Ints, columns: Ints) -> Bools:
        common = [(self.tongues[rows, word][:, None] & self.tongues[columns, word][None, :]) != 0 for word in range(self.tongues.shape[1])]
        understood: Bools = np.logical_or.reduce(common)
        return understood


def gates_of(cohort: Cohort, parameters: Parameters) -> Gates:
    """The gates of an event; 'already met' covers the track record and is open where the event allows it."""
    closed = set(cohort.blocked) | set(cohort.declined)
    if not parameters.met_again:
        closed |= set(cohort.met) | met_pairs(cohort)
    profiles = cohort.profiles
    return Gates(
        closed=pair_matrix(cohort, closed),
        organisation=numbers([term_key(profile.organisation) for profile in profiles]),
        tongues=_tongues(profiles),
        sector=numbers([f"sector {profile.sector}" for profile in profiles]),
        mixes=np.array([parameters.same_sector or profile.same_sector for profile in profiles], np.bool_),
    )


def _between_kinds(kinds: Ints) -> Ints:
    """1 where people of two kinds (sector, wish to meet the own sector, languages) may meet, shape (kinds, kinds)."""
    twice = np.concatenate([kinds, kinds])  # so that nobody is compared with themselves
    count = len(kinds)
    nobody = sparse.csr_array((2 * count, 2 * count))
    apart = np.full(2 * count, -1)
    gates = Gates(nobody, apart, twice[:, 2:], twice[:, 0], twice[:, 1].astype(np.bool_))
    return gates.tile(np.arange(count), np.arange(count) + count).astype(np.int64)


def _groups(number: Ints) -> list[Ints]:
    """The positions of each number from 0 that stands more than once."""
    order = np.argsort(number, kind="stable")
    edges = np.flatnonzero(np.diff(number[order])) + 1
    return [members for members in np.split(order, edges) if len(members) > 1 and number[members[0]] >= 0]


def numbers(names: list[str]) -> Ints:
    """Each name's number among the sorted names, -1 for an empty one."""
    index = {name: number for number, name in enumerate(sorted(set(names) - {""}))}
    return np.array([index.get(name, -1) for name in names], np.int64)


def _tongues(profiles: tuple[Profile, ...]) -> Ints:
    codes = sorted({code for profile in profiles for code in spoken(profile)})
    edges = [*range(0, max(len(codes), 1), WORD_BITS), len(codes)]
    chunks = [codes[start:stop] for start, stop in pairwise(edges)] or [[]]
    return np.array([[_bits(spoken(profile), chunk) for chunk in chunks] for profile in profiles], np.int64).reshape(
        len(profiles), len(chunks)
    )


def _bits(known: list[str], chunk: list[str]) -> int:
    if not known:
        return (1 << WORD_BITS) - 1
    return sum(1 << position for position, code in enumerate(chunk) if code in known)
