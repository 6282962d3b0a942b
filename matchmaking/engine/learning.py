"""Weights and habits from answers: Bayesian logistic regression on the parts, near the weights in use.

Only accepts and declines of shown pairs are data; silence says nothing. The penalised log-likelihood is maximised by a projected
Newton method, its covariance is Laplace's; Platt scaling (Platt 1999) is linear in z, so the exact search and the reasons stay exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

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
UNIFORM_FROM = 10  # the same answer to this many: it tells of the person, not of the partners
HABIT_HALF, HABIT_MOST = 10.0, 0.5
LATE, INTERVAL, RESAMPLES = 0.25, 0.9, 1000
STEPS, TOLERANCE = 60, 1e-9


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers in the order of time: `values` of the answered direction, shape (n, parts), the bridge column times the run's dial.

    `yes`, `by` (who answered) and `about` (whom) have shape (n,); people are numbers from 0 to `people` - 1.
    """

    values: Floats
    yes: Flags
    by: Ints
    about: Ints
    people: int

    def chosen(self, which: Any) -> "Answers":
        """The answers that `which` (a mask, a slice or positions) selects."""
        return Answers(self.values[which], self.yes[which], self.by[which], self.about[which], self.people)


@dataclass(frozen=True, slots=True)
class Fit:
    """`weight` of each part, shape (parts,), and its Laplace covariance, shape (parts, parts); fixed parts have variance 0."""

    weight: Floats
    covariance: Floats


@dataclass(frozen=True, slots=True)
class Lesson:
    """What answers taught: `weight` is the weight in use where `refused` names a guard. `gain` is in log-loss per later answer."""

    weight: Floats
    refused: str
    answers: int
    accepts: int
    gain: float
    low: float
    high: float


def learn(answers: Answers, weight: Floats, seed: int = 0) -> Lesson:
    """Weights learned from `answers`, shape (parts,), or the old `weight` where a guard refuses: few_answers, few_accepts or no_gain.

    The judge is later in time than what was learned from, and the rival is the old weights calibrated on the same answers.
    """
    counted = counts(answers)
    heard = answers.chosen(counted > 0)
    total, accepts = len(heard.yes), int(heard.yes.sum())
    if total < LEAST_ANSWERS or accepts < LEAST_ACCEPTS:
        return Lesson(weight, "few_answers" if total < LEAST_ANSWERS else "few_accepts", total, accepts, 0.0, 0.0, 0.0)
    cut = total - round(total * LATE)
    early, late = heard.chosen(slice(cut)), heard.chosen(slice(cut, None))
    gains = loss(late, calibrated(early, weight)) - loss(late, proposed(early, weight))
    gain, low, high = interval(gains, late, seed)
    refused = "" if low > 0 else "no_gain"
    return Lesson(weight if refused else proposed(heard, weight), refused, total, accepts, gain, low, high)


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
    found, hessian = newton(answers.values[:, free], base, answers.yes, counts(answers), prior[free], precision(prior)[free], least)
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
    found, _ = newton(x, np.zeros(len(z)), answers.yes, counts(answers), np.array([1.0, 0.0]), hold, least)
    return float(found[0]), float(found[1])


def scaled(weight: Floats, slope: float, shift: float) -> Floats:
    """Weights whose z is slope x z + shift, shape (parts,)."""
    result = weight * slope
    result[PARTS.index("constant")] += shift
    return result


def counts(answers: Answers) -> Floats:
    """How much each answer counts, shape (n,): nobody more than `MOST_OF_ONE` together, who says the same to all not at all."""
    given = np.bincount(answers.by, minlength=answers.people)
    share = np.minimum(1.0, MOST_OF_ONE / np.maximum(given, 1))
    share[uniform(answers)] = 0.0
    result: Floats = share[answers.by]
    return result


def uniform(answers: Answers) -> Flags:
    """Who gave the same answer to everybody, `UNIFORM_FROM` times or more, shape (people,)."""
    given = np.bincount(answers.by, minlength=answers.people)
    yes = np.bincount(answers.by, answers.yes, minlength=answers.people)
    result: Flags = (given >= UNIFORM_FROM) & ((yes == 0) | (yes == given))
    return result


def loss(answers: Answers, weight: Floats) -> Floats:
    """The log-loss of each answer, shape (n,)."""
    z = answers.values @ weight
    result: Floats = np.logaddexp(0.0, np.where(answers.yes, -z, z))
    return result


def interval(gains: Floats, answers: Answers, seed: int) -> tuple[float, float, float]:
    """The mean gain and its bootstrap interval; whole people are drawn, for the answers of one are alike."""
    count = counts(answers)
    total = np.bincount(answers.by, gains * count, minlength=answers.people)
    number = np.bincount(answers.by, count, minlength=answers.people)
    there = np.flatnonzero(number)
    if not len(there):
        return 0.0, 0.0, 0.0
    drawn = there[np.random.default_rng(seed).integers(len(there), size=(RESAMPLES, len(there)))]
    means = total[drawn].sum(axis=1) / number[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    return float(total.sum() / number.sum()), float(low), float(high)


def habits(answers: Answers, weight: Floats) -> tuple[Floats, Floats]:
    """`open_` and `draw` in z units, shape (people,) each: how much more often than foreseen a person says, and is told, yes.

    Who says the same to everybody keeps an `open_` of 0 and moves nobody's `draw`: a yes to all must not buy places in others' lists.
    """
    plain = weight.copy()
    plain[PARTS.index("habits")] = 0.0
    heard = answers.chosen(counts(answers) > 0)
    z = heard.values @ plain
    return _shrunk(z, heard.yes, heard.by, heard.people), _shrunk(z, heard.yes, heard.about, heard.people)


def _shrunk(z: Floats, yes: Flags, whose: Ints, people: int) -> Floats:
    """One Newton step from 0 in each person's own constant, shrunk by n / (n + 10) and capped."""
    p = expit(z)
    number = np.bincount(whose, minlength=people)
    step = np.bincount(whose, yes - p, minlength=people) / np.maximum(np.bincount(whose, p * (1 - p), minlength=people), 1e-9)
    result: Floats = np.clip(step * number / (number + HABIT_HALF), -HABIT_MOST, HABIT_MOST)
    return result


def record(lesson: Lesson, old: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The JSON values of a weights file with the learned weights in the place of the old ones, and its checksum."""
    of = {part: float(value) for part, value in zip(PARTS, lesson.weight, strict=True)}
    data = {**{name: value for name, value in old.items() if name != "checksum"}, "version": f"answers-{number}", "weights": of}
    return {**data, "checksum": checksum(data)}
