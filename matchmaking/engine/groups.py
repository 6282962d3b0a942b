"""Groups of people compared: who meets whom against chance, and what each sector, city and language receives."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matchmaking.engine.gates import Gates
from matchmaking.engine.places import cities
from matchmaking.engine.records import Cohort, Profile
from matchmaking.engine.space import spoken

LEAST = 10  # people of a city or language that is named; fewer say nothing about a group and much about a person
MOST = 20  # cities or languages named, the largest; the others are taken together
REST = ""
ROWS = 1024  # people whose possible partners are counted, if there are more
ROWS_AT_ONCE = 128
Table = dict[str, dict[str, int]]


def sectors_by_chance(table: Table, cohort: Cohort, gates: Gates, seed: int) -> dict[str, dict[str, float | None]]:
    """Observed pairs between two sectors / those expected if pairs were drawn from all eligible ones; None where none is eligible.

    Exact for up to `ROWS` people, else from a sample of that many.
    """
    names = sorted(table)
    eligible = _eligible(cohort, gates, names, seed)
    seen = np.array([[table[one][other] * (2 if one == other else 1) for other in names] for one in names], np.float64)
    expected = eligible * (seen.sum() / max(float(eligible.sum()), 1.0))
    ratio = np.full(expected.shape, np.nan)
    np.divide(seen.reshape(expected.shape), expected, out=ratio, where=expected > 0.0)
    return {one: {other: _plain(ratio[i, j]) for j, other in enumerate(names)} for i, one in enumerate(names)}


def _eligible(cohort: Cohort, gates: Gates, names: Sequence[str], seed: int) -> npt.NDArray[np.float64]:
    """Eligible ordered pairs from sector to sector, symmetric, shape (sectors, sectors)."""
    of = np.array([names.index(profile.sector) for profile in cohort.profiles], np.int64)
    everyone, size = np.arange(len(of)), len(names)
    rows = everyone if len(of) <= ROWS else np.array(sorted(random.Random(seed).sample(range(len(of)), ROWS)))
    counts = np.zeros((size, size))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        block = rows[start : start + ROWS_AT_ONCE]
        row, column = np.nonzero(gates.tile(block, everyone))
        counts += np.bincount(of[block][row] * size + of[column], minlength=size * size).reshape(size, size)
    drawn, all_ = np.bincount(of[rows], minlength=size), np.bincount(of, minlength=size)
    counts *= (all_ / np.maximum(drawn, 1))[:, None]
    return np.asarray((counts + counts.T) / 2.0)


def by_group(cohort: Cohort, shown: npt.NDArray[np.int64], received: npt.NDArray[np.float64]) -> dict[str, dict[str, Any]]:
    """People, mean exposure and mean value of each sector, city and language; small groups are taken together under ''."""
    return {kind: _means(memberships(cohort, kind), shown, received, kind != "sector") for kind in KINDS}


def memberships(cohort: Cohort, kind: str) -> list[list[str]]:
    """The names of everybody's groups of one kind; a person who speaks two languages is in both groups."""
    return [KINDS[kind](profile) for profile in cohort.profiles]


def _sector(profile: Profile) -> list[str]:
    return [profile.sector]


KINDS = {"sector": _sector, "city": cities, "language": spoken}


def _means(
    names: Sequence[Sequence[str]], shown: npt.NDArray[np.int64], received: npt.NDArray[np.float64], veiled: bool
) -> dict[str, dict[str, Any]]:
    members: dict[str, list[int]] = {}
    for person, own in enumerate(names):
        for name in own:
            members.setdefault(name, []).append(person)
    named = {name: people for name, people in members.items() if not veiled or len(people) >= LEAST}
    largest = sorted(named, key=lambda name: (-len(named[name]), name))[: MOST if veiled else None]
    groups = {name: named[name] for name in sorted(largest)}
    rest = [person for person, own in enumerate(names) if not set(own) & set(groups)]
    return {name: _figures(people, shown, received) for name, people in [*groups.items(), (REST, rest)] if people}


def _figures(people: list[int], shown: npt.NDArray[np.int64], received: npt.NDArray[np.float64]) -> dict[str, Any]:
    exposure, value = float(shown[people].mean()), float(received[people].mean())
    return {"people": len(people), "mean_exposure": round(exposure, 3), "mean_value": round(value, 6)}


def _plain(ratio: float) -> float | None:
    return None if np.isnan(ratio) else round(float(ratio), 3)
