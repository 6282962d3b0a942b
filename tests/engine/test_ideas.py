"""Ideas against people: every value recomputed from dense vectors, by the formulas in words of docs/matching.md."""

import math
from dataclasses import replace

import numpy as np
import pytest

from matchmaking.engine import pipeline
from matchmaking.engine.encoder import encode
from matchmaking.engine.facets import content_words, terms
from matchmaking.engine.ideas import AREA, CITY, IdeaScorer
from matchmaking.engine.parts import SHARE
from matchmaking.engine.records import Idea, PastProject
from matchmaking.engine.stems import root
from matchmaking.engine.weights import PARTS, default_weights
from matchmaking.engine.works import RARITY, TEXT_PIVOT
from tests.engine.cohorts import readable

PARTNERS = ("bert", "outsider", "a stranger")
IDEA = Idea(
    "idea", ("Mobile apps", "museums", "a light festival"), "An app that leads through the old brewery in Gomel by sound.", PARTNERS
)


def world(idea=IDEA, more=()):
    """A small event with two regions, its vectors, and the values of an idea as rows by part; `more` past projects."""
    regions = {"anna": "BY01 / Minsk oblast", "bert": "BY01 / Minsk oblast", "cleo": "BY02 / Gomel oblast", "dora": "BY02 / Gomel oblast"}
    cohort = readable()
    people = tuple(replace(one, region=regions.get(one.key, "")) for one in cohort.profiles)
    cohort = pipeline.order(replace(cohort, profiles=people, projects=(*cohort.projects, *more)))
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, 0, len(people))])
    found = IdeaScorer(space, cohort, default_weights()).values(idea)
    return cohort, space, dict(zip(PARTS, found.T, strict=True))


def said(space, entries):
    """Named weights as a dense row of the event's terms."""
    row = np.zeros(len(space.terms))
    for term, weight in entries.items():
        if term in space.terms:
            row[space.terms.index(term)] = weight
    return row


def at_most_one(row):
    return row / max(np.linalg.norm(row), 1.0)


def test_what_the_idea_says_meets_offers_interests_and_themes():
    _, space, values = world()
    everything, tags = said(space, terms(IDEA.tags, IDEA.text)), said(space, terms(IDEA.tags))
    wanted = everything * space.rarity.idf_
    wanted = at_most_one(wanted + wanted @ space.steps.toarray())
    named = tags * space.rarity.idf_
    assert values["need"] == pytest.approx(space.offers.toarray() @ wanted)
    assert values["interest"] == pytest.approx(space.interests.toarray() @ at_most_one(everything * space.rarity.idf_**0.5))
    assert values["themes"] == pytest.approx(space.themes.toarray() @ (named / np.linalg.norm(named)))
    assert values["need"].argmax() == 2  # cleo, who offers mobile apps
    assert values["offer"].tolist() == [0.0] * 6  # an idea offers nothing


def test_likeness_of_words_is_the_fourth_root_of_the_sum_of_fourth_powers_over_works():
    _, space, values = world()
    works, counts = space.works, np.zeros(len(space.works.roots))
    for word, count in content_words(" ".join((IDEA.text, *IDEA.tags))).items():
        if root(word) in works.roots:
            counts[works.roots[root(word)]] += count
    weighed = np.where(counts > 0, 1.0 + np.log(np.maximum(counts, 1.0)), 0.0) * works.weighing.tfidf_.idf_**RARITY
    weighed /= max(np.linalg.norm(weighed), TEXT_PIVOT)
    like = works.text.toarray() @ weighed[works.weighing.kept_]
    expected = [sum(like[work] ** 4 for work in np.flatnonzero(row)) ** 0.25 for row in works.of.toarray()]
    assert values["text"] == pytest.approx(expected)
    assert max(expected) > 0.0


def test_meaning_is_the_mean_likeness_of_works_and_nothing_below_zero():
    _, space, values = world()
    works = space.works
    vector = encode([IDEA.text])[0].astype(np.float64) - works.centre
    vector /= np.linalg.norm(vector)
    expected = [np.mean([max(works.meant[work] @ vector, 0.0) for work in np.flatnonzero(row)] or [0.0]) for row in works.of.toarray()]
    assert values["meaning"] == pytest.approx(expected)
    assert values["need_meaning"] == pytest.approx(space.meant_offers @ vector)


