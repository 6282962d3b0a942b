"""Reasons in words: golden sentences in four languages, from a real run and from single terms."""

import pytest

from matchmaking.engine import pipeline
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Direction, Term
from matchmaking.engine.wording import sentences
from tests.engine.cohorts import readable

GOLDEN = {
    "en": [
        "You offer “sound design”, and Bert is looking for this.",
        "You are in the same city: Minsk.",
        "You both care about “museums”.",
        "What does not fit: Bert names no offer for what you are looking for.",
    ],
    "ru": [
        "Вы предлагаете: «звуковой дизайн» — Bert это ищет.",
        "Вы в одном городе: Minsk.",
        "Вам обоим интересно: «музейное дело».",
        "Что не совпадает: Bert не предлагает того, что вы ищете.",
    ],
    "be": [
        "Вы прапануеце: «гукавы дызайн» — Bert гэта шукае.",
        "Вы ў адным горадзе: Minsk.",
        "Вам абодвум цікава: «музейная справа».",
        "Што не супадае: Bert не прапануе таго, што вы шукаеце.",
    ],
    "de": [
        "Sie bieten „Sounddesign“ an, und Bert sucht das.",
        "Sie sind in derselben Stadt: Minsk.",
        "Ihnen beiden liegt am Herzen: „Museumsarbeit“.",
        "Was nicht passt: Bert nennt kein Angebot für das, was Sie suchen.",
    ],
}


def told(*terms: Term, language: str = "en", **options: object) -> list[str]:
    """The sentences of a direction made of these terms."""
    return sentences(Direction(0.0, 0.5, terms), language, **options)


@pytest.mark.parametrize("language", sorted(GOLDEN))
def test_a_real_pair_reads_well_in_every_language(language):
    result = pipeline.suggest(readable(), Parameters())
    pair = next(pair for pair in result.suggestions if (pair.a, pair.b) == ("anna", "bert"))
    assert sentences(pair.ab, language, partner="Bert") == GOLDEN[language]


@pytest.mark.parametrize("language", ["en", "ru", "be", "de"])
def test_every_suggestion_has_one_to_three_fits_and_at_most_one_misfit(language):
    for pair in pipeline.suggest(readable(), Parameters()).suggestions:
        for side in (pair.ab, pair.ba):
            lines = sentences(side, language)
            misfits = [line for line in lines if line.startswith(("What does not fit", "Что не", "Што не", "Was nicht"))]
            assert 1 <= len(lines) - len(misfits) <= 3
            assert len(misfits) <= 1
            assert not any("{" in line or "=" in line or ">" in line for line in lines)


def test_past_themes_are_never_told_as_needs():
    assert told(Term("interest", 0.5, ("past:festivals",))) == ["From past projects you have in common: “festivals and events”."] or told(
        Term("interest", 0.5, ("past:=Tourism",))
    ) == ["From past projects you have in common: “Tourism”."]


def test_a_near_offer_is_told_with_both_concepts():
    assert told(Term("need", 0.5, ("=Sound>=Audio",)), language="de", partner="Mira") == [
        "Sie suchen „Sound“; Mira bietet etwas Verwandtes an: „Audio“."
    ]


def test_partners_in_common_are_named_where_names_are_known():
    term = Term("network", 0.5, ("partners:3", "with:K1", "with:K2"))
    assert told(term, names={"K1": "Museum"}) == ["Partners in common from past projects: 3, among them Museum."]
    assert told(term, language="ru") == ["Общие партнёры по прошлым проектам: 3."]


def test_what_was_said_is_not_said_again():
    terms = (
        Term("need", 0.9, ("=Tourism>=Tourism",)),
        Term("interest", 0.5, ("=Tourism", "=Crafts")),
        Term("text", 0.4, ("tourism", "lake")),
    )
    assert told(*terms) == ["You are looking for “Tourism”, and this partner offers this.", "You both care about “Crafts”."]


def test_the_largest_misfit_is_told_and_only_one():
    terms = (Term("place", 0.0, ("abroad",)), Term("time", 0.0, ("none",)), Term("language", 0.2, ("common:be,fi",)))
    assert told(*terms, language="be") == [
        "Ваша агульная мова: беларуская, fi.",
        "Што не супадае: у вас няма агульнага вольнага часу.",
    ]


def test_nothing_in_common_is_said_openly():
    assert told(Term("constant", -2.0)) == ["You named nothing in common yet; you are both here to find partners."]


def test_an_unknown_language_reads_english():
    assert told(Term("place", 0.5, ("city:Oslo",)), language="no") == ["You are in the same city: Oslo."]
