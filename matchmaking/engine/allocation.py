"""The b-matching: which pairs to show, under everybody's cap, with floors and fair shares.

It maximises the sum of v_ab = w_ab (V_a^-alpha + V_b^-alpha), V being what each person receives, which four greedy rounds find.
Prices then say how scarce everybody is; the greedy choice net of prices, or the plain one if that is better, is repaired
where somebody is below the floor. All comparisons and sums are of 64-bit integers, ties break by hash of seed and pair, so the
order of the input changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from matchmaking.engine.greedy import greedy
from matchmaking.engine.pairs import Floats, Ints, Pairs, Rules
from matchmaking.engine.parts import SCALE
from matchmaking.engine.prices import prices
from matchmaking.engine.repair import repair

ALPHA_ROUNDS = 4
LEAST_SHARE = 0.05  # V is at least this share of the mean, so that a person who gets nothing does not outweigh everybody
BITS = 40  # of the largest worth, as far as the sums of all pairs still fit 64 bits
SUM_BITS = 60


@dataclass(frozen=True, slots=True)
class Choice:
    """Numbers of the chosen pairs, sorted; their `value` on the objective, a `bound` no allocation exceeds, links of floor repair."""

    chosen: Ints
    value: float
    bound: float
    repairs: int


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


def allocate(pairs: Pairs, rules: Rules) -> Choice:
    """The pairs to show: caps and groups hold, pinned pairs stay, everybody has `floor` where possible."""
    value = _fair_values(pairs, rules)
    worth, unit = _whole(value, rules)
    plain = greedy(pairs, rules, worth)
    price, bound = prices(pairs, rules, worth, plain)
    priced = greedy(pairs, rules, worth - price[pairs.a] - price[pairs.b])
    better = max((plain, priced), key=lambda chosen: int(worth[chosen].sum()))
    chosen, repairs = repair(pairs, rules, worth, better)
    counted = chosen[pairs.counts[chosen]]
    return Choice(chosen, int(worth[counted].sum()) * unit, bound * unit, repairs)


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


def _fair_values(pairs: Pairs, rules: Rules) -> Floats:
    """v of each pair after the alpha rounds, shape (pairs,)."""
    score = np.exp(pairs.score / SCALE)
    held = np.ones(rules.people)
    for _ in range(ALPHA_ROUNDS if rules.alpha and len(score) else 0):
        chosen = greedy(pairs, rules, _whole(_values(pairs, score, held, rules.alpha), rules)[0])
        received = rules.past + _received(pairs, score, chosen, rules.people)
        held = np.maximum((held + received) / 2.0, LEAST_SHARE * max(float(received.mean()), 1e-12))
    return _values(pairs, score, held, rules.alpha)


def _values(pairs: Pairs, score: Floats, held: Floats, alpha: float) -> Floats:
    share = held**-alpha
    values: Floats = score * (share[pairs.a] + share[pairs.b])
    return values


def _whole(values: Floats, rules: Rules) -> tuple[Ints, float]:
    """Values as whole numbers from 1, and what 1 is worth."""
    bits = min(BITS, SUM_BITS - (len(values) + rules.cap * rules.people).bit_length())
    unit = float(values.max(initial=0.0)) / 2.0**bits or 1.0
    return np.maximum(np.rint(values / unit), 1.0).astype(np.int64), unit


def _received(pairs: Pairs, score: Floats, chosen: Ints, count: int) -> Floats:
    ends = np.concatenate([pairs.a[chosen], pairs.b[chosen]])
    return np.bincount(ends, np.tile(score[chosen], 2), minlength=count).astype(np.float64)
