"""Weights and habits from answers: Bayesian logistic regression on the parts, near the weights in use.

Only accepts and declines of shown pairs are data; silence says nothing. An answer counts by what it tells of the partners: who says
the same to everybody is not heard at all, from the first answer on. The penalised log-likelihood is maximised by a projected
Newton method, its covariance is Laplace's; Platt scaling (Platt 1999) is linear in z, so the exact search and the reasons stay exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

from matchmaking.engine.weights import PARTS, checksum

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NOT_NEGATIVE = ("need", "offer", "interest", "need_meaning", "offer_meaning", "text", "meaning", "themes")
FIXED = ("bridge", "habits")  # the dial is the organiser's; habits have a scale of their own
SPREAD, LEAST_SPREAD = 0.5, 0.5  # the prior's standard deviation: half of the weight, and never less than this
CONSTANT_SPREAD = 2.0  # how often people say yes differs more between events than what they like
PLATT_SPREAD = (0.5, 2.0)  # of slope and shift
LEAST_SLOPE = 0.05
LEAST_ANSWERS, LEAST_ACCEPTS = 200, 30
MOST_OF_ONE = 20.0  # answers that one person's answers count as, at most
STEEP = 4  # of how an answer counts less where a person says nearly always the same: measured by benchmarks/learning.py
HABIT_HALF, HABIT_MOST = 10.0, 0.5
HABIT_FROM = 5.0  # of fewer answers a habit would betray single ones
LATE, INTERVAL, RESAMPLES = 0.25, 0.9, 1000
STEPS, TOLERANCE = 60, 1e-9


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers in the order of time: `values` of the answered direction, shape (n, parts), the bridge column times the run's dial.

    `yes`, `by` (who answered), `about` (whom) and `count` (as how many answers it counts) have shape (n,); people are numbers
    from 0 to `people` - 1.
    """

    values: Floats
    yes: Flags
    by: Ints
    about: Ints
    people: int
    count: Floats

    @classmethod
    def of(cls, values: Floats, yes: Flags, by: Ints, about: Ints, people: int) -> Self:
        """All answers there are, each counted by what it tells beside the others of the same person."""
        return cls(values, yes, by, about, people, counts(yes, by, people))

    def chosen(self, which: Any) -> "Answers":
        """The answers that `which` (a mask, a slice or positions) selects; each counts as before."""
        return Answers(self.values[which], self.yes[which], self.by[which], self.about[which], self.people, self.count[which])


@dataclass(frozen=True, slots=True)
class Fit:
    """`weight` of each part, shape (parts,), and its Laplace covariance, shape (parts, parts); fixed parts have variance 0."""

    weight: Floats
    covariance: Floats


@dataclass(frozen=True, slots=True)
class Taught:
    """`weight` of each part, shape (parts,), and the habits `open_` and `draw` in z units, shape (people,) each."""

    weight: Floats
    open_: Floats
    draw: Floats

    def loss(self, answers: Answers) -> Floats:
        """The log-loss of each answer, shape (n,)."""
        z = answers.values @ self.weight + self.open_[answers.by] + self.draw[answers.about]
        result: Floats = np.logaddexp(0.0, np.where(answers.yes, -z, z))
        return result


@dataclass(frozen=True, slots=True)
class Gain:
    """How much better later answers are foretold, in log-loss per answer: the mean and its bootstrap interval."""

    mean: float = 0.0
    low: float = 0.0
    high: float = 0.0

    @property
    def proved(self) -> bool:
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Lesson:
    """What answers taught; where `refused` names a guard: the weights in use and no habits.

    `answers` and `accepts` are those that were heard, of `people` people. `weights` is the gain of the weights over the old ones
    calibrated, `habits` that of habits beside the better of the two.
    """

    taught: Taught
    refused: str
    answers: int
    accepts: int
    people: int
    weights: Gain = Gain()
    habits: Gain = Gain()


def learn(answers: Answers, weight: Floats, used: Floats | None = None, seed: int = 0) -> Lesson:
    """Weights and habits learned from `answers`; refused are few_answers, few_accepts and no_gain.

    `weight` is the prior's mean, `used` what is in use now (None: the prior), shape (parts,) each. The judge is later in time than
    what was learned from. Weights and habits are judged each by itself; where weights are not better, those in use stay.
    """
    with threadpool_limits(1, "blas"):  # the matrices are small, and the sums are the same on any number of cores
        return _learned(answers, weight, weight if used is None else used, seed)


