"""`python -m benchmarks.fairness`: does a sector, a city or a language get more suggestions than another?

For the demo people, and for the real organisations where ../shared is present: the share of the variance of exposure that lies
between groups of ten or more, beside its mean and 95th percentile when exposure is dealt out anew 1,000 times. Where it is
beyond that, the same of what is left over once causes other than the group are taken away (`exposure_causes.py`).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from benchmarks import machine
from benchmarks.demo_people import demo_cohort
from benchmarks.exposure_causes import LEAST_PEOPLE, left_over
from benchmarks.stages import REAL, real_cohort
from matchmaking.engine import pipeline
from matchmaking.engine.allocate import read_allocation
from matchmaking.engine.groups import KINDS, LEAST, memberships
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort

PERMUTATIONS, EXTREME, SEED = 1000, 95, 0
Floats = npt.NDArray[np.float64]


def exposure(cohort: Cohort, parameters: Parameters) -> tuple[Cohort, Floats]:
    """How many suggestions everybody of the ordered cohort gets, shape (n,)."""
    cohort, everyone = pipeline.order(cohort), (0, len(cohort.profiles))
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, *everyone)])
    lists = [pipeline.candidates_rows(space, cohort, parameters, *everyone)]
    found = read_allocation(pipeline.allocate_all(space, cohort, parameters, lists))
    shown = np.bincount(np.concatenate([found.a, found.b]), minlength=len(cohort.profiles))
    return cohort, shown.astype(np.float64)


def between(values: Floats, groups: Sequence[str]) -> dict[str, Any]:
    """The share of the variance of values that lies between groups, beside the same for values dealt out anew."""
    size = Counter(groups)
    large = sorted(name for name, count in size.items() if name and count >= LEAST)
    number = {name: place for place, name in enumerate(large)}
    kept = np.array([person for person, name in enumerate(groups) if name in number], np.int64)
    of, own = np.array([number[groups[person]] for person in kept], np.int64), values[kept]
    dice = np.random.default_rng(SEED)
    chance = np.array([share(dice.permutation(own), of, len(large)) for _ in range(PERMUTATIONS)])
    means = np.bincount(of, own, len(large)) / np.maximum(np.bincount(of, minlength=len(large)), 1)
    share_ = share(own, of, len(large))
    limit = float(np.percentile(chance, EXTREME))
    return {
        "groups": len(large), "people": len(kept), "share": share_, "chance": float(chance.mean()), "percentile_95": limit,
        "beyond": bool(share_ > limit), "means": {name: float(means[place]) for name, place in number.items()},
    }  # fmt: skip


def share(values: Floats, of: npt.NDArray[np.int64], groups: int) -> float:
    """Variance between groups / variance of all, 0 where all are equal."""
    if not len(values) or not float(values.var()):
        return 0.0
    count = np.bincount(of, minlength=groups)
    means = np.bincount(of, values, groups) / count
    return float((count * (means - values.mean()) ** 2).sum() / (len(values) * values.var()))


def measured(cohort: Cohort) -> dict[str, Any]:
    cohort, shown = exposure(cohort, Parameters())
    # Somebody who speaks two languages is in the group of these two: each person is in one group.
    kinds = {kind: [" + ".join(names) for names in memberships(cohort, kind)] for kind in KINDS}
    result = {"people": len(shown), "mean_exposure": float(shown.mean()), **{kind: between(shown, of) for kind, of in kinds.items()}}
    if len(shown) >= LEAST_PEOPLE and any(result[kind]["beyond"] for kind in KINDS):
        result["causes"] = {
            cause: {"explained": float(1 - rest.var() / shown.var()), **{kind: between(rest, of) for kind, of in kinds.items()}}
            for cause, rest in left_over(cohort, shown).items()
        }
    return result


def main() -> dict[str, Any]:
    facts = machine.facts()
    cohorts = {"demo people": demo_cohort()}
    if REAL.is_dir():
        cohorts["real organisations"] = real_cohort()
    with threadpool_limits(limits=1):
        results = {name: measured(cohort) for name, cohort in cohorts.items()}
    print("\nShare of the variance of exposure that lies between groups of ten or more")
    print(f"  {'cohort':<20} {'by':<9} {'groups':>6} {'people':>7} {'share':>8} {'by chance':>10} {'95 %':>8}")
    for name, result in results.items():
        for kind in KINDS:
            row = result[kind]
            figures = f"{row['groups']:>6} {row['people']:>7} {row['share']:>8.4f} {row['chance']:>10.4f} {row['percentile_95']:>8.4f}"
            print(f"  {name:<20} {kind:<9} {figures}{'  beyond: ' + extremes(row['means']) if row['beyond'] else ''}")
    for name, result in results.items():
        for cause, row in result.get("causes", {}).items():
            shares = [f"{kind} {row[kind]['share']:.4f} (95 % {row[kind]['percentile_95']:.4f})" for kind in KINDS]
            print(f"  {name}, {cause}: explains {row['explained']:.0%} of it; left between groups: {', '.join(shares)}")
    return {"cohorts": results, "permutations": PERMUTATIONS, "machine": facts}


def extremes(means: dict[str, float]) -> str:
    """The groups with the least and the most."""
    order = sorted(means, key=lambda name: means[name])
    return f"{order[0]} {means[order[0]]:.1f} ... {order[-1]} {means[order[-1]]:.1f}"


if __name__ == "__main__":
    main()
