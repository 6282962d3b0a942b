"""`python -m benchmarks.learning`: what answers teach, in a simulated event of the demo people.

Rounds of lists -> answers -> update. Planted: other weights than the shipped ones, a liking outside the model's parts, and people who
say yes more readily than others. Lists are dealt greedily by the engine's exact scores under a cap; prices and floors are left out,
they do not learn. Compared: no learning; answers by the toss of a coin; and people who say the same to everybody, beside the same
people silent, after every round; with them those who slip once in ten answers, and as many honest people.
"""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import expit

from benchmarks.demo_people import demo_cohort
from matchmaking.engine import pipeline
from matchmaking.engine.learning import Answers, Taught, learn, without_habits
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import Scorer
from matchmaking.engine.records import Cohort
from matchmaking.engine.weights import PARTS, default_weights

ROUNDS, CAP, TROLLS, SEEDS = 6, 5, 30, tuple(range(10))
SLIP = 0.1  # share of the answers of those who nearly always say the same that are the other one
TASTE = {"need": 0.3, "offer": 0.3, "interest": 3.0, "place": 6.0, "text": 2.0, "language": 4.0, "activity": 0.0}  # x the shipped
OUTSIDE = 0.7  # spread of the liking that no part knows, in z units
READY = 0.5  # spread of how readily somebody says yes
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
    rows: list[tuple[int, bool, bool]] = field(default_factory=list)  # the pair, whether b answered, the answer

    def answers(self, silent: int = 0) -> Answers:
        """The answers so far but those of the first `silent` people."""
        pair, second, yes = (np.array(column) for column in zip(*self.rows, strict=True))
        second, yes = second.astype(bool), yes.astype(bool)
        by, about = np.where(second, self.b[pair], self.a[pair]), np.where(second, self.a[pair], self.b[pair])
        values, heard = np.where(second[:, None], self.back[pair], self.forth[pair]), by >= silent
        return Answers.of(values[heard], yes[heard], by[heard], about[heard], self.people)


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
    ready = READY * rng.normal(size=pairs.people)
    z = pairs.forth @ taste + outside[a, b] + ready[a], pairs.back @ taste + outside[b, a] + ready[b]
    shift = np.quantile(np.concatenate(z), 1 - ACCEPTED)
    forth, back = (np.full(len(a), ACCEPTED) if random else expit(side - shift) for side in z)
    return Event(*pairs, (forth, back), rng, np.zeros(len(a), bool))


def shipped() -> Floats:
    """The shipped weights with the dial where a run has it, shape (parts,)."""
    of = default_weights().dialled(Parameters().bridge).of
    return np.array([of[part] for part in PARTS])


def lists(event: Event, by: Taught, cap: int = CAP) -> Ints:
    """The pairs of the next round, best first, nobody in more than `cap`, none shown before."""
    z_ab = event.forth @ by.weight + by.open_[event.a] + by.draw[event.b]
    z_ba = event.back @ by.weight + by.open_[event.b] + by.draw[event.a]
    score = -np.logaddexp(0, -z_ab) - np.logaddexp(0, -z_ba)
    used, taken = [0] * event.people, []
    ends = list(zip(event.a.tolist(), event.b.tolist(), strict=True))
    for pair in np.argsort(-score, kind="stable").tolist():
        a, b = ends[pair]
        if not event.shown[pair] and used[a] < cap and used[b] < cap:
            used[a], used[b] = used[a] + 1, used[b] + 1
            taken.append(pair)
    return np.array(taken, np.int64)


def answer(event: Event, pairs: Ints, trolls: int = 0, slip: float = 0.0) -> float:
    """Both sides of each pair answer, the first `trolls` people yes or no to all but a `slip`; the share of accepts of the others."""
    event.shown[pairs] = True
    honest = []
    for pair in pairs.tolist():
        for second, who in ((False, int(event.a[pair])), (True, int(event.b[pair]))):
            drawn, slips = event.rng.random() < event.chance[second][pair], event.rng.random() < slip
            event.rows.append((pair, second, (who % 2 == 0) != slips if who < trolls else bool(drawn)))
            if who >= trolls:
                honest.append(bool(drawn))
    return float(np.mean(honest))