def _learned(answers: Answers, weight: Floats, kept: Floats, seed: int) -> Lesson:
    heard = answers.chosen(answers.count > 0)
    facts = len(heard.yes), int(heard.yes.sum()), len(np.unique(heard.by))
    if facts[0] < LEAST_ANSWERS or facts[1] < LEAST_ACCEPTS:
        return Lesson(without_habits(kept, answers.people), "few_answers" if facts[0] < LEAST_ANSWERS else "few_accepts", *facts)
    cut = len(heard.yes) - round(len(heard.yes) * LATE)
    early, late = heard.chosen(slice(cut)), heard.chosen(slice(cut, None))
    old, new = (without_habits(way(early, weight), answers.people) for way in (calibrated, proposed))
    weights = interval(old.loss(late) - new.loss(late), late, seed)
    way, start = (proposed, weight) if weights.proved else (calibrated, kept)
    best = without_habits(way(early, start), answers.people)
    gain = interval(best.loss(late) - with_habits(early, best.weight).loss(late), late, seed)
    if not (weights.proved or gain.proved):
        return Lesson(without_habits(kept, answers.people), "no_gain", *facts, weights, gain)
    found = way(heard, start)
    taught = with_habits(heard, found) if gain.proved else without_habits(found, answers.people)
    return Lesson(taught, "", *facts, weights, gain)


def with_habits(answers: Answers, weight: Floats) -> Taught:
    """`weight`, shape (parts,), with the habits that show in the answers beside it."""
    return Taught(weight, *habits(answers, weight))


def without_habits(weight: Floats, people: int) -> Taught:
    """`weight`, shape (parts,), and habits of 0."""
    return Taught(weight, np.zeros(people), np.zeros(people))


def proposed(answers: Answers, weight: Floats) -> Floats:
    """The fitted weights with Platt scaling learned on the last of the answers, shape (parts,)."""
    cut = len(answers.yes) - round(len(answers.yes) * LATE)
    first = fit(answers.chosen(slice(cut)), weight).weight
    slope, shift = platt(answers.chosen(slice(cut, None)), first)
    return scaled(fit(answers, weight).weight, slope, shift)


def calibrated(answers: Answers, weight: Floats) -> Floats:
    """The same order as `weight`, its chance of a yes fitted to the answers, shape (parts,)."""
    return scaled(weight, *platt(answers, weight))


def fit(answers: Answers, prior: Floats) -> Fit:
    """The most likely weights, `prior` being the mean of their normal prior, shape (parts,)."""
    free = np.array([part not in FIXED for part in PARTS])
    base = answers.values[:, ~free] @ prior[~free]
    least = np.array([0.0 if part in NOT_NEGATIVE else -np.inf for part in PARTS])[free]
    found, hessian = newton(answers.values[:, free], base, answers.yes, answers.count, prior[free], precision(prior)[free], least)
    weight, covariance = prior.copy(), np.zeros((len(PARTS), len(PARTS)))
    weight[free] = found
    covariance[np.ix_(free, free)] = np.linalg.inv(hessian)
    return Fit(weight, covariance)


def precision(prior: Floats) -> Floats:
    """How firmly the prior holds each weight, shape (parts,)."""
    spread = np.maximum(SPREAD * np.abs(prior), LEAST_SPREAD)
    spread[PARTS.index("constant")] = CONSTANT_SPREAD
    result: Floats = spread**-2.0
    return result


def newton(x: Floats, base: Floats, yes: Flags, count: Floats, mean: Floats, hold: Floats, least: Floats) -> tuple[Floats, Floats]:
    """The maximum within the bounds and the Hessian there: Newton steps on what no bound holds (Bertsekas 1982)."""

    def cost(w: Floats) -> float:
        z = base + x @ w
        return float((count * np.logaddexp(0.0, np.where(yes, -z, z))).sum() + 0.5 * (hold * (w - mean) ** 2).sum())

    at = np.maximum(mean, least)
    for _ in range(STEPS):
        p = expit(base + x @ at)
        slope = x.T @ (count * (p - yes)) + hold * (at - mean)
        hessian = (x.T * (count * p * (1 - p))) @ x + np.diag(hold)
        moves = ~((at <= least) & (slope > 0))
        step = np.zeros(len(at))
        step[moves] = np.linalg.solve(hessian[np.ix_(moves, moves)], slope[moves])
        before, length = cost(at), 1.0
        while cost(np.maximum(at - length * step, least)) > before and length > TOLERANCE:
            length /= 2
        new = np.maximum(at - length * step, least)
        done = float(np.abs(new - at).max()) < TOLERANCE
        at = new
        if done:
            break
    return at, hessian


