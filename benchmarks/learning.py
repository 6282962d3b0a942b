"""`python -m benchmarks.learning`: what answers teach, in a simulated event of the demo people.

Rounds of lists -> answers -> update. Planted tastes: other weights than the shipped ones, and a liking outside the model's parts.
Lists are dealt greedily by the engine's exact scores under a cap; prices and floors are left out, they do not learn. Compared: no
learning; answers by the toss of a coin; and people who say the same to everybody, beside the same people silent
(they are known once they have given ten answers; the figures after one round show the time before).
"""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from benchmarks.fairness import demo_cohort
from matchmaking.engine import pipeline
from matchmaking.engine.learning import Answers, habits, learn
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import Scorer
from matchmaking.engine.records import Cohort
from matchmaking.engine.weights import PARTS, default_weights

ROUNDS, CAP, TROLLS, SEEDS = 6, 5, 30, (0, 1, 2, 3)
TASTE = {"need": 0.3, "offer": 0.3, "interest": 3.0, "place": 6.0, "text": 2.0, "language": 4.0, "activity": 0.0}  # x the shipped
OUTSIDE = 0.7  # spread of the liking that no part knows, in z units
ACCEPTED = 0.35  # of all pairs, at the start
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class AllPairs(NamedTuple):
    """All pairs of a cohort with their values in both directions, shape (pairs, parts)."""

    a: Ints
    b: Ints
    forth: Floats
    back: Floats
    people: int


@dataclass
class Event:
    """All pairs of a cohort with their values in both directions, shape (pairs, parts), and what was answered so far."""

    a: Ints
    b: Ints
    forth: Floats
    back: Floats
    people: int
    chance: tuple[Floats, Floats]
    rng: np.random.Generator
    shown: npt.NDArray[np.bool_]
    weight: Floats
    rows: list[tuple[int, bool, bool]] = field(default_factory=list)  # the pair, whether b answered, the answer

    def answers(self, silent: int = 0) -> Answers:
        """The answers so far but those of the first `silent` people."""
        pair, second, yes = (np.array(column) for column in zip(*self.rows, strict=True))
        second, yes = second.astype(bool), yes.astype(bool)
        by, about = np.where(second, self.b[pair], self.a[pair]), np.where(second, self.a[pair], self.b[pair])
        found = Answers(np.where(second[:, None], self.back[pair], self.forth[pair]), yes, by, about, self.people)
        return found.chosen(by >= silent)


def people() -> Cohort:
    """The demo people, and as many again with the wishes of one and the place, languages and interests of another."""
    demo = demo_cohort()
    order = np.random.default_rng(0).permutation(len(demo.profiles))
    mixed = [
        replace(one, key=f"{one.key} again", interests=demo.profiles[other].interests, city=demo.profiles[other].city,
                languages=demo.profiles[other].languages)
        for one, other in zip(demo.profiles, order.tolist(), strict=True)
    ]  # fmt: skip
    return Cohort((*demo.profiles, *mixed), demo.projects)


def pairs_of(cohort: Cohort) -> AllPairs:
    """The values of all pairs, by the engine."""
    cohort = pipeline.order(cohort)
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, 0, len(cohort.profiles))])
    a, b = np.triu_indices(len(cohort.profiles), 1)
    return AllPairs(a, b, *Scorer(space, cohort, default_weights().dialled(Parameters().bridge)).values(a, b), len(cohort.profiles))


def event(pairs: AllPairs, seed: int, random: bool = False) -> Event:
    """A fresh event whose people answer by planted tastes, or by the toss of a coin."""
    a, b, rng = pairs.a, pairs.b, np.random.default_rng(seed)
    taste = np.array([weight * TASTE.get(part, 1.0) for part, weight in zip(PARTS, shipped(), strict=True)])
    likes, liked = rng.normal(size=(pairs.people, 2)), rng.normal(size=(pairs.people, 2))
    outside = OUTSIDE * (likes @ liked.T) / np.sqrt(2)
    z = pairs.forth @ taste + outside[a, b], pairs.back @ taste + outside[b, a]
    shift = np.quantile(np.concatenate(z), 1 - ACCEPTED)
    forth, back = (np.full(len(a), ACCEPTED) if random else expit(side - shift) for side in z)
    return Event(*pairs, (forth, back), rng, np.zeros(len(a), bool), shipped())


def shipped() -> Floats:
    """The shipped weights with the dial where a run has it, shape (parts,)."""
    of = default_weights().dialled(Parameters().bridge).of
    return np.array([of[part] for part in PARTS])


