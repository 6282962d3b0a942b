"""Facts in words of the reader's language, from the templates of `data/wording.toml`. Standard library only.

The reader is "you", the other side {partner}. Which facts are told is decided in `telling.py`, once for all languages.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from matchmaking.engine.normalise import term_key
from matchmaking.engine.places import place_name
from matchmaking.engine.telling import Fact
from matchmaking.engine.vocabulary import LANGUAGES, default_vocabulary

FILE = Path(__file__).parent / "data" / "wording.toml"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
FIELDS = ("offers", "needs", "interests", "about", "languages", "city")  # answers of a profile, of which one may be missed most
KIN_LETTERS = 4  # two words with this opening need no translation of one another


def tell(facts: Iterable[Fact], language: str, *, partner: str = "") -> list[str]:
    """Each fact of a pair as a sentence for its reader; `partner` is the other side's name."""
    words = words_of(language)
    return [words.sentence(fact, partner or words.partner) for fact in facts]


def tell_lead(facts: Iterable[Fact], language: str, *, partner: str = "") -> list[str]:
    """The same for the lead of an idea, of somebody who should join it; what is said of an idea has a sentence of its own."""
    words = words_of(language)
    own = ((key if f"idea_{key}" not in words.templates else f"idea_{key}", kind, value) for key, kind, value in facts)
    return [words.sentence(fact, partner or words.partner) for fact in own]


def tell_of_team(facts: Iterable[Fact], language: str, *, partner: str = "") -> list[str]:
    """The same for those who look at a team, of somebody who is missing in it; what only one of its members would read is left out."""
    words = words_of(language)
    own = ((f"team_{key}", kind, value) for key, kind, value in facts)
    return [words.sentence(fact, partner or words.partner) for fact in own if fact[0] in words.templates]


def silence(cause: str, missing: str, language: str) -> list[str]:
    """Why somebody was given less than they should, by the cause, and which of `FIELDS` would help most, if any."""
    words = words_of(language)
    keys = (f"silence_{cause}", f"missing_{missing}")
    return [words.fill(key, words.partner) for key in keys if key in words.templates]


class Words:
    """All that is said in one language. Lives as long as the process, so it keeps the vocabulary's words and nobody's own."""

    def __init__(self, language: str, texts: Mapping[str, Any]) -> None:
        self.language = language
        self.opening, self.closing = texts["quotes"]
        self.last = f" {texts['and']} "
        self.partner: str = texts["partner"]
        self.languages: Mapping[str, str] = _file()["languages"][language]
        sentences = {key: text for key, text in texts.items() if isinstance(text, str)}
        self.templates = {key: PLACEHOLDER.sub(r"%(\1)s", text.replace("%", "%%")) for key, text in sentences.items()}
        self.small = {key for key, text in sentences.items() if not text[:1].isupper()}  # whose first letter is known when filled
        self.known: dict[str, str] = {}

    def sentence(self, fact: Fact, partner: str) -> str:
        """One fact in words."""
        key, kind, value = fact
        return self.fill(key, partner, **ARGUMENTS[kind](self, value))

    def fill(self, key: str, partner: str, **values: str) -> str:
        """The sentence of this key with its values."""
        values["partner"] = partner
        text = self.templates[key] % values
        return text[:1].upper() + text[1:] if key in self.small else text

    def terms(self, terms: Sequence[str]) -> dict[str, str]:
        """`a, b and c` in the language."""
        *first, last = dict.fromkeys([self.quoted(term) for term in terms])
        return {"terms": f"{', '.join(first)}{self.last}{last}" if first else last}

    def met(self, terms: Sequence[str]) -> dict[str, str]:
        """A need and the offer that meets it."""
        return {"need": self.quoted(terms[0]), "offer": self.quoted(terms[1])}

    def place(self, typed: str) -> dict[str, str]:
        """A city or country by its name in the language."""
        return {"place": place_name(typed, self.language)}

    def spoken(self, codes: Sequence[str]) -> dict[str, str]:
        """Languages by their names in this one."""
        return {"languages": ", ".join([self.languages.get(code, code) for code in codes])}

    def quoted(self, term: str) -> str:
        """How the reader sees a term; what was typed in other words than the reader's is followed by the concept it belongs to."""
        found = self.known.get(term)
        if found is not None:
            return found
        if term.startswith("="):
            return f"{self.opening}{term[1:]}{self.closing}"
        concept, _, typed = term.partition("=")
        found = self._quoted(concept, typed)
        if concept in default_vocabulary() and (not typed or typed in _spellings(concept)):
            self.known[term] = found
        return found

    def _quoted(self, concept: str, typed: str) -> str:
        """As typed, unless it is the concept's very name in another language."""
        if concept not in default_vocabulary():
            return f"{self.opening}{typed or concept}{self.closing}"
        heading = _heading(concept, self.language)
        label, key = typed, term_key(typed) if typed else ""
        if not typed or (key not in heading.mine and key in heading.firsts):
            label, key = heading.called, heading.key
        kin = any(word[:KIN_LETTERS] in heading.starts for word in key.split())
        return f"{self.opening}{label}{self.closing}" + ("" if kin else f" ({heading.called})")


ARGUMENTS: dict[str, Callable[[Words, Any], dict[str, str]]] = {
    "none": lambda words, value: {},
    "count": lambda words, value: {"count": value},
    "terms": Words.terms,
    "met": Words.met,
    "place": Words.place,
    "languages": Words.spoken,
}


class _Heading(NamedTuple):
    """A concept in one language: its label and the key of it, and the normalised labels that a typed term is compared with."""

    called: str
    key: str
    mine: frozenset[str]  # of this language
    firsts: frozenset[str]  # the first of every language
    starts: frozenset[str]  # the openings of the words of this language's


@lru_cache(maxsize=8000)
def _heading(concept_id: str, language: str) -> _Heading:
    called, labels = default_vocabulary().label(concept_id, language), default_vocabulary().concepts[concept_id].labels
    mine = frozenset(map(term_key, labels.get(language, ())))
    firsts = frozenset(term_key(names[0]) for names in labels.values() if names)
    return _Heading(called, term_key(called), mine, firsts, frozenset(word[:KIN_LETTERS] for name in mine for word in name.split()))


@lru_cache(maxsize=2000)
def _spellings(concept_id: str) -> frozenset[str]:
    """The labels of a concept in all languages, as listed and with a capital letter."""
    labels = [label for names in default_vocabulary().concepts[concept_id].labels.values() for label in names]
    return frozenset([*labels, *(label[:1].upper() + label[1:] for label in labels)])


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def languages() -> dict[str, Words]:
    """The words of every language."""
    return {language: Words(language, _file()[language]) for language in LANGUAGES}


def words_of(language: str) -> Words:
    """The words of a language, of English for one we do not speak."""
    return languages().get(language) or languages()["en"]
