"""Who should join an idea: the best by the scorer, behind the gates, with reasons that add up; the same whatever the order."""

import math
from dataclasses import replace

import numpy as np
import pytest

from matchmaking.engine import pipeline
from matchmaking.engine.ideas import IdeaScorer
from matchmaking.engine.joiners import decode_ideas, encode_ideas, ideas_fingerprint, joiners
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import added
from matchmaking.engine.records import Cohort, Idea, Profile
from matchmaking.engine.telling import facts, terms_of
from matchmaking.engine.weights import default_weights
from matchmaking.engine.wording import tell_lead

LEAD = Profile("lead", "education", languages=("be", "en"), city="Minsk")
PEOPLE = (
    LEAD,
    Profile("apps", "business", languages=("en",), offers=("Mobile apps",), city="Gomel"),
    Profile("museum", "creative", languages=("be",), interests=("museums",), city="Minsk"),
    Profile("german", "business", languages=("de",), offers=("Mobile apps",)),
    Profile("blocked", "business", languages=("en",), offers=("Mobile apps",)),
    Profile("declined", "business", languages=("en",), offers=("Mobile apps",)),
    Profile("silent", "business"),
    Profile("pupil", "education", offers=("Mobile apps",)),
)
COHORT = pipeline.order(
    Cohort(PEOPLE, blocked=frozenset({("blocked", "lead")}), declined=frozenset({("declined", "lead")}), met=frozenset({("apps", "lead")}))
)
IDEA = Idea("idea", ("Mobile apps", "museums"), "An app for the museums of Gomel.", ("lead",))


def space_of(cohort):
    return pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, 0, len(cohort.profiles))])


def found(cohort=COHORT, idea=IDEA, most=10, **parameters):
    return joiners(space_of(cohort), cohort, Parameters(**parameters), [idea], most)


def test_only_those_behind_no_gate_with_something_in_common_are_told():
    """A missing language lets pass, as everywhere; who met the lead or is of the lead's sector may join."""
    rows = found(threshold=0.0)
    assert {row.key for row in rows} == {"apps", "museum", "pupil"}
    assert [row.rank for row in rows] == [1, 2, 3]
    assert "silent" not in {row.key for row in rows}


def test_the_order_is_that_of_the_scorer_and_the_parts_add_up():
    rows = found(threshold=0.0)
    scorer = IdeaScorer(space_of(COHORT), COHORT, default_weights().dialled(Parameters().bridge))
    z = dict(zip((profile.key for profile in COHORT.profiles), added(scorer.terms(IDEA)), strict=True))
    assert [row.key for row in rows] == sorted((row.key for row in rows), key=lambda key: -z[key])
    for row in rows:
        assert math.fsum(term.value for term in row.direction.terms) == pytest.approx(row.direction.z, abs=1e-9)
        assert row.direction.z == pytest.approx(z[row.key], abs=1e-9)
        assert row.direction.p == pytest.approx(1 / (1 + np.exp(-z[row.key])))


def test_at_most_so_many_and_none_below_the_threshold():
    assert [row.rank for row in found(threshold=0.0, most=2)] == [1, 2]
    assert found(threshold=1.0) == []


def test_those_already_in_a_team_are_not_missing_in_it():
    team = replace(IDEA, members=("lead", "apps"))
    assert "apps" in {row.key for row in found(threshold=0.0)}
    assert "apps" not in {row.key for row in found(idea=team, threshold=0.0)}


def test_an_idea_without_a_lead_in_the_event_gets_nobody():
    assert found(idea=replace(IDEA, members=("a stranger",)), threshold=0.0) == []


def test_the_order_of_the_rows_changes_nothing():
    turned = pipeline.order(replace(COHORT, profiles=tuple(reversed(COHORT.profiles))))
    assert found(turned, threshold=0.0) == found(threshold=0.0)


def test_ideas_come_back_from_bytes_and_the_fingerprint_says_what_they_ask():
    other = Idea("another", (), "A night of lights", ("lead",))
    content = encode_ideas([IDEA, other], COHORT)
    assert decode_ideas(content) == ([other, IDEA], COHORT)
    assert encode_ideas([other, IDEA], COHORT) == content
    prints = {ideas_fingerprint(ideas, COHORT, Parameters()) for ideas in ([IDEA, other], [other, IDEA], [IDEA])}
    assert len(prints) == 2


def sentences(key, language):
    row = next(row for row in found(threshold=0.0) if row.key == key)
    return [tell_lead(found, language, partner="Nina") for found in facts(terms_of(row.direction))]


@pytest.mark.parametrize(
    ("language", "need"),
    [
        ("en", "Your idea is looking for “Mobile apps”, and Nina offers this."),
        ("ru", "Для вашей идеи нужно: «мобильные приложения» — Nina это предлагает."),
        ("be", "Для вашай ідэі патрэбна: «мабільныя праграмы» — Nina гэта прапануе."),
        ("de", "Ihre Idee sucht „Handy-Apps“, und Nina bietet das an."),
    ],
)
def test_the_lead_reads_why_in_their_language(language, need):
    fits, misfits = sentences("apps", language)
    assert fits[0] == need
    assert len(fits) <= 3
    assert len(misfits) <= 1


def test_an_interest_is_told_of_the_idea_and_not_of_its_lead():
    fits, misfits = sentences("museum", "en")
    assert "Your idea is about “museums”, and Nina cares about this." in fits
    assert misfits == ["What does not fit: Nina does not offer what your idea is looking for: “Mobile apps” and “museums”."]