def lists(event: Event, weight: Floats, held: tuple[Floats, Floats], cap: int = CAP) -> Ints:
    """The pairs of the next round, best first, nobody in more than `cap`, none shown before."""
    open_, draw = held
    z_ab = event.forth @ weight + open_[event.a] + draw[event.b]
    z_ba = event.back @ weight + open_[event.b] + draw[event.a]
    score = -np.logaddexp(0, -z_ab) - np.logaddexp(0, -z_ba)
    used, taken = [0] * event.people, []
    ends = list(zip(event.a.tolist(), event.b.tolist(), strict=True))
    for pair in np.argsort(-score, kind="stable").tolist():
        a, b = ends[pair]
        if not event.shown[pair] and used[a] < cap and used[b] < cap:
            used[a], used[b] = used[a] + 1, used[b] + 1
            taken.append(pair)
    return np.array(taken, np.int64)


def answer(event: Event, pairs: Ints, trolls: int = 0) -> float:
    """Both sides of each pair answer, the first `trolls` people yes or no to everybody; the share of accepts of the others."""
    event.shown[pairs] = True
    honest = []
    for pair in pairs.tolist():
        for second, who in ((False, int(event.a[pair])), (True, int(event.b[pair]))):
            drawn = bool(event.rng.random() < event.chance[second][pair])
            event.rows.append((pair, second, who % 2 == 0 if who < trolls else drawn))
            if who >= trolls:
                honest.append(drawn)
    return float(np.mean(honest))


def rates(pairs: AllPairs, seed: int, *, learning: bool, random: bool = False, rounds: int = ROUNDS) -> list[float]:
    """The share of accepts in each round."""
    now, found = event(pairs, seed, random), []
    held = np.zeros(now.people), np.zeros(now.people)
    for _ in range(rounds):
        found.append(answer(now, lists(now, now.weight, held)))
        if learning:
            heard = now.answers()
            now.weight = learn(heard, shipped(), seed).weight
            held = habits(heard, now.weight)
    return found


def moved_by_trolls(pairs: AllPairs, seed: int, trolls: int = TROLLS, rounds: int = 3) -> tuple[float, float]:
    """Mean Jaccard of the others' next lists with the trolls' answers and without, and the largest difference of a weight."""
    now = event(pairs, seed)
    nobody = np.zeros(now.people), np.zeros(now.people)
    for _ in range(rounds):
        answer(now, lists(now, now.weight, nobody), trolls)
    partners, weights = [], []
    for silent in (0, trolls):
        heard = now.answers(silent)
        weights.append(learn(heard, shipped(), seed).weight)
        partners.append(partners_of(now, lists(now, weights[-1], habits(heard, weights[-1]))))
    alike = [len(one & other) / max(1, len(one | other)) for one, other in zip(*partners, strict=True)]
    return float(np.mean(alike[trolls:])), float(np.abs(weights[0] - weights[1]).max())


def partners_of(event: Event, pairs: Ints) -> list[set[int]]:
    """The list of each person as a set of people."""
    found: list[set[int]] = [set() for _ in range(event.people)]
    for a, b in zip(event.a[pairs].tolist(), event.b[pairs].tolist(), strict=True):
        found[a].add(b)
        found[b].add(a)
    return found


def measured() -> dict[str, Any]:
    """Figures of all seeds, as printed."""
    pairs = pairs_of(people())
    figures: dict[str, Any] = {}
    for name, random in (("planted tastes", False), ("random answers", True)):
        for learning in (False, True):
            runs = np.array([rates(pairs, seed, learning=learning, random=random) for seed in SEEDS])
            figures[f"{name}, {'learning' if learning else 'no learning'}"] = runs.mean(axis=0).round(3).tolist()
    for rounds in (1, 3):
        found = [moved_by_trolls(pairs, seed, rounds=rounds) for seed in SEEDS]
        figures[f"trolls, round {rounds}: Jaccard of others' lists"] = [round(alike, 3) for alike, _ in found]
        figures[f"trolls, round {rounds}: change of a weight"] = [round(change, 4) for _, change in found]
    return figures


def main() -> dict[str, Any]:
    """Print the figures and give them back."""
    figures = measured()
    print(f"Learning from answers: share of accepts in rounds 1 to {ROUNDS}, {len(SEEDS)} seeds")
    for name, values in figures.items():
        print(f"{name:44}" + " ".join(f"{value:7.3f}" for value in values))
    return figures


if __name__ == "__main__":
    main()
