"""Who should join an idea, or a team: its best participants behind the gates, with the why of each; the parts add up to z.

Evidence is the codes of `reasons.py`, told from the side of the idea's lead; besides, `mention` is `place` where the text names
the participant's city or region.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from matchmaking.engine.allocation import tie_hash
from matchmaking.engine.encoding import decode_cohort, encode_cohort, fingerprint
from matchmaking.engine.facets import learn, typed
from matchmaking.engine.gates import gates_of
from matchmaking.engine.ideas import IdeaScorer
from matchmaking.engine.normalise import dull_words, normalise
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import GROUND, MEANT, NEAR, SCALE, added, log_sigmoid
from matchmaking.engine.reasons import LACKS, LETTERS, MATTERS, SHOWN, UNMET, Explainer, entries
from matchmaking.engine.records import Cohort, Direction, Idea
from matchmaking.engine.space import Space
from matchmaking.engine.vectorise import Floats, Rows
from matchmaking.engine.weights import PARTS

BEST = 10  # participants suggested to an idea at most

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Joiner:
    """A participant who should join an idea: the keys of both, the idea's direction, and the rank from 1."""

    idea: str
    key: str
    direction: Direction
    rank: int


def encode_ideas(ideas: Sequence[Idea], cohort: Cohort) -> bytes:
    """The ideas in the order of their keys, and the cohort, as one line of JSON each."""
    return _line(ideas) + b"\n" + encode_cohort(cohort)


def decode_ideas(content: bytes) -> tuple[list[Idea], Cohort]:
    """What `encode_ideas` wrote."""
    line, _, cohort = content.partition(b"\n")
    ideas = [Idea(row["key"], tuple(row["tags"]), row["text"], tuple(row["members"])) for row in json.loads(line)]
    return ideas, decode_cohort(cohort)


def ideas_fingerprint(ideas: Sequence[Idea], cohort: Cohort, parameters: Parameters) -> str:
    """The SHA-256 of everything a run of ideas depends on."""
    return hashlib.sha256(fingerprint(cohort, parameters).encode() + _line(ideas)).hexdigest()