def rates(pairs: AllPairs, seed: int, *, learning: bool, random: bool = False, rounds: int = ROUNDS) -> list[float]:
    """The share of accepts in each round."""
    now, by, found = event(pairs, seed, random), without_habits(shipped(), pairs.people), []
    for _ in range(rounds):
        found.append(answer(now, lists(now, by)))
        if learning:
            by = next_of(by, now.answers(), seed)
    return found


def next_of(used: Taught, answers: Answers, seed: int) -> Taught:
    """What is in use after the answers: where a guard refuses, the same as before."""
    lesson = learn(answers, shipped(), used.weight, seed)
    return used if lesson.refused else lesson.taught


def moved(pairs: AllPairs, seed: int, *, odd: int = TROLLS, honest: bool = False, slip: float = 0.0, rounds: int = ROUNDS) -> list[float]:
    """Mean Jaccard, after each round, of the others' next lists with the answers of the first `odd` people and without.

    They say yes or no to all but a `slip`, or, `honest`, what they like. All learn from all of it, round after round.
    """
    now, found = event(pairs, seed), []
    by = without = without_habits(shipped(), pairs.people)
    for _ in range(rounds):
        answer(now, lists(now, by), 0 if honest else odd, slip)
        by, without = (next_of(used, now.answers(silent), seed) for used, silent in ((by, 0), (without, odd)))
        one, other = (partners_of(now, lists(now, taught)) for taught in (by, without))
        alike = [len(mine & theirs) / len(mine | theirs) if mine | theirs else 1.0 for mine, theirs in zip(one, other, strict=True)]
        found.append(float(np.mean(alike[odd:])))
    return found


def partners_of(event: Event, pairs: Ints) -> list[set[int]]:
    """The list of each person as a set of people."""
    found: list[set[int]] = [set() for _ in range(event.people)]
    for a, b in zip(event.a[pairs].tolist(), event.b[pairs].tolist(), strict=True):
        found[a].add(b)
        found[b].add(a)
    return found


def measured() -> dict[str, Any]:
    """Figures of all seeds, as printed: means per round, the gain with its 95 % interval over seeds."""
    pairs, figures = pairs_of(people()), dict[str, Any]()
    for name, random in (("planted tastes", False), ("random answers", True)):
        plain, taught = (np.array([rates(pairs, seed, learning=by, random=random) for seed in SEEDS]) for by in (False, True))
        figures[f"{name}, no learning"] = plain.mean(axis=0).round(3).tolist()
        figures[f"{name}, learning"] = taught.mean(axis=0).round(3).tolist()
        gain = taught[:, 1:].mean(axis=1) - plain[:, 1:].mean(axis=1)
        half = stats.t.ppf(0.975, len(SEEDS) - 1) * stats.sem(gain)
        figures[f"{name}, gain from round 2 on: mean, low, high"] = [
            round(float(value), 4) for value in (gain.mean(), *(gain.mean() + half * np.array([-1, 1])))
        ]
    for name, kind in (("the same to all", {}), (f"slips of {SLIP:.0%}", {"slip": SLIP}), ("honest", {"honest": True})):
        found = np.array([moved(pairs, seed, **kind) for seed in SEEDS])  # type: ignore[arg-type]
        figures[f"Jaccard of others' lists, {TROLLS} people, {name}: mean"] = found.mean(axis=0).round(3).tolist()
        figures[f"Jaccard of others' lists, {TROLLS} people, {name}: least"] = found.min(axis=0).round(3).tolist()
    return figures


def main() -> dict[str, Any]:
    """Print the figures and give them back."""
    figures = measured()
    print(f"Learning from answers: share of accepts in rounds 1 to {ROUNDS}, {len(SEEDS)} seeds")
    for name, values in figures.items():
        print(f"{name:66}" + " ".join(f"{value:7.3f}" for value in values))
    return figures


if __name__ == "__main__":
    main()
