"""The b-matching: which pairs to show, under everybody's cap, with floors and fair shares.

It maximises the sum of v_ab = w_ab (V_a^-alpha + V_b^-alpha), V being what each person receives, which four greedy rounds find.
Prices then say how scarce everybody is, or how much in need; the greedy choice net of prices, or the plain one if that is better, is
improved by exchanges that first bring everybody to the floor. All comparisons, and all sums of worth and price, are of 64-bit
integers, ties break by hash of seed and pair, so the order of the people changes nothing; what everybody receives is added in
the order of the pairs, which the caller fixes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from matchmaking.engine.exchange import exchange
from matchmaking.engine.greedy import fill, greedy, ordered
from matchmaking.engine.market import Market, market_of
from matchmaking.engine.pairs import Bools, Floats, Ints, Pairs, Rules
from matchmaking.engine.parts import SCALE
from matchmaking.engine.prices import net_of, prices

ALPHA_ROUNDS = 4
LEAST_SHARE = 0.05  # V is at least this share of the mean, so that a person who gets nothing does not outweigh everybody
BITS = 40  # of the largest worth, as far as the sums of all pairs and prices still fit 64 bits
SUM_BITS = 56


@dataclass(frozen=True, slots=True)
class Choice:
    """Numbers of the chosen pairs, sorted; their `value` on the objective; links of floor repair. `held` (people,) is V after the alpha
    rounds, `price` (people,) what one more place of each is worth, in the unit of value.

    No allocation under the same limits that gives everybody as much as this one, up to the floor, is worth more than `bound`.
    """

    chosen: Ints
    value: float
    bound: float
    repairs: int
    held: Floats
    price: Floats


def tie_hashes(keys: Sequence[str], a: Ints, b: Ints, seed: int) -> npt.NDArray[np.uint64]:
    """A number for each pair from the seed and the content keys, whatever their order in the input."""
    hashes = (tie_hash(seed, keys[i], keys[j]) for i, j in zip(a, b, strict=True))  # never all of them as Python numbers
    return np.fromiter(hashes, np.uint64, len(a))


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
    market = market_of(pairs, rules)
    values, held = _fair_values(pairs, rules, market)
    worth, unit = _whole(values, rules)
    open_worth = np.where(market.counted, worth[market.which], 0)
    taken, bound, repairs, price = _choose(market, open_worth)
    pinned = np.flatnonzero(pairs.pinned)
    value, pinned_worth = int(open_worth[taken].sum()), int(worth[pinned].sum())
    chosen = np.sort(np.concatenate([pinned, market.which[taken]]))
    people = (price[: rules.people] * unit).astype(np.float64)
    return Choice(chosen, (pinned_worth + value) * unit, (pinned_worth + bound) * unit, repairs, held, people)


def objective(pairs: Pairs, rules: Rules, market: Market) -> tuple[Ints, float]:
    """v of every pair (pairs,) as whole numbers from 1, and what 1 is worth; `market` is that of the same pairs and rules."""
    return _whole(_fair_values(pairs, rules, market)[0], rules)


def _choose(market: Market, worth: Ints) -> tuple[Bools, int, int, Ints]:
    """What is taken of the open pairs, the bound on its worth, the links of floor repair, and the prices of all limits."""
    plain = greedy(market, worth)
    taken, bound, repairs, price = _priced(market, worth, plain)
    reached = np.minimum(market.degrees(taken), market.need)
    if (reached < market.need).any():
        # Nobody was found who can give them these; prices that reward it without end prove nothing, so the floor is what could be given.
        taken, bound, _, price = _priced(market._replace(need=reached), worth, taken)
    return taken, bound, repairs, price


def _priced(market: Market, worth: Ints, start: Bools) -> tuple[Bools, int, int, Ints]:
    """The better of `start` and the greedy choice net of prices, after exchanges; the prices' bound; links of floor repair; prices."""
    known = market.degrees(np.ones(len(worth), np.bool_))
    price, bound = prices(market._replace(need=np.minimum(market.need, known)), worth, start)  # nobody can need more than they know
    net = net_of(market, worth, price)
    order = ordered(market, net)
    priced = np.zeros(len(net), np.bool_)
    fill(market, order, priced)
    best = max((start, priced), key=lambda taken: _merit(market, worth, taken))
    taken, repairs = exchange(market, worth, price, net, order, best)
    fill(market, order, taken)
    return taken, bound, repairs, price


def _merit(market: Market, worth: Ints, taken: Bools) -> tuple[int, int]:
    """Fewer places below the floor first, the second of a person counting twice; then worth."""
    missing = np.maximum(market.need - market.degrees(taken), 0)
    return -int((missing * (missing + 1) // 2).sum()), int(worth[taken].sum())


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


def _fair_values(pairs: Pairs, rules: Rules, market: Market) -> tuple[Floats, Floats]:
    """v of each pair, shape (pairs,), and V of each person, shape (people,), after the alpha rounds."""
    score = np.exp(pairs.score / SCALE)
    held, pinned = np.ones(rules.people), np.flatnonzero(pairs.pinned)
    for _ in range(ALPHA_ROUNDS if rules.alpha and len(score) else 0):
        worth = _whole(_values(pairs, score, held, rules.alpha), rules)[0]
        chosen = np.concatenate([pinned, market.which[greedy(market, worth[market.which])]])
        received = rules.past + _received(pairs, score, chosen, rules.people)
        held = np.maximum((held + received) / 2.0, LEAST_SHARE * max(float(received.mean()), 1e-12))
    return _values(pairs, score, held, rules.alpha), held


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
