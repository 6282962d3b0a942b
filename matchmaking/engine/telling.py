"""Which facts of a pair are told to its reader: the same in every language, chosen once, when a suggestion is made. Standard library only.

A fact is `(key, kind, value)`: a template of `wording.toml`, the kind of its argument and the argument:

terms       terms to quote
met         a needed and an offered term
count       a number, as text
languages   codes
place       `city:NAME` or `country:NAME`, the key being `city` or `country`
none        nothing

One to three facts on what fits, the largest parts first, and one on what does not. What comes from past projects says so;
nobody is said to look for what they did not state.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from matchmaking.engine.normalise import term_key
from matchmaking.engine.places import city_key, country_key
from matchmaking.engine.records import Direction
from matchmaking.engine.vocabulary import default_vocabulary

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
OTHER_SIDE = {"unknown:you": "unknown:them", "unknown:them": "unknown:you"}
OFFERS = frozenset(("offer", "offer_meaning"))  # told by the other direction, as what that side needs
NOT_BACK = OFFERS | {"activity"}  # of the one who is looked at: a reader wants to hear nothing of it about oneself

PLACE_KEYS = {"city": city_key, "country": country_key}

Codes = Sequence[str]
Terms = Mapping[str, tuple[float, Codes]]  # the value of each part and the codes of its evidence
Fact = tuple[str, str, Any]
Facts = list[Fact]


def pair_facts(mine: Direction, theirs: Direction) -> tuple[Facts, Facts, Facts]:
    """What the pair gives the reader, what it gives the other side, and what does not fit.

    `mine` leads from the reader to the partner, `theirs` back. Each holds the needs of both sides, so each list is made of
    the need of its own direction and of what both have in common.
    """
    forth = {part: told for part, told in terms_of(mine).items() if part not in OFFERS}
    back = {part: told for part, told in terms_of(theirs).items() if part not in NOT_BACK}
    for need, offer in (("need", "offer"), ("need_meaning", "offer_meaning")):  # what they need is what the reader offers
        if need in back:
            back[offer] = back.pop(need)
    if "language" in back:
        value, codes = back["language"]
        back["language"] = value, [OTHER_SIDE.get(code, code) for code in codes]
    (for_you, misfits), (for_them, misfits_there) = facts(forth), facts(back)
    return for_you, _others(for_them, for_you) or for_them, [*misfits, *_others(misfits_there, misfits)]


def _others(facts: Facts, told: Facts) -> Facts:
    known = [_compared(fact) for fact in told]
    return [fact for fact in facts if _compared(fact) not in known]


def _compared(fact: Fact) -> Fact:
    """A fact with one spelling of its place and its terms: the two may write them differently."""
    key, kind, value = fact
    if kind == "terms":
        return key, kind, [_reading(term) for term in value]
    return key, kind, PLACE_KEYS[key](value) if kind == "place" else value


def terms_of(direction: Direction) -> dict[str, tuple[float, Codes]]:
    """The parts of a direction that have evidence."""
    return {term.part: (term.value, term.evidence) for term in direction.terms if term.evidence}


def facts(terms: Terms) -> tuple[Facts, Facts]:
    """Of one direction: what fits, and what does not."""
    teller = _Teller(terms)
    return teller.fits(), teller.misfits()


class _Teller:
    """Tells one direction. What is said of a part is the method `say_PART`; of a part without one nothing is said."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.told: set[str] = set()

    def fits(self) -> Facts:
        """One to three facts on the largest positive parts."""
        largest = sorted([(-value, part) for part, (value, _) in self.terms.items() if value >= LEAST_VALUE and part not in WEAK])
        told = self._facts([part for _, part in largest], MOST)
        place = told.pop("place", None)  # what they would do together comes before where they are
        weak = {} if told else self._facts([part for part in WEAK if part in self.terms], 1)
        return [*told.values(), *([place] if place else ()), *weak.values()] or [_plain("nothing")]

    def _facts(self, parts: Iterable[str], most: int) -> dict[str, Fact]:
        """The facts of the first so many parts that there is something to say of."""
        said: dict[str, Fact] = {}
        for part in parts:
            say = SAYS.get(part)
            if say and (fact := say(self, *self.terms[part])):
                said[part] = fact
                if len(said) == most:
                    break
        return said

    def misfits(self) -> Facts:
        """The largest thing that does not fit, if any."""
        for part in UNMET:
            codes = self._codes(part)
            if unmet := _all(codes, "unmet:"):
                return [(f"{part}_unmet_named", "terms", unmet)]
            if "unmet" in codes:
                return [_plain(f"{part}_unmet")]
        found = (key for part, lacks in MISFITS.items() for code, key in lacks.items() if code in self._codes(part))
        return [_plain(key) for key in found][:1]

    def _codes(self, part: str) -> Codes:
        return self.terms[part][1] if part in self.terms else ()

    def say_need(self, _value: float, codes: Codes) -> Fact | None:
        return self._met("need", codes)

    def say_offer(self, _value: float, codes: Codes) -> Fact | None:
        return self._met("offer", codes)

    def _met(self, key: str, codes: Codes) -> Fact | None:
        pairs = [(need, offer) for need, _, offer in (code.partition(">") for code in codes) if offer]
        same = [need for need, offer in pairs if need == offer or _reading(need) == _reading(offer)]
        if same:
            return self._listed(f"{key}_same", same)
        for need, offer in pairs[:1]:
            self._tell(need)
            self._tell(offer)
            kind = "typed" if _concept(need) and _concept(need) == _concept(offer) else "near"
            return f"{key}_{kind}", "met", [need, offer]
        return None

    def say_interest(self, _value: float, codes: Codes) -> Fact | None:
        picked = [code for code in codes if not code.startswith("found:")]
        return self._listed("interest", picked) or self._listed("found", _all(codes, "found:"))

    def say_themes(self, _value: float, codes: Codes) -> Fact | None:
        return self._listed("past", codes)

    def say_industry(self, _value: float, codes: Codes) -> Fact | None:
        return self._listed("industry", codes)

    def say_text(self, value: float, codes: Codes) -> Fact | None:
        told = " ".join(self.told)
        fresh = [f"={word}" for word in codes if word not in told]
        return self._listed("text", fresh) if len(fresh) >= LEAST_WORDS and value >= LEAST_TEXT else None

    def say_meaning(self, _value: float, codes: Codes) -> Fact | None:
        return _plain("meaning") if "near" in codes else None

    def say_need_meaning(self, _value: float, codes: Codes) -> Fact | None:
        return self._meant("need", codes)

    def say_offer_meaning(self, _value: float, codes: Codes) -> Fact | None:
        return self._meant("offer", codes)

    def _meant(self, key: str, codes: Codes) -> Fact | None:
        """Told only where no concepts say it better."""
        named = any(">" in code for code in self._codes(key))
        return None if named or "near" not in codes else _plain(f"{key}_meaning")

    def say_mention(self, _value: float, codes: Codes) -> Fact | None:
        return _plain("mention") if codes else None

    def say_ties(self, _value: float, _codes: Codes) -> Fact:
        return _plain("ties")

    def say_place(self, _value: float, codes: Codes) -> Fact | None:
        kind, _, name = codes[0].partition(":") if codes else ("", "", "")
        return (kind, "place", name) if kind in ("city", "country") else None

    def say_language(self, _value: float, codes: Codes) -> Fact | None:
        common = [code for code in _first(codes, "common:").split(",") if code]
        return ("language", "languages", common) if common else None

    def say_time(self, _value: float, codes: Codes) -> Fact | None:
        return _counted("time", _first(codes, "slots:"))

    def say_together(self, _value: float, _codes: Codes) -> Fact:
        return _plain("together")

    def say_network(self, _value: float, codes: Codes) -> Fact | None:
        count = _first(codes, "partners:")
        return _plain("partner_shared") if count == "1" else _counted("partners", count)

    def say_activity(self, _value: float, codes: Codes) -> Fact | None:
        return _counted("activity", _first(codes, "projects:"))

    def say_bridge(self, value: float, _codes: Codes) -> Fact | None:
        return _plain("bridge") if value > 0 else None

    def _listed(self, key: str, terms: Iterable[str]) -> Fact | None:
        """A fact with those of the terms that no fact before has named."""
        fresh: list[str] = []
        for term in terms:
            if not self._was_told(term):
                fresh.append(term)
                self._tell(term)
        return (key, "terms", fresh) if fresh else None

    def _was_told(self, term: str) -> bool:
        return any(name in told or told in name for name in _names(term) for told in self.told)

    def _tell(self, term: str) -> None:
        """Remember what was named, as it was typed and by its concept in every language."""
        self.told.update(_names(term))
        self.told.update(_labels(_concept(term)))


