"""The laws on cohorts drawn at random, and sameness whatever the order and the shards."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matchmaking.engine import pipeline
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort, Profile
from matchmaking.errors import BadInput
from tests.engine import laws
from tests.engine.cohorts import cohorts, readable

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
parameters = st.builds(
    Parameters,
    cap=st.integers(2, 4),
    floor=st.integers(0, 2),
    per_organisation=st.integers(1, 2),
    threshold=st.sampled_from((0.0, 0.01, 0.05)),
    candidates=st.sampled_from((8, 64)),
    alpha=st.sampled_from((0.0, 0.5, 1.0)),
    same_sector=st.booleans(),
    met_again=st.booleans(),
    seed=st.integers(0, 3),
)


def stages(cohort, parameters, shards):
    """Bytes of every stage and the suggestions, computed in `shards` shards in backward order."""
    cohort = pipeline.order(cohort)
    ranges = pipeline.row_ranges(len(cohort.profiles), shards)[::-1]
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, *rows) for rows in ranges])
    lists = [pipeline.candidates_rows(space, cohort, parameters, *rows) for rows in ranges]
    allocation = pipeline.allocate_all(space, cohort, parameters, lists)
    pieces = pipeline.row_ranges(pipeline.chosen_count(allocation), shards)
    shown = [pair for piece in pieces for pair in pipeline.reason_rows(space, cohort, parameters, allocation, *piece)]
    return allocation, shown, pipeline.measure(cohort, parameters, allocation, space)


@QUICK
@given(cohorts(), parameters)
def test_the_laws_hold(cohort, parameters):
    laws.check(cohort, parameters, pipeline.suggest(cohort, parameters))


@QUICK
@given(cohorts(), parameters, st.integers(0, 99))
def test_order_and_shards_change_nothing(cohort, parameters, seed):
    shuffled = random.Random(seed)
    profiles, projects = list(cohort.profiles), list(cohort.projects)
    shuffled.shuffle(profiles)
    shuffled.shuffle(projects)
    turned = frozenset((b, a) for a, b in cohort.blocked)
    other = replace(cohort, profiles=tuple(profiles), projects=tuple(projects), blocked=turned)
    whole = stages(cohort, parameters, 1)
    assert stages(other, parameters, 2) == whole
    assert stages(other, parameters, 7) == whole
    assert pipeline.fingerprint(other, parameters) == pipeline.fingerprint(cohort, parameters)


@QUICK
@given(cohorts())
def test_a_cohort_survives_the_trip_through_bytes(cohort):
    content = pipeline.encode_cohort(cohort)
    assert pipeline.decode_cohort(content) == pipeline.order(cohort)
    assert pipeline.encode_cohort(pipeline.decode_cohort(content)) == content


def test_the_fingerprint_follows_every_input():
    cohort, plain = readable(), Parameters()
    marks = {
        pipeline.fingerprint(cohort, plain),
        pipeline.fingerprint(cohort, Parameters(seed=1)),
        pipeline.fingerprint(replace(cohort, blocked=frozenset({("anna", "bert")})), plain),
        pipeline.fingerprint(replace(cohort, projects=()), plain),
        pipeline.fingerprint(replace(cohort, profiles=cohort.profiles[1:]), plain),
    }
    assert len(marks) == 5


def test_two_profiles_of_one_key_are_refused():
    cohort = readable()
    with pytest.raises(BadInput, match="same key: anna"):
        pipeline.order(replace(cohort, profiles=(*cohort.profiles, cohort.profiles[0])))


@pytest.mark.parametrize("count", [0, 1])
def test_a_lonely_event_gives_no_suggestion_and_a_cause(count):
    cohort = replace(readable(), profiles=readable().profiles[:count], projects=())
    result = pipeline.suggest(cohort, Parameters())
    assert result.suggestions == []
    assert [(s.key, s.given, s.cause) for s in result.shortfalls] == [("anna", 0, "nobody_eligible")] * count


def test_a_belarusian_offer_meets_an_english_need():
    result = pipeline.suggest(readable(), Parameters())
    pair = next(pair for pair in result.suggestions if (pair.a, pair.b) == ("anna", "bert"))
    evidence = {term.part: term.evidence for term in pair.ab.terms}
    assert evidence["offer"] == ("sound-design=sound design>sound-design=гукавы дызайн",)
    assert evidence["place"] == ("city:Minsk",)


def test_a_free_term_meets_itself_in_another_spelling():
    result = pipeline.suggest(readable(), Parameters())
    pair = next(pair for pair in result.suggestions if (pair.a, pair.b) == ("emil", "fred"))
    assert "=Beekeeping by the lake>=Beekeeping by the lake" in next(term.evidence for term in pair.ba.terms if term.part == "need")


def test_people_with_nothing_in_common_are_left_alone_by_default():
    strangers = [Profile(key, sector, country=land) for key, sector, land in (("a", "business", "Chile"), ("b", "other", "Laos"))]
    cohort = Cohort(tuple(strangers))
    result = pipeline.suggest(cohort, Parameters())
    assert (result.suggestions, [shortfall.cause for shortfall in result.shortfalls]) == ([], ["nobody_above_threshold"] * 2)
    assert laws.pairs_of(pipeline.suggest(cohort, Parameters(threshold=0.0))) == {("a", "b")}


def told_of(people, a, b, part):
    """The evidence of one part from a to b in an event of these people."""
    pairs = {(pair.a, pair.b): pair for pair in pipeline.suggest(Cohort(tuple(people)), Parameters(threshold=0.0)).suggestions}
    return next((term.evidence for term in pairs[a, b].ab.terms if term.part == part), ())


def test_a_city_that_differs_is_told_only_where_most_pairs_share_theirs():
    sectors = ("business", "creative", "education", "authority", "civil society", "other")
    near = [Profile(f"m{n}", sector, city="Minsk", country="Belarus", interests=("bees",)) for n, sector in enumerate(sectors)]
    far = Profile("z", "sector of its own", city="Gomel", country="Belarus", interests=("bees",))
    assert told_of([*near, far], "m0", "z", "place") == ("country:Belarus", "differ")
    apart = [replace(profile, city=f"City {n}") for n, profile in enumerate(near)]
    assert told_of([*apart, far], "m0", "z", "place") == ("country:Belarus",)


def test_an_unknown_language_is_told_where_others_have_one_in_common():
    sectors = ("business", "creative", "education", "authority", "civil society", "other")
    people = [Profile(f"m{n}", sector, languages=("be",)) for n, sector in enumerate(sectors)]
    silent = Profile("z", "sector of its own")
    assert told_of([*people, silent], "m0", "z", "language") == ("unknown:them",)


def test_needs_stated_in_vain_are_named_as_typed():
    people = [Profile("a", "business", needs=("Bees by the lake", "sound design")), Profile("b", "creative", offers=("grants",))]
    assert told_of(people, "a", "b", "need") == ("unmet:=Bees by the lake", "unmet:sound-design=sound design")


def test_dull_and_common_words_are_no_reason():
    text = "We have used the value of projects for mushrooms and dragonflies"
    people = [Profile("a", "business", about=text), Profile("b", "creative", about=text)]
    assert set(told_of(people, "a", "b", "text")) == {"mushrooms", "dragonflies"}


def test_threshold_leaves_people_without_and_says_so():
    result = pipeline.suggest(readable(), Parameters(threshold=0.99))
    assert result.suggestions == []
    assert {shortfall.cause for shortfall in result.shortfalls} == {"nobody_above_threshold"}


def test_equal_scores_are_ordered_by_the_seed_and_not_by_key():
    twins = [replace(readable().profiles[0], key=f"c{n}", organisation="", same_sector=False) for n in range(6)]
    others = [replace(readable().profiles[3], key=f"a{n}", organisation="", languages=()) for n in range(6)]
    cohort = replace(readable(), profiles=(*twins, *others), projects=())
    chosen = {seed: laws.pairs_of(pipeline.suggest(cohort, Parameters(cap=1, floor=0, seed=seed))) for seed in range(4)}
    assert len({frozenset(pairs) for pairs in chosen.values()}) > 1
    assert all(len(pairs) == 6 for pairs in chosen.values())


def test_measures_count_what_was_chosen():
    cohort = readable()
    result = pipeline.suggest(cohort, Parameters())
    shown = laws.exposure(result)
    counts = [shown[profile.key] for profile in cohort.profiles]
    assert (result.measures["fewest"], result.measures["most"]) == (min(counts), max(counts))
    assert result.measures["pairs"] == len(result.suggestions)
    assert result.measures["below_floor"] == len(result.shortfalls)
    table = result.measures["sectors"]
    assert sum(table[a][b] for a in table for b in table if a <= b) == len(result.suggestions)
