"""Reasons in words: what fits and what does not, in the reader's language, from templates. Standard library only.

The reader is the side the direction starts from. One to three sentences on what fits, the largest parts first, and one on what
does not. What comes from past projects says so; nobody is said to look for what they did not state.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from matchmaking.engine.normalise import term_key
from matchmaking.engine.places import place_name
from matchmaking.engine.records import Direction, Term
from matchmaking.engine.vocabulary import default_vocabulary

FILE = Path(__file__).parent / "data" / "wording.toml"
MOST = 3
LEAST_WORDS = 2  # one shared word says too little
LEAST_VALUE = 0.08  # a part below this is no reason to meet
LEAST_TEXT = 0.15  # short texts share two words by chance
WEAK = ("bridge", "language", "activity")  # told only where nothing else is, or nothing but the place
UNMET = ("need", "offer")
MISFITS = (
    ("repeat", "declined", "declined"),
    ("time", "none", "none"),
    ("language", "unknown:you", "unknown_you"),
    ("language", "unknown:them", "unknown_them"),
    ("place", "abroad", "abroad"),
    ("place", "differ", "differ"),
)
KIN_LETTERS = 4  # two words with this opening need no translation of one another


def sentences(direction: Direction, language: str, *, partner: str = "", names: Mapping[str, str] | None = None) -> list[str]:
    """The reasons of one side as sentences in its language; `partner` is the other side's name, `names` gives names of keys."""
    teller = _Teller(direction.terms, language, partner, names or {})
    return [*teller.fits(), *teller.misfits()]


def told_apart(terms: Iterable[Term], language: str, *, partner: str = "") -> tuple[list[str], list[str]]:
    """The sentences of a direction with these terms in two lists: what fits, and what does not."""
    teller = _Teller(terms, language, partner, {})
    return teller.fits(), teller.misfits()


