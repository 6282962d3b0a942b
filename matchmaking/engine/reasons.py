"""The why of a pair: every part of both directions with the evidence behind it; the parts add up to z within 1e-9.

Evidence is codes, no prose (see `telling.py`):

need, offer   `need>offer`: the wanted term and the offered term that meets it; `unmet:term` for needs stated in vain. Terms are
              `concept`, `concept=as typed` or `=as typed`
interest      a term both picked; `found:` before it where a description mentions it
industry      a term
themes        a term of past projects of both
text          shared words
place         `city:NAME` or `country:NAME`; `differ` for two cities, `abroad` for two countries
language      `common:de,en`; `unknown:you` or `unknown:them` where one names no language
time          `slots:3`, or `none`
network       `partners:3` shared past partners
together      `together:2` common past projects
activity      `projects:4` of the other side
bridge        `SECTOR>SECTOR`
repeat        `declined`

need_meaning, offer_meaning   `near` where a need and an offer are close in meaning
meaning       `near` where what both do is
ties          `often`: people of the two places did projects together

A place, time or language that does not fit is told only where it matters: where the part is far below what most pairs
shown have in common, so that it is not told of most of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from matchmaking.engine.allocate import Allocated, read_allocation
from matchmaking.engine.facets import PICKED, behind, learn, profile_terms, spelled, typed
from matchmaking.engine.normalise import dull_words, normalise
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import SHARE, Scorer, log_score_e9, sigmoid
from matchmaking.engine.places import city_key, country_key
from matchmaking.engine.records import Cohort, Direction, Profile, Suggested, Term
from matchmaking.engine.space import Space, spoken
from matchmaking.engine.trails import Trails
from matchmaking.engine.weights import PARTS, Weights

SHOWN = 3  # evidence items per part, the largest contributions first
UNMET = 2  # needs named that are stated in vain
MATTERS = 0.1  # z units below the median of the shown pairs from which something does not fit
SAMPLE = 2000  # shown pairs that the median is taken of
COMMON, ALWAYS_RARE = 0.03, 10  # words of more than this share of profiles, and of more than ten, say little
NEAR = 0.45  # cosine of sentence vectors from which two texts are said to be close in meaning
LETTERS = 4  # of a shared word worth naming
LACKS = ("place", "time", "language")
Ints = npt.NDArray[np.int64]


def reason_rows(space: Space, cohort: Cohort, parameters: Parameters, allocation: bytes, start: int, stop: int) -> list[Suggested]:
    """The chosen pairs number start..stop with their reasons."""
    chosen = read_allocation(allocation)
    explain = Explainer(space, cohort, cohort.weights.dialled(parameters.bridge))
    explain.compare_with(chosen)
    return explain.suggested(chosen, start, stop)


class Explainer:
    """Explains pairs of one event."""

    def __init__(self, space: Space, cohort: Cohort, weights: Weights) -> None:
        self.space, self.profiles = space, cohort.profiles
        self.scorer, self.weights = Scorer(space, cohort, weights), weights
        self.trails = Trails(cohort)
        picked = {entry for one in cohort.profiles for facet in (one.offers, one.needs, one.interests, one.industries) for entry in facet}
        self._spelling = spelled(picked | {tag for project in cohort.projects for tag in project.tags})
        self.usual = dict.fromkeys(PARTS, np.inf)
        named = np.bincount(space.text.indices, minlength=len(space.words))
        self._telling = named <= max(COMMON * space.count, ALWAYS_RARE)
        self._stated: dict[int, Mapping[str, Mapping[str, float]]] = {}

    def compare_with(self, chosen: Allocated) -> None:
        """Take the median of each part over the shown pairs, both directions, as what is usual."""
        if chosen.count:
            some = np.unique(np.linspace(0, chosen.count - 1, min(SAMPLE, chosen.count)).astype(np.int64))
            forth, back = self.scorer.terms(chosen.a[some], chosen.b[some])
            self.usual = dict(zip(PARTS, np.median(np.concatenate([forth, back]), axis=0).tolist(), strict=True))

    def suggested(self, chosen: Allocated, start: int, stop: int) -> list[Suggested]:
        """The chosen pairs number start..stop as records."""
        a, b = chosen.a[start:stop], chosen.b[start:stop]
        learn(self.profiles[number] for number in sorted({*a.tolist(), *b.tolist()}))
        sides = self.directions(a, b)
        return [self._record(chosen, start + number, ab, ba) for number, (ab, ba) in enumerate(sides)]

    def directions(self, a: Ints, b: Ints) -> list[tuple[Direction, Direction]]:
        """Both directions of each pair (a[i], b[i])."""
        forth, back = self.scorer.terms(a, b)
        pairs = zip(a.tolist(), b.tolist(), forth.tolist(), back.tolist(), strict=True)
        return [(self._direction(x, y, to), self._direction(y, x, fro)) for x, y, to, fro in pairs]

    def _record(self, chosen: Allocated, number: int, ab: Direction, ba: Direction) -> Suggested:
        a, b = self.profiles[chosen.a[number]], self.profiles[chosen.b[number]]
        ranks = {"rank_a": int(chosen.rank_a[number]), "rank_b": int(chosen.rank_b[number]), "layer": int(chosen.layer[number])}
        return Suggested(a.key, b.key, ab.p * ba.p, log_score_e9(ab.z, ba.z), ab, ba, **ranks)

    def _direction(self, a: int, b: int, terms: Sequence[float]) -> Direction:
        values = dict(zip(PARTS, terms, strict=True))
        lacks = self._lacks(a, b, values)
        found = [Term(part, value, (*self._evidence(part, a, b, value), *lacks.get(part, ()))) for part, value in values.items()]
        z = 0.0
        for value in terms:
            z += value
        return Direction(z, sigmoid(z), tuple(term for term in found if term.value or term.evidence))

    def _lacks(self, a: int, b: int, values: Mapping[str, float]) -> dict[str, Sequence[str]]:
        """Codes of what does not fit: needs stated in vain, and the largest of the other lacks that matter."""
        stated = {part: self._unmet(self.profiles[who]) for part, who in (("need", a), ("offer", b)) if self._unanswered(part, values)}
        lack = {part: self.usual[part] - values[part] for part in LACKS}
        others = {part: code for part in LACKS if lack[part] >= MATTERS and (code := getattr(self, f"_{part}_lack")(a, b))}
        largest = min(others, key=lambda part: (-lack[part], part), default="")
        return stated | ({largest: (others[largest],)} if largest else {})

    def _unanswered(self, part: str, values: Mapping[str, float]) -> bool:
        return not values[part] and not self._near(f"{part}_meaning", values[f"{part}_meaning"])

    def _near(self, part: str, value: float) -> Sequence[str]:
        weight = self.weights.of[part] * (SHARE if part == "meaning" else 1.0)
        return ("near",) if weight and value / weight >= NEAR else ()

    def _ties(self, a: int, b: int, value: float) -> Iterable[str]:
        return ("often",) if value else ()

    def _meaning(self, a: int, b: int, value: float) -> Iterable[str]:
        return self._near("meaning", value)

    def _need_meaning(self, a: int, b: int, value: float) -> Iterable[str]:
        return self._near("need_meaning", value)

    def _offer_meaning(self, a: int, b: int, value: float) -> Iterable[str]:
        return self._near("offer_meaning", value)

    def _evidence(self, part: str, a: int, b: int, value: float) -> tuple[str, ...]:
        find = getattr(self, f"_{part}", None)
        return tuple(find(a, b, value)) if find else ()

    def _need(self, a: int, b: int, value: float) -> Iterable[str]:
        return self._meetings(a, b) if value else ()

    def _offer(self, a: int, b: int, value: float) -> Iterable[str]:
        return self._meetings(b, a) if value else ()

    def _unmet(self, profile: Profile) -> Sequence[str]:
        named = [f"unmet:{typed(entry)}" for entry in profile.needs[:UNMET] if entry.strip()]
        return named or (["unmet"] if profile.need_text else [])

    def _meetings(self, needy: int, giver: int) -> list[str]:
        """The pairs of terms by which a giver's offers meet the needs; picked ones alone where there are any, the largest first."""
        terms, offers = self.space.terms, entries(self.space.offers, giver)
        wants, gives = self._says(needy)["needs"], self._says(giver)["offers"]
        shares: list[tuple[bool, float, int, int]] = []
        for wanted, weight in entries(self.space.wants, needy).items():
            reached = {wanted: 1.0, **entries(self.space.steps, wanted)}
            for got in reached.keys() & offers.keys():
                found = wants[terms[wanted]] < PICKED or gives[terms[got]] < PICKED
                shares.append((found, -weight * reached[got] * offers[got], wanted, got))
        best = sorted(shares)[:SHOWN]
        said = [(terms[wanted], terms[got]) for found, _, wanted, got in best if found == best[0][0]]
        needs, offered = self.profiles[needy].needs, self.profiles[giver].offers
        return [f"{self._term(wanted, needs)}>{self._term(got, offered)}" for wanted, got in said]

    def _term(self, name: str, picked: Sequence[str]) -> str:
        return self._spelling[name] if name in self._spelling else behind(name, picked)

    def _interest(self, a: int, b: int, value: float) -> Iterable[str]:
        names = [self.space.terms[column] for column in shared(self.space.interests, a, b)]
        said = [self._says(a)["interests"], self._says(b)["interests"]]
        origins = [_origin([entry.get(name, 0.0) for entry in said]) for name in names]
        picked = self.profiles[a].interests
        return [f"{origin}{self._term(name, () if origin else picked)}" for origin, name in zip(origins, names, strict=True)]

    def _says(self, number: int) -> Mapping[str, Mapping[str, float]]:
        """What a person stated in each facet, in picked terms or in text, rather than took part in."""
        if number not in self._stated:
            self._stated[number] = profile_terms(self.profiles[number])
        return self._stated[number]

    def _themes(self, a: int, b: int, value: float) -> Iterable[str]:
        return [self._term(self.space.terms[column], ()) for column in shared(self.space.themes, a, b)]

    def _industry(self, a: int, b: int, value: float) -> Iterable[str]:
        names = [self.space.industries[column] for column in shared(self.space.industry, a, b)]
        return [self._spelling.get(name, name) for name in names]

    def _text(self, a: int, b: int, value: float) -> Iterable[str]:
        words = (self.space.words[column] for column in shared(self.space.text, a, b, most=None) if self._telling[column])
        return list(islice((word for word in words if len(word) >= LETTERS and normalise(word) not in dull_words()), SHOWN))

    def _place(self, a: int, b: int, value: float) -> Iterable[str]:
        one, other = self.profiles[a], self.profiles[b]
        if one.city.strip() and city_key(one.city) == city_key(other.city):
            return (f"city:{one.city.strip()}",)
        if one.country.strip() and country_key(one.country) == country_key(other.country):
            return (f"country:{one.country.strip()}",)
        return ()

    def _place_lack(self, a: int, b: int) -> str:
        one, other = self.profiles[a], self.profiles[b]
        if one.country.strip() and other.country.strip() and country_key(one.country) != country_key(other.country):
            return "abroad"
        return "differ" if one.city.strip() and other.city.strip() and city_key(one.city) != city_key(other.city) else ""

    def _language(self, a: int, b: int, value: float) -> Iterable[str]:
        common = sorted({*spoken(self.profiles[a])} & {*spoken(self.profiles[b])})
        return (f"common:{','.join(common)}",) if common else ()

    def _language_lack(self, a: int, b: int) -> str:
        if not spoken(self.profiles[a]):
            return "unknown:you"
        return "" if spoken(self.profiles[b]) else "unknown:them"

    def _time(self, a: int, b: int, value: float) -> Iterable[str]:
        common = {*self.profiles[a].slots} & {*self.profiles[b].slots}
        return (f"slots:{len(common)}",) if common else ()

    def _time_lack(self, a: int, b: int) -> str:
        one, other = {*self.profiles[a].slots}, {*self.profiles[b].slots}
        return "none" if one and other and not one & other else ""

    def _network(self, a: int, b: int, value: float) -> Iterable[str]:
        return self.trails.codes(self.profiles[a].key, self.profiles[b].key) if value else ()

    def _together(self, a: int, b: int, value: float) -> Iterable[str]:
        common = self.trails.together(self.profiles[a].key, self.profiles[b].key)
        return (f"together:{common}",) if common else ()

    def _activity(self, a: int, b: int, value: float) -> Iterable[str]:
        projects = self.trails.count(self.profiles[b].key)
        return (f"projects:{projects}",) if projects else ()

    def _bridge(self, a: int, b: int, value: float) -> Iterable[str]:
        return (f"{self.profiles[a].sector}>{self.profiles[b].sector}",)

    def _repeat(self, a: int, b: int, value: float) -> Iterable[str]:
        return ("declined",) if value else ()


def _origin(said: Sequence[float]) -> str:
    return "" if min(said) >= PICKED else "found:"


def entries(rows: Any, number: int) -> dict[int, float]:
    """The entries of one sparse row by column."""
    start, stop = rows.indptr[number], rows.indptr[number + 1]
    return dict(zip(rows.indices[start:stop].tolist(), rows.data[start:stop].tolist(), strict=True))


def shared(rows: Any, a: int, b: int, most: int | None = SHOWN) -> list[int]:
    """Columns that two rows share, the largest contributions first."""
    one, other = entries(rows, a), entries(rows, b)
    return sorted(one.keys() & other.keys(), key=lambda column: (-one[column] * other[column], column))[:most]
