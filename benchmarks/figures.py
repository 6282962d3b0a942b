"""Figures of ranked answers: NDCG@10, reciprocal rank, and the loss of graded fits, as the cases' own scorer defines them."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
METRICS = {"keep-complete": "mrr", "multilingual": "mrr", "fit": "loss"}


def metric_of(case: str) -> str:
    """The headline metric of a case."""
    return METRICS.get(case, "ndcg@10")


def score_of(scores: Floats, right: npt.NDArray[np.bool_], metric: str) -> float:
    """The metric of one query whose candidates have these scores."""
    hits = right[np.argsort(-scores, kind="stable")]
    if metric == "mrr":
        return 1.0 / (1 + int(np.argmax(hits))) if hits.any() else 0.0
    gains = 1.0 / np.log2(np.arange(2, 12))
    best = gains[: min(10, int(hits.sum()))].sum()
    return float((hits[:10] * gains[: len(hits[:10])]).sum() / best) if best else 0.0


def loss(scores: Floats, grades: Floats) -> tuple[float, float]:
    """Grade differences of wrongly ordered pairs, and of all pairs; equal scores are half wrong."""
    i, j = np.triu_indices(len(grades), 1)
    gap = grades[i] - grades[j]
    ahead = (scores[i] - scores[j]) * np.sign(gap)
    wrong = np.where(ahead == 0.0, 0.5, (ahead < 0.0).astype(np.float64))
    return float((np.abs(gap) * wrong).sum()), float(np.abs(gap).sum())
