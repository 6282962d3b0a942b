"""What a run achieved: the certificate, coverage, exposure, value, sector mix against chance, and the same by group."""

import random
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from matchmaking.engine.allocate import Allocated, read_allocation
from matchmaking.engine.gates import Gates, gates_of
from matchmaking.engine.groups import by_group, sectors_by_chance
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import SCALE, Scorer
from matchmaking.engine.records import Cohort
from matchmaking.engine.space import Space

SAMPLE = 2000  # random eligible pairs to compare with
TRIES = 20  # draws per wanted pair before giving up
DIGITS = 6
Ints = npt.NDArray[np.int64]


def measure(cohort: Cohort, parameters: Parameters, allocation: bytes, space: Space) -> dict[str, Any]:
    """The measures of an allocation as JSON values."""
    found = read_allocation(allocation)
    scores = np.exp(found.score / SCALE)
    gates = gates_of(cohort, parameters)
    chance = _chance(space, cohort, parameters, gates)
    table = _sectors(cohort, found)
    mean = float(scores.mean()) if len(scores) else 0.0
    return {
        **_exposure(found, len(cohort.profiles), parameters.floor),
        **_certificate(found),
        "pairs": found.count,
        "considered": found.considered,
        "causes": dict(sorted(Counter(found.causes).items())),
        "sectors": table,
        "sectors_by_chance": sectors_by_chance(table, cohort, gates, parameters.seed),
        "diversity": _diversity(cohort, found),
        "groups": by_group(cohort, *_received(found, len(cohort.profiles))),
        "cross_sector_share": _cross(cohort, found),
        "total_score": round(float(scores.sum()), DIGITS),
        "mean_score": round(mean, DIGITS),
        "relevance": round(_relevance(space, cohort, found), DIGITS),
        "mean_score_by_chance": round(chance, DIGITS),
        "lift": round(mean / chance, 3) if chance else None,
    }


def _exposure(found: Allocated, people: int, floor: int) -> dict[str, Any]:
    shown, received = _received(found, people)
    return {
        "people": people,
        "none": int((shown == 0).sum()),
        "below_floor": int((shown < floor).sum()),
        "fewest": int(shown.min()) if people else 0,
        "most": int(shown.max()) if people else 0,
        "mean_exposure": round(float(shown.mean()), 3) if people else 0.0,
        "gini_exposure": round(gini(shown.astype(np.float64)), 4),
        "gini_value": round(gini(received.astype(np.float64)), 4),
    }


def _received(found: Allocated, people: int) -> tuple[Ints, npt.NDArray[np.float64]]:
    """How many suggestions everybody has, and the sum of their scores, each of shape (people,)."""
    ends = np.concatenate([found.a, found.b])
    value = np.bincount(ends, np.tile(np.exp(found.score / SCALE), 2), minlength=people)
    return np.bincount(ends, minlength=people), value.astype(np.float64)


def _certificate(found: Allocated) -> dict[str, Any]:
    gap = found.bound / found.value - 1.0 if found.value else 0.0
    return {
        "value": round(found.value, DIGITS),
        "bound": round(found.bound, DIGITS),
        "gap": round(max(gap, 0.0), DIGITS),
        "repairs": found.repairs,
    }


def _relevance(space: Space, cohort: Cohort, found: Allocated) -> float:
    """Mean score of the shown pairs without the cross-sector dial, so that runs with different dials can be compared."""
    scores = Scorer(space, cohort, cohort.weights.dialled(0.0)).scores(found.a, found.b)
    return float(np.exp(scores / SCALE).mean()) if len(scores) else 0.0


def _diversity(cohort: Cohort, found: Allocated) -> float | None:
    """Mean over people of the share of distinct sectors in their list."""
    lists: dict[int, list[str]] = {}
    for a, b in zip(found.a.tolist(), found.b.tolist(), strict=True):
        lists.setdefault(a, []).append(cohort.profiles[b].sector)
        lists.setdefault(b, []).append(cohort.profiles[a].sector)
    shares = [len(set(lists[person])) / len(lists[person]) for person in sorted(lists)]
    return round(sum(shares) / len(shares), 4) if shares else None


def gini(values: npt.NDArray[np.float64]) -> float:
    """Gini coefficient of non-negative values, 0 = all equal."""
    total = float(values.sum())
    if not total:
        return 0.0
    place = np.arange(1, len(values) + 1)
    return float((2.0 * (place * np.sort(values)).sum()) / (len(values) * total) - (len(values) + 1.0) / len(values))


def _sectors(cohort: Cohort, found: Allocated) -> dict[str, dict[str, int]]:
    """Number of pairs between each two sectors, both ways round."""
    names = sorted({profile.sector for profile in cohort.profiles})
    table = {name: dict.fromkeys(names, 0) for name in names}
    for a, b in zip(found.a.tolist(), found.b.tolist(), strict=True):
        one, other = cohort.profiles[a].sector, cohort.profiles[b].sector
        table[one][other] += 1
        if one != other:
            table[other][one] += 1
    return table


def _cross(cohort: Cohort, found: Allocated) -> float:
    pairs = zip(found.a.tolist(), found.b.tolist(), strict=True)
    crossing = sum(1 for a, b in pairs if cohort.profiles[a].sector != cohort.profiles[b].sector)
    return round(crossing / found.count, 4) if found.count else 0.0


def _chance(space: Space, cohort: Cohort, parameters: Parameters, gates: Gates) -> float:
    """Mean score of random cross-sector pairs that pass the gates."""
    pairs = _random_pairs(gates, len(cohort.profiles), parameters.seed)
    if not pairs:
        return 0.0
    a, b = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    return float(np.exp(Scorer(space, cohort, cohort.weights.dialled(parameters.bridge)).scores(a, b) / SCALE).mean())


def _random_pairs(gates: Gates, people: int, seed: int) -> list[tuple[int, int]]:
    draw = random.Random(seed)
    wanted = min(SAMPLE, people * (people - 1) // 2)
    drawn = [(draw.randrange(people), draw.randrange(people)) for _ in range(wanted * TRIES)] if people > 1 else []
    crossing = [(a, b) for a, b in dict.fromkeys(drawn) if a < b and gates.sector[a] != gates.sector[b]]
    return [(a, b) for a, b in crossing[: 2 * wanted] if gates.tile(np.array([a]), np.array([b]))[0, 0]][:wanted]
