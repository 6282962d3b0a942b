"""Belarusian in Russian spelling: by the list, by rules, and by what the encoder has met as a word."""

import pytest

from matchmaking.engine.gloss import MOST_CHOICES, Glosser, is_belarusian, respelled

KNOWN = {"городской": 1, "молоко": 1, "водоросль": 1}


def fewest(word):
    """Pieces of an encoder that knows three words whole and all others letter by letter."""
    return KNOWN.get(word, len(word))


@pytest.mark.parametrize(
    ("word", "spelling"),
    [
        ("гарадскі", "гарадский"),
        ("дзеці", "дети"),
        ("цень", "тень"),
        ("аб'ект", "абъект"),
        ("аб’ект", "абъект"),
        ("воўк", "вовк"),
        ("шчака", "щака"),
        ("рэч", "реч"),
    ],
)
def test_rules_respell_what_the_two_languages_write_differently(word, spelling):
    assert respelled(word) == spelling


def test_of_all_spellings_the_one_in_the_fewest_pieces_is_taken():
    glosser = Glosser(fewest)
    assert glosser.gloss("вадарасль і") == "водоросль и"
    assert Glosser(len).gloss("вадарасль і") == "вадарасль и"  # all alike: the first in the order of the alphabet


def test_a_long_word_tries_a_bounded_number_of_spellings():
    asked = []
    Glosser(lambda word: asked.append(word) or 1).gloss("ўабракадабрабранаванастань")
    assert len(asked) == 2**MOST_CHOICES


def test_listed_words_and_other_forms_of_them_are_replaced():
    glosser = Glosser(len)
    assert glosser.gloss("хто і што") == "кто и что"
    assert glosser.gloss("Хто, каму?  ў") == "кто, кому?  в"


@pytest.mark.parametrize("text", ["Мы ищем партнёров для фестиваля.", "We look for partners", "Wir suchen Räume", "", "12 + 7"])
def test_other_languages_stay_as_they_are(text):
    assert not is_belarusian(text)
    assert Glosser(len).gloss(text) == text


def test_what_is_no_word_stays_in_its_place():
    glossed = Glosser(len).gloss("2 майстар-класы, i-школа: ў (2026)!")
    assert [glossed.count(sign) for sign in ("2", "-", ",", ":", "(2026)!")] == [2 + 1, 2, 1, 1, 1]
