"""`python -m benchmarks.allocation`: the b-matching at size, with the gap it certifies.

Two made-up markets of 20,000 people and about 1.2 million pairs, cap 20, one of evenly and one of unevenly sought people, and
100,000 people with 20 pairs each; the demo people and, where ../shared is present, the real organisations with production's
parameters, and there the linear program (HiGHS): how much of the gap is the choice's loss and how much the bound's slack.
`allocate` is the function production calls; one thread, and the seconds of this process alone.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog
from threadpoolctl import threadpool_limits

from benchmarks import machine
from benchmarks.demo_people import demo_cohort
from benchmarks.stages import REAL, real_cohort
from matchmaking.engine import pipeline
from matchmaking.engine.allocate import market_pairs
from matchmaking.engine.allocation import Choice, allocate, objective
from matchmaking.engine.market import Market, market_of
from matchmaking.engine.pairs import Ints, Pairs, Rules, groups_of
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import SCALE
from matchmaking.engine.records import Cohort

CAP, FLOOR, ALPHA = 20, 2, 0.5
PER_ORGANISATION, ORGANISATION = 1, 3  # people of one organisation
TASTES, TASTE = 12, 0.3  # of a person, and what one in common is worth in z units
MET = 8  # people met for each that is kept
ROWS_AT_ONCE = 250
SEED = 7
GAP, SECONDS = 0.02, {20_000: 5.0, 100_000: 60.0}


def even(people: int, count: int) -> Pairs:
    """Pairs drawn evenly, with scores that differ by person and by chance."""
    dice = np.random.default_rng(SEED)
    codes = np.unique(dice.integers(0, people, 2 * count + people) * people + dice.integers(0, people, 2 * count + people))
    codes = codes[codes // people < codes % people]
    codes = np.sort(dice.permutation(codes)[:count])
    popular = dice.normal(size=people) * 0.5
    a, b = codes // people, codes % people
    return market(a, b, dice.normal(size=len(a)) + popular[a] + popular[b] - 3.0)


def uneven(people: int, each: int) -> Pairs:
    """Everybody's best `each` of those they happen to meet, by tastes that many share: a few people are in hundreds of lists."""
    dice = np.random.default_rng(SEED)
    tastes = dice.normal(size=(people, TASTES)).astype(np.float32)
    popular = dice.normal(size=people).astype(np.float32)
    blocks = []
    for start in range(0, people, ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, people))
        met = dice.integers(0, people, (len(rows), MET * each))
        z = np.einsum("rt,rmt->rm", tastes[rows], tastes[met]) * TASTE + popular[met]
        best = np.take_along_axis(met, np.argpartition(-z, each, axis=1)[:, :each], axis=1).ravel()
        row = np.repeat(rows, each)
        blocks.append((np.minimum(row, best) * people + np.maximum(row, best))[row != best])
    codes = np.unique(np.concatenate(blocks))
    a, b = codes // people, codes % people
    return market(a, b, (tastes[a] * tastes[b]).sum(axis=1) * TASTE + popular[a] / 2 + popular[b] / 2 - 3.0)


def market(a: Ints, b: Ints, z: "np.typing.NDArray[Any]") -> Pairs:
    """Pairs whose two people say yes with the same chance sigmoid(z)."""
    score = np.rint(-2.0 * np.logaddexp(0.0, -z.astype(np.float64)) * SCALE).astype(np.int64)
    tie = np.random.default_rng(SEED + 1).integers(0, 2**63, len(a)).astype(np.uint64)
    return Pairs(a, b, score, tie, np.zeros(len(a), np.bool_), np.ones(len(a), np.bool_))


MARKETS: dict[str, tuple[int, Callable[[], Pairs]]] = {
    "20,000 even": (20_000, lambda: even(20_000, 1_200_000)),
    "20,000 uneven": (20_000, lambda: uneven(20_000, 78)),
    "100,000 x 20": (100_000, lambda: uneven(100_000, 20)),
}


def made_up(people: int, pairs: Pairs) -> tuple[Pairs, Rules]:
    organisations = [[str(person // ORGANISATION)] for person in range(people)]
    return pairs, Rules(CAP, FLOOR, ALPHA, groups_of(people, [(PER_ORGANISATION, organisations)], CAP), np.zeros(people))


def of_cohort(cohort: Cohort, parameters: Parameters) -> tuple[Pairs, Rules]:
    """What a run's allocation chooses from."""
    cohort = pipeline.order(cohort)
    everyone = (0, len(cohort.profiles))
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, *everyone)])
    return market_pairs(space, cohort, parameters, [pipeline.candidates_rows(space, cohort, parameters, *everyone)])


