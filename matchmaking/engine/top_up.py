"""A top-up: new suggestions for a few people against a finished run, without computing the run again.

What the run learned and decided stays: its vectors and rarity, weights and parameters, the prices y and what each person
received, V. What it shows, and what was answered, is kept and uses capacity first. Then the steps of a full run follow, for
pairs with one of the `subjects` in them: v_ab = w_ab (V_a^-alpha + V_b^-alpha), greedy by v_ab - y_a - y_b, exchanges for the floor.
A full run with the same frozen values and the same pairs kept chooses the same (`docs/matching.md`).
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matchmaking.engine.allocate import cause_of, read_allocation, rules_of, worthy
from matchmaking.engine.allocation import layers, ranks, tie_hashes
from matchmaking.engine.encoder import Memory
from matchmaking.engine.exchange import exchange
from matchmaking.engine.facets import learn
from matchmaking.engine.gates import gates_of
from matchmaking.engine.greedy import fill, ordered
from matchmaking.engine.late_rows import with_late
from matchmaking.engine.market import market_of
from matchmaking.engine.pairs import Bools, Floats, Ints, Pairs, Rules
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import SCALE, Scorer, log_score_e9
from matchmaking.engine.prices import net_of
from matchmaking.engine.reasons import Explainer
from matchmaking.engine.records import Cohort, Shortfall, Suggested
from matchmaking.engine.space import Space

BITS = 34  # of the largest worth: the sum of some million pairs fits 64 bits
ROWS_AT_ONCE = 128
KeyPairs = Collection[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a run leaves for its top-ups, by content key: the value V each received, the price y of each who had one, both in score
    units. `newcomer` is V of somebody the run did not know. `usual` is the median of each part over the pairs it showed.
    """

    value: Mapping[str, float]
    price: Mapping[str, float]
    newcomer: float
    usual: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Late:
    """The people of a run and those who came or changed since: their vectors, and who of them is there, shape (people,)."""

    space: Space
    cohort: Cohort
    there: Bools

    @property
    def index(self) -> dict[str, int]:
        """The position of each key."""
        return {self.cohort.profiles[number].key: number for number in np.flatnonzero(self.there).tolist()}


def freeze(space: Space, cohort: Cohort, parameters: Parameters, allocation: bytes) -> bytes:
    """What top-ups of a run need besides its records and vectors, as JSON."""
    found = read_allocation(allocation)
    keys = [profile.key for profile in cohort.profiles]
    explain = Explainer(space, cohort, cohort.weights.dialled(parameters.bridge))
    explain.compare_with(found)
    told = {
        "value": dict(zip(keys, found.held.tolist(), strict=True)),
        "price": {key: price for key, price in zip(keys, found.price.tolist(), strict=True) if price},
        "newcomer": float(found.held.min()) if keys else 1.0,
        "usual": explain.usual if found.count else {},
    }
    return json.dumps(told, sort_keys=True, ensure_ascii=False).encode()


def thaw(content: bytes) -> Frozen:
    """What `freeze` wrote."""
    return Frozen(**json.loads(content))


def late_to(space: Space, run: Cohort, now: Cohort, memory: Memory | None = None) -> Late:
    """A run's people, then those of `now` whom it did not know as they are; its projects and weights stay."""
    known = {profile.key: profile for profile in run.profiles}
    late = tuple(profile for profile in now.profiles if known.get(profile.key) != profile)
    staying = {profile.key for profile in now.profiles} - {profile.key for profile in late}
    there = np.array([profile.key in staying for profile in run.profiles] + [True] * len(late), np.bool_)
    cohort = replace(now, profiles=(*run.profiles, *late), projects=run.projects, weights=run.weights)
    return Late(with_late(space, run.profiles, late, memory), cohort, there)


def top_up(
    late: Late, frozen: Frozen, parameters: Parameters, kept: KeyPairs, subjects: Collection[str], full: Collection[str] = ()
) -> list[Suggested]:
    """New suggestions with somebody of `subjects` in them, beside the pairs `kept`; their ranks and layers count from 1.

    Nobody of `full` gets any, whatever room the cap leaves.
    """
    rules = rules_of(late.cohort, parameters)
    pairs = possible(late, parameters, rules, kept, subjects, full)
    return _explained(late, frozen, parameters, pairs, chosen(late, frozen, parameters, rules, pairs))


def chosen(late: Late, frozen: Frozen, parameters: Parameters, rules: Rules, pairs: Pairs) -> Ints:
    """Numbers of the open pairs to show, sorted: greedy by worth net of the frozen prices, then exchanges for the floor, as in a run."""
    market = market_of(pairs, rules)
    worth, people = _frozen_worth(late, frozen, parameters, pairs)
    open_worth = np.where(market.counted, worth[market.which], 0)
    price = np.concatenate([people, np.zeros(len(market.room) - len(people), np.int64)])
    net = net_of(market, open_worth, price)
    order, taken = ordered(market, net), np.zeros(len(net), np.bool_)
    fill(market, order, taken)
    taken, _ = exchange(market, open_worth, price, net, order, taken)
    fill(market, order, taken)
    return market.which[taken]


