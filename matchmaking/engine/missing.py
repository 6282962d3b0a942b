"""Honest silence: of the answers somebody below the floor has not given, the one that would help most.

Not assumed but recomputed by the code that makes suggestions: for each empty field the profile is filled in with what is typical
in the event, the vectors are merged anew, and the partners that pass the gates and the threshold are counted as in a run. The
field that wins most partners is named, of several the first of `FIELDS`; where none wins any, none is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from matchmaking.engine.allocation import tie_hash
from matchmaking.engine.candidates import partners
from matchmaking.engine.encoder import Memory
from matchmaking.engine.facets import FREE, term_of
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort, Profile, Shortfall
from matchmaking.engine.space import merge_vectors, spoken
from matchmaking.engine.vectorise import vectorise_rows
from matchmaking.engine.wording import FIELDS

PEOPLE = 200  # looked at in one run, those given least first
SAMPLE = 500  # profiles that stand for a larger event
SHARE = 25  # one in so many profiles is changed at once, so that rarity stays what it is
LANGUAGES = 2  # that most people speak
TERMS = 3  # in the text about somebody who has written none


def with_missing(cohort: Cohort, parameters: Parameters, short: Sequence[Shortfall], memory: Memory | None = None) -> list[Shortfall]:
    """The shortfalls, each with the field whose answer would win most partners, in their order; empty where none would.

    `cohort` is ordered by key. At most `PEOPLE` are looked at, and in an event of more than `SAMPLE` partners are counted in a part of it.
    """
    profiles = {profile.key: profile for profile in cohort.profiles}
    ranked = sorted(short, key=lambda row: (row.given, tie_hash(parameters.seed, row.key)))
    people = [profiles[row.key] for row in ranked if row.key in profiles and empty_fields(profiles[row.key])][:PEOPLE]
    if not people:
        return list(short)
    sample = _sample(cohort, parameters, people)
    at_once = max(1, len(sample.profiles) // SHARE)
    found, remembered = dict[str, str](), _Remembered(memory)
    for start in range(0, len(people), at_once):
        found |= _Trial(sample, parameters, people[start : start + at_once], remembered).most_missed()
    return [replace(row, missing=found.get(row.key, "")) for row in short]


def empty_fields(profile: Profile) -> list[str]:
    """The fields of which a profile says nothing."""
    said = {
        "offers": any(entry.strip() for entry in (*profile.offers, profile.offer_text)),
        "needs": any(entry.strip() for entry in (*profile.needs, profile.need_text)),
        "interests": any(entry.strip() for entry in profile.interests),
        "about": bool(profile.about.strip()),
        "languages": bool(spoken(profile)),
        "city": bool(profile.city.strip()),
    }
    return [field for field in FIELDS if not said[field]]


def filled_in(profile: Profile, field: str, others: Sequence[Profile]) -> Profile:
    """The profile with an empty field as it would typically be answered, seen from `others`.

    It offers what most of them need and needs what most of them offer; else it says what most of them say.
    """
    if field == "languages":
        return replace(profile, languages=_usual(spoken(other) for other in others)[:LANGUAGES])
    if field == "city":
        city, region, country = _usual_place(others)
        return replace(profile, city=city, region=region, country=country)
    if field == "about":
        return replace(profile, about=", ".join(_usual_terms((*one.interests, *one.offers, *one.needs) for one in others)[:TERMS]))
    if field == "interests":
        return replace(profile, interests=_usual_terms(other.interests for other in others)[:1])
    if field == "offers":
        return replace(profile, offers=_usual_terms(other.needs for other in others)[:1])
    return replace(profile, needs=_usual_terms(other.offers for other in others)[:1])


class _Trial:
    """The event with a few of its people answering differently; the vectors of all others are made once."""

    def __init__(self, cohort: Cohort, parameters: Parameters, people: Sequence[Profile], memory: Memory) -> None:
        keys = {profile.key for profile in people}
        among = frozenset((a, b) for a in keys for b in keys if a < b)
        staying = tuple(profile for profile in cohort.profiles if profile.key not in keys)
        self.cohort = replace(cohort, profiles=(*staying, *people), blocked=cohort.blocked | among)
        self.parameters, self.memory, self.people, self.staying = parameters, memory, tuple(people), staying
        self.head = vectorise_rows(self.cohort, 0, len(staying), memory)
        self.before = self._partners(self.people)

    def most_missed(self) -> dict[str, str]:
        """The field that each of the people misses most, by key."""
        best = {profile.key: (0, "") for profile in self.people}
        for field in FIELDS:
            for key, gain in self._gains(field).items():
                if gain > best[key][0]:
                    best[key] = (gain, field)
        return {key: field for key, (_, field) in best.items() if field}

    def _gains(self, field: str) -> dict[str, int]:
        """How many partners those who left the field empty would win by it, by key."""
        asking = {profile.key for profile in self.people if field in empty_fields(profile)}
        if not asking:
            return {}
        changed = [filled_in(one, field, self._others(one)) if one.key in asking else one for one in self.people]
        return {key: count - self.before[key] for key, count in self._partners(changed).items() if key in asking}

    def _partners(self, changed: Sequence[Profile]) -> dict[str, int]:
        """How many of those who stay as they are pass the gates and the threshold with each of the changed, by key."""
        first, last = len(self.staying), len(self.staying) + len(changed)
        trial = replace(self.cohort, profiles=(*self.staying, *changed))
        space = merge_vectors(trial, [self.head, vectorise_rows(trial, first, last, self.memory)])
        found = partners(space, trial, self.parameters, trial.weights.dialled(self.parameters.bridge), first, last)
        return dict(zip((profile.key for profile in changed), found.tolist(), strict=True))

    def _others(self, profile: Profile) -> Sequence[Profile]:
        """Those of other sectors, or all others where there is but one sector."""
        return [other for other in self.staying if other.sector != profile.sector] or self.staying


class _Remembered:
    """Sentence vectors of one search, in this process, behind what the run remembers."""

    def __init__(self, behind: Memory | None) -> None:
        self._behind, self._known = behind, dict[str, bytes]()

    def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Those of the keys that are known."""
        new = [key for key in keys if key not in self._known]
        if self._behind is not None and new:
            self._known |= self._behind.get_many(new)
        return {key: self._known[key] for key in keys if key in self._known}

    def set_many(self, values: Mapping[str, bytes]) -> None:
        """Keep values for this search alone: what nobody said is nothing to remember."""
        self._known |= values


