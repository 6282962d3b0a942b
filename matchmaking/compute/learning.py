"""Looks at the answers of a programme: claim, recompute what was answered, let the engine learn, keep what it found."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from matchmaking.compute.suggestions import code_version
from matchmaking.engine import learning as engine
from matchmaking.engine import pipeline
from matchmaking.engine.parts import Scorer
from matchmaking.engine.weights import FILE, PARTS, Weights, read_weights
from matchmaking.errors import MatchmakingError
from matchmaking.failpoints import failpoint
from matchmaking.models import Event, LearnedWeights
from matchmaking.selectors import records
from matchmaking.selectors.learning import Given, active_weights, answered_events, answers_in, never_opened, weights_in
from matchmaking.services import learning
from matchmaking.services.caches import VectorMemory
from matchmaking.services.shards import Fenced, Heartbeat

log = logging.getLogger(__name__)
ROWS_AT_ONCE = 2000
NO_HABIT = (0.0, 0.0)


def run(learned_id: int) -> bool:
    """Look at the answers once; whether it did. A second delivery of the message does nothing."""
    claimed = learning.claim(learned_id)
    if claimed is None:
        return False
    try:
        with Heartbeat(learning.held(claimed)):
            _learn(claimed)
    except Fenced:
        return False
    except MatchmakingError as error:  # the input cannot be used: trying again would not help
        learning.fail(claimed, error.template, error.params)
        return False
    except Exception:
        log.exception("learned weights %s, attempt failed", claimed.pk)
        learning.give_back(claimed)
        return False
    return True


def _learn(learned: LearnedWeights) -> None:
    failpoint("learning.claimed")
    answers, people = _answers(learned)
    active = active_weights(learned.programme_id)
    prior, used = _weight(weights_in(None)), _weight(weights_in(active)) if active else None
    lesson = engine.learn(answers, prior, used)
    data = {} if lesson.refused else engine.record(lesson.taught.weight, read_weights(FILE), learned.version)
    both = zip(people, lesson.taught.open_.tolist(), lesson.taught.draw.tolist(), strict=True)
    habits = {person: (opens, draws) for person, opens, draws in both if opens or draws}
    if not lesson.refused:
        habits |= {person: (engine.unopened(count), habits.get(person, NO_HABIT)[1]) for person, count in never_opened(learned).items()}
    failpoint("learning.computed")
    learning.keep(learned, facts=_facts(lesson, data), habits=habits)


def _facts(lesson: engine.Lesson, data: dict[str, Any]) -> dict[str, Any]:
    gains = {name: [gain.mean, gain.low, gain.high] for name, gain in (("weights", lesson.weights), ("habits", lesson.habits))}
    counts = {"answers": lesson.answers, "accepts": lesson.accepts, "people": lesson.people}
    return {
        **counts,
        "refused": lesson.refused,
        "gains": gains,
        "data": data,
        "checksum": data.get("checksum", ""),
        "code_version": code_version(),
    }


def _weight(weights: Weights) -> engine.Floats:
    return np.array([weights.of[part] for part in PARTS], np.float64)


def _answers(learned: LearnedWeights) -> tuple[engine.Answers, Sequence[int]]:
    """All answers up to the version's moment, in the order of time, and whose ids the people's numbers stand for.

    People are numbered by content key: no id decides what is learned.
    """
    found = [row for event in answered_events(learned) for row in _valued(event, learned)]
    found.sort(key=lambda row: (row[0].at, row[0].by, row[0].about))
    given = [one for one, _ in found]
    ids = {key: person for one in given for key, person in zip((one.by, one.about), one.ids, strict=True)}
    number = {key: position for position, key in enumerate(sorted(ids))}
    by, about = (np.array([number[key] for key in side], np.int64) for side in ([one.by for one in given], [one.about for one in given]))
    values = np.array([row for _, row in found], np.float64).reshape(len(found), len(PARTS))
    yes = np.array([one.yes for one in given], np.bool_)
    return engine.Answers.of(values, yes, by, about, len(ids)), [ids[key] for key in number]


def _valued(event: Event, learned: LearnedWeights) -> list[tuple[Given, engine.Floats]]:
    """The answers of an event, each with the values of all parts in the answered direction, shape (parts,).

    They are computed anew from what people say now: who left or withdrew the consent is not learned from, and a part whose weight
    was 0 has its value. Habits are left out: they are learned beside it.
    """
    cohort = pipeline.order(records.cohort_of(event))
    ranges = pipeline.row_ranges(len(cohort.profiles), -(-len(cohort.profiles) // ROWS_AT_ONCE))
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, start, stop, VectorMemory()) for start, stop in ranges])
    here = {profile.key: row for row, profile in enumerate(cohort.profiles)}
    given = [one for one in answers_in(event, learned) if one.by in here and one.about in here]
    rows = np.array([(here[one.by], here[one.about]) for one in given], np.int64).reshape(len(given), 2)
    values, _ = Scorer(space, cohort, cohort.weights).values(rows[:, 0], rows[:, 1])
    values[:, PARTS.index("bridge")] *= np.array([one.bridge for one in given], np.float64)
    return list(zip(given, values, strict=True))
