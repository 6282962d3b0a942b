"""The one matching task of a run: candidates of all shards to chosen pairs, lists and shortfalls, as bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matchmaking.engine.allocation import allocate, best_of_each, layers, ranks, tie_hashes
from matchmaking.engine.arrays import pack, text_array, text_lines, unpack
from matchmaking.engine.candidates import Candidates, read_candidates
from matchmaking.engine.normalise import term_key
from matchmaking.engine.pairs import Floats, Pairs, Rules, groups_of
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import SCALE, Scorer
from matchmaking.engine.records import Cohort, Shortfall
from matchmaking.engine.space import Space

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Allocated:
    """Chosen pairs a[i] < b[i] (positions), their round(log w * 1e9), layers and ranks; shortfalls as (position, given, cause).

    `considered` is the number of pairs in E, the union of all lists; `eligible` (n,) partners that pass the gates. `value` is
    what was maximised, `bound` what nothing that gives everybody as much up to the floor can exceed, `repairs` the links made for
    people below the floor. `held` and `price` (n,) are what top-ups go by: see `Choice`.
    """

    a: Ints
    b: Ints
    score: Ints
    layer: Ints
    rank_a: Ints
    rank_b: Ints
    short: Ints
    given: Ints
    causes: list[str]
    eligible: Ints
    considered: int
    value: float
    bound: float
    repairs: int
    held: Floats
    price: Floats

    @property
    def count(self) -> int:
        """Number of chosen pairs."""
        return len(self.a)


def allocate_all(space: Space, cohort: Cohort, parameters: Parameters, parts: Sequence[bytes]) -> bytes:
    """The allocation of a whole event from the candidates of all shards."""
    found = read_candidates(parts)
    pairs, above = _pairs(space, cohort, parameters, found)
    rules = rules_of(cohort, parameters)
    choice = allocate(pairs, rules)
    chosen = choice.chosen
    layer = layers(pairs, chosen)
    rank_a, rank_b = ranks(pairs, chosen, layer)
    given = pairs.degrees(chosen, len(cohort.profiles))
    short = np.flatnonzero(given < parameters.floor)
    return pack(
        {
            "a": pairs.a[chosen],
            "b": pairs.b[chosen],
            "score": pairs.score[chosen],
            "layer": layer,
            "rank_a": rank_a,
            "rank_b": rank_b,
            "short": short,
            "given": given[short],
            "causes": text_array([cause_of(*row) for row in zip(given[short], found.eligible[short], above[short], strict=True)]),
            "eligible": found.eligible,
            "considered": np.array([len(pairs.a)], np.int64),
            "held": choice.held,
            "price": choice.price,
            "repairs": np.array([choice.repairs], np.int64),
            "certificate": np.array([choice.value, choice.bound], np.float64),
        }
    )


def market_pairs(space: Space, cohort: Cohort, parameters: Parameters, parts: Sequence[bytes]) -> tuple[Pairs, Rules]:
    """What the allocation of a whole event chooses from, and the limits it keeps."""
    return _pairs(space, cohort, parameters, read_candidates(parts))[0], rules_of(cohort, parameters)


def read_allocation(content: bytes) -> Allocated:
    """The allocation that `allocate_all` wrote."""
    arrays = unpack(content)
    causes = text_lines(arrays.pop("causes"))
    considered, repairs = (int(arrays.pop(name)[0]) for name in ("considered", "repairs"))
    value, bound = arrays.pop("certificate").tolist()
    held, price = (arrays.pop(name).astype(np.float64) for name in ("held", "price"))
    lists = {name: array.astype(np.int64) for name, array in arrays.items()}
    return Allocated(causes=causes, considered=considered, value=value, bound=bound, repairs=repairs, held=held, price=price, **lists)


def shortfalls(cohort: Cohort, allocation: bytes) -> list[Shortfall]:
    """Everybody below the floor, with the cause."""
    found = read_allocation(allocation)
    people = zip(found.short.tolist(), found.given.tolist(), found.causes, strict=True)
    return [Shortfall(cohort.profiles[person].key, given, cause) for person, given, cause in people]


def cause_of(given: int, eligible: int, above: int) -> str:
    """Why somebody has no more than `given` suggestions of so many partners that pass the gates, and above the threshold."""
    if eligible <= given:
        return "nobody_eligible"
    return "nobody_above_threshold" if above <= given else "partners_full"


def rules_of(cohort: Cohort, parameters: Parameters) -> Rules:
    """The limits that the parameters set for these people."""
    profiles = cohort.profiles
    kinds = (
        (parameters.per_organisation, [_named(profile.organisation) for profile in profiles]),
        (parameters.per_sector, [[profile.sector] for profile in profiles]),
        (parameters.per_industry, [_named(*profile.industries) for profile in profiles]),
    )
    past = np.array([cohort.past_value.get(profile.key, 0.0) for profile in profiles], np.float64)
    groups = groups_of(len(profiles), kinds, parameters.cap)
    return Rules(parameters.cap, parameters.floor, parameters.alpha, groups, past)


def _named(*names: str) -> list[str]:
    return [key for name in names if (key := term_key(name))]


def _pairs(space: Space, cohort: Cohort, parameters: Parameters, found: Candidates) -> tuple[Pairs, Ints]:
    """E: the union of everybody's exact best K pairs, and the pinned ones, ordered by position.

    Beside it how many partners with a score above the threshold everybody has in these lists, shape (people,): all of them, as far as
    there are fewer than K.
    """
    count = max(len(cohort.profiles), 1)
    pins = np.array(sorted(_pinned(cohort)), np.int64).reshape(-1, 2)
    low, high = np.minimum(found.row, found.column), np.maximum(found.row, found.column)
    pinned_codes = pins[:, 0] * count + pins[:, 1]
    listed = np.unique(low * count + high)
    codes = np.union1d(listed, pinned_codes)
    a, b = codes // count, codes % count
    scorer = Scorer(space, cohort, cohort.weights.dialled(parameters.bridge))
    score = scorer.scores(a, b)
    ties = tie_hashes([profile.key for profile in cohort.profiles], a, b, parameters.seed)
    pairs = Pairs(a, b, score, ties, np.isin(codes, pinned_codes), scorer.grounded(a, b))
    worth = worthy(score, parameters.threshold)
    above = pairs.degrees(np.flatnonzero(worth & np.isin(codes, listed)), len(cohort.profiles))
    kept = best_of_each(pairs, count, parameters.candidates) & (pairs.pinned | worth)
    return Pairs(a[kept], b[kept], score[kept], ties[kept], pairs.pinned[kept], pairs.grounded[kept]), above


def worthy(score: Ints, threshold: float) -> npt.NDArray[np.bool_]:
    """Which scores reach the threshold, shape (pairs,)."""
    least = np.rint(np.log(threshold) * SCALE) if threshold > 0.0 else -np.inf
    worth: npt.NDArray[np.bool_] = score >= least
    return worth


def _pinned(cohort: Cohort) -> set[tuple[int, int]]:
    index = {profile.key: position for position, profile in enumerate(cohort.profiles)}
    pairs = ((index[a], index[b]) for a, b in cohort.pinned if a in index and b in index and a != b)
    return {(min(pair), max(pair)) for pair in pairs}
