"""The certificate of an allocation against the exact optimum of an integer program, on small cohorts drawn at random."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from matchmaking.engine.allocation import Choice, allocate, tie_hashes
from matchmaking.engine.pairs import Pairs, Rules, groups_of
from matchmaking.engine.parts import SCALE

PEOPLE = 10
TOLERANCE = 1e-9  # relative


def rules_of(cap: int, floor: int, organisations: list[str] | None = None, sectors: list[str] | None = None, most: int = 20) -> Rules:
    """Limits with alpha 0, so that a pair's value is twice its score: one partner per organisation, `most` per sector."""
    kinds = [(1, [[name] if name else [] for name in organisations or [""] * PEOPLE])]
    kinds.append((most, [[name] for name in sectors or ["x"] * PEOPLE]))
    return Rules(cap, floor, 0.0, groups_of(PEOPLE, kinds, cap), np.zeros(PEOPLE))


def optimum(pairs: Pairs, rules: Rules, floors: np.ndarray) -> float:
    """The greatest value under caps, groups and `floors` (people,), pinned pairs kept beyond every limit."""
    rows, low, high = [], [], []
    lists = [(pairs.a == person) | (pairs.b == person) for person in range(PEOPLE)]
    pins = pairs.pinned.astype(float)
    for person, mine in enumerate(lists):
        rows.append(mine.astype(float))
        low.append(floors[person])
        high.append(max(rules.cap, float(pins @ mine)))
        for group, most in enumerate(rules.groups.most):
            of_group = np.array([group in rules.groups.of[b if a == person else a] for a, b in zip(pairs.a, pairs.b, strict=True)])
            rows.append((mine & of_group).astype(float))
            low.append(0.0)
            high.append(max(most, float(pins @ rows[-1])))
    value = 2.0 * np.exp(pairs.score / SCALE) * (pairs.grounded | pairs.pinned)
    found = milp(-value, constraints=LinearConstraint(np.array(rows), low, high), integrality=np.ones(len(value)), bounds=Bounds(pins, 1.0))
    assert found.success, found.message
    return float(-found.fun)


@st.composite
def markets(draw: st.DrawFn) -> Pairs:
    """Pairs of up to ten people, some pinned, some without ground, some of equal score."""
    people = st.integers(0, PEOPLE - 1)
    edges = sorted(draw(st.sets(st.tuples(people, people).filter(lambda e: e[0] < e[1]), min_size=1, max_size=30)))
    a, b = (np.array(side, np.int64) for side in zip(*edges, strict=True))
    some = lambda share: np.array([draw(st.integers(0, 9)) < share for _ in edges], np.bool_)  # noqa: E731
    score = np.array([-draw(st.integers(1, 30)) * 100_000_000 for _ in edges], np.int64)
    return Pairs(a, b, score, tie_hashes([f"k{n}" for n in range(PEOPLE)], a, b, 0), some(1), some(8))


names = st.lists(st.sampled_from(("", "A", "B", "C")), min_size=PEOPLE, max_size=PEOPLE)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(markets(), st.integers(1, 4), st.integers(0, 2), names, names, st.integers(1, 3))
def test_the_value_is_at_most_the_optimum_and_that_at_most_the_bound(pairs, cap, floor, organisations, sectors, most):
    rules = rules_of(cap, min(floor, cap), organisations, sectors, most)
    choice = allocate(pairs, rules)
    limits_hold(pairs, rules, choice)
    reached = np.minimum(pairs.degrees(choice.chosen, PEOPLE), rules.floor)
    best, with_floors = (optimum(pairs, rules, floors) for floors in (np.zeros(PEOPLE), reached))
    assert choice.value <= with_floors * (1 + TOLERANCE)
    assert with_floors <= best * (1 + TOLERANCE)
    assert best <= choice.bound * (1 + TOLERANCE)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(markets(), st.integers(1, 4))
def test_half_the_optimum_is_certain_without_floors_and_groups(pairs, cap):
    pairs, rules = replace(pairs, pinned=np.zeros(len(pairs.a), np.bool_)), rules_of(cap, 0)
    assert allocate(pairs, rules).value >= 0.5 * optimum(pairs, rules, np.zeros(PEOPLE)) * (1 - TOLERANCE)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(markets(), st.integers(1, 4), st.integers(0, 2), st.sampled_from((0.0, 0.5, 1.0)), st.randoms(use_true_random=False))
