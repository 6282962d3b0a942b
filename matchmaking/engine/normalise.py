"""One spelling for comparison: case, apostrophes, the short u, two Belarusian orthographies. Standard library only."""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

DULL_WORDS_FILE = Path(__file__).parent / "data" / "dull_words.txt"
STOP_WORDS_FILE = Path(__file__).parent / "data" / "stop_words.txt"

APOSTROPHES = "'’ʼ‘`´"
WORD = re.compile(r"[^\W\d_]+")
WORD_WITH_APOSTROPHE = re.compile(r"[^\W\d_]+(?:’[^\W\d_]+)*")
ONE_APOSTROPHE = str.maketrans(dict.fromkeys("'’ʼ‘`´", "’"))
# The older Belarusian orthography writes the soft sign where the official one does not: "сьнег" for "снег".
SOFT_ASSIMILATION = re.compile("(?<=[зсц])ь(?=[бвзлмнпсц])")
SPELLING = str.maketrans({"ё": "е", "ў": "у", "ґ": "г", **dict.fromkeys(APOSTROPHES, "")})


def normalise(text: str) -> str:
    """The text in lower case, composed, with one spelling for letters that writers vary; spaces are single."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(SPELLING)
    return " ".join(SOFT_ASSIMILATION.sub("", folded).replace("-", " ").split())


def term_key(term: str) -> str:
    """The key under which two spellings of one picked term meet: its words without signs and punctuation."""
    return " ".join(re.findall(r"\w+", normalise(term)))


def words(text: str) -> list[str]:
    """The words of a text, normalised, letters only, in order."""
    return WORD.findall(normalise(text))


def plain_words(text: str) -> list[str]:
    """The words of a text in lower case, otherwise as spelled, with one sign for the apostrophe; they can be shown to people."""
    folded = unicodedata.normalize("NFKC", text).translate(ONE_APOSTROPHE).casefold()
    return WORD_WITH_APOSTROPHE.findall(folded)


@lru_cache(maxsize=1)
def stop_words() -> frozenset[str]:
    """Words without content in English, German, Russian and Belarusian, normalised."""
    return frozenset(normalise(STOP_WORDS_FILE.read_text(encoding="utf-8")).split())


@lru_cache(maxsize=1)
def dull_words() -> frozenset[str]:
    """Words, normalised, that many texts share and that tell nobody why to meet."""
    return frozenset(normalise(DULL_WORDS_FILE.read_text(encoding="utf-8")).split())
