"""Figures of ranked answers: NDCG@10, reciprocal rank, and the loss of graded fits, as the cases' own scorer defines them.

A query's figure is two numbers, what was reached and out of what, so that a mean and a loss are both the ratio of two sums.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
METRICS = {"keep-complete": "mrr", "multilingual": "mrr", "fit": "loss"}
RESAMPLES = 1000
EACH_SIDE = 0.025  # of the resamples outside a 95 % interval


def metric_of(case: str) -> str:
    """The headline metric of a case."""
    return METRICS.get(case, "ndcg@10")


def score_of(scores: Floats, right: npt.NDArray[np.bool_], metric: str) -> float:
    """The metric of one query whose candidates have these scores."""
    return score_of_hits(right[np.argsort(-scores, kind="stable")], int(right.sum()), metric)


def score_of_hits(hits: npt.NDArray[np.bool_], sought: int, metric: str) -> float:
    """The metric of one ranking: which places hold one of the `sought`."""
    if metric == "mrr":
        return 1.0 / (1 + int(np.argmax(hits))) if hits.any() else 0.0
    gains = 1.0 / np.log2(np.arange(2, 12))
    best = gains[: min(10, sought)].sum()
    return float((hits[:10] * gains[: len(hits[:10])]).sum() / best) if best else 0.0


def loss(scores: Floats, grades: Floats) -> tuple[float, float]:
    """Grade differences of wrongly ordered pairs, and of all pairs; equal scores are half wrong."""
    i, j = np.triu_indices(len(grades), 1)
    gap = grades[i] - grades[j]
    ahead = (scores[i] - scores[j]) * np.sign(gap)
    wrong = np.where(ahead == 0.0, 0.5, (ahead < 0.0).astype(np.float64))
    return float((np.abs(gap) * wrong).sum()), float(np.abs(gap).sum())


def judged(queries: Sequence[Mapping[str, Any]], answers: Sequence[Mapping[str, Any]], metric: str) -> Floats:
    """The figure of each answer by the truth of its query, shape (queries, 2): reached, out of."""
    return np.array([_judged(query, answer, metric) for query, answer in zip(queries, answers, strict=True)], np.float64)


def _judged(query: Mapping[str, Any], answer: Mapping[str, Any], metric: str) -> tuple[float, float]:
    truth = query["truth"]
    if metric == "loss":
        return loss(np.array([answer["scores"][plan] for plan in truth]), np.array(list(truth.values()), np.float64))
    hits = np.isin(answer["ranking"], truth)
    return score_of_hits(hits, len(truth), metric), 1.0


def overall(rows: Floats) -> float:
    """The figure of all queries."""
    reached, possible = rows.sum(axis=0).tolist()
    return float(reached / possible)


def compared(rows: Floats, other: Floats, clusters: Sequence[str]) -> dict[str, float]:
    """The paired difference of two systems and its 95 % interval, by a bootstrap that draws whole clusters."""
    names = list(dict.fromkeys(clusters))
    of = np.array([names.index(cluster) for cluster in clusters])
    sums = [np.array([np.bincount(of, column, len(names)) for column in one.T]).T for one in (rows, other)]
    drawn = random.Random(0)
    times = np.array([np.bincount(drawn.choices(range(len(names)), k=len(names)), minlength=len(names)) for _ in range(RESAMPLES)])
    first, second = ((times @ table)[:, 0] / (times @ table)[:, 1] for table in sums)
    found = np.sort(first - second)
    low, high = found[int(EACH_SIDE * RESAMPLES)], found[int((1 - EACH_SIDE) * RESAMPLES) - 1]
    return {"difference": overall(rows) - overall(other), "low": float(low), "high": float(high)}
