"""Stems of single words: Snowball for en, de, ru; endings cut by rule for be, which has no stemmer."""

import re
from functools import lru_cache
from typing import Any

import snowballstemmer

SNOWBALL = {"en": "english", "de": "german", "ru": "russian"}
CYRILLIC = re.compile("[а-яіўё]")
MIN_STEM = 3
BE_ENDINGS = tuple(
    sorted(
        """
        аванне аванні авання аваннем яванне явання ыванне іванне аваць яваць ываць іваць ацыя ацыі ацыю ацыяй ацыйны ацыйная
        асць асці асцю асцей насць насці насцю
        ымі імі амі ямі ага яга ому ему аму яму ыя ія ыі ая яя ое ее ую юю ай яй ой ей ам ям ах ях оу еу ау яу ых іх ым ім ом ем
        ць ці ла лі ло ны ная нае ныя нага най ную ным нымі ных не ні ню нем нях нямі
        а я о е э ы і у ю ь й
        """.split(),
        key=lambda ending: (-len(ending), ending),
    )
)


@lru_cache(maxsize=4)
def _snowball(language: str) -> Any:
    return snowballstemmer.stemmer(SNOWBALL[language])


def _belarusian(word: str) -> str:
    for ending in BE_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= MIN_STEM:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """The stem of a normalised word in a language."""
    if language == "be":
        return _belarusian(word)
    stemmed: str = _snowball(language).stemWord(word)
    return stemmed


def languages_of(word: str) -> tuple[str, ...]:
    """The languages a word could be of, by its script."""
    return ("ru", "be") if CYRILLIC.search(word) else ("en", "de")