class _Teller:
    def __init__(self, terms: Iterable[Term], language: str, partner: str, names: Mapping[str, str]) -> None:
        self.texts = _texts().get(language) or _texts()["en"]
        self.language = language if language in _texts() else "en"
        self.terms = {term.part: term for term in terms}
        self.partner = partner or self.texts["partner"]
        self.names = names
        self.told: set[str] = set()

    def fits(self) -> list[str]:
        """One to three sentences on the largest positive parts."""
        positive = sorted((t for t in self.terms.values() if t.value >= LEAST_VALUE), key=lambda t: (-t.value, t.part))
        strong = ((term.part, text) for term in positive if term.part not in WEAK and (text := self._sentence(term)))
        weak = (text for part in WEAK if part in self.terms and (text := self._sentence(self.terms[part])))
        told = list(islice(strong, MOST))
        alone = [] if any(part != "place" for part, _ in told) else list(islice(weak, 1))
        told.sort(key=lambda entry: entry[0] == "place")  # what they would do together comes before where they are
        return [*(text for _, text in told), *alone] or [self._fill("nothing")]

    def misfits(self) -> list[str]:
        """The largest thing that does not fit, if any."""
        for part in UNMET:
            codes = self.terms[part].evidence if part in self.terms else ()
            named = [self._quoted(term) for term in self._all(codes, "unmet")]
            if named:
                return [self._fill(f"{part}_unmet_named", terms=self._joined(named))]
            if "unmet" in codes:
                return [self._fill(f"{part}_unmet")]
        for part, code, key in MISFITS:
            if part in self.terms and code in self.terms[part].evidence:
                return [self._fill(key)]
        return []

    def _sentence(self, term: Term) -> str:
        tell: Callable[[Term], str] | None = getattr(self, f"_{term.part}", None)
        return tell(term) if tell else ""

    def _need(self, term: Term) -> str:
        return self._met("need", term.evidence)

    def _offer(self, term: Term) -> str:
        return self._met("offer", term.evidence)

    def _met(self, key: str, evidence: Iterable[str]) -> str:
        pairs = [(need, offer) for need, _, offer in (code.partition(">") for code in evidence) if offer]
        same = [need for need, offer in pairs if self._label(need).casefold() == self._label(offer).casefold()]
        if same:
            return self._listed(f"{key}_same", same)
        for need, offer in pairs[:1]:
            self._tell(need, offer)
            kind = "typed" if _concept(need) and _concept(need) == _concept(offer) else "near"
            return self._fill(f"{key}_{kind}", need=self._quoted(need), offer=self._quoted(offer))
        return ""

    def _interest(self, term: Term) -> str:
        picked = [code for code in term.evidence if not code.startswith(("found:", "past:"))]
        found, past = self._all(term.evidence, "found"), self._all(term.evidence, "past")
        return self._listed("interest", picked) or self._listed("found", found) or self._listed("past", past)

    def _industry(self, term: Term) -> str:
        return self._listed("industry", term.evidence)

    def _text(self, term: Term) -> str:
        told = " ".join(self.told)
        fresh = [f"={word}" for word in term.evidence if word not in told]
        return self._listed("text", fresh) if len(fresh) >= LEAST_WORDS and term.value >= LEAST_TEXT else ""

    def _place(self, term: Term) -> str:
        kind, _, place = term.evidence[0].partition(":") if term.evidence else ("", "", "")
        return self._fill(kind, place=place_name(place, self.language)) if kind in ("city", "country") else ""

    def _language(self, term: Term) -> str:
        codes = self._number(term, "common").split(",")
        spoken = [str(_languages()[self.language].get(code, code)) for code in codes if code]
        return self._fill("language", languages=", ".join(spoken)) if spoken else ""

    def _time(self, term: Term) -> str:
        return self._counted("time", self._number(term, "slots"))

    def _network(self, term: Term) -> str:
        if self._number(term, "together"):
            return self._fill("together")
        named = [self.names[key] for key in self._all(term.evidence, "with") if key in self.names]
        count = self._number(term, "partners")
        if count == "1" and not named:
            return self._fill("partner_shared")
        return self._fill("with", count=count, names=", ".join(named)) if named and count else self._counted("partners", count)

    def _activity(self, term: Term) -> str:
        return self._counted("activity", self._number(term, "projects"))

    def _bridge(self, term: Term) -> str:
        return self._fill("bridge") if term.value > 0 else ""

    def _listed(self, key: str, terms: Iterable[str]) -> str:
        """A sentence with those of the terms that no sentence before has named."""
        fresh: list[str] = []
        for term in terms:
            label = self._label(term).casefold()
            if not any(label in told or told in label for told in self.told):
                fresh.append(self._quoted(term))
                self._tell(term)
        return self._fill(key, terms=self._joined(fresh)) if fresh else ""

    def _tell(self, *terms: str) -> None:
        """Remember what was named, as it was written and by its concept."""
        self.told |= {self._label(term).casefold() for term in terms}
        self.told |= {default_vocabulary().label(_concept(term), self.language).casefold() for term in terms if _concept(term)}

    def _joined(self, quoted: Sequence[str]) -> str:
        """`a, b and c` in the language."""
        *first, last = dict.fromkeys(quoted)
        return f"{', '.join(first)} {self.texts['and']} {last}" if first else last

    def _counted(self, key: str, count: str) -> str:
        return self._fill(key, count=count) if count else ""

    def _all(self, evidence: Iterable[str], kind: str) -> list[str]:
        return [code.partition(":")[2] for code in evidence if code.startswith(f"{kind}:")]

    def _number(self, term: Term, kind: str) -> str:
        return next(iter(self._all(term.evidence, kind)), "")

    def _label(self, term: str) -> str:
        """How the reader sees a term: as typed, unless it is the concept's very name in another language."""
        concept, _, typed = term.partition("=")
        names = _keys_of_labels(concept)
        key = term_key(typed)
        if not typed or (key not in names.get(self.language, ()) and any(key == keys[0] for keys in names.values() if keys)):
            return default_vocabulary().label(concept, self.language)
        return typed

    def _quoted(self, term: str) -> str:
        """A term in quotation marks; what was typed in other words than the reader's is followed by the concept it belongs to."""
        opening, closing = self.texts["quotes"]
        label, concept = self._label(term), _concept(term)
        starts = {word[:KIN_LETTERS] for name in _keys_of_labels(concept).get(self.language, ()) for word in name.split()}
        foreign = concept and not starts & {word[:KIN_LETTERS] for word in term_key(label).split()}
        return f"{opening}{label}{closing}" + (f" ({default_vocabulary().label(concept, self.language)})" if foreign else "")

    def _fill(self, key: str, **values: str) -> str:
        text: str = self.texts[key].format(partner=self.partner, **values)
        return text[:1].upper() + text[1:]


def _concept(term: str) -> str:
    return term.partition("=")[0]


@lru_cache(maxsize=2000)
def _keys_of_labels(concept_id: str) -> dict[str, tuple[str, ...]]:
    """The normalised labels of a concept in each language; nothing for a free term."""
    concept = default_vocabulary().concepts.get(concept_id)
    return {language: tuple(map(term_key, labels)) for language, labels in concept.labels.items()} if concept else {}


@lru_cache(maxsize=1)
def _texts() -> dict[str, Any]:
    texts = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {language: texts[language] for language in ("en", "ru", "be", "de")}


@lru_cache(maxsize=1)
def _languages() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = tomllib.loads(FILE.read_text(encoding="utf-8"))["languages"]
    return found
