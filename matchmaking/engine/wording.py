"""Reasons in words: what fits and what does not, in the reader's language, from templates. Standard library only.

The reader is the side the direction starts from. One to three sentences on what fits, the largest parts first, and one on what
does not. What comes from past projects says so; nobody is said to look for what they did not state.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from matchmaking.engine.normalise import term_key
from matchmaking.engine.places import place_name
from matchmaking.engine.records import Direction
from matchmaking.engine.vocabulary import LANGUAGES, default_vocabulary

FILE = Path(__file__).parent / "data" / "wording.toml"
MOST = 3
LEAST_WORDS = 2  # one shared word says too little
LEAST_VALUE = 0.08  # a part below this is no reason to meet
LEAST_TEXT = 0.15  # short texts share two words by chance
WEAK = ("meaning", "bridge", "ties", "language", "activity")  # told only where nothing else is, or nothing but the place
UNMET = ("need", "offer")
MISFITS = {  # part, code of its evidence, sentence; the worst first
    "repeat": {"declined": "declined"},
    "time": {"none": "none"},
    "language": {"unknown:you": "unknown_you", "unknown:them": "unknown_them"},
    "place": {"abroad": "abroad", "differ": "differ"},
}
PLACEHOLDER = re.compile(r"\{(\w+)\}")
FIELDS = ("offers", "needs", "interests", "about", "languages", "city")  # answers of a profile, of which one may be missed most
KIN_LETTERS = 4  # two words with this opening need no translation of one another


Told = tuple[list[str], list[str]]
Codes = Sequence[str]
Terms = Mapping[str, tuple[float, Codes]]  # the value of each part and the codes of its evidence


class Named(NamedTuple):
    """A term as its reader sees it: in quotation marks, and, in lower case, as it is written and as its concept is called."""

    quoted: str
    folded: str
    concept: str


def sentences(direction: Direction, language: str, *, partner: str = "", names: Mapping[str, str] | None = None) -> list[str]:
    """The reasons of one side as sentences in its language; `partner` is the other side's name, `names` gives names of keys."""
    terms = {term.part: (term.value, term.evidence) for term in direction.terms}
    teller = _Teller(terms, _Reader(language, partner, names or {}))
    return [*teller.fits(), *teller.misfits()]


def told_apart(forth: Terms, back: Terms, language: str, *, partner: str = "") -> tuple[Told, Told]:
    """The sentences of two directions, for one reader, each in two lists: what fits, and what does not."""
    reader = _Reader(language, partner, {})
    one, other = _Teller(forth, reader), _Teller(back, reader)
    return (one.fits(), one.misfits()), (other.fits(), other.misfits())


def told_of_idea(terms: Terms, language: str, *, partner: str = "") -> Told:
    """What fits and what does not, for the lead of an idea, of somebody who should join it."""
    teller = _IdeaTeller(terms, _Reader(language, partner, {}))
    return teller.fits(), teller.misfits()


def silence(cause: str, missing: str, language: str) -> list[str]:
    """Why somebody was given less than they should, by the cause, and which of `FIELDS` would help most, if any."""
    reader = _Reader(language, "", {})
    keys = (f"silence_{cause}", f"missing_{missing}")
    return [reader.fill(key) for key in keys if key in reader.words.templates]


class _Words:
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
        self.known: dict[str, Named] = {}

    def named(self, term: str) -> Named:
        """How the reader sees a term; what was typed in other words than the reader's is followed by the concept it belongs to."""
        if term.startswith("="):
            return self._quoted(term[1:], "", foreign=False)
        concept, _, typed = term.partition("=")
        found = self._name(concept, typed)
        if concept in default_vocabulary() and (not typed or typed in _spellings(concept)):
            self.known[term] = found
        return found

    def _name(self, concept: str, typed: str) -> Named:
        """As typed, unless it is the concept's very name in another language."""
        if concept not in default_vocabulary():
            return self._quoted(typed or concept, concept, foreign=bool(concept))
        heading = _heading(concept, self.language)
        label, key = typed, term_key(typed) if typed else ""
        if not typed or (key not in heading.mine and key in heading.firsts):
            label, key = heading.called, heading.key
        kin = any(word[:KIN_LETTERS] in heading.starts for word in key.split())
        return self._quoted(label, heading.called, foreign=not kin)

    def _quoted(self, label: str, called: str, *, foreign: bool) -> Named:
        quoted = f"{self.opening}{label}{self.closing}" + (f" ({called})" if foreign else "")
        folded = label.casefold()
        return Named(quoted, folded, called.casefold() or folded)