def main() -> dict[str, Any]:
    facts = machine.facts()
    cohorts = {"demo people": demo_cohort} | ({"real organisations": real_cohort} if REAL.is_dir() else {})
    with threadpool_limits(limits=1):
        allocate(*made_up(60, even(60, 600)))  # compiles, so that no market pays for it
        # The largest first: the peak is the process's own until then.
        rows = {name: measured(*made_up(people, make())) for name, (people, make) in reversed(MARKETS.items())}
        peak_mb = machine.peak_mb()
        for name, cohort in cohorts.items():
            pairs, rules = of_cohort(cohort(), Parameters())
            rows[name] = measured(pairs, rules) | split(pairs, rules, allocate(pairs, rules))
    print(f"\nAllocation, made-up markets with cap {CAP}, floor {FLOOR}, alpha {ALPHA}, one partner per organisation of {ORGANISATION}")
    print(f"  {'market':<18} {'pairs':>10} {'s':>7} {'cpu s':>7} {'limit':>6} {'gap':>9}", end="")
    print(f" {'loss':>8} {'slack':>8} {'none':>6} {'below floor':>12} {'repairs':>8}")
    for name, row in rows.items():
        figures = f"{row['pairs']:>10,} {row['seconds']:>7.2f} {row['cpu_seconds']:>7.2f} {row['limit_s']:>6.0f} {row['gap']:>9.4%}"
        shares = " ".join(f"{row[part]:>8.3%}" if part in row else f"{'':>8}" for part in ("loss", "slack"))
        print(f"  {name:<18} {figures} {shares} {row['none']:>6} {row['below_floor']:>12} {row['repairs']:>8}")
    print(f"  load before: {facts['load_before']}; peak of the process at 100,000 people and 20,000 {peak_mb:.0f} MB")
    assert all(row["gap"] <= GAP for row in rows.values()), "the gap must be at most 2 %"
    return {"markets": rows, "peak_mb": peak_mb, "machine": facts}


def measured(pairs: Pairs, rules: Rules) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    choice = allocate(pairs, rules)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    shown = pairs.degrees(choice.chosen, rules.people)
    return {
        "people": rules.people, "pairs": len(pairs.a), "chosen": len(choice.chosen), "seconds": wall, "cpu_seconds": cpu,
        "limit_s": SECONDS.get(rules.people, 5.0), "value": choice.value, "bound": choice.bound, "gap": choice.bound / choice.value - 1.0,
        "none": int((shown == 0).sum()), "below_floor": int((shown < rules.floor).sum()), "repairs": choice.repairs,
        "most_sought": int(pairs.degrees(np.arange(len(pairs.a)), rules.people).max()),
        "peak_mb": machine.peak_mb(),
    }  # fmt: skip


def split(pairs: Pairs, rules: Rules, choice: Choice) -> dict[str, float]:
    """Where the gap lies, by the exact optimum of the linear program: at most `loss` of the choice, `slack` of the bound."""
    market = market_of(pairs, rules)
    worth, unit = objective(pairs, rules, market)
    open_worth, taken = np.where(market.counted, worth[market.which], 0) * unit, np.isin(market.which, choice.chosen)
    optimum = relaxed(market, open_worth, np.minimum(market.need, market.degrees(taken)))
    pinned = choice.value - float(open_worth[taken].sum())
    return {"loss": 1.0 - choice.value / (optimum + pinned), "slack": choice.bound / (optimum + pinned) - 1.0}


def relaxed(market: Market, worth: "np.typing.NDArray[Any]", need: Ints) -> float:
    """The most that fractions of pairs are worth under all limits, with everybody given what they need."""
    count = len(worth)
    limit = np.concatenate([market.a, market.b, market.more])
    pair = np.concatenate([np.arange(count), np.arange(count), np.repeat(np.arange(count), np.diff(market.first))])
    rows = sparse.csr_array((np.ones(len(pair)), (limit, pair)), shape=(len(market.room), count))
    within, most = sparse.vstack([rows, -rows[: len(need)]]), np.concatenate([market.room, -need])
    found = linprog(-worth, A_ub=within, b_ub=most, bounds=(0.0, 1.0), method="highs-ds")
    assert found.success, found.message
    return float(-found.fun)


if __name__ == "__main__":
    main()
