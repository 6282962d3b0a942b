"""The b-matching on pairs made by hand and at random."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchmaking.engine.allocation import allocate, best_of_each, layers, ranks, tie_hashes
from matchmaking.engine.pairs import Pairs, Rules, groups_of


def pairs_of(
    edges: dict[tuple[int, int], int], pinned: set[tuple[int, int]] = frozenset(), groundless: set[tuple[int, int]] = frozenset()
) -> Pairs:
    """Pairs with scores in 1e-9 of the logarithm; the groundless have nothing in common but place and sectors."""
    a, b = (np.array([edge[side] for edge in edges], np.int64) for side in (0, 1))
    count = int(max(max(edge) for edge in edges)) + 1
    ties = tie_hashes([f"k{n}" for n in range(count)], a, b, 0)
    scores = np.array(list(edges.values()), np.int64)
    held, grounded = (np.array([test(edge) for edge in edges], np.bool_) for test in (pinned.__contains__, lambda e: e not in groundless))
    return Pairs(a, b, scores, ties, held, grounded)


def rules_of(people: int, cap: int, floor: int, organisation: list[int] | None = None, alpha: float = 0.0) -> Rules:
    """Limits for people without past value."""
    names = [[str(number)] if number >= 0 else [] for number in organisation or [-1] * people]
    return Rules(cap, floor, alpha, groups_of(people, [(1, names)], cap), np.zeros(people))


def chosen(pairs: Pairs, rules: Rules) -> set[tuple[int, int]]:
    """The chosen pairs."""
    return {(int(pairs.a[i]), int(pairs.b[i])) for i in allocate(pairs, rules).chosen}


def test_the_best_pairs_win_under_the_cap():
    pairs = pairs_of({(0, 1): -10, (0, 2): -20, (1, 2): -30, (2, 3): -40})
    assert chosen(pairs, rules_of(4, 1, 0)) == {(0, 1), (2, 3)}


def test_pairs_with_nothing_in_common_only_serve_to_reach_the_floor():
    pairs = pairs_of({(0, 1): -10, (0, 2): -20, (1, 3): -30}, groundless={(0, 2), (1, 3)})
    assert chosen(pairs, rules_of(4, 3, 0)) == {(0, 1)}
    assert chosen(pairs, rules_of(4, 3, 1)) == {(0, 1), (0, 2), (1, 3)}


def test_a_pinned_pair_uses_capacity_first():
    pairs = pairs_of({(0, 1): -10, (0, 2): -20, (1, 2): -30}, {(0, 2)})
    assert chosen(pairs, rules_of(3, 1, 0)) == {(0, 2)}


def test_pinned_pairs_stay_beyond_every_limit():
    pairs = pairs_of({(0, 1): -10, (0, 2): -20, (0, 3): -30}, {(0, 2), (0, 3)})
    assert chosen(pairs, rules_of(4, 1, 0, [-1, -1, 7, 7])) == {(0, 2), (0, 3)}


def test_one_partner_per_organisation():
    pairs = pairs_of({(0, 1): -10, (0, 2): -20, (0, 3): -30})
    assert chosen(pairs, rules_of(4, 3, 0, [-1, 7, 7, -1])) == {(0, 1), (0, 3)}


def test_floor_repair_drops_the_weakest_pair_of_a_full_partner():
    # 0 is full with 1 and 2; 3 knows 0 alone; 2 keeps 1, so 0 drops 2 for 3.
    pairs = pairs_of({(0, 1): -10, (0, 2): -20, (1, 2): -15, (0, 3): -90})
    assert chosen(pairs, rules_of(4, 2, 1)) == {(0, 1), (1, 2), (0, 3)}


def test_floor_repair_takes_nothing_from_somebody_at_the_floor():
    pairs = pairs_of({(0, 1): -10, (0, 2): -90})
    assert chosen(pairs, rules_of(3, 1, 1)) == {(0, 1)}


def test_alpha_prefers_those_who_received_little_before():
    # A chain 2-0-1-3 with one suggestion each; 0 and 1 had much before, 2 and 3 have waited.
    pairs = pairs_of({(0, 1): -100_000_000, (0, 2): -1_000_000_000, (1, 3): -1_000_000_000})
    rules = replace(rules_of(4, 1, 0), past=np.array([5.0, 5.0, 0.0, 0.0]))
    assert chosen(pairs, rules) == {(0, 1)}
    assert chosen(pairs, replace(rules, alpha=1.0)) == {(0, 2), (1, 3)}


def test_layers_are_matchings_and_order_the_lists():
    pairs = pairs_of({(0, 1): -10, (0, 2): -20, (1, 2): -30, (0, 3): -40})
    taken = allocate(pairs, rules_of(4, 3, 0)).chosen
    layer = layers(pairs, taken)
    assert layer.tolist() == [1, 2, 3, 3]
    rank_a, rank_b = ranks(pairs, taken, layer)
    assert (rank_a.tolist(), rank_b.tolist()) == ([1, 2, 2, 3], [1, 1, 2, 1])


def test_best_of_each_keeps_a_pair_that_one_side_wants():
    pairs = pairs_of({(0, 1): -10, (0, 2): -20, (0, 3): -30})
    assert best_of_each(pairs, 4, 1).tolist() == [True, True, True]
    pairs = pairs_of({(0, 1): -10, (0, 2): -40, (1, 2): -30, (1, 3): -5, (2, 3): -20})
    assert best_of_each(pairs, 4, 1).tolist() == [True, False, False, True, True]


def test_ties_know_the_seed_and_not_the_side():
    keys, a, b = ["x", "y", "z"], np.array([0, 0]), np.array([1, 2])
    assert (tie_hashes(keys, a, b, 1) == tie_hashes(keys, a, b, 1)).all()
    assert (tie_hashes(keys, a, b, 1) != tie_hashes(keys, a, b, 2)).all()


@st.composite
def graphs(draw: st.DrawFn) -> dict[tuple[int, int], int]:
    """Random graphs of up to 12 people with some equal scores."""
    edges = draw(st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda e: e[0] < e[1]), min_size=1, max_size=40))
    return {edge: -draw(st.integers(1, 6)) * 100_000_000 for edge in sorted(edges)}


@settings(max_examples=100, deadline=None, derandomize=True)
@given(graphs(), st.integers(1, 3), st.integers(0, 2), st.sampled_from((0.0, 0.5, 1.0)))
def test_limits_hold_and_nobody_could_simply_be_added(edges, cap, floor, alpha):
    pairs, floor = pairs_of(edges), min(floor, cap)
    taken = chosen(pairs, rules_of(12, cap, floor, alpha=alpha))
    degree = [sum(person in pair for pair in taken) for person in range(12)]
    assert max(degree) <= cap
    short = [person for person in range(12) if degree[person] < floor]
    assert not any(edge not in taken and degree[edge[0]] < cap and degree[edge[1]] < cap for edge in edges if set(edge) & set(short))


@pytest.mark.parametrize("floor", [1, 2])
def test_a_star_gives_its_centre_to_as_many_as_the_cap(floor):
    pairs = pairs_of({(0, n): -n for n in range(1, 8)})
    assert len(chosen(pairs, rules_of(8, 3, floor))) == 3
