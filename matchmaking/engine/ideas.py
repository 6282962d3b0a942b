"""Who should join an idea, or a team: its tags and text are its need, its members bring place, languages and network.

The same parts and weights as between two people. One idea is compared with everybody at once, so what is best for it need not be
an inner product: how like its text is to somebody's works is the fourth root of the sum of the fourth powers over these works, so that
the work most like it counts most, and others a little. The other side has said nothing about the idea: only its direction counts.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matchmaking.engine.elsewhere import Elsewhere
from matchmaking.engine.encoder import Memory, encode
from matchmaking.engine.facets import content_words, terms
from matchmaking.engine.network import damped, known_of, partners
from matchmaking.engine.normalise import normalise
from matchmaking.engine.parts import SHARE, added, bridge_table
from matchmaking.engine.records import Cohort, Idea, Profile
from matchmaking.engine.space import PIVOT, Space
from matchmaking.engine.stems import root
from matchmaking.engine.vectorise import Floats, Rows, pivoted, tidy
from matchmaking.engine.weights import PARTS, Weights
from matchmaking.engine.works import unit_rows

MENTION_LETTERS = 4  # of a place name worth looking for
ENDING = 2  # letters by which inflected place names may differ
CITY, AREA = 0.55, 0.45  # value of a city and of a region that the idea names
BEST_COUNTS = 4  # power of the mean over works
Ints = npt.NDArray[np.int64]


class IdeaScorer:
    """Values and scores of ideas against the profiles of one event."""

    def __init__(self, space: Space, cohort: Cohort, weights: Weights, memory: Memory | None = None) -> None:
        self.space, self.profiles, self.memory = space, cohort.profiles, memory
        self.index = {profile.key: number for number, profile in enumerate(cohort.profiles)}
        self.sector, self.bridges = bridge_table(cohort.profiles, weights)
        self.weight = np.array([weights.of[part] for part in PARTS], np.float64)
        self._elsewhere = Elsewhere(space.joined, known_of(space.network))
        self._people = {key: row for row, key in enumerate(space.joined.people)}
        self._terms = {name: column for column, name in enumerate(space.terms)}
        self._named = [_place_words(profile) for profile in cohort.profiles]

    def scores(self, idea: Idea) -> Floats:
        """z of the idea towards every profile, shape (n,)."""
        return added(self.terms(idea))

    def terms(self, idea: Idea) -> Floats:
        """Weight x value of all parts from the idea to every profile, shape (n, parts)."""
        return self.values(idea) * self.weight

    def values(self, idea: Idea) -> Floats:
        """Values of all parts from the idea to every profile, shape (n, parts)."""
        space, table = self.space, np.zeros((self.space.count, len(PARTS)))
        inside = [self.index[key] for key in sorted(set(idea.members)) if key in self.index]
        found = {"constant": np.ones(space.count), "activity": space.activity, **self._told(idea), **self._network(idea)}
        if inside:
            found |= self._shared(inside)
        for part, value in found.items():
            table[:, PARTS.index(part)] = value
        return table

    def _told(self, idea: Idea) -> dict[str, Floats]:
        """The parts of what the idea says."""
        space = self.space
        said = self.said(idea)
        wants = space.rarity.transform(said)
        named = self.themes(idea)
        meant = self._meaning(idea)
        return {
            "need": _products(space.offers, pivoted(tidy(wants + wants @ space.steps), PIVOT)),
            "interest": _products(space.interests, pivoted(space.rarity.transform(said, power=0.5), PIVOT)),
            "themes": _products(space.themes, named),
            "mention": self._mentioned(idea.text),
            "text": (space.works.of @ self._likeness(idea) ** BEST_COUNTS) ** (1.0 / BEST_COUNTS),
            "meaning": (space.works.of @ np.maximum(space.works.meant @ meant, 0.0)) / np.maximum(space.works.count, 1.0),
            "need_meaning": space.meant_offers @ meant,
        }

    def said(self, idea: Idea) -> Rows:
        """The terms of the idea's tags and text, shape (1, terms)."""
        return self._row(terms(idea.tags, idea.text))

    def themes(self, idea: Idea) -> Rows:
        """The terms of the idea's tags by their rarity, of norm 1, shape (1, terms)."""
        return unit_row(self.space.rarity.transform(self._row(terms(idea.tags))))

    def words(self, idea: Idea) -> Rows:
        """The weights of the idea's words, shape (1, words)."""
        works = self.space.works
        counts = Counter[int]()
        for word, count in content_words(" ".join((idea.text, *idea.tags))).items():
            counts[works.roots.get(root(word), -1)] += count
        del counts[-1]
        weighed: Rows = works.weighing.transform(_one_row(counts, len(works.roots)))
        return weighed

    def _likeness(self, idea: Idea) -> Floats:
        """How like the idea's words are to those of each work, shape (works,)."""
        return _products(self.space.works.text, self.words(idea))

    def _meaning(self, idea: Idea) -> Floats:
        works = self.space.works
        owners = [",".join(idea.members)]  # what is remembered is forgotten with any of them
        vector = encode([idea.text], self.memory, owners).astype(np.float64)
        meant: Floats = unit_rows(vector - works.centre if vector.any() else vector)[0]
        return meant

    def _row(self, said: dict[str, float]) -> Rows:
        return _one_row({self._terms[term]: weight for term, weight in sorted(said.items()) if term in self._terms}, len(self._terms))

    def _mentioned(self, text: str) -> Floats:
        """What the idea's text names of everybody's place."""
        words = {normalise(word) for word in re.findall(r"[^\W\d_]+", text)}
        starts = {word[:letters] for word in words for letters in range(MENTION_LETTERS, len(word) + 1)}
        values = [CITY * bool(city & starts) + AREA * bool(area & starts) for city, area in self._named]
        return np.array(values, np.float64)

    def _network(self, idea: Idea) -> dict[str, Floats]:
        """The parts of whom the idea's members worked with, people outside the event among them."""
        space, joined = self.space, self.space.joined
        rows = [self._people[key] for key in sorted(set(idea.members)) if key in self._people]
        if not rows:
            return {}
        ones = (joined.weighted[rows] > 0).astype(np.float64)
        reached = partners(ones, joined).tolil()
        reached[np.arange(len(rows)), rows] = 0.0
        row = tidy(reached)
        common = (joined.ones @ ones.T).toarray()
        shared = (space.network @ damped(row, known_of(space.network)).T).toarray()
        person, member = np.nonzero(common)
        many = np.diff(space.network.indptr)[person] * np.diff(row.indptr)[member]
        shared[person, member] = self._elsewhere.values(person, np.array(rows)[member], many)
        return {
            "network": SHARE * shared.mean(axis=1),
            "together": np.log1p(common.sum(axis=1)),
        }

    def _shared(self, inside: Sequence[int]) -> dict[str, Floats]:
        """The parts that the idea's members bring, the mean over them."""
        space, own = self.space, self.space.area[list(inside)]
        table = np.pad(space.ties, ((0, 1), (0, 1)))
        shared = {part: _mean_products(getattr(space, part), inside) for part in ("place", "industry", "language", "time")}
        shared["ties"] = np.mean([table[area, space.area] for area in own], axis=0)
        shared["bridge"] = np.mean([self.bridges[self.sector[person], self.sector] for person in inside], axis=0)
        return shared


