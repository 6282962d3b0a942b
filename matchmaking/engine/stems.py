"""Stems of single words: Snowball for en, de, ru; endings cut by rule for be, which has no stemmer."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import snowballstemmer

from matchmaking.engine.normalise import normalise

SNOWBALL = {"en": "english", "de": "german", "ru": "russian"}
CYRILLIC = re.compile("[а-яіўё]")
MIN_STEM = 3
BE_ENDINGS_FILE = Path(__file__).parent / "data" / "be_endings.txt"


@lru_cache(maxsize=4)
def _snowball(language: str) -> Any:
    return snowballstemmer.stemmer(SNOWBALL[language])


@lru_cache(maxsize=1)
def _be_endings() -> tuple[str, ...]:
    """The endings, normalised, the longest first."""
    endings = {normalise(ending) for ending in BE_ENDINGS_FILE.read_text(encoding="utf-8").split()}
    return tuple(sorted(endings, key=lambda ending: (-len(ending), ending)))


def _belarusian(word: str) -> str:
    for ending in _be_endings():
        if word.endswith(ending) and len(word) - len(ending) >= MIN_STEM:
            return _without_vowels(word[: -len(ending)])
    return word


def _without_vowels(stemmed: str) -> str:
    """A Cyrillic stem without vowels left at its end, so that "музе-ев" and "музей" meet."""
    short = stemmed.rstrip("аеиоуыэюяіьй")
    return short if len(short) >= MIN_STEM else stemmed


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """The stem of a normalised word in a language."""
    if language == "be":
        return _belarusian(word)
    stemmed: str = _snowball(language).stemWord(word)
    return _without_vowels(stemmed) if language == "ru" else stemmed


def languages_of(word: str) -> tuple[str, ...]:
    """The languages a word could be of, by its script."""
    return ("ru", "be") if CYRILLIC.search(word) else ("en", "de")


def root(word: str) -> str:
    """The stem of a word of unknown language, for comparing texts: by the English rules in Latin script, else by its letters."""
    plain = normalise(word)
    if not CYRILLIC.search(plain):
        return stem(plain, "en")
    return stem(plain, "be" if "і" in plain or "ў" in word else "ru")
