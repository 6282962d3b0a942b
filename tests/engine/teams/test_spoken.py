"""Facilitators' rules to the engine's and back, and what is said of teams in four languages."""

import json
import re
from dataclasses import replace

import pytest

from matchmaking.engine.teams import door, spoken, words
from matchmaking.engine.teams.rules import Counted, Person
from matchmaking.engine.teams.said import Count, Each, Named, People, Said, Teller, dumped, loaded, people_in
from matchmaking.errors import BadInput
from tests.engine.teams.planted import planted

HOLE = re.compile(r"\{(\w+)\}")
PEOPLE = [Person(name, skills=frozenset({"coding"} if name in "abc" else ())) for name in "abcdefgh"]
RULES = [
    {"kind": "team_size", "least": 2, "most": 4},
    {"kind": "teams", "number": 2},
    {"kind": "common_language"},
    {"kind": "common_time", "half_hours": 3},
    {"kind": "has", "skill": "coding"},
    {"kind": "never_alone", "mark": "minor"},
    {"kind": "count", "property": "sector:business", "most": 2},
    {"kind": "count", "property": "flag:adult", "least": 1, "where": "flag:minor"},
    {"kind": "balance", "property": "skill:coding"},
    {"kind": "together", "people": ["a", "b", "c"]},
    {"kind": "apart", "people": ["a", "d"]},
    {"kind": "pin", "people": ["e"], "team": 2},
    {"kind": "exactly", "people": ["g", "h"]},
    {"kind": "mark", "mark": "minor", "people": ["a", "f"]},
    {"kind": "wish_skills", "skills": ["coding", "design"], "points": 40},
    {"kind": "wish_sectors", "most": 2, "points": 10},
    {"kind": "wish_fit", "weight": 2},
    {"kind": "idea", "idea": 7, "team": 1},
    {"kind": "prefers", "people": ["d"], "ideas": [9, 7]},
    {"kind": "wish", "people": ["f"], "team": 2, "points": 5},
]
IN_ENGLISH = [
    "Each team has 2 to 4 people.",
    "There are 2 teams.",
    "Each team has a language that all in it speak.",
    "Each team has at least 3 times when all in it can come.",
    "Each team has somebody with coding.",
    "Nobody marked minor is the only one in a team.",
    "Each team has at most 2 from business.",
    "Each team that has somebody marked minor has at least 1 marked adult.",
    "Those with coding are spread evenly over the teams.",
    "A, b and c are in one team.",
    "A and d are not in one team.",
    "E is in team 2.",
    "G and h are exactly one team.",
    "Marked minor: a and f.",
    "Wished for: in each team people with coding and design, 40 points each.",
    "Wished for: people of different sectors in each team, 10 points for each sector up to 2.",
    "Wished for: people who suit each other, counted 2 times.",
    "Team 1 works on “7”.",
    "D would like to work on, first choice first: 9, 7.",
    "Wished for: f in team 2, 5 points.",
]


def test_every_kind_of_rule_reaches_the_engine():
    assert {rule["kind"] for rule in RULES} == set(spoken.FIELDS)
    told = spoken.case_of(RULES, PEOPLE)
    case = told.case
    assert (case.smallest, case.largest, case.teams) == (2, 4, 2)
    assert (case.rules.common_language, case.rules.common_slots, case.rules.at_least_one) == (True, 3, ("coding",))
    assert case.rules.counted == (
        Counted("sector:business", 0, 2),
        Counted("flag:adult", 1, None, False, "flag:minor"),
        Counted("skill:coding", 1, 2),
    )
    assert (case.rules.together, case.rules.apart, case.rules.pinned, case.rules.locked) == (
        (("a", "b", "c"),), (("a", "d"),), (("e", 2),), (("g", "h"),),
    )  # fmt: skip
    assert [person.id for person in case.people if "minor" in person.flags] == ["a", "f"]
    assert case.value.wishes == (("d", 1, 20), ("f", 2, 5))
    assert told.origins == {
        "team_size": 0, "teams": 1, "common_language": 2, "common_slots": 3, "at_least_one:coding": 4, "never_alone:minor": 5,
        "counted:0": 6, "counted:1": 7, "counted:2": 8, "together:0": 9, "apart:0": 10, "pinned:0": 11, "locked:0": 12,
    }  # fmt: skip
    assert set(case.names()) <= set(told.origins), "each rule of the engine leads back to the facilitator's"


