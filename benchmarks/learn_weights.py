"""`python -m benchmarks.learn_weights CASES_DIR`: learns `weights.json` from past partnerships of known outcome.

A conditional logit: within each query, the chance of each candidate is the softmax of its z; graded fits are pairs of plans. All
cases weigh the same, whatever the number of their queries. The prior is set by hand (`prior_weights.json`), and how far a weight may
leave it is held by a ridge in units of its part's spread: the cases are few and small. The likelihood tells rivals of one query apart,
which asks for larger steps than the chance of a yes makes, so weights are learned at half the temperature they are used at. What two
people have in common never counts against them, so no learned weight is below 0. Prints the figures of each case held out in four
folds, then writes the weights learned from all.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks.figures import loss, metric_of, score_of
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import Scorer
from matchmaking.engine.weights import FILE, PARTS, PRIOR_FILE, read_weights, weights_of, write_weights
from matchmaking.management.cases import Case, idea_of, read_rows

LEARNED = (
    "need", "offer", "themes", "place", "ties", "mention", "text", "meaning", "need_meaning", "offer_meaning", "network", "together",
    "activity",
)  # fmt: skip
RIDGE = 60.0
TEMPERATURE = 0.5
FOLDS = 4
MOST_QUERIES = 150  # of one case
CASE_WEIGHT = {"fit": 4.0}  # 29 people, but pairs of plans that differ little: its likelihood is flat
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query: part values of each candidate, forth and, for two people, back, shape (candidates, parts); and the truth."""

    cluster: str
    forth: Floats
    back: Floats | None
    truth: Floats

    def score(self, weight: Floats) -> Floats:
        """What candidates are ranked by."""
        forth = self.forth @ weight
        return forth if self.back is None else -np.logaddexp(0.0, -forth) - np.logaddexp(0.0, -(self.back @ weight))


def main(folder: Path) -> None:
    cases = {path.name: asked(path) for path in sorted(folder.iterdir()) if (path / "queries.jsonl.gz").exists()}
    prior = read_weights(PRIOR_FILE)
    start = np.array([weights_of(prior).dialled(Parameters().bridge).of[part] for part in PARTS]) / TEMPERATURE
    folds = {name: _folds(rows) for name, rows in cases.items()}
    held_out: dict[str, list[Any]] = {name: [] for name in cases}
    for fold in range(FOLDS):
        left = {name: [row for row in rows if folds[name][row.cluster] != fold] for name, rows in cases.items()}
        weight = learned(left, start)
        for name, rows in cases.items():
            held_out[name] += [_figure(name, row, weight) for row in rows if folds[name][row.cluster] == fold]
    weight = learned(cases, start)
    for name, rows in cases.items():
        print(f"{name:18} held out {_mean(held_out[name]):.3f}, learned from all {_mean([_figure(name, row, weight) for row in rows]):.3f}")
    found = {part: round(float(weight[PARTS.index(part)]) * TEMPERATURE, 2) for part in LEARNED}
    write_weights(FILE, {**prior, "version": "learned-3", "weights": {**prior["weights"], **found}})
    print(weights_of(read_weights(FILE)).version, found)


def asked(path: Path) -> list[Asked]:
    """The part values of a case's queries, a random share of them where there are many."""
    case, truths = Case(path), {row["id"]: row["truth"] for row in read_rows(path / "queries.jsonl.gz")}
    queries = case.queries
    if len(queries) > MOST_QUERIES and len({query.get("cluster") for query in queries}) < 2:
        queries = [queries[i] for i in np.random.default_rng(0).permutation(len(queries))[:MOST_QUERIES]]
    scorer = Scorer(case.space, case.cohort, case.weights)
    return [_asked(case, scorer, query, truths[query["id"]]) for query in queries]


def _asked(case: Case, scorer: Scorer, query: Any, truth: Any) -> Asked:
    cluster = str(query.get("cluster", query["id"]))
    if query["kind"] == "fit":
        person, plans = case.index[query["participant"]], query["plans"]
        values = np.array([case.ideas.values(idea_of(plan))[person] for plan in plans])
        return Asked(cluster, values, None, np.array([float(truth[plan["id"]]) for plan in plans]))
    allowed = case.allowed(query)
    right = np.array([case.cohort.profiles[number].key in set(truth) for number in allowed], np.float64)
    if query["kind"] == "participant":
        forth, back = scorer.values(np.full(len(allowed), case.index[query["participant"]]), allowed)
        return Asked(cluster, forth, back, right)
    return Asked(cluster, case.ideas.values(idea_of(query))[allowed], None, right)


def learned(cases: dict[str, list[Asked]], prior: Floats) -> Floats:
    """The weights of all parts, shape (parts,)."""
    free = np.array([PARTS.index(part) for part in LEARNED])
    choices = [
        (CASE_WEIGHT.get(name, 1.0) * share / len(rows), values, chosen)
        for name, rows in cases.items()
        for row in rows
        for share, values, chosen in _choices(name, row)
    ]
    spread = np.sqrt(np.mean([values.var(axis=0) for _, values, _ in choices], axis=0))[free]
    spread[spread < 1e-6] = 1.0
    fixed = prior.copy()
    fixed[free] = 0.0
    ready = [(share, values[:, free] / spread, values @ fixed, chosen) for share, values, chosen in choices]

    def objective(scaled: Floats) -> tuple[float, Floats]:
        away = scaled - prior[free] * spread
        lost, slope = 0.5 * RIDGE * float(away @ away), RIDGE * away
        for share, values, known, chosen in ready:
            z = values @ scaled + known
            chance = np.exp(z - z.max())
            total = chance.sum()
            lost += share * float(z.max() + np.log(total) - chosen @ z)
            slope = slope + share * (values.T @ (chance / total - chosen))
        return lost, slope

    found = minimize(objective, prior[free] * spread, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(free))
    weight = prior.copy()
    weight[free] = found.x / spread
    return weight


def _choices(name: str, row: Asked) -> list[tuple[float, Floats, Floats]]:
    """What the likelihood is made of: (share, values, which was chosen, adding up to 1)."""
    values = row.forth if row.back is None else row.forth + row.back
    if name != "fit":
        return [(1.0, values, row.truth / row.truth.sum())] if row.truth.sum() else []
    pairs = [(i, j) for i, better in enumerate(row.truth) for j, worse in enumerate(row.truth) if better > worse]
    share = 2.0 / max(len(pairs), 1)
    return [(share * (row.truth[i] - row.truth[j]), values[[i, j]], np.array([1.0, 0.0])) for i, j in pairs]


def _folds(rows: Sequence[Asked]) -> dict[str, int]:
    clusters = sorted({row.cluster for row in rows})
    return {clusters[i]: place % FOLDS for place, i in enumerate(np.random.default_rng(1).permutation(len(clusters)))}


def _figure(name: str, row: Asked, weight: Floats) -> Any:
    scores = row.score(weight)
    return loss(scores, row.truth) if name == "fit" else score_of(scores, row.truth > 0, metric_of(name))


def _mean(figures: Sequence[Any]) -> float:
    table = np.array(figures, np.float64)
    return float(table[:, 0].sum() / table[:, 1].sum()) if table.ndim == 2 else float(table.mean())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
