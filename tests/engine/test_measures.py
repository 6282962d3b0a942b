"""What a run says of itself: the certificate, the sector table against chance, diversity, groups, the dial."""

from collections import Counter

import numpy as np
import pytest

from matchmaking.engine.gates import gates_of
from matchmaking.engine.groups import LEAST, ROWS, by_group, sectors_by_chance
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.pipeline import suggest
from matchmaking.engine.records import Cohort, Profile
from matchmaking.errors import BadInput

SECTORS = ("business", "creative", "education")


def cohort_of(count: int, **fields: object) -> Cohort:
    """People of three sectors in turn who share interests, in cities of 12."""
    interests = ("museum", "grants", "sound design", "mobile apps")
    return Cohort(
        tuple(
            Profile(
                f"k{n:04}",
                SECTORS[n % 3],
                city=f"City {n // 12}",
                languages=("en", "be") if n % 2 else ("en",),
                interests=(interests[n % 4], interests[n * 7 % 4]),
                **fields,
            )
            for n in range(count)
        )
    )


def test_a_run_tells_its_value_bound_and_gap():
    told = suggest(cohort_of(40), Parameters(threshold=0.0)).measures
    assert 0.0 < told["value"] <= told["bound"] * (1 + 1e-6)
    assert told["gap"] == pytest.approx(told["bound"] / told["value"] - 1.0, abs=1e-4)
    assert told["gap"] < 0.1
    assert told["repairs"] >= 0


def test_diversity_is_the_share_of_distinct_sectors_in_a_list():
    result = suggest(cohort_of(24), Parameters(threshold=0.0))
    sector = {profile.key: profile.sector for profile in cohort_of(24).profiles}
    lists: dict[str, list[str]] = {}
    for pair in result.suggestions:
        lists.setdefault(pair.a, []).append(sector[pair.b])
        lists.setdefault(pair.b, []).append(sector[pair.a])
    expected = np.mean([len(set(own)) / len(own) for own in lists.values()])
    assert result.measures["diversity"] == pytest.approx(expected, abs=1e-4)


def test_no_list_holds_more_of_a_sector_or_industry_than_allowed():
    cohort = cohort_of(30, industries=("film",))
    sector = {profile.key: profile.sector for profile in cohort.profiles}
    result = suggest(cohort, Parameters(threshold=0.0, per_sector=2))
    counts = Counter(entry for pair in result.suggestions for entry in ((pair.a, sector[pair.b]), (pair.b, sector[pair.a])))
    assert max(counts.values()) == 2
    assert suggest(cohort, Parameters(threshold=0.0, per_industry=3)).measures["most"] == 3
    assert suggest(cohort, Parameters(threshold=0.0)).measures["most"] == 8


@pytest.mark.parametrize("name", ["per_sector", "per_industry"])
def test_a_limit_of_nobody_is_refused(name):
    with pytest.raises(BadInput, match=name):
        Parameters(**{name: 0})


def test_relevance_leaves_the_dial_out():
    cohort = cohort_of(40, same_sector=True)
    plain, dialled = (suggest(cohort, Parameters(threshold=0.0, bridge=bridge)).measures for bridge in (0.0, 3.0))
    assert plain["relevance"] == plain["mean_score"]
    assert dialled["relevance"] < dialled["mean_score"]
    assert dialled["relevance"] <= plain["relevance"]
    assert dialled["cross_sector_share"] >= plain["cross_sector_share"]


def test_the_sector_table_is_set_against_all_eligible_pairs():
    """Two of x, one of y, one of z; x meets y once and z never; those of one sector are never eligible."""
    people = tuple(Profile(f"k{n}", sector) for n, sector in enumerate("xxyz"))
    table = {one: dict.fromkeys("xyz", 0) for one in "xyz"}
    table["x"]["y"] = table["y"]["x"] = 1
    cohort = Cohort(people)
    told = sectors_by_chance(table, cohort, gates_of(cohort, Parameters()), 0)
    # Five eligible pairs: two x-y, two x-z, one y-z; one pair drawn is x-y with chance 2/5.
    assert told == {"x": {"x": None, "y": 2.5, "z": 0.0}, "y": {"x": 2.5, "y": None, "z": 0.0}, "z": {"x": 0.0, "y": 0.0, "z": None}}


def test_pairs_within_a_sector_count_once():
    cohort = Cohort(tuple(Profile(f"k{n}", sector) for n, sector in enumerate("xxxy")))
    table = {"x": {"x": 1, "y": 1}, "y": {"x": 1, "y": 0}}
    told = sectors_by_chance(table, cohort, gates_of(cohort, Parameters(same_sector=True)), 0)
    assert told == {"x": {"x": 1.0, "y": 1.0}, "y": {"x": 1.0, "y": None}}


def test_a_large_event_is_estimated_from_a_sample():
    cohort = Cohort(tuple(Profile(f"k{n}", "xxy"[n % 3]) for n in range(2 * ROWS)))
    table = {"x": {"x": 0, "y": 100}, "y": {"x": 100, "y": 0}}
    told = sectors_by_chance(table, cohort, gates_of(cohort, Parameters(same_sector=True)), 0)
    assert told["x"]["y"] == told["y"]["x"] == pytest.approx(9 / 4, rel=0.01)


def test_groups_of_few_people_are_not_named():
    cohort = cohort_of(3 * LEAST)
    shown, received = np.arange(3 * LEAST), np.full(3 * LEAST, 0.5)
    told = by_group(cohort, shown, received)
    assert {name: row["people"] for name, row in told["sector"].items()} == dict.fromkeys(SECTORS, LEAST)
    assert {name: row["people"] for name, row in told["city"].items()} == {"city 0": 12, "city 1": 12, "": 6}
    assert told["city"]["city 0"] == {"people": 12, "mean_exposure": 5.5, "mean_value": 0.5}
    assert {name: row["people"] for name, row in told["language"].items()} == {"be": 15, "en": 30}


def test_an_event_without_people_has_measures_too():
    told = suggest(cohort_of(0), Parameters()).measures
    assert (told["value"], told["gap"], told["diversity"], told["groups"]) == (0.0, 0.0, None, {"sector": {}, "city": {}, "language": {}})
