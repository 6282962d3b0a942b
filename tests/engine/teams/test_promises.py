"""What the team engine promises, on cases drawn around a roster that exists and on cases where none can."""

import random
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matchmaking.engine.teams import counting, door
from matchmaking.engine.teams.closure import Closure
from matchmaking.engine.teams.places import place
from matchmaking.engine.teams.problem import compile_case
from matchmaking.engine.teams.rules import Case, Roster
from tests.engine.teams.planted import CONTRADICTIONS, planted

SECONDS = 0.4  # of steps; the clock stands still below, so that a busy machine changes nothing
RELAXED = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck), "database": None}


def still() -> float:
    """A clock that stands still: the search does all its steps."""
    return 0.0


@st.composite
def feasible(draw: st.DrawFn) -> tuple[dict[str, Any], list[list[str]]]:
    """A case of 6 to 60 people with every kind of rule, and a roster that keeps them."""
    smallest = draw(st.integers(2, 5))
    largest = draw(st.integers(smallest, min(smallest + 3, 8)))
    sizes = [n for n in range(6, 61) if -(-n // largest) <= n // smallest]
    return planted(
        draw(st.integers(0, 10**9)),
        draw(st.sampled_from(sizes)),
        smallest,
        largest,
        common_slots=draw(st.integers(0, 3)),
        skills=draw(st.sampled_from([(), ("coding",), ("coding", "pitch")])),
        groups=draw(st.integers(0, 5)),
        pins=draw(st.integers(0, 4)),
        locks=draw(st.integers(0, 2)),
        free=draw(st.booleans()),
    )


def keeps_its_promise(drawn: tuple[dict[str, Any], list[list[str]]]) -> None:
    document, roster = drawn
    case = door.read_case(document)
    assert door.check(case, tuple(map(tuple, roster))) == [], "the roster the case was made around must keep the rules"
    outcome = door.form(case, SECONDS, 1, still)
    assert outcome.conflict is None
    if outcome.roster:
        assert door.check(case, outcome.roster) == []
        assert outcome.worth == door.worth(case, outcome.roster)
        assert outcome.certificate is not None
        assert outcome.certificate.bound is not None
        assert outcome.certificate.bound >= door.worth(case, tuple(map(tuple, roster))).total - 1e-6
    else:
        assert outcome.unplaced == tuple(person.id for person in case.people)
        assert "not proved" in outcome.why


@settings(max_examples=60, **RELAXED)
@given(feasible())
def test_a_roster_keeps_every_rule_and_what_exists_is_never_called_impossible(drawn):
    keeps_its_promise(drawn)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@settings(max_examples=500, **RELAXED)
@given(feasible())
def test_five_hundred_rosters_keep_every_rule(drawn):
    keeps_its_promise(drawn)


def contradicted(number: int) -> tuple[str, Case]:
    """A case that no roster can satisfy, by one of the ways in turn."""
    draw, spoil = random.Random(number), CONTRADICTIONS[number % len(CONTRADICTIONS)]
    smallest, largest = (5, 5) if spoil.__name__ == "odd_crowd" else draw.choice([(4, 6), (5, 5), (4, 5), (3, 6)])
    people = draw.choice([20, 25, 30, 40]) if largest == 5 else draw.choice([20, 24, 30, 40])
    document, roster = planted(number, people, smallest, largest, groups=3)
    spoil(document, roster, draw)
    return spoil.__name__, door.read_case(document)


def has_a_roster(case: Case) -> bool:
    """An answer by another way than the engine's: one program of places for every number of teams."""
    if counting.refute(case) is not None:
        return False
    closure = Closure(case)
    for teams in counting.numbers_of_teams(case, closure):
        placed = place(compile_case(case, teams, closure), 60)
        assert placed.none or placed.team_of is not None, "the exact solver must come to an answer"
        if placed.team_of is not None:
            return True
    return False


def is_told_with_a_smallest_conflict(number: int) -> None:
    kind, case = contradicted(number)
    outcome = door.form(case, 15, number)
    assert outcome.conflict is not None, kind
    assert outcome.roster == ()
    assert outcome.conflict.minimal, kind
    rules = frozenset(outcome.conflict.rules)
    assert not has_a_roster(case.only(rules)), kind
    assert [rule for rule in sorted(rules) if not has_a_roster(case.only(rules - {rule}))] == [], kind


@pytest.mark.parametrize("number", range(2 * len(CONTRADICTIONS)))
def test_what_cannot_be_is_told_with_a_smallest_conflict(number):
    is_told_with_a_smallest_conflict(number)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(200))
def test_two_hundred_impossible_cases_are_told(number):
    is_told_with_a_smallest_conflict(number)


@pytest.mark.parametrize("number", range(len(CONTRADICTIONS)))
def test_every_relaxation_was_checked_to_leave_a_roster(number):
    _, case = contradicted(number)
    conflict = door.conflicts(case)
    relaxed = door.relaxations(case, conflict)
    assert relaxed, conflict
    assert [one.words for one in relaxed if door.check(one.case, one.roster)] == []
    assert [one.words for one in relaxed if one.case == case] == []


def ticking(step: float) -> Iterator[float]:
    return (number * step for number in count())


@pytest.mark.parametrize("step", [0.01, 0.2, 5.0])
def test_a_clock_that_runs_out_leaves_no_broken_roster(step):
    case = door.read_case(planted(5, 60, 4, 6, locks=2)[0])
    times = ticking(step)
    outcome = door.form(case, 2, 1, lambda: next(times))
    assert outcome.conflict is None
    assert outcome.roster == () or door.check(case, outcome.roster) == []


def test_the_same_seed_gives_the_same_roster_whatever_the_order_of_the_rows():
    document, _ = planted(11, 120, 4, 6, groups=6)
    case = door.read_case(document)
    shuffled = {
        **document,
        "people": document["people"][::-1],
        "pair_scores": [[b, a, score] for a, b, score in document["pair_scores"][::-1]],
    }
    first, second = door.form(case, 1, 4, still), door.form(door.read_case(shuffled), 1, 4, still)
    assert first.roster
    assert first == second
    other = door.form(case, 1, 5, still)
    assert other.roster != first.roster


def fewest_moves(case: Case, roster: Roster) -> int:
    here = {person.id for person in case.people}
    home = {person: team for team, ids in enumerate(case.current or ()) for person in ids if person in here}
    return sum(home.get(person, team) != team for team, ids in enumerate(roster) for person in ids)


def test_a_repair_moves_the_fewest_and_offers_more_value_for_more_moves():
    document, roster = planted(21, 90, 4, 6, groups=4, locks=2)
    gone = {roster[3][0], roster[4][0], roster[5][0]}
    stays = {row["id"] for row in document["people"]} - gone
    document["current"] = [list(team) for team in roster]
    document["people"] = [row for row in document["people"] if row["id"] in stays]
    document["people"] += [{**document["people"][0], "id": "new1", "flags": []}, {**document["people"][1], "id": "new2", "flags": []}]
    for kind in ("together", "apart", "pinned"):
        document["rules"][kind] = [rule for rule in document["rules"][kind] if not gone.intersection(rule)]
    case = door.read_case(document)
    found = door.repair(case, 6, 1)
    assert [door.check(case, one.roster) for one in found] == [[]] * len(found)
    moves = [len(one.moved) for one in found]
    assert moves == [fewest_moves(case, one.roster) for one in found]
    assert moves == sorted(set(moves))
    totals = [one.worth.total for one in found]
    assert totals == sorted(set(totals))
    assert found[0].certificate is not None
    assert found[0].certificate.fewest_moves
