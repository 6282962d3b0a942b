"""The certificate of an allocation against the exact optimum of an integer program, on small cohorts drawn at random."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from matchmaking.engine.allocation import Choice, allocate, tie_hashes
from matchmaking.engine.pairs import Pairs, Rules, groups_of
from matchmaking.engine.parts import SCALE

PEOPLE = 10
TOLERANCE = 1e-9  # relative
GENERATED = (Phase.explicit, Phase.generate)  # shrinking takes minutes


def rules_of(cap: int, floor: int, organisations: list[str] | None = None, sectors: list[str] | None = None, most: int = 20) -> Rules:
    """Limits with alpha 0, so that a pair's value is twice its score: one partner per organisation, `most` per sector."""
    kinds = [(1, [[name] if name else [] for name in organisations or [""] * PEOPLE])]
    kinds.append((most, [[name] for name in sectors or ["x"] * PEOPLE]))
    return Rules(cap, floor, 0.0, groups_of(PEOPLE, kinds, cap), np.zeros(PEOPLE))


def limits_of(pairs: Pairs, rules: Rules) -> list[tuple[np.ndarray, float]]:
    """Caps and groups as (coefficients of the pairs, most); pinned pairs stay beyond every limit."""
    found, pins = [], pairs.pinned.astype(float)
    for person in range(PEOPLE):
        mine = (pairs.a == person) | (pairs.b == person)
        found.append((mine.astype(float), max(rules.cap, float(pins @ mine))))
        for group, most in enumerate(rules.groups.most):
            of_group = np.array([group in rules.groups.of[b if a == person else a] for a, b in zip(pairs.a, pairs.b, strict=True)])
            row = (mine & of_group).astype(float)
            found.append((row, max(most, float(pins @ row))))
    return found


def optimum(pairs: Pairs, rules: Rules, floors: np.ndarray) -> float:
    """The greatest value under caps, groups and `floors` (people,), pinned pairs kept."""
    rows, high = (list(side) for side in zip(*limits_of(pairs, rules), strict=True))
    lists = [((pairs.a == person) | (pairs.b == person)).astype(float) for person in range(PEOPLE)]
    limits = LinearConstraint(np.array(rows + lists), [0.0] * len(rows) + list(floors), high + [np.inf] * PEOPLE)
    value = 2.0 * np.exp(pairs.score / SCALE) * (pairs.grounded | pairs.pinned)
    found = milp(-value, constraints=limits, integrality=np.ones(len(value)), bounds=Bounds(pairs.pinned.astype(float), 1.0))
    assert found.success, found.message
    return float(-found.fun)


def least_missing(pairs: Pairs, rules: Rules) -> int:
    """How many places below the floor no choice can fill: each costs 1, whoever lacks it."""
    count, someone = len(pairs.a), np.eye(PEOPLE)
    rows, high = (list(side) for side in zip(*limits_of(pairs, rules), strict=True))
    caps = [np.append(row, np.zeros(PEOPLE)) for row in rows]
    lists = [np.append((pairs.a == p) | (pairs.b == p), someone[p]).astype(float) for p in range(PEOPLE)]
    limits = LinearConstraint(np.array(caps + lists), [0.0] * len(caps) + [rules.floor] * PEOPLE, high + [np.inf] * PEOPLE)
    bounds = Bounds(np.append(pairs.pinned, np.zeros(PEOPLE)), np.append(np.ones(count), np.full(PEOPLE, rules.floor)))
    cost = np.append(np.zeros(count), np.ones(PEOPLE))
    return round(milp(cost, constraints=limits, integrality=np.ones(len(cost)), bounds=bounds).fun)


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