@pytest.mark.parametrize("seed", range(8))
def test_from_the_engine_to_words_and_back_nothing_is_lost(seed):
    document, _ = planted(seed, 30, 3, 5, free=bool(seed % 2))
    document["rules"]["counted"] = [{"property": "sector:creative", "most": 2}, {"property": "skill:law", "least": 2, "or_none": True}]
    document["value"]["wishes"] = [["p0001", 2, 5.5]]
    case = replace(door.read_case(document), pair_scores=())
    said = spoken.rules_of(case)
    bare = [replace(person, flags=frozenset()) for person in case.people]
    again = spoken.case_of(json.loads(json.dumps(said)), bare)
    assert again.case == case
    assert spoken.rules_of(again.case) == said
    assert again.idle == ()


def test_a_rule_about_somebody_who_left_is_idle_and_the_others_hold():
    told = spoken.case_of(RULES, [person for person in PEOPLE if person.id not in "de"])
    assert [RULES[number]["kind"] for number in sorted(told.idle)] == ["apart", "pin", "prefers"]
    assert told.case.rules.together == (("a", "b", "c"),)


def test_a_rule_that_names_nobody_any_more_keeps_its_place():
    told = spoken.case_of([{"kind": "apart", "people": ["a"]}, {"kind": "common_language"}], PEOPLE)
    assert (told.idle, told.origins["common_language"], told.count) == ((0,), 1, 2)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"kind": "luck"}, "no known kind"),
        ({"kind": "has"}, "lacks skill"),
        ({"kind": "common_language", "skill": "x"}, "cannot hold skill"),
        ({"kind": "apart", "people": ["a"]}, "too few"),
        ({"kind": "apart", "people": ["a", "b", "c"]}, "too many"),
        ({"kind": "together", "people": ["a", "a"]}, "same person twice"),
        ({"kind": "team_size", "least": 4, "most": 3}, "least is above"),
        ({"kind": "count", "property": "mood:good", "most": 1}, "counts no property"),
        ({"kind": "count", "property": "skill:x"}, "asks for nothing"),
        ({"kind": "balance", "property": "skill:x"}, "how many teams"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_a_sentence(rule, sentence):
    with pytest.raises(BadInput, match=sentence):
        spoken.check_rules([rule])
    with pytest.raises(BadInput, match="more than one rule teams"):
        spoken.case_of([{"kind": "teams", "number": 2}] * 2, PEOPLE)


def test_every_rule_has_its_sentence():
    assert [Teller("en").sentence(spoken.said(rule)) for rule in RULES] == IN_ENGLISH


@pytest.mark.parametrize("language", ["be", "ru", "de"])
def test_sentences_are_there_in_every_language_with_the_same_values(language):
    english, told = Teller("en"), Teller(language)
    assert told.words.keys() == english.words.keys()
    for code, text in english.words.items():
        if isinstance(text, str):
            assert sorted(set(HOLE.findall(text))) == sorted(set(HOLE.findall(told.words[code]))), code
    sentences = [told.sentence(spoken.said(rule)) for rule in RULES]
    assert len(set(sentences) & set(IN_ENGLISH)) == 0
    assert all("{" not in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", ["1 person", "2 people", "5 people", "21 people"]),
        ("de", ["1 Person", "2 Personen", "5 Personen", "21 Personen"]),
        ("ru", ["1 человек", "2 человека", "5 человек", "21 человек"]),
        ("be", ["1 чалавек", "2 чалавекі", "5 чалавек", "21 чалавек"]),
    ],
)
def test_numbers_take_the_form_their_language_wants(language, forms):
    assert [Teller(language).tell(Count(n, "people")) for n in (1, 2, 5, 21)] == forms


def test_what_is_said_goes_through_json_and_names_people_only_when_told():
    said = Said.of("fact_marked", flag=Named("flag:minor"), people=People(("x", "y")))
    whole = Said.of("conflict_one", rules=Each((Said.of("common_language"),)), facts=Each((said,), ""))
    again = loaded(json.loads(json.dumps(dumped(whole))))
    assert again == whole
    assert list(people_in(again)) == ["x", "y"]
    told = Teller("de", {"x": "Ada", "y": "Ben"}.__getitem__, lambda thing: thing.upper()).tell(again)
    assert told == (
        "Diese Regel kann nicht gelten: jedes Team hat eine Sprache, die alle darin sprechen. "
        "Die Markierung FLAG:MINOR haben: Ada und Ben."
    )  # fmt: skip


def test_of_private_rules_a_conflict_tells_only_that_there_are_some():
    people = [Person(name) for name in "abcd"]
    told = spoken.case_of([{"kind": "together", "people": ["a", "b"]}, {"kind": "apart", "people": ["a", "b"]}], people)
    sentence = str(words.conflict(told.case, ("together:0", "apart:0"), private=("apart:0",)))
    assert sentence == (
        "These rules cannot hold together: a and b are in one team; some people are not in one team, for reasons that are theirs alone."
    )
