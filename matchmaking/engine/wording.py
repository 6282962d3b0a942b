"""Reasons in words: what fits and what does not, in the reader's language, from templates. Standard library only.

The reader is the side the direction starts from. One to three sentences on what fits, the largest parts first, and one on what
does not. What comes from past projects says so; nobody is said to look for what they did not state.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from matchmaking.engine.records import Direction, Term
from matchmaking.engine.vocabulary import default_vocabulary

FILE = Path(__file__).parent / "data" / "wording.toml"
MOST = 3
LEAST_WORDS = 2  # one shared word says too little
LEAST_VALUE = 0.08  # a part below this is no reason to meet
WEAK = ("language", "activity", "bridge")  # told only where nothing else is
MISFITS = (
    ("need", "unmet", "need_unmet"),
    ("offer", "unmet", "offer_unmet"),
    ("repeat", "declined", "declined"),
    ("time", "none", "none"),
    ("place", "abroad", "abroad"),
    ("place", "differ", "differ"),
)


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
        strong = (text for term in positive if term.part not in WEAK and (text := self._sentence(term)))
        weak = (text for part in WEAK if part in self.terms and (text := self._sentence(self.terms[part])))
        return list(islice(strong, MOST)) or list(islice(weak, 1)) or [self._fill("nothing")]

    def misfits(self) -> list[str]:
        """The largest thing that does not fit, if any."""
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
        same = [need for need, offer in pairs if need == offer]
        if same:
            return self._listed(f"{key}_same", same)
        fresh = [pair for pair in pairs if self._label(pair[0]) != self._label(pair[1])][:1]
        self.told |= {term for pair in fresh for term in pair}
        return self._fill(f"{key}_near", need=self._quoted(fresh[0][0]), offer=self._quoted(fresh[0][1])) if fresh else ""

    def _interest(self, term: Term) -> str:
        picked = [code for code in term.evidence if not code.startswith(("found:", "past:"))]
        found, past = self._all(term, "found"), self._all(term, "past")
        return self._listed("interest", picked) or self._listed("found", found) or self._listed("past", past)

    def _industry(self, term: Term) -> str:
        return self._listed("industry", term.evidence)

    def _text(self, term: Term) -> str:
        told = " ".join(map(self._label, self.told)).casefold()
        fresh = [f"={word}" for word in term.evidence if word not in told]
        return self._listed("text", fresh) if len(fresh) >= LEAST_WORDS else ""

    def _place(self, term: Term) -> str:
        kind, _, place = term.evidence[0].partition(":") if term.evidence else ("", "", "")
        return self._fill(kind, place=place) if kind in ("city", "country") else ""

    def _language(self, term: Term) -> str:
        codes = self._number(term, "common").split(",")
        spoken = [str(_languages()[self.language].get(code, code)) for code in codes if code]
        return self._fill("language", languages=", ".join(spoken)) if spoken else ""

    def _time(self, term: Term) -> str:
        return self._counted("time", self._number(term, "slots"))

    def _network(self, term: Term) -> str:
        if self._number(term, "together"):
            return self._fill("together")
        named = [self.names[key] for key in self._all(term, "with") if key in self.names]
        count = self._number(term, "partners")
        return self._fill("with", count=count, names=", ".join(named)) if named and count else self._counted("partners", count)

    def _activity(self, term: Term) -> str:
        return self._counted("activity", self._number(term, "projects"))

    def _bridge(self, term: Term) -> str:
        return self._fill("bridge") if term.value > 0 else ""

    def _listed(self, key: str, terms: Iterable[str]) -> str:
        """A sentence with those of the terms that no sentence before has named."""
        fresh: list[str] = []
        for term in terms:
            if not any(self._label(term).casefold() in self._label(other).casefold() for other in (*self.told, *fresh)):
                fresh.append(term)
        self.told |= set(fresh)
        return self._fill(key, terms=", ".join(dict.fromkeys(map(self._quoted, fresh)))) if fresh else ""

    def _counted(self, key: str, count: str) -> str:
        return self._fill(key, count=count) if count else ""

    def _all(self, term: Term, kind: str) -> list[str]:
        return [code.partition(":")[2] for code in term.evidence if code.startswith(f"{kind}:")]

    def _number(self, term: Term, kind: str) -> str:
        return next(iter(self._all(term, kind)), "")

    def _label(self, term: str) -> str:
        return term[1:] if term.startswith("=") else default_vocabulary().label(term, self.language)

    def _quoted(self, term: str) -> str:
        opening, closing = self.texts["quotes"]
        return f"{opening}{self._label(term)}{closing}"

    def _fill(self, key: str, **values: str) -> str:
        text: str = self.texts[key].format(partner=self.partner, **values)
        return text[:1].upper() + text[1:]


@lru_cache(maxsize=1)
def _texts() -> dict[str, Any]:
    texts = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {language: texts[language] for language in ("en", "ru", "be", "de")}


@lru_cache(maxsize=1)
def _languages() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = tomllib.loads(FILE.read_text(encoding="utf-8"))["languages"]
    return found
