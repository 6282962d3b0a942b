"""The b-matching: which pairs to show, under everybody's cap, with floors and fair shares.

Pairs are taken greedily by value v_ab = w_ab (V_a^-alpha + V_b^-alpha), V being what each person receives; four rounds find V.
All comparisons are of 64-bit integers, ties break by hash of seed and pair, so the order of the input changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from matchmaking.engine.parts import SCALE
from matchmaking.engine.repair import repair

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ALPHA_ROUNDS = 4
LEAST_SHARE = 0.05  # V is at least this share of the mean, so that a person who gets nothing does not outweigh everybody


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs worth showing: a[i] < b[i] are positions, `score` = round(log w * 1e9), `tie` a hash; `pinned` ones are always kept.

    Pairs that are not `grounded` (nothing in common besides place and sectors) only serve to reach the floor.
    """

    a: Ints
    b: Ints
    score: Ints
    tie: npt.NDArray[np.uint64]
    pinned: npt.NDArray[np.bool_]
    grounded: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits of the allocation; `organisation` (n,) is -1 where a person acts for none, `past` (n,) value received before."""

    cap: int
    floor: int
    per_organisation: int
    alpha: float
    organisation: Ints
    past: Floats


def tie_hashes(keys: Sequence[str], a: Ints, b: Ints, seed: int) -> npt.NDArray[np.uint64]:
    """A number for each pair from the seed and the content keys, whatever their order in the input."""
    return np.array([tie_hash(seed, keys[i], keys[j]) for i, j in zip(a.tolist(), b.tolist(), strict=True)], np.uint64)


def tie_hash(seed: int, *keys: str) -> int:
    """A number of 64 bits from the seed and content keys."""
    return int.from_bytes(blake2b("\x00".join((str(seed), *keys)).encode(), digest_size=8).digest())


def best_of_each(pairs: Pairs, count: int, most: int) -> npt.NDArray[np.bool_]:
    """Which pairs are among the best `most` of one of their two people, or pinned, shape (pairs,)."""
    owner = np.concatenate([pairs.a, pairs.b])
    which = np.tile(np.arange(len(pairs.a)), 2)
    order = np.lexsort((pairs.tie[which], -pairs.score[which], owner))
    rank = np.arange(len(order)) - np.searchsorted(owner[order], owner[order], side="left")
    kept = pairs.pinned.copy()
    kept[which[order[rank < most]]] = True
    return kept


def allocate(pairs: Pairs, rules: Rules) -> Ints:
    """Numbers of the chosen pairs, sorted: caps hold, pinned pairs stay, everybody has `floor` where possible."""
    values = _fair_values(pairs, rules)
    chosen = _greedy(pairs, rules, values)
    return repair(
        pairs.a, pairs.b, values, pairs.tie, pairs.pinned, chosen, rules.organisation, rules.cap, rules.floor, rules.per_organisation
    )


def layers(pairs: Pairs, chosen: Ints) -> Ints:
    """The layer of each chosen pair, from 1: layer 1 is the greedy matching with one pair each, then it is peeled off."""
    order = chosen[np.lexsort((pairs.tie[chosen], -pairs.score[chosen]))].tolist()
    layer: dict[int, int] = {}
    number = 0
    while order:
        number, busy, left = number + 1, set[int](), list[int]()
        for pair in order:
            a, b = int(pairs.a[pair]), int(pairs.b[pair])
            if a in busy or b in busy:
                left.append(pair)
            else:
                busy |= {a, b}
                layer[pair] = number
        order = left
    return np.array([layer[pair] for pair in chosen.tolist()], np.int64)


def ranks(pairs: Pairs, chosen: Ints, layer: Ints) -> tuple[Ints, Ints]:
    """Place of each chosen pair in the list of its a and of its b, from 1: by layer, then by score."""
    owner = np.concatenate([pairs.a[chosen], pairs.b[chosen]])
    which = np.tile(np.arange(len(chosen)), 2)
    order = np.lexsort((pairs.tie[chosen][which], -pairs.score[chosen][which], layer[which], owner))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.searchsorted(owner[order], owner[order], side="left") + 1
    return rank[: len(chosen)], rank[len(chosen) :]


def _fair_values(pairs: Pairs, rules: Rules) -> Ints:
    """round(log v * 1e9) of each pair after the alpha rounds."""
    score = np.exp(pairs.score / SCALE)
    if rules.alpha == 0.0 or not len(score):
        return pairs.score
    held = np.ones(len(rules.past))
    for _ in range(ALPHA_ROUNDS):
        chosen = _greedy(pairs, rules, _values(pairs, score, held, rules.alpha))
        received = rules.past + _received(pairs, score, chosen, len(held))
        held = np.maximum((held + received) / 2.0, LEAST_SHARE * max(float(received.mean()), 1e-12))
    return _values(pairs, score, held, rules.alpha)


def _values(pairs: Pairs, score: Floats, held: Floats, alpha: float) -> Ints:
    share = held**-alpha
    return np.rint(np.log(score * (share[pairs.a] + share[pairs.b])) * SCALE).astype(np.int64)


def _received(pairs: Pairs, score: Floats, chosen: Ints, count: int) -> Floats:
    ends = np.concatenate([pairs.a[chosen], pairs.b[chosen]])
    return np.bincount(ends, np.tile(score[chosen], 2), minlength=count).astype(np.float64)


def _greedy(pairs: Pairs, rules: Rules, values: Ints) -> Ints:
    """Pinned pairs, then the grounded pairs by descending value whose two people still have room."""
    order = np.lexsort((pairs.tie, -values, ~pairs.pinned))
    order = order[(pairs.grounded | pairs.pinned)[order]]
    room = [rules.cap] * len(rules.organisation)
    a, b, pinned, organisation = pairs.a.tolist(), pairs.b.tolist(), pairs.pinned.tolist(), rules.organisation.tolist()
    seen: dict[tuple[int, int], int] = {}
    chosen = []
    for pair in order.tolist():
        x, y = a[pair], b[pair]
        sides = ((x, organisation[y]), (y, organisation[x]))
        fits = room[x] > 0 and room[y] > 0 and all(org < 0 or seen.get((who, org), 0) < rules.per_organisation for who, org in sides)
        if fits or pinned[pair]:
            chosen.append(pair)
            room[x] -= 1
            room[y] -= 1
            for side in sides:
                seen[side] = seen.get(side, 0) + 1
    return np.array(sorted(chosen), np.int64)