class _Reader:
    """Who is told of one pair. What is looked up for one direction serves the other, and is forgotten with the reader."""

    def __init__(self, language: str, partner: str, names: Mapping[str, str]) -> None:
        self.words = _languages().get(language) or _languages()["en"]
        self.partner = partner or self.words.partner
        self.names = names
        self._named: dict[str, Named] = {}
        self._places: dict[str, str] = {}

    def named(self, term: str) -> Named:
        """The names of a term."""
        found = self.words.known.get(term) or self._named.get(term)
        if found is None:
            found = self._named[term] = self.words.named(term)
        return found

    def place(self, code: str) -> str:
        """The sentence about a city or country in common, none for another code."""
        found = self._places.get(code)
        if found is None:
            kind, _, typed = code.partition(":")
            common = kind in ("city", "country")
            found = self._places[code] = self.fill(kind, place=place_name(typed, self.words.language)) if common else ""
        return found

    def fill(self, key: str, **values: str) -> str:
        """The sentence of this key with its values."""
        values["partner"] = self.partner
        text = self.words.templates[key] % values
        return text[:1].upper() + text[1:] if key in self.words.small else text


class _Teller:
    """Tells one direction. What is said of a part is the method `say_PART`; of a part without one nothing is said."""

    def __init__(self, terms: Terms, reader: _Reader) -> None:
        self.terms = terms
        self.reader, self.words = reader, reader.words
        self._named, self._fill = reader.named, reader.fill
        self.told: set[str] = set()

    def fits(self) -> list[str]:
        """One to three sentences on the largest positive parts."""
        largest = sorted([(-value, part) for part, (value, _) in self.terms.items() if value >= LEAST_VALUE and part not in WEAK])
        told = self._sentences([part for _, part in largest], MOST)
        place = told.pop("place", "")  # what they would do together comes before where they are
        weak = {} if told else self._sentences([part for part in WEAK if part in self.terms], 1)
        return [*told.values(), *([place] if place else ()), *weak.values()] or [self._fill("nothing")]

    def _sentences(self, parts: Iterable[str], most: int) -> dict[str, str]:
        """The sentences of the first so many parts that there is something to say of."""
        said: dict[str, str] = {}
        for part in parts:
            say = SAYS.get(part)
            if say and (text := say(self, *self.terms[part])):
                said[part] = text
                if len(said) == most:
                    break
        return said

    def misfits(self) -> list[str]:
        """The largest thing that does not fit, if any."""
        for part in UNMET:
            codes = self._codes(part)
            if unmet := [term for term in codes if term.startswith("unmet:")]:
                named = [self._named(term.removeprefix("unmet:")).quoted for term in unmet]
                return [self._fill(f"{part}_unmet_named", terms=self._joined(named))]
            if "unmet" in codes:
                return [self._fill(f"{part}_unmet")]
        for part, lacks in MISFITS.items():
            if part in self.terms:
                codes = self.terms[part][1]
                for code, key in lacks.items():
                    if code in codes:
                        return [self._fill(key)]
        return []

    def _codes(self, part: str) -> Codes:
        return self.terms[part][1] if part in self.terms else ()

    def say_need(self, _value: float, codes: Codes) -> str:
        return self._met("need", codes)

    def say_offer(self, _value: float, codes: Codes) -> str:
        return self._met("offer", codes)

    def _met(self, key: str, codes: Codes) -> str:
        pairs = [(need, offer) for need, _, offer in (code.partition(">") for code in codes) if offer]
        same = [need for need, offer in pairs if need == offer or self._named(need).folded == self._named(offer).folded]
        if same:
            return self._listed(f"{key}_same", same)
        for need, offer in pairs[:1]:
            wanted, offered = self._named(need), self._named(offer)
            self._tell(wanted)
            self._tell(offered)
            kind = "typed" if _concept(need) and _concept(need) == _concept(offer) else "near"
            return self._fill(f"{key}_{kind}", need=wanted.quoted, offer=offered.quoted)
        return ""

    def say_interest(self, _value: float, codes: Codes) -> str:
        picked = [code for code in codes if not code.startswith("found:")]
        return self._listed("interest", picked) or self._listed("found", self._all(codes, "found:"))

    def say_themes(self, _value: float, codes: Codes) -> str:
        return self._listed("past", codes)

    def say_industry(self, _value: float, codes: Codes) -> str:
        return self._listed("industry", codes)

    def say_text(self, value: float, codes: Codes) -> str:
        told = " ".join(self.told)
        fresh = [f"={word}" for word in codes if word not in told]
        return self._listed("text", fresh) if len(fresh) >= LEAST_WORDS and value >= LEAST_TEXT else ""

    def say_meaning(self, _value: float, codes: Codes) -> str:
        return self._fill("meaning") if "near" in codes else ""

    def say_need_meaning(self, _value: float, codes: Codes) -> str:
        return self._meant("need", codes)

    def say_offer_meaning(self, _value: float, codes: Codes) -> str:
        return self._meant("offer", codes)

    def _meant(self, key: str, codes: Codes) -> str:
        """Told only where no concepts say it better."""
        named = any(">" in code for code in self._codes(key))
        return "" if named or "near" not in codes else self._fill(f"{key}_meaning")

    def say_mention(self, _value: float, codes: Codes) -> str:
        return self._fill("mention") if codes else ""

    def say_ties(self, _value: float, _codes: Codes) -> str:
        return self._fill("ties")

    def say_place(self, _value: float, codes: Codes) -> str:
        return self.reader.place(codes[0]) if codes else ""

    def say_language(self, _value: float, codes: Codes) -> str:
        common = self._number(codes, "common:").split(",")
        spoken = [self.words.languages.get(code, code) for code in common if code]
        return self._fill("language", languages=", ".join(spoken)) if spoken else ""

    def say_time(self, _value: float, codes: Codes) -> str:
        return self._counted("time", self._number(codes, "slots:"))

    def say_together(self, _value: float, _codes: Codes) -> str:
        return self._fill("together")

    def say_network(self, _value: float, codes: Codes) -> str:
        named = [self.reader.names[key] for key in self._all(codes, "with:") if key in self.reader.names]
        count = self._number(codes, "partners:")
        if count == "1" and not named:
            return self._fill("partner_shared")
        return self._fill("with", count=count, names=", ".join(named)) if named and count else self._counted("partners", count)

    def say_activity(self, _value: float, codes: Codes) -> str:
        return self._counted("activity", self._number(codes, "projects:"))

    def say_bridge(self, value: float, _codes: Codes) -> str:
        return self._fill("bridge") if value > 0 else ""

    def _listed(self, key: str, terms: Iterable[str]) -> str:
        """A sentence with those of the terms that no sentence before has named."""
        fresh: list[str] = []
        for term in terms:
            named = self._named(term)
            if not self._was_told(named.folded):
                fresh.append(named.quoted)
                self._tell(named)
        return self._fill(key, terms=self._joined(fresh)) if fresh else ""

    def _was_told(self, label: str) -> bool:
        for told in self.told:  # noqa: SIM110 - a generator costs more than all it compares
            if label in told or told in label:
                return True
        return False

    def _tell(self, named: Named) -> None:
        """Remember what was named, as it was written and by its concept."""
        self.told.add(named.folded)
        self.told.add(named.concept)

    def _joined(self, quoted: Sequence[str]) -> str:
        """`a, b and c` in the language."""
        if len(quoted) == 1:
            return quoted[0]
        *first, last = dict.fromkeys(quoted)
        return f"{', '.join(first)}{self.words.last}{last}" if first else last

    def _counted(self, key: str, count: str) -> str:
        return self._fill(key, count=count) if count else ""

    def _all(self, codes: Codes, start: str) -> list[str]:
        return [code[len(start) :] for code in codes if code.startswith(start)]

    def _number(self, codes: Codes, start: str) -> str:
        for code in codes:
            if code.startswith(start):
                return code[len(start) :]
        return ""


class _IdeaTeller(_Teller):
    """Tells an idea's lead: what is said of the two of a pair in other words than of an idea has a sentence of its own."""

    def __init__(self, terms: Terms, reader: _Reader) -> None:
        super().__init__(terms, reader)
        self._fill = self._fill_of_idea

    def _fill_of_idea(self, key: str, **values: str) -> str:
        own = f"idea_{key}"
        return self.reader.fill(own if own in self.words.templates else key, **values)


SAYS: dict[str, Callable[[_Teller, float, Codes], str]] = {
    name.removeprefix("say_"): method for name, method in vars(_Teller).items() if name.startswith("say_")
}


def _concept(term: str) -> str:
    return term.partition("=")[0]


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
def _languages() -> dict[str, _Words]:
    return {language: _Words(language, _file()[language]) for language in LANGUAGES}