SAYS: dict[str, Callable[[_Teller, float, Codes], Fact | None]] = {
    name.removeprefix("say_"): method for name, method in vars(_Teller).items() if name.startswith("say_")
}


def _plain(key: str) -> Fact:
    return key, "none", None


def _counted(key: str, count: str) -> Fact | None:
    return (key, "count", count) if count else None


def _all(codes: Codes, start: str) -> list[str]:
    return [code[len(start) :] for code in codes if code.startswith(start)]


def _first(codes: Codes, start: str) -> str:
    return next(iter(_all(codes, start)), "")


def _concept(term: str) -> str:
    return term.partition("=")[0]


def _names(term: str) -> Sequence[str]:
    """What a term may be called: as typed, else in any language; in lower case."""
    concept, _, typed = term.partition("=")
    return (typed.casefold(),) if typed else _labels(concept) or (concept.casefold(),)


def _reading(term: str) -> str:
    """What a term reads as, so that a concept and its own name are one."""
    concept, _, typed = term.partition("=")
    return concept if not typed or term_key(typed) in _first_keys(concept) else typed.casefold()


@lru_cache(maxsize=4000)
def _labels(concept: str) -> Sequence[str]:
    known = default_vocabulary()
    return tuple({names[0].casefold() for names in known.concepts[concept].labels.values() if names}) if concept in known else ()


@lru_cache(maxsize=4000)
def _first_keys(concept: str) -> frozenset[str]:
    return frozenset(map(term_key, _labels(concept)))
