"""Laws that every run obeys, whatever the cohort."""

import math
from collections import Counter

import numpy as np

from matchmaking.engine.encoding import order
from matchmaking.engine.gates import gates_of
from matchmaking.engine.network import met_pairs
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.pipeline import Result
from matchmaking.engine.records import Cohort

TOLERANCE = 1e-9


def pairs_of(result: Result) -> set[tuple[str, str]]:
    """The unordered pairs of a result."""
    return {(pair.a, pair.b) for pair in result.suggestions}


def exposure(result: Result) -> Counter[str]:
    """How many suggestions each person is in."""
    return Counter(key for pair in result.suggestions for key in (pair.a, pair.b))


def check(cohort: Cohort, parameters: Parameters, result: Result) -> None:
    """All laws at once."""
    pairs_are_proper(result)
    gates_hold(cohort, parameters, result)
    limits_hold(cohort, parameters, result)
    parts_add_up(result)
    lists_are_ordered(result)


def pairs_are_proper(result: Result) -> None:
    """Nobody with themselves, every pair once, in the order of keys."""
    assert all(pair.a < pair.b for pair in result.suggestions)
    assert len(pairs_of(result)) == len(result.suggestions)


def gates_hold(cohort: Cohort, parameters: Parameters, result: Result) -> None:
    """Blocked, declined and met pairs are never suggested; the same sector only if both asked; one language in common."""
    free = pairs_of(result) - cohort.pinned
    assert free.isdisjoint(cohort.blocked | cohort.declined)
    if not parameters.met_again:
        assert free.isdisjoint(cohort.met | met_pairs(cohort))
    people = {profile.key: profile for profile in cohort.profiles}
    for a, b in ((people[x], people[y]) for x, y in free):
        assert a.sector != b.sector or parameters.same_sector or (a.same_sector and b.same_sector)
        assert not a.languages or not b.languages or set(a.languages) & set(b.languages)
        assert not a.organisation or a.organisation != b.organisation


def limits_hold(cohort: Cohort, parameters: Parameters, result: Result) -> None:
    """Pins are kept; caps bind whoever is not over them by pins; whoever is below the floor is listed with a true cause."""
    assert cohort.pinned <= pairs_of(result)
    shown = exposure(result)
    pins = Counter(key for pair in cohort.pinned for key in pair)
    assert all(count <= max(parameters.cap, pins[key]) for key, count in shown.items())
    short = {profile.key for profile in cohort.profiles if shown[profile.key] < parameters.floor}
    assert {shortfall.key for shortfall in result.shortfalls} == short
    for shortfall in result.shortfalls:
        assert shortfall.given == shown[shortfall.key]
        assert (shortfall.cause == "nobody_eligible") == (eligible(cohort, parameters)[shortfall.key] <= shortfall.given)


def eligible(cohort: Cohort, parameters: Parameters) -> dict[str, int]:
    """How many partners pass the gates, for each person, pair by pair."""
    cohort = order(cohort)
    everyone = np.arange(len(cohort.profiles))
    passed = gates_of(cohort, parameters).tile(everyone, everyone)
    return {profile.key: int(row.sum()) for profile, row in zip(cohort.profiles, passed, strict=True)}


def parts_add_up(result: Result) -> None:
    """Terms add up to z, p is its sigmoid, the score is the product of both p."""
    for pair in result.suggestions:
        for side in (pair.ab, pair.ba):
            assert abs(math.fsum(term.value for term in side.terms) - side.z) < TOLERANCE
            assert abs(1.0 / (1.0 + math.exp(-side.z)) - side.p) < TOLERANCE
        assert abs(pair.score - pair.ab.p * pair.ba.p) < TOLERANCE
        assert abs(pair.score_e9 - math.log(pair.score) * 1e9) < 2.0


def lists_are_ordered(result: Result) -> None:
    """Everybody's ranks are 1, 2, 3 ... and follow the layers, then the score."""
    lists: dict[str, list[tuple[int, int, int]]] = {}
    for pair in result.suggestions:
        lists.setdefault(pair.a, []).append((pair.rank_a, pair.layer, -pair.score_e9))
        lists.setdefault(pair.b, []).append((pair.rank_b, pair.layer, -pair.score_e9))
    for entries in lists.values():
        entries.sort()
        assert [rank for rank, _, _ in entries] == list(range(1, len(entries) + 1))
        assert [entry[1:] for entry in entries] == sorted(entry[1:] for entry in entries)
        assert len({layer for _, layer, _ in entries}) == len(entries)
