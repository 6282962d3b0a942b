"""Reasons in words: golden sentences in four languages, from a real run and from single terms."""

import re
from pathlib import Path

import pytest

from matchmaking.engine import pipeline, telling
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Direction, Term
from matchmaking.engine.telling import MISFITS, facts, pair_facts, terms_of
from matchmaking.engine.wording import languages, tell
from tests.engine.cohorts import readable

TELLING = Path(telling.__file__).read_text(encoding="utf-8")
GOLDEN = {
    "en": [
        "You offer “sound design”, and Bert is looking for this.",
        "You both care about “museums”.",
        "You are in the same city: Minsk.",
        "What does not fit: Bert does not offer what you are looking for: “grants”.",
    ],
    "ru": [
        "Вы предлагаете: «звуковой дизайн» — Bert это ищет.",
        "Вам обоим интересно: «музейное дело».",
        "Вы в одном городе: Минск.",
        "Что не совпадает: Bert не предлагает того, что вы ищете: «гранты».",
    ],
    "be": [
        "Вы прапануеце: «гукавы дызайн» — Bert гэта шукае.",
        "Вам абаім цікава: «музейная справа».",
        "Вы ў адным горадзе: Мінск.",
        "Што не супадае: Bert не прапануе таго, што вы шукаеце: «грантавая падтрымка».",
    ],
    "de": [
        "Sie bieten „Sounddesign“ an, und Bert sucht das.",
        "Ihnen beiden liegt am Herzen: „Museumsarbeit“.",
        "Sie sind in derselben Stadt: Minsk.",
        "Was nicht passt: Bert bietet nicht an, was Sie suchen: „Fördermittel“.",
    ],
}


def sentences(direction: Direction, language: str, partner: str = "") -> list[str]:
    """What is told of one direction: what fits, then what does not."""
    fits, misfits = facts(terms_of(direction))
    return tell([*fits, *misfits], language, partner=partner)


def told(*terms: Term, language: str = "en", partner: str = "") -> list[str]:
    """The sentences of a direction made of these terms."""
    return sentences(Direction(0.0, 0.5, terms), language, partner)


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
    assert told(Term("themes", 0.5, ("festivals",))) == ["From past projects you have in common: “festivals and events”."] or told(
        Term("themes", 0.5, ("=Tourism",))
    ) == ["From past projects you have in common: “Tourism”."]


def test_a_near_offer_is_told_with_both_concepts():
    assert told(Term("need", 0.5, ("=Sound>=Audio",)), language="de", partner="Mira") == [
        "Sie suchen „Sound“; Mira bietet etwas Verwandtes an: „Audio“."
    ]


def test_partners_in_common_are_counted_and_a_single_one_is_told_as_one():
    assert told(Term("network", 0.5, ("partners:3",)), language="ru") == ["Общие партнёры по прошлым проектам: 3."]
    assert told(Term("network", 0.5, ("partners:1",))) == ["You both worked with one and the same partner before."]


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
        "Агульныя мовы: беларуская, fi.",
        "Што не супадае: у вас няма агульнага вольнага часу.",
    ]


def test_nothing_in_common_is_said_openly():
    assert told(Term("constant", -2.0)) == ["You named nothing in common yet; you are both here to find partners."]


def test_an_unknown_language_reads_english():
    assert told(Term("place", 0.5, ("city:Oslo",)), language="no") == ["You are in the same city: Oslo."]


def test_a_met_need_quotes_what_both_typed():
    term = Term("need", 0.9, ("virtual-reality=VR developers>virtual-reality=development for virtual reality",))
    assert told(term, partner="Yan") == ["You are looking for “VR developers”, and Yan offers “development for virtual reality”."]


def test_what_was_typed_in_another_language_is_followed_by_the_concept():
    term = Term("offer", 0.9, ("archives=Kulturprojekte mit Archiven>archives=сямейныя архівы і ўспаміны",))
    assert told(term, language="be", partner="Ryhor") == [
        "Вы прапануеце: «сямейныя архівы і ўспаміны»; Ryhor шукае: «Kulturprojekte mit Archiven» (архіўная справа)."
    ]


def test_needs_stated_in_vain_are_named():
    lacks = Term("need", 0.0, ("unmet:=Bees", "unmet:grants=grants"))
    assert told(Term("place", 0.5, ("city:Minsk",)), lacks, language="de", partner="Mira") == [
        "Sie sind in derselben Stadt: Minsk.",
        "Was nicht passt: Mira bietet nicht an, was Sie suchen: „Bees“ und „Fördermittel“.",
    ]


@pytest.mark.parametrize(("language", "told_city"), [("be", "Віцебск"), ("ru", "Витебск"), ("en", "Vitebsk"), ("de", "Witebsk")])
def test_a_known_city_has_its_name_in_the_readers_language(language, told_city):
    for typed in ("Віцебск", "VITEBSK", "Viciebsk"):
        assert told_city in told(Term("place", 0.5, (f"city:{typed}",)), language=language)[0]


def test_the_same_place_alone_is_followed_by_what_the_programme_wants():
    assert told(Term("place", 0.5, ("country:Belarus",)), Term("bridge", 0.5, ("creative>business",))) == [
        "You are in the same country: Belarus.",
        "You come from two sectors that this programme wants to bring together.",
    ]


def test_two_words_shared_by_chance_are_no_reason():
    assert told(Term("text", 0.1, ("mushrooms", "dragonflies")), Term("language", 0.2, ("common:en",))) == ["Languages in common: English."]


@pytest.mark.parametrize("part", ["brand_new", "met", "listed", "tell", "fill", "reader"])
def test_a_part_without_words_is_passed_over(part):
    assert told(Term(part, 0.9, ("whatever:1",)), Term("place", 0.5, ("city:Oslo",))) == ["You are in the same city: Oslo."]


def test_only_the_vocabularys_own_words_are_kept_in_memory():
    told(Term("need", 0.9, ("archives=family archives of mine>archives=archives",)))
    told(Term("industry", 0.5, ("an industry of mine", "=my own words")))
    kept = {term for words in languages().values() for term in words.known}
    assert "archives" in {term.partition("=")[0] for term in kept}
    assert not any("mine" in term or "my own" in term for term in kept)


def test_a_percent_sign_in_what_was_typed_or_named_is_told_as_it_is():
    term = Term("need", 0.9, ("=100%s cotton>=100%s cotton",))
    assert told(term, partner="50% {x}") == ["You are looking for “100%s cotton”, and 50% {x} offers this."]


def test_what_both_directions_tell_is_told_once_however_it_is_spelled():
    mine = Direction(0.0, 0.5, (Term("interest", 0.5, ("museums=Museums",)), Term("place", 0.3, ("city:Минск",))))
    theirs = Direction(
        0.0, 0.5, (Term("interest", 0.5, ("museums",)), Term("place", 0.3, ("city:Мінск",)), Term("time", 0.2, ("slots:2",)))
    )
    for_you, for_them, _ = pair_facts(mine, theirs)
    assert [key for key, _, _ in for_you] == ["interest", "city"]
    assert [key for key, _, _ in for_them] == ["time"]


def test_every_fact_that_can_be_told_has_a_sentence_in_every_language():
    told_keys = set(re.findall(r'_plain\("(\w+)"\)|"(\w+)", "(?:terms|met|count|languages)"|_(?:listed|counted)\("(\w+)"', TELLING))
    keys = {key for found in told_keys for key in found if key} | {key for lacks in MISFITS.values() for key in lacks.values()}
    assert len(keys) > 20
    for words in languages().values():
        assert keys <= set(words.templates)
