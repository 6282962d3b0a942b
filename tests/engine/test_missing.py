"""The answer that would help most, against a run of the engine with the profile so answered."""

from dataclasses import replace

import pytest

from matchmaking.engine import missing, pipeline
from matchmaking.engine.candidates import read_candidates
from matchmaking.engine.missing import empty_fields, filled_in, with_missing
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort, Profile, Shortfall
from matchmaking.engine.wording import FIELDS, silence

THIN = Profile("thin", "education", languages=("en",), city="Minsk", interests=("bees",), about="We keep bees.")
OTHERS = tuple(
    Profile(
        f"other {number}", "business", languages=("en",), city="Minsk", needs=("Graphic design",), offers=("Fundraising",),
        interests=("museums",), about="We sell books.",
    )
    for number in range(8)
)  # fmt: skip
COHORT = pipeline.order(Cohort((THIN, *OTHERS)))
PARAMETERS = Parameters(threshold=0.03)
SHORT = Shortfall("thin", 0, "nobody_above_threshold")


def above(cohort, key):
    """Partners of a person that pass gates and threshold, by the stages of a run."""
    cohort = pipeline.order(cohort)
    people = len(cohort.profiles)
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, 0, people)])
    found = pipeline.candidates_rows(space, cohort, PARAMETERS, 0, people)
    return read_candidates([found]).above[[profile.key for profile in cohort.profiles].index(key)]


def test_the_answer_named_wins_most_partners_by_the_code_of_a_run():
    gains = {}
    for field in empty_fields(THIN):
        changed = filled_in(THIN, field, OTHERS)
        gains[field] = above(replace(COHORT, profiles=(changed, *OTHERS)), "thin") - above(COHORT, "thin")
    best = max(gains.values())
    assert best > 0, "the event must hold an answer that helps"
    (row,) = with_missing(COHORT, PARAMETERS, [SHORT])
    assert row == replace(SHORT, missing=next(field for field in FIELDS if gains.get(field) == best))


def test_what_was_answered_is_not_missing():
    assert empty_fields(THIN) == ["offers", "needs"]
    assert empty_fields(Profile("nobody", "other")) == list(FIELDS)
    assert empty_fields(replace(THIN, offer_text="Honey")) == ["needs"]


def test_typical_answers_are_those_of_the_others():
    nobody = Profile("nobody", "other")
    told = {field: filled_in(nobody, field, OTHERS) for field in FIELDS}
    assert told["offers"].offers == ("Graphic design",)
    assert told["needs"].needs == ("Fundraising",)
    assert told["interests"].interests == ("museums",)
    assert (told["languages"].languages, told["city"].city) == (("en",), "Minsk")
    assert set(told["about"].about.split(", ")) == {"museums", "Fundraising", "Graphic design"}


def test_where_no_answer_helps_none_is_named():
    strangers = tuple(replace(other, languages=("de",)) for other in OTHERS)
    cohort = pipeline.order(Cohort((THIN, *strangers)))
    assert with_missing(cohort, PARAMETERS, [SHORT]) == [SHORT]


def test_all_at_once_or_one_by_one_in_any_order_says_the_same(monkeypatch):
    thin = tuple(replace(THIN, key=f"thin {number}", organisation=f"House {number}") for number in range(3))
    cohort = pipeline.order(Cohort((*thin, *OTHERS)))
    short = [replace(SHORT, key=person.key) for person in thin]
    told = {row.key: row.missing for row in with_missing(cohort, PARAMETERS, short)}
    assert set(told.values()) <= set(FIELDS)
    assert {row.key: row.missing for row in with_missing(cohort, PARAMETERS, short[::-1])} == told
    monkeypatch.setattr(missing, "PEOPLE", 1)
    assert sum(bool(row.missing) for row in with_missing(cohort, PARAMETERS, short)) == 1


def test_a_large_event_is_counted_in_a_part_of_it(monkeypatch):
    monkeypatch.setattr(missing, "SAMPLE", 5)
    (row,) = with_missing(COHORT, PARAMETERS, [SHORT])
    assert row.missing in ("offers", "needs")


@pytest.mark.parametrize("language", ["be", "ru", "en", "de"])
@pytest.mark.parametrize("cause", ["nobody_eligible", "nobody_above_threshold", "partners_full"])
def test_silence_has_its_sentences_in_every_language(language, cause):
    told = {tuple(silence(cause, field, language)) for field in FIELDS}
    assert len(told) == len(FIELDS)
    assert all(len(sentences) == 2 for sentences in told)
    assert len(silence(cause, "", language)) == 1