def shortfalls(late: Late, parameters: Parameters, shown: KeyPairs, keys: Collection[str]) -> list[Shortfall]:
    """Those of `keys` who stay below the floor with the pairs `shown`, and why; sorted by key."""
    given, index = Counter(key for pair in shown for key in pair), late.index
    short = sorted(key for key in set(keys) & index.keys() if given[key] < parameters.floor)
    if not short:
        return []
    everybody = np.flatnonzero(late.there)
    gates, scorer = gates_of(late.cohort, parameters), Scorer(late.space, late.cohort, late.cohort.weights.dialled(parameters.bridge))
    found = []
    for key in short:
        partners = everybody[gates.tile(np.array([index[key]]), everybody)[0]]
        above = worthy(scorer.scores(np.full(len(partners), index[key]), partners), parameters.threshold).sum()
        found.append(Shortfall(key, given[key], cause_of(given[key], len(partners), int(above))))
    return found


def possible(
    late: Late, parameters: Parameters, rules: Rules, kept: KeyPairs, subjects: Collection[str], full: Collection[str] = ()
) -> Pairs:
    """The pairs with a subject that pass gates and threshold and whose two people have room, and the kept ones, by position."""
    index, count = late.index, len(late.cohort.profiles)
    pins = np.array(sorted({_ordered(index[a], index[b]) for a, b in kept if a in index and b in index}), np.int64).reshape(-1, 2)
    room = rules.cap - np.bincount(pins.ravel(), minlength=count)
    room[[index[key] for key in full if key in index]] = 0
    rows = np.array(sorted(index[key] for key in set(subjects) if key in index), np.int64)
    found = _passing(late, parameters, rows[room[rows] > 0], np.flatnonzero(late.there & (room > 0)))
    pinned = pins[:, 0] * count + pins[:, 1]
    codes = np.setdiff1d(found[0] * count + found[1], pinned)
    a, b = codes // count, codes % count
    scorer = Scorer(late.space, late.cohort, late.cohort.weights.dialled(parameters.bridge))
    score = scorer.scores(a, b)
    worth = worthy(score, parameters.threshold)
    a, b, score = a[worth], b[worth], score[worth]
    ties = tie_hashes([profile.key for profile in late.cohort.profiles], a, b, parameters.seed)
    nothing = np.zeros(len(pins), np.int64)  # kept pairs are neither compared nor dropped
    return Pairs(
        np.concatenate([pins[:, 0], a]),
        np.concatenate([pins[:, 1], b]),
        np.concatenate([nothing, score]),
        np.concatenate([nothing.astype(np.uint64), ties]),
        np.arange(len(pins) + len(a)) < len(pins),
        np.concatenate([nothing == 0, scorer.grounded(a, b)]),
    )


def _frozen_worth(late: Late, frozen: Frozen, parameters: Parameters, pairs: Pairs) -> tuple[Ints, Ints]:
    """The worth of each pair, shape (pairs,), and the price of each person, shape (people,), as whole numbers of one unit."""
    keys = [profile.key for profile in late.cohort.profiles]
    held = np.array([frozen.value.get(key, frozen.newcomer) for key in keys], np.float64)
    share: Floats = held**-parameters.alpha
    unit = 2.0 * max(float(share.max(initial=0.0)), 1.0) / 2.0**BITS  # the same whichever pairs are looked at
    values = np.exp(pairs.score / SCALE) * (share[pairs.a] + share[pairs.b])
    price = np.rint(np.array([frozen.price.get(key, 0.0) for key in keys], np.float64) / unit).astype(np.int64)
    return np.maximum(np.rint(values / unit), 1.0).astype(np.int64), price


def _passing(late: Late, parameters: Parameters, rows: Ints, columns: Ints) -> tuple[Ints, Ints]:
    """The pairs rows x columns that pass the gates, each once as (smaller, larger) position."""
    gates = gates_of(late.cohort, parameters)
    found = [np.zeros((2, 0), np.int64)]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        row, column = np.nonzero(gates.tile(some, columns))
        found.append(np.stack([some[row], columns[column]]))
    both = np.concatenate(found, axis=1)
    return both.min(axis=0, initial=len(late.there)), both.max(axis=0, initial=0)


def _explained(late: Late, frozen: Frozen, parameters: Parameters, pairs: Pairs, new: Ints) -> list[Suggested]:
    if not len(new):
        return []
    layer = layers(pairs, new)
    rank_a, rank_b = ranks(pairs, new, layer)
    explain = Explainer(late.space, late.cohort, late.cohort.weights.dialled(parameters.bridge))
    explain.usual |= frozen.usual
    profiles = late.cohort.profiles
    learn(profiles[number] for number in sorted({*pairs.a[new].tolist(), *pairs.b[new].tolist()}))
    places = zip(pairs.a[new].tolist(), pairs.b[new].tolist(), explain.directions(pairs.a[new], pairs.b[new]), strict=True)
    lists = zip(places, rank_a.tolist(), rank_b.tolist(), layer.tolist(), strict=True)
    return [
        _suggested(profiles[a].key, profiles[b].key, ab, ba, first, second, number) for (a, b, (ab, ba)), first, second, number in lists
    ]


def _suggested(a: str, b: str, ab: Any, ba: Any, rank_a: int, rank_b: int, layer: int) -> Suggested:
    """The pair with the smaller key first: late people stand behind the others, whatever their keys."""
    if a > b:
        return _suggested(b, a, ba, ab, rank_b, rank_a, layer)
    return Suggested(a, b, ab.p * ba.p, log_score_e9(ab.z, ba.z), ab, ba, rank_a, rank_b, layer)


def _ordered(a: int, b: int) -> tuple[int, int]:
    return min(a, b), max(a, b)
