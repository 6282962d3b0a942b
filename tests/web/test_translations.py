"""Every sentence is there in Belarusian, Russian and German, with the same values to fill in, compiled as it is written."""

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.mofile import read_mo
from django.conf import settings
from django.template.base import DebugLexer, TokenType
from django.test import Client
from django.utils.translation import gettext, override

from matchmaking.management.commands.translations import LANGUAGES, stored
from matchmaking.management.sentences import ROOT, in_source, sentences

pytestmark = pytest.mark.once
FOREIGN = {"be": r"[ищъИЩЪ]", "ru": r"[іўІЎ]", "de": r"\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]ein\w*|[Ee]uch|[Ee]uer)\b"}
MIXED = re.compile(r"[A-Za-z][Ѐ-ӿ]|[Ѐ-ӿ][A-Za-z]")  # a letter of the other alphabet that only looks right
IN_PAGE = re.compile(r"<(script|style|code)\b.*?</\1>|<[^>]*>|&\w+;", re.S)
SOURCE = '''
"""A docstring is read by programmers."""
KEPT = "It stays."
NAMED = "no full stop"
def refuse(name):
    "Neither is this one."
    log.warning("could not read %s", name)
    note("The row of {name} is empty.", name=name)
    field(help_text="What a program reads.")
    raise Conflict(NAMED) if name else BadInput("Odd " "words", fields={"name": "A name is needed."})
def glue(name):
    return f"{name} is not a name.", "Too long: " + name + "."
'''


@pytest.fixture(scope="module")
def found() -> set[str]:
    return {one.text for one in sentences() if not one.glued}


def translations(language: str) -> dict[str, str]:
    return {message.id: message.string for message in stored(language) if message.id}


def values(text: str) -> list[tuple[str, ...]]:
    """What is filled in, with its format."""
    return sorted({tuple(map(str, part[1:])) for part in Formatter().parse(text) if part[1] is not None}) + re.findall(
        r"%\((\w+)\)(\w)", text
    )


def test_the_languages_are_those_of_the_settings():
    assert {*LANGUAGES, "en"} == {code for code, _ in settings.LANGUAGES}


def test_sentences_are_found_however_they_are_given():
    told = [(one.text, one.glued) for one in in_source(SOURCE, "some.py")]
    assert sorted(told) == [
        ("A name is needed.", False),
        ("It stays.", False),
        ("Odd words", False),
        ("The row of {name} is empty.", False),
        ("Too long: {}.", True),
        ("no full stop", False),
        ("{} is not a name.", True),
    ]


def test_the_source_is_searched(found):
    here = {
        "The work stopped {attempts} times at one stage ({stage}). Start a new run; if it stops again, tell the operator: run {run}.",
        "Repeats row {row}, which is the one that counts.",
        "There is no such event.",
        "Reading the profiles.",
        "Go back, or begin at the start page.",
        "This field is required.",
    }
    assert here <= found


def test_no_sentence_is_put_together_at_run_time():
    """Such a sentence cannot be looked up: give it as a template with named values."""
    assert [f"{one.file}:{one.line}: {one.text}" for one in sentences() if one.glued] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language, found):
    """Where this fails: `make translations`, then write what it lists."""
    there = translations(language)
    assert sorted(found - {text for text, translation in there.items() if translation}) == []
    assert sorted(there.keys() - found) == [], "no longer in the source"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_a_draft_or_left_over(language):
    catalogue = stored(language)
    assert [message.id for message in catalogue if message.fuzzy and message.id] == []
    assert list(catalogue.obsolete) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_fill_in_the_same_values(language):
    there = translations(language)
    assert {text for text, translation in there.items() if values(text) != values(translation)} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language):
    with (ROOT / "locale" / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = read_mo(file)
    assert {message.id: message.string for message in compiled if message.id} == translations(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_letters_and_forms_are_those_of_the_language(language):
    there = translations(language).values()
    assert [text for text in there if re.search(FOREIGN[language], text) or MIXED.search(text)] == []


@pytest.mark.parametrize("page", sorted((ROOT / "web").rglob("*.html")), ids=lambda page: page.name)
def test_pages_show_no_text_that_is_not_translated(page: Path):
    bare, translated = "", False
    for token in DebugLexer(page.read_text(encoding="utf-8")).tokenize():
        if token.token_type == TokenType.BLOCK:
            translated = token.contents.startswith("blocktranslate") or (translated and not token.contents.startswith("endblocktranslate"))
        elif token.token_type == TokenType.TEXT and not translated:
            bare += token.contents
    assert re.findall(r"[^\W\d_]+", IN_PAGE.sub(" ", bare)) == []


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("be", "Гэтае поле абавязковае."), ("ru", "Это поле обязательно."), ("de", "Dieses Feld ist erforderlich.")],
)
def test_the_framework_answers_in_the_readers_language(language, sentence):
    with override(language):
        assert gettext("This field is required.") == sentence


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("be", "Партнёры з розных сектараў горада"),
        ("ru", "Партнёры из разных секторов города"),
        ("de", "Partner aus allen Sektoren einer Stadt"),
        ("en", "Partners across the sectors of a city"),
    ],
)
def test_a_page_comes_in_the_readers_language(language, title):
    page = Client().get("/", headers={"accept-language": language}).content.decode()
    assert (f'<html lang="{language}">' in page, f"<h1>{title}</h1>" in page) == (True, True)
