"""Working groups in rounds: everybody somewhere in each round, few meetings twice, many across sectors."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchmaking.engine.teams.rounds import Guest, Rounds, encounters_of, plan, tables_for
from matchmaking.errors import BadInput, Infeasible

SECTORS = ["authority", "business", "creative", "education"]
QUICK = 50_000


def guests(count: int, **hosts: int) -> list[Guest]:
    return [Guest(f"p{number}", SECTORS[number % 3 if number % 5 else 3], hosts.get(f"p{number}")) for number in range(count)]


def check(found: Rounds, people: list[Guest], tables: int, rounds: int) -> None:
    of = {guest.key: guest.sector for guest in people}
    assert len(found.tables) == rounds
    for seats in found.tables:
        assert Counter(key for group in seats for key in group) == Counter(of.keys())
        sizes = [len(group) for group in seats]
        assert len(sizes) == tables
        assert max(sizes) - min(sizes) <= 1
    met = encounters_of(found.tables)
    assert (found.met, found.again) == (len(met), sum(met.values()) - len(met))
    assert found.met_across == sum(of[one] != of[other] for one, other in met) <= found.most_across


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(1, 6), st.integers(1, 4), st.integers(0, 9))
def test_everybody_sits_somewhere_in_every_round(people, tables, rounds, seed):
    tables = min(tables, people)
    crowd = guests(people)
    found = plan(crowd, tables, rounds, seed=seed, steps=2000)
    check(found, crowd, tables, rounds)
    assert found == plan(list(reversed(crowd)), tables, rounds, seed=seed, steps=2000)


def test_nobody_meets_anybody_twice_where_that_is_possible():
    """Nine people at three tables in four rounds: the affine plane of order 3, in which each two meet exactly once."""
    found = plan(guests(9), 3, 4, steps=QUICK)
    assert (found.met, found.again) == (36, 0)


def test_a_hall_meets_nearly_as_many_of_other_sectors_as_can_be():
    crowd = guests(180)
    found = plan(crowd, tables_for(180, 3, 6, 12), 3, steps=400_000)
    assert found.again == 0
    assert found.met_across >= 0.98 * found.most_across
    for groups in found.tables[1:]:  # nobody meets the same group twice
        assert not set(groups) & set(found.tables[0])


def test_searching_is_worth_more_than_the_lattice_alone():
    crowd = guests(37)
    bare, found = plan(crowd, 6, 4, steps=0), plan(crowd, 6, 4, steps=QUICK)
    assert found.again < bare.again / 3
    assert found.met_across > bare.met_across


def test_hosts_stay_and_those_kept_apart_never_sit_together():
    crowd = guests(30, p0=0, p7=1, p9=2)
    apart = [("p1", "p2"), ("p0", "p4"), ("p5", "nobody here")]
    found = plan(crowd, 5, 3, apart=apart, steps=QUICK)
    check(found, crowd, 5, 3)
    for seats in found.tables:
        assert all(host in seats[table] for host, table in (("p0", 0), ("p7", 1), ("p9", 2)))
    assert not any(pair in encounters_of(found.tables) for pair in (("p1", "p2"), ("p0", "p4")))


def test_what_cannot_be_is_said():
    with pytest.raises(Infeasible, match="No plan was found"):
        plan(guests(4), 1, 1, apart=[("p0", "p1")], steps=100)
    with pytest.raises(BadInput, match="5 tables and 1 rounds"):
        plan(guests(4), 5, 1)
    with pytest.raises(BadInput, match="Table 1 has more hosts"):
        plan(guests(4, p0=0, p1=0, p2=0), 2, 1)
    with pytest.raises(BadInput, match="table 9"):
        plan(guests(4, p0=8), 2, 1)
    with pytest.raises(Infeasible, match="13 people do not fit"):
        tables_for(13, 3, smallest=7, largest=12)


@pytest.mark.parametrize(("people", "rounds", "tables"), [(12, 1, 1), (60, 3, 8), (180, 4, 15), (24, 3, 4), (144, 3, 12)])
def test_the_number_of_tables_lets_everybody_meet_new_people(people, rounds, tables):
    assert tables_for(people, rounds, 6, 12) == tables