def test_the_order_of_pairs_changes_nothing(pairs, cap, floor, alpha, dice):
    rules = replace(rules_of(cap, min(floor, cap), ["A", "B"] * 5), alpha=alpha)
    shuffled = list(range(len(pairs.a)))
    dice.shuffle(shuffled)
    turned = Pairs(*(getattr(pairs, name)[shuffled] for name in Pairs.__slots__))
    one, other = allocate(pairs, rules), allocate(turned, rules)
    assert edges(pairs, one) == edges(turned, other)
    assert one.repairs == other.repairs
    assert (one.value, one.bound) == pytest.approx((other.value, other.bound), rel=TOLERANCE)


def test_prices_find_what_greed_misses():
    """A path of three pairs: the middle one is best alone, the outer two are best together."""
    a, b = np.array([0, 1, 2]), np.array([1, 2, 3])
    ties, yes, no = tie_hashes([f"k{n}" for n in range(PEOPLE)], a, b, 0), np.ones(3, np.bool_), np.zeros(3, np.bool_)
    choice = allocate(Pairs(a, b, np.array([-150_000_000, -100_000_000, -150_000_000]), ties, no, yes), rules_of(1, 0))
    assert choice.chosen.tolist() == [0, 2]
    assert choice.value == pytest.approx(4 * np.exp(-0.15))
    assert choice.value <= choice.bound <= 1.02 * choice.value


def test_a_market_without_pairs_is_worth_nothing():
    none = np.zeros(0, np.int64)
    pairs = Pairs(none, none, none, np.zeros(0, np.uint64), np.zeros(0, np.bool_), np.zeros(0, np.bool_))
    choice = allocate(pairs, rules_of(3, 1))
    assert (choice.chosen.tolist(), choice.value, choice.bound, choice.repairs) == ([], 0.0, 0.0, 0)


@pytest.mark.parametrize(("most", "count"), [(1, 2), (2, 3), (20, 4)])
def test_a_list_holds_only_so_many_of_one_sector(most, count):
    """One person knows four others, three of one sector."""
    a, b = np.zeros(4, np.int64), np.arange(1, 5)
    ties, yes, no = tie_hashes([f"k{n}" for n in range(PEOPLE)], a, b, 0), np.ones(4, np.bool_), np.zeros(4, np.bool_)
    pairs = Pairs(a, b, np.array([-10, -20, -30, -40]) * 1_000_000, ties, no, yes)
    choice = allocate(pairs, rules_of(5, 0, sectors=["x", "y", "y", "y", "x", *"zzzzz"], most=most))
    assert len(choice.chosen) == count
    assert 3 in choice.chosen


def limits_hold(pairs: Pairs, rules: Rules, choice: Choice) -> None:
    """Caps and groups bind whoever is not over them by pins; nobody below the floor has a possible partner with room."""
    both = choice.chosen, np.flatnonzero(pairs.pinned)
    degrees, pins = (pairs.degrees(which, PEOPLE) for which in both)
    assert set(both[1]) <= set(choice.chosen)
    assert (degrees <= np.maximum(rules.cap, pins)).all()
    held, pinned = ([_partners(pairs, which, person) for person in range(PEOPLE)] for which in both)
    for person in range(PEOPLE):
        for group, most in enumerate(rules.groups.most):
            mine, asked = (sum(group in rules.groups.of[other] for other in of[person]) for of in (held, pinned))
            assert mine <= max(most, asked)
    for pair in set(range(len(pairs.a))) - set(choice.chosen.tolist()):
        x, y = int(pairs.a[pair]), int(pairs.b[pair])
        room = degrees[x] < rules.cap and degrees[y] < rules.cap and _fits(rules, held, x, y) and _fits(rules, held, y, x)
        assert not (room and min(degrees[x], degrees[y]) < rules.floor)


def _partners(pairs: Pairs, which: np.ndarray, person: int) -> list[int]:
    sides = zip(pairs.a[which].tolist(), pairs.b[which].tolist(), strict=True)
    return [b if a == person else a for a, b in sides if person in (a, b)]


def _fits(rules: Rules, held: list[list[int]], person: int, partner: int) -> bool:
    own = held[person]
    return all(sum(g in rules.groups.of[other] for other in own) < rules.groups.most[g] for g in rules.groups.of[partner])


def edges(pairs: Pairs, choice: Choice) -> set[tuple[int, int]]:
    """The chosen pairs as positions."""
    return set(zip(pairs.a[choice.chosen].tolist(), pairs.b[choice.chosen].tolist(), strict=True))