def unit_row(row: Rows) -> Rows:
    """A row of norm 1, or empty."""
    norm = float(np.sqrt((row.data * row.data).sum()))
    return row / norm if norm else row


def _products(rows: Rows, row: Rows) -> Floats:
    """The inner products of all rows with one, shape (rows,)."""
    products: Floats = np.asarray((rows @ row.T).todense()).ravel()
    return products


def _mean_products(rows: Rows, some: Sequence[int]) -> Floats:
    products: Floats = np.asarray((rows @ rows[list(some)].T).mean(axis=1)).ravel()
    return products


def _one_row(entries: Mapping[int, float], columns: int) -> Rows:
    row: Any = sparse.csr_array((list(entries.values()), ([0] * len(entries), list(entries))), shape=(1, columns), dtype=np.float64)
    return tidy(row)


def _place_words(profile: Profile) -> tuple[frozenset[str], frozenset[str]]:
    """The beginnings of the words of a profile's city and region by which a text would name them."""
    region = profile.region.rpartition("/")[2]
    return _beginnings(profile.city), _beginnings(region)


def _beginnings(name: str) -> frozenset[str]:
    words = [word for word in re.findall(r"[^\W\d_]+", normalise(name)) if len(word) >= MENTION_LETTERS]
    return frozenset(word[: max(MENTION_LETTERS, len(word) - ENDING)] for word in words)