def platt(answers: Answers, weight: Floats) -> tuple[float, float]:
    """Slope and shift of z that fit the answers best, held near 1 and 0."""
    z = answers.values @ weight
    x, hold = np.column_stack([z, np.ones(len(z))]), np.array(PLATT_SPREAD) ** -2.0
    least = np.array([LEAST_SLOPE, -np.inf])
    found, _ = newton(x, np.zeros(len(z)), answers.yes, answers.count, np.array([1.0, 0.0]), hold, least)
    return float(found[0]), float(found[1])


def scaled(weight: Floats, slope: float, shift: float) -> Floats:
    """Weights whose z is slope x z + shift, shape (parts,); habits are learned in the new scale and keep theirs."""
    result = np.where(np.arange(len(PARTS)) == PARTS.index("habits"), weight, weight * slope)
    result[PARTS.index("constant")] += shift
    return result


def counts(yes: Flags, by: Ints, people: int) -> Floats:
    """As how many each answer counts, shape (n,): by how even the answers of the same person are, nobody's more than `MOST_OF_ONE`.

    Of a person who says yes to a share q, every answer counts as (4 q (1 - q)) ** 4: 1 at even odds, 0.5 at seven of ten, 0.02 at
    nine of ten, 0 where all are alike. Such answers tell of the person; which partners are liked they hardly tell.
    """
    given, accepts = np.bincount(by, minlength=people), np.bincount(by, yes, minlength=people)
    given = np.maximum(given, 1)
    even = 4 * accepts * (given - accepts) / given**2
    result: Floats = np.minimum(even**STEEP, MOST_OF_ONE / given)[by]
    return result


def interval(gains: Floats, answers: Answers, seed: int) -> Gain:
    """The mean gain of the answers and its bootstrap interval; whole people are drawn, for the answers of one are alike."""
    total = np.bincount(answers.by, gains * answers.count, minlength=answers.people)
    number = np.bincount(answers.by, answers.count, minlength=answers.people)
    there = np.flatnonzero(number)
    if not len(there):
        return Gain()
    drawn = there[np.random.default_rng(seed).integers(len(there), size=(RESAMPLES, len(there)))]
    means = total[drawn].sum(axis=1) / number[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    return Gain(float(total.sum() / number.sum()), float(low), float(high))


def habits(answers: Answers, weight: Floats) -> tuple[Floats, Floats]:
    """`open_` and `draw` in z units, shape (people,) each: how much more often than foreseen a person says, and is told, yes.

    Who says the same to everybody keeps an `open_` of 0 and moves nobody's `draw`: a yes to all must not buy places in others' lists.
    """
    plain = weight.copy()
    plain[PARTS.index("habits")] = 0.0
    z = answers.values @ plain
    return _shrunk(z, answers, answers.by), _shrunk(z, answers, answers.about)


def unopened(lapsed: int) -> float:
    """The `open_` of somebody who has answered nothing and let `lapsed` suggestions lapse: shrunk and capped like every habit.

    One answer, whichever it is, ends it; so answering much wins nothing.
    """
    return -HABIT_MOST * lapsed / (lapsed + HABIT_HALF) if lapsed >= HABIT_FROM else 0.0


def _shrunk(z: Floats, answers: Answers, whose: Ints) -> Floats:
    """One Newton step from 0 in each person's own constant, shrunk by n / (n + 10) and capped; 0 where n is too small.

    Where people differ hardly more than chance would have it, by less still (empirical Bayes; DerSimonian, Laird 1986).
    """
    p, people = expit(z), answers.people
    number = np.bincount(whose, answers.count, minlength=people)
    known = np.maximum(np.bincount(whose, answers.count * p * (1 - p), minlength=people), 1e-9)
    step = np.bincount(whose, answers.count * (answers.yes - p), minlength=people) / known
    there = number >= HABIT_FROM
    spread = max(0.0, float((known * step**2)[there].sum() - there.sum())) / max(float(known[there].sum()), 1e-9)
    share = np.minimum(number / (number + HABIT_HALF), spread / (spread + 1.0 / known))
    result: Floats = np.where(there, np.clip(step * share, -HABIT_MOST, HABIT_MOST), 0.0)
    return result


def record(weight: Floats, old: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The JSON values of a weights file with the learned weights in the place of the old ones, and its checksum."""
    of = {part: float(value) + 0.0 for part, value in zip(PARTS, weight, strict=True)}  # no -0.0: databases keep it as 0
    data = {**{name: value for name, value in old.items() if name != "checksum"}, "version": f"answers-{number}", "weights": of}
    return {**data, "checksum": checksum(data)}