def test_members_bring_their_network_outsiders_among_them_to_those_they_never_met():
    cohort, space, values = world(more=[PastProject("K9", None, "anna", ("anna", "dora"))])
    weighted, ones = space.joined.weighted.toarray(), space.joined.ones.toarray()
    row = space.joined.people.index("outsider")
    close = np.array([math.sqrt(sum(weighted[row][other > 0])) for other in weighted])
    close[row] = 0.0
    many, known = np.count_nonzero(close), np.count_nonzero(space.network.toarray(), axis=0)
    reached = close / (many**0.25 * np.maximum(known, 1) ** 0.125)
    bert = space.joined.people.index("bert")
    assert not weighted[bert].any()
    met = np.array([bool((person * (weighted[row] > 0)).any()) for person in ones])
    shared = np.where(met, 0.0, space.network.toarray() @ reached)
    assert values["network"] == pytest.approx(SHARE * shared / 2)  # the mean over the two who are known
    assert [cohort.profiles[i].key for i in np.flatnonzero(values["network"])] == ["dora"]  # who met anna, as the outsider did
    common = [math.log(1 + np.count_nonzero(person * (weighted[row] > 0))) for person in ones]
    assert values["together"] == pytest.approx(common)
    assert [cohort.profiles[i].key for i in np.flatnonzero(values["together"])] == ["anna", "cleo"]


def test_a_member_shares_with_past_partners_whom_both_know_from_elsewhere():
    """The outsider did K1 with Anna and K2 with Cleo, and these two K9: each of them knows the other from there."""
    cohort, space, values = world(more=[PastProject("K9", None, "anna", ("anna", "cleo"))])
    weight = dict(zip((project.key for project in cohort.projects), space.joined.weighted.toarray().max(axis=0), strict=True))
    expected = {"anna": math.sqrt(weight["K9"] * weight["K2"]), "cleo": math.sqrt(weight["K9"] * weight["K1"])}
    damping = (2 * 2) ** 0.25  # each of the three has two partners, and Anna and Cleo are known to one profile, which is each other's
    found = {cohort.profiles[i].key: values["network"][i] for i in np.flatnonzero(values["network"])}
    assert found == pytest.approx({key: SHARE * shared / damping / 2 for key, shared in expected.items()})


def test_place_ties_and_bridge_are_the_mean_over_members_at_the_event():
    cohort, space, values = world(replace(IDEA, members=("bert", "dora")))
    inside = [1, 3]
    assert values["place"] == pytest.approx((space.place.toarray() @ space.place.toarray()[inside].T).mean(axis=1))
    assert values["language"] == pytest.approx((space.language.toarray() @ space.language.toarray()[inside].T).mean(axis=1))
    tied = [[space.ties[a, b] if min(a, b) >= 0 else 0.0 for b in space.area] for a in space.area[inside]]
    assert values["ties"] == pytest.approx(np.mean(tied, axis=0))
    weights, sectors = default_weights(), [one.sector for one in cohort.profiles]
    bridges = [[weights.bridge(sectors[a], b) for b in sectors] for a in inside]
    assert values["bridge"] == pytest.approx(np.mean(bridges, axis=0))


def test_a_place_that_the_text_names_is_a_mention():
    _, _, values = world()
    assert values["mention"].tolist() == [0.0, 0.0, CITY + AREA, CITY + AREA, 0.0, 0.0]


def test_z_is_the_sum_of_weight_times_value():
    cohort, space, values = world()
    weights, scorer = default_weights(), IdeaScorer(space, cohort, default_weights())
    z = scorer.scores(IDEA)
    for person in range(len(cohort.profiles)):
        assert z[person] == pytest.approx(math.fsum(weights.of[part] * values[part][person] for part in PARTS), abs=1e-9)


def test_an_idea_that_says_nothing_and_knows_nobody_leaves_activity_alone():
    _, space, values = world(Idea("empty"))
    assert {part for part in PARTS if values[part].any()} == {"constant", "activity"}
    assert values["activity"] == pytest.approx(space.activity)


def test_what_is_remembered_of_an_idea_carries_the_keys_of_its_members():
    """So that erasing one of them finds and removes it."""
    cohort = pipeline.order(readable())
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, 0, len(cohort.profiles))])
    kept = Kept()
    IdeaScorer(space, cohort, default_weights(), kept).values(Idea("i", text="A festival of sound", members=("anna", "outsider")))
    assert [key.rpartition(":")[2] for key in kept.there] == ["anna,outsider"]


class Kept:
    """A memory that can be looked into."""

    def __init__(self):
        self.there = {}

    def get_many(self, keys):
        return {key: self.there[key] for key in keys if key in self.there}

    def set_many(self, values):
        self.there.update(values)