def dense(seed: int) -> tuple[Pairs, Rules]:
    """A market in which most know each other, some are sought by many, and limits of organisation and sector bind."""
    dice = np.random.default_rng(seed)
    a, b = np.array(np.triu_indices(PEOPLE, 1))[:, dice.random(PEOPLE * (PEOPLE - 1) // 2) < 0.7]
    popular = dice.normal(size=PEOPLE)
    score = np.minimum(np.rint((popular[a] + popular[b] - dice.exponential(1.5, len(a))) * SCALE), 0).astype(np.int64)
    ties, chance = tie_hashes([f"k{n}" for n in range(PEOPLE)], a, b, seed), dice.random((2, len(a)))
    cap, most = int(dice.integers(1, 5)), int(dice.integers(1, 4))
    organisations, sectors = ([str(name) for name in dice.integers(0, kinds, PEOPLE)] for kinds in (6, 3))
    rules = rules_of(cap, int(dice.integers(0, min(cap, 2) + 1)), organisations, sectors, most)
    return Pairs(a, b, score, ties, chance[0] < 0.05, chance[1] < 0.85), rules


def certified(pairs: Pairs, rules: Rules) -> tuple[Choice, float]:
    """What is chosen, and the exact optimum of all choices that give everybody as much up to the floor, which lies within the bound."""
    choice = allocate(pairs, rules)
    limits_hold(pairs, rules, choice)
    reached = np.minimum(pairs.degrees(choice.chosen, PEOPLE), rules.floor)
    best = optimum(pairs, rules, reached)
    assert choice.value <= best * (1 + TOLERANCE)
    assert best <= choice.bound * (1 + TOLERANCE)
    return choice, best


def missing(pairs: Pairs, rules: Rules, choice: Choice) -> int:
    """How many places below the floor stay empty."""
    return int(np.maximum(rules.floor - pairs.degrees(choice.chosen, PEOPLE), 0).sum())


@settings(max_examples=100, deadline=None, derandomize=True, phases=GENERATED)
@given(markets(), st.integers(1, 4), st.integers(0, 2), names, names, st.integers(1, 3))
def test_the_value_is_near_the_optimum_and_that_within_the_bound(pairs, cap, floor, organisations, sectors, most):
    rules = rules_of(cap, min(floor, cap), organisations, sectors, most)
    choice, best = certified(pairs, rules)
    assert choice.value >= 0.98 * best
    assert missing(pairs, rules, choice) == least_missing(pairs, rules)


def test_on_dense_markets_choice_bound_and_floors_are_near_the_optimum_on_average():
    found = [(pairs, rules, *certified(pairs, rules)) for pairs, rules in map(dense, range(40))]
    assert np.mean([choice.value / best for _, _, choice, best in found]) >= 0.998
    assert np.mean([choice.bound / best for _, _, choice, best in found]) <= 1.02
    short = [(missing(pairs, rules, choice), least_missing(pairs, rules)) for pairs, rules, choice, _ in found]
    assert sum(some for some, _ in short) <= 1.2 * sum(least for _, least in short)


@settings(max_examples=100, deadline=None, derandomize=True, phases=GENERATED)
@given(markets(), st.integers(1, 4))
def test_half_the_optimum_is_certain_without_floors_and_groups(pairs, cap):
    pairs, rules = replace(pairs, pinned=np.zeros(len(pairs.a), np.bool_)), rules_of(cap, 0)
    assert allocate(pairs, rules).value >= 0.5 * optimum(pairs, rules, np.zeros(PEOPLE)) * (1 - TOLERANCE)


@settings(max_examples=100, deadline=None, derandomize=True, phases=GENERATED)
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


def by_hand(edges: list[tuple[int, int]], scores: list[int]) -> Pairs:
    """Grounded pairs with scores in hundredths of the logarithm."""
    a, b = (np.array(side, np.int64) for side in zip(*edges, strict=True))
    ties, no = tie_hashes([f"k{n}" for n in range(PEOPLE)], a, b, 0), np.zeros(len(a), np.bool_)
    return Pairs(a, b, np.array(scores) * 10_000_000, ties, no, ~no)


def test_prices_find_what_greed_misses():
    """A path of three pairs: the middle one is best alone, the outer two are best together."""
    choice = allocate(by_hand([(0, 1), (1, 2), (2, 3)], [-15, -10, -15]), rules_of(1, 0))
    assert choice.chosen.tolist() == [0, 2]
    assert choice.value == pytest.approx(4 * np.exp(-0.15))
    assert choice.value <= choice.bound <= 1.02 * choice.value


def test_the_bound_knows_floors():
    """The middle pair is worth more than the outer two together; with floors those have to be taken, and nothing better can be."""
    path = by_hand([(0, 1), (1, 2), (2, 3)], [-300, -10, -300])
    free, held = allocate(path, rules_of(1, 0)), allocate(path, rules_of(1, 1))
    assert (free.chosen.tolist(), held.chosen.tolist()) == ([1], [0, 2])
    assert free.bound == pytest.approx(2 * np.exp(-0.1))
    assert held.bound == pytest.approx(4 * np.exp(-3.0), rel=0.02)


def test_the_bound_holds_for_what_could_be_given_where_the_floor_cannot_be():
    """Seven know one person who has three places: four stay below the floor, and the best three are the best there is."""
    choice = allocate(by_hand([(0, n) for n in range(1, 8)], [-10 * n for n in range(1, 8)]), rules_of(3, 1))
    assert choice.chosen.tolist() == [0, 1, 2]
    assert choice.value <= choice.bound <= 1.02 * choice.value


def test_the_bound_knows_groups():
    """One person knows four others of one sector, of which a list holds one."""
    choice = allocate(
        by_hand([(0, n) for n in range(1, 5)], [-10, -11, -12, -13]), rules_of(4, 0, sectors=["x", *"yyyy", *"zzzzz"], most=1)
    )
    assert choice.chosen.tolist() == [0]
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