def _sample(cohort: Cohort, parameters: Parameters, people: Iterable[Profile]) -> Cohort:
    """A part of a large event, drawn by hash, with all of `people` in it, and the projects of those who are."""
    if len(cohort.profiles) <= SAMPLE:
        return cohort
    chosen = {profile.key for profile in people}
    drawn = sorted(
        (profile.key for profile in cohort.profiles if profile.key not in chosen), key=lambda key: tie_hash(parameters.seed, key)
    )
    chosen |= set(drawn[: SAMPLE - len(chosen)])
    projects = tuple(project for project in cohort.projects if chosen & {*project.members, project.lead})
    return replace(cohort, profiles=tuple(profile for profile in cohort.profiles if profile.key in chosen), projects=projects)


def _usual_terms(said: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Picked entries, the most frequent first, each as most people write it."""
    written: dict[str, Counter[str]] = {}
    for entries in said:
        for term, entry in {term_of(entry): entry for entry in entries}.items():
            if term.strip(FREE):
                written.setdefault(term, Counter())[entry] += 1
    ranked = sorted(written, key=lambda term: (-written[term].total(), term))
    return tuple(_first(written[term]) for term in ranked)


def _usual(said: Iterable[Sequence[str]]) -> tuple[str, ...]:
    counts = Counter(value for values in said for value in values)
    return tuple(sorted(counts, key=lambda value: (-counts[value], value)))


def _usual_place(others: Sequence[Profile]) -> tuple[str, str, str]:
    """The city most of them are in, with its region and country."""
    places = Counter((other.city, other.region, other.country) for other in others if other.city.strip())
    return min(places, key=lambda place: (-places[place], place), default=("", "", ""))


def _first(counts: Counter[str]) -> str:
    return min(counts, key=lambda entry: (-counts[entry], entry))
