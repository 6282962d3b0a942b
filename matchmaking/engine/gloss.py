"""Belarusian glossed word by word into Russian spelling, for a sentence encoder that has read Russian and no Belarusian.

Words of the list `data/be_ru.tsv` are replaced. The others are respelled by rule ("гарадскі" to "городский"); where the rules
leave a choice (the unstressed vowels that Belarusian writes as it speaks them), the spelling that the encoder splits into the
fewest pieces is taken: it is the one the encoder has met as a word.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import product
from pathlib import Path

from matchmaking.engine.normalise import APOSTROPHES, normalise
from matchmaking.engine.stems import stem

FILE = Path(__file__).parent / "data" / "be_ru.tsv"
OWN_LETTERS = re.compile("[іў]", re.IGNORECASE)  # in Belarusian words alone, of the four languages
WORD = re.compile(f"[а-яёіў{APOSTROPHES}]+", re.IGNORECASE)
MOST_CHOICES = 6  # places in a word where spellings are tried, so 64 spellings at most
SHORTEST_STEM = 4  # letters of a word that may be another form of a listed one
CHOICES = {"а": "ао", "я": "яе"}
RULES = tuple(
    (re.compile(pattern), spelling)
    for pattern, spelling in (
        (f"[{APOSTROPHES}]", "ъ"),
        ("дз(?=[ьеіяюё])", "д"),
        ("ц(?=[ьеіяюё])", "т"),
        ("і", "и"),
        ("ў", "в"),
        ("(?<=[жшчц])ы", "и"),
        ("ры", "ри"),
        ("рэ", "ре"),
        ("э", "е"),
        ("шч", "щ"),
        ("ньн(?=е$)", "нн"),
        (r"([нлтдсз])\1(?=[еяюи]$)", r"\1и"),
        ("ага$", "ого"),
        ("яга$", "его"),
        ("аму$", "ому"),
        ("яму$", "ему"),
        ("ыя$", "ые"),
        ("ия$", "ие"),
        ("ацца$", "аться"),
        ("ецца$", "ется"),
        ("ицца$", "ится"),
        ("уцца$", "утся"),
        ("аст(?=[ьи])", "ост"),
        ("(?<=[гкх])и$", "ий"),
        ("(?<=[аяую])е$", "ет"),
    )
)


def is_belarusian(text: str) -> bool:
    """Whether a text has letters that of the four languages only Belarusian writes."""
    return OWN_LETTERS.search(text) is not None


class Glosser:
    """Glosses texts; `pieces` tells into how many pieces the encoder splits a word."""

    def __init__(self, pieces: Callable[[str], int]) -> None:
        self._pieces = pieces
        self._word = lru_cache(maxsize=50_000)(self._new_word)

    def gloss(self, text: str) -> str:
        """A Belarusian text in Russian words; a text without Belarusian letters stays as it is."""
        return WORD.sub(lambda match: self._word(match.group().lower()), text) if is_belarusian(text) else text

    def _new_word(self, word: str) -> str:
        listed = _listed(word)
        return listed if listed else min(_spellings(respelled(word)), key=lambda spelling: (self._pieces(spelling), spelling))


def respelled(word: str) -> str:
    """A word in lower case by the spelling rules alone."""
    for pattern, spelling in RULES:
        word = pattern.sub(spelling, word)
    return word


def _spellings(word: str) -> list[str]:
    places = [position for position, letter in enumerate(word) if letter in CHOICES][:MOST_CHOICES]
    letters = [CHOICES[letter] if position in places else letter for position, letter in enumerate(word)]
    return ["".join(chosen) for chosen in product(*letters)]


def _listed(word: str) -> str:
    """The Russian word of a listed form, else of a listed word with the same stem; empty if there is none."""
    plain = normalise(word)
    forms, stems = _lists()
    return forms.get(plain) or (stems.get(stem(plain, "be"), "") if len(plain) >= SHORTEST_STEM else "")


@lru_cache(maxsize=1)
def _lists() -> tuple[dict[str, str], dict[str, str]]:
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    pairs = [(normalise(word), russian) for word, _, russian in (line.partition("\t") for line in lines)]
    stems: dict[str, str] = {}
    for word, russian in pairs:
        stems.setdefault(stem(word, "be"), russian)
    return dict(pairs), stems
