"""Words of a profile in the reader's language."""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

import orjson

from matchmaking.engine.vocabulary import default_vocabulary
from matchmaking.models import Event, Programme

KNOWN_AT_MOST = 50_000  # spellings of concepts; free terms are a person's own words and are never kept

# Letters that stand after another one in the alphabet, or beside it, and not where their code number puts them.
_PLACES = str.maketrans({"ё": "е\uffff", "ў": "у\uffff", "ґ": "г\uffff", "і": "и", "ß": "ss", "ł": "l\uffff", "ø": "o", "æ": "ae"})
_LATIN_ENDS = "\u0250"  # above it a sign over a letter makes another letter: й

_known: dict[tuple[str, str], str] = {}


def term_label(term: str, language: str) -> str:
    """A picked term in a language where the vocabulary knows it, else as typed."""
    found = _known.get((term, language))
    if found is None:
        vocabulary = default_vocabulary()
        concept_id = vocabulary.resolve(term)
        if concept_id is None:
            return term
        found = vocabulary.label(concept_id, language)
        if len(_known) < KNOWN_AT_MOST:
            _known[term, language] = found
    return found


def term_labels(terms: str | bytes, language: str) -> list[str]:
    """The labels of a stored list of terms."""
    return [term_label(term, language) for term in orjson.loads(terms)] if terms != "[]" else []


@lru_cache(maxsize=64)
def sector_labels(sectors: str, language: str) -> dict[str, str]:
    """Each sector of a programme (as stored) to its label in a language."""
    return _labels(orjson.loads(sectors), language)


def _labels(sectors: Iterable[Mapping[str, str]], language: str) -> dict[str, str]:
    return {sector["key"]: sector.get(language) or sector.get("en") or sector["key"] for sector in sectors}


def sectors_of(programme: Programme, language: str) -> dict[str, str]:
    """Each sector of a programme, in its order, to its label in a language."""
    return _labels(programme.sectors, language)


@lru_cache(maxsize=256)
def name_in(name: str, names: str, language: str) -> str:
    """The name of an event in a language, where it has one."""
    found: str = orjson.loads(names).get(language) or name
    return found


def event_name(event: Event | Programme, language: str) -> str:
    """The name of an event or a programme in a language, where it has one."""
    return event.names.get(language) or event.name


def alphabetical(name: str) -> tuple[str, str]:
    """What to sort names by, so that those in Latin and Cyrillic letters stand as in a telephone book."""
    folded = unicodedata.normalize("NFC", name).casefold().translate(_PLACES)
    plain = "".join(unicodedata.normalize("NFD", sign)[0] if sign < _LATIN_ENDS else sign for sign in folded)
    return plain, name
