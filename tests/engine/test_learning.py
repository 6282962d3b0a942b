"""What answers teach: the guards, the bounds, habits, and a small simulated event with planted tastes."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from benchmarks.fairness import demo_cohort
from benchmarks.learning import moved_by_trolls, pairs_of, rates, shipped
from matchmaking.engine import learning
from matchmaking.engine.learning import FIXED, HABIT_MOST, NOT_NEGATIVE, Answers
from matchmaking.engine.weights import FILE, PARTS, checksum, read_weights, weights_of

PEOPLE = 60


def answers(count=1200, seed=0, taste=None):
    """Answers by a taste, shape (parts,), else by the toss of a coin."""
    rng = np.random.default_rng(seed)
    values = rng.random((count, len(PARTS))) * (rng.random((count, len(PARTS))) < 0.5)
    values[:, 0] = 1.0
    values[:, PARTS.index("habits")] = values[:, PARTS.index("repeat")] = values[:, PARTS.index("network")] = 0.0
    chance = np.full(count, 0.4) if taste is None else expit(values @ taste)
    by, about = rng.integers(PEOPLE, size=(2, count))
    return Answers(values, rng.random(count) < chance, by, about, PEOPLE)


def tasted(**changed):
    return np.array([changed.get(part, weight) for part, weight in zip(PARTS, shipped(), strict=True)])


def test_a_planted_taste_is_learned_within_the_bounds_and_what_is_fixed_stays():
    taste = tasted(need=-4.0, interest=5.0, place=3.0)
    lesson = learning.learn(answers(taste=taste), shipped())
    assert lesson.refused == ""
    assert 0 < lesson.low <= lesson.gain <= lesson.high
    of = dict(zip(PARTS, lesson.weight, strict=True))
    assert of["interest"] > 3
    assert of["place"] > 1.5
    assert of["need"] == 0
    assert min(of[part] for part in NOT_NEGATIVE) >= 0


def test_the_fitted_weights_are_where_the_slope_vanishes():
    data, prior = answers(taste=tasted(interest=5.0)), shipped()
    found = learning.fit(data, prior)
    p = expit(data.values @ found.weight)
    slope = data.values.T @ (learning.counts(data) * (p - data.yes)) + learning.precision(prior) * (found.weight - prior)
    free = [i for i, part in enumerate(PARTS) if part not in FIXED and not (part in NOT_NEGATIVE and found.weight[i] == 0)]
    assert np.abs(slope[free]).max() < 1e-6
    assert (np.linalg.eigvalsh(found.covariance[np.ix_(free, free)]) > 0).all()
    assert [found.weight[PARTS.index(part)] == prior[PARTS.index(part)] for part in FIXED] == [True, True]


@pytest.mark.parametrize(("count", "refused"), [(199, "few_answers"), (1200, "no_gain")])
def test_a_guard_keeps_the_old_weights_where_the_answers_are_few_or_random(count, refused):
    lesson = learning.learn(answers(count), shipped())
    assert (lesson.refused, lesson.answers) == (refused, count)
    assert (lesson.weight == shipped()).all()


def test_a_guard_keeps_the_old_weights_where_accepts_are_few():
    data = answers()
    lesson = learning.learn(replace(data, yes=np.arange(len(data.yes)) < 29), shipped())
    assert lesson.refused == "few_accepts"
    assert (lesson.weight == shipped()).all()


def test_nobody_counts_more_than_twenty_answers_and_the_same_to_all_not_at_all():
    by = np.array([0] * 100 + [1] * 10 + [2] * 9)
    yes = np.array([True, False] * 50 + [True] * 19)
    data = Answers(np.zeros((119, len(PARTS))), yes, by, by, 3)
    assert np.bincount(by, learning.counts(data)).round(9).tolist() == [20.0, 0.0, 9.0]


def test_habits_are_shrunk_capped_and_zero_without_answers():
    data = answers()
    open_, draw = learning.habits(replace(data, by=data.by % 50, about=data.about % 50), shipped())
    assert max(np.abs(open_).max(), np.abs(draw).max()) <= HABIT_MOST
    assert (open_[50:] == 0).all()
    assert (draw[50:] == 0).all()
    assert np.abs(open_[:50]).min() > 0


def test_the_record_is_a_weights_file_that_can_be_told_from_the_old_one():
    lesson = learning.learn(answers(taste=tasted(interest=5.0)), shipped())
    old = read_weights(FILE)
    data = learning.record(lesson, old, 3)
    assert data["checksum"] == checksum(data)
    assert data["bridges"] == old["bridges"]
    assert weights_of(data).version.startswith("answers-3-")
    assert weights_of(old).of != weights_of(data).of


@pytest.fixture(scope="module")
def pairs():
    return pairs_of(demo_cohort())


def test_learning_raises_the_share_of_accepts_and_random_answers_raise_nothing(pairs):
    late = {
        (random, learned): np.mean([rates(pairs, seed, learning=learned, random=random)[2:] for seed in (0, 1)])
        for random in (False, True)
        for learned in (False, True)
    }
    assert late[False, True] - late[False, False] > 0.02
    assert abs(late[True, True] - late[True, False]) < 0.02


def test_thirty_trolls_move_nobody_elses_list_and_would_without_the_protection(pairs, monkeypatch):
    assert moved_by_trolls(pairs, 0) == (1.0, 0.0)
    monkeypatch.setattr(learning, "UNIFORM_FROM", 10**9)
    alike, change = moved_by_trolls(pairs, 0)
    assert alike < 0.9
    assert change > 0