def _line(ideas: Iterable[Idea]) -> bytes:
    rows = [asdict(idea) for idea in sorted(ideas, key=lambda idea: idea.key)]
    return json.dumps(rows, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def joiners(space: Space, cohort: Cohort, parameters: Parameters, ideas: Sequence[Idea], most: int = BEST) -> list[Joiner]:
    """The best participants of each idea, at most `most`, in the order of the ideas and ranks.

    An idea of whose members none is in the cohort gets nobody: there is no lead to ask the gates for.
    """
    search = Search(space, cohort, parameters)
    return [joiner for idea in ideas for joiner in search.best(idea, most)]


class Search:
    """Looks for participants of one event for any idea."""

    def __init__(self, space: Space, cohort: Cohort, parameters: Parameters) -> None:
        weights = cohort.weights.dialled(parameters.bridge)
        self.profiles, self.parameters = cohort.profiles, parameters
        self.index = {profile.key: number for number, profile in enumerate(cohort.profiles)}
        self.gates = gates_of(cohort, replace(parameters, met_again=True))  # who worked with the lead before may join
        self.scorer = IdeaScorer(space, cohort, weights)
        self.explainer = IdeaExplainer(space, cohort, self.scorer)

    def best(self, idea: Idea, most: int) -> list[Joiner]:
        """The best participants of one idea; its first member in the cohort is its lead."""
        members = [self.index[key] for key in idea.members if key in self.index]
        if not members:
            return []
        table = self.scorer.terms(idea)
        z = added(table)
        passed = np.flatnonzero(self._open(members) & self._worth(table, z)).tolist()
        ranked = sorted(passed, key=lambda person: (-round(float(z[person]) * SCALE), self._tie(idea, person)))[:most]
        told = self.explainer.told(idea, members[0], ranked, table)
        return [Joiner(idea.key, self.profiles[person].key, direction, rank) for rank, (person, direction) in enumerate(told, start=1)]

    def _open(self, members: Sequence[int]) -> Bools:
        """Who passes the gates: no member, nobody blocked by, blocking or declined with one, a language in common with the lead."""
        gates, lead = self.gates, members[0]
        opened: Bools = np.any((gates.tongues & gates.tongues[lead]) != 0, axis=1)
        opened[np.flatnonzero(np.asarray(gates.closed[members].sum(axis=0)).ravel())] = False
        opened[members] = False
        return opened

    def _worth(self, table: Floats, z: Floats) -> Bools:
        """Who has something in common with the idea, and a chance above the threshold as if the other side were as willing."""
        least = np.full(len(PARTS), np.inf)
        least[[PARTS.index(part) for part in GROUND]] = 0.0
        weight = self.scorer.weight
        for part in MEANT:
            least[PARTS.index(part)] = NEAR * max(weight[PARTS.index(part)], 0.0)
        worth: Bools = np.any(table > least, axis=1)
        if self.parameters.threshold > 0.0:
            chances = np.array([2.0 * log_sigmoid(value) for value in z.tolist()])
            worth = np.logical_and(worth, chances >= np.log(self.parameters.threshold))
        return worth

    def _tie(self, idea: Idea, person: int) -> int:
        return tie_hash(self.parameters.seed, idea.key, self.profiles[person].key)


class IdeaExplainer(Explainer):
    """Explains an idea's direction: what it says meets what people offer; what its lead shares with them is told as of two people."""

    def __init__(self, space: Space, cohort: Cohort, scorer: IdeaScorer) -> None:
        super().__init__(space, cohort, cohort.weights)
        self.ideas = scorer
        self._idea, self._wants, self._tags = Idea(""), dict[int, float](), dict[int, float]()
        self._words, self._cares = dict[int, float](), dict[int, float]()

    def told(self, idea: Idea, lead: int, people: Sequence[int], table: Floats) -> list[tuple[int, Direction]]:
        """The direction from the idea to each of the people, whose terms are rows of `table`."""
        learn(self.profiles[person] for person in people)
        said = self.ideas.said(idea)
        self._idea, self._wants = idea, entries(self.space.rarity.transform(said), 0)
        self._tags, self._words = entries(self.ideas.themes(idea), 0), entries(self.ideas.words(idea), 0)
        self._cares = entries(self.space.rarity.transform(said, power=0.5), 0)
        self._usual = dict(zip(PARTS, np.median(table, axis=0).tolist(), strict=True))
        return [(person, self._direction(lead, person, table[person].tolist())) for person in people]

    def _lacks(self, a: int, b: int, values: Mapping[str, float]) -> dict[str, Sequence[str]]:
        stated: dict[str, Sequence[str]] = {}
        if self._unanswered("need", values):
            stated["need"] = [f"unmet:{typed(tag)}" for tag in self._idea.tags[:UNMET] if tag.strip()]
        lack = {part: self._usual[part] - values[part] for part in LACKS}
        others = {part: code for part in LACKS if lack[part] >= MATTERS and (code := getattr(self, f"_{part}_lack")(a, b))}
        largest = min(others, key=lambda part: (-lack[part], part), default="")
        return stated | ({largest: (others[largest],)} if largest else {})

    def _need(self, a: int, b: int, value: float) -> Iterable[str]:
        if not value:
            return ()
        names, offers = self.space.terms, entries(self.space.offers, b)
        shares: list[tuple[float, int, int]] = []
        for wanted, weight in self._wants.items():
            reached = {wanted: 1.0, **entries(self.space.steps, wanted)}
            shares += [(-weight * reached[got] * offers[got], wanted, got) for got in reached.keys() & offers.keys()]
        picked = self.profiles[b].offers
        return [
            f"{self._term(names[wanted], self._idea.tags)}>{self._term(names[got], picked)}" for _, wanted, got in sorted(shares)[:SHOWN]
        ]

    def _interest(self, a: int, b: int, value: float) -> Iterable[str]:
        return self._named(self._cares, self.space.interests, b)

    def _themes(self, a: int, b: int, value: float) -> Iterable[str]:
        return self._named(self._tags, self.space.themes, b)

    def _named(self, said: Mapping[int, float], rows: Rows, person: int) -> list[str]:
        return [self._term(self.space.terms[column], self._idea.tags) for column in _shared(said, entries(rows, person))[:SHOWN]]

    def _text(self, a: int, b: int, value: float) -> Iterable[str]:
        words = (self.space.words[column] for column in _shared(self._words, entries(self.space.text, b)) if self._telling[column])
        return list(islice((word for word in words if len(word) >= LETTERS and normalise(word) not in dull_words()), SHOWN))

    def _mention(self, a: int, b: int, value: float) -> Iterable[str]:
        return ("place",) if value else ()


def _shared(one: Mapping[int, float], other: Mapping[int, float]) -> list[int]:
    """Columns that two rows share, the largest contributions first."""
    return sorted(one.keys() & other.keys(), key=lambda column: (-one[column] * other[column], column))
