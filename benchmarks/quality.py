"""`python -m benchmarks.quality [--ablation]`: how well the engine finds past partnerships of known outcome, beside plain methods.

Answers all cases with the engine and the weights of production, as `manage.py rank_case` does. The cases lie in the folder that
CASES_DIR names, else in ../shared/cases; says so where there are none. A query's truth is read by the scorer alone.
`--ablation` also measures what each part is worth: its weight set to 0, all others as they are.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.figures import Floats, compared, judged, metric_of, overall
from benchmarks.peers import NAMES, Peers
from matchmaking.engine.weights import PARTS, Weights, default_weights
from matchmaking.management.cases import Case, read_rows

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "var" / "quality.json"
PLAIN = "no encoder"
COLUMNS = ("ours", PLAIN, *NAMES)
DIALLED = "bridge, dial at 1"
Answers = Iterable[Mapping[str, Any]]


class Kept:
    """Sentence vectors of texts met before: several cases tell the same projects."""

    def __init__(self) -> None:
        self._vectors: dict[str, bytes] = {}

    def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        return {key: self._vectors[key] for key in keys if key in self._vectors}

    def set_many(self, values: Mapping[str, bytes]) -> None:
        self._vectors.update(values)


@dataclass(frozen=True, slots=True)
class Judge:
    """The truth of a case and what is measured by it."""

    name: str
    queries: Sequence[Mapping[str, Any]]

    def rows(self, answers: Answers) -> Floats:
        """The figure of each query, shape (queries, 2)."""
        return judged(self.queries, list(answers), metric_of(self.name))

    def compared(self, rows: Floats, other: Floats) -> dict[str, float]:
        """The paired difference and its interval."""
        return compared(rows, other, [str(query.get("cluster", query["id"])) for query in self.queries])


def main(ablation: bool = False) -> dict[str, Any]:
    folder = Path(os.environ.get("CASES_DIR", ROOT.parent / "shared" / "cases"))
    paths = sorted(path.parent for path in folder.glob("*/queries.jsonl.gz"))
    if not paths:
        print("quality: no matching cases here (CASES_DIR names their folder), nothing measured")
        return {}
    memory = Kept()
    print(f"Quality: NDCG@10, MRR, or loss (lower is better); weights {default_weights().version}\n{_heading()}")
    found = {path.name: measured(path, memory) for path in paths}
    if ablation:
        for path in paths:
            found[path.name]["worth"] = worth(path, memory)
        show_worth({name: figures["worth"] for name, figures in found.items()})
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def measured(path: Path, memory: Kept) -> dict[str, Any]:
    """The figures of all methods for a case, and ours compared with each."""
    case, judge = Case(path, memory), Judge(path.name, read_rows(path / "queries.jsonl.gz"))
    answers: dict[str, Answers] = {"ours": case.answers(), **Peers(case).answers()}
    with patch("matchmaking.engine.encoder.encoder_version", lambda: ""):
        answers[PLAIN] = list(Case(path).answers())
    rows = {name: judge.rows(answers[name]) for name in COLUMNS}
    figures = {
        "metric": metric_of(path.name),
        "queries": len(judge.queries),
        "figures": {name: overall(some) for name, some in rows.items()},
        "against": {name: judge.compared(rows["ours"], rows[name]) for name in COLUMNS[1:]},
    }
    _show(path.name, figures)
    return figures


def worth(path: Path, memory: Kept) -> dict[str, dict[str, float]]:
    """What each part adds: the figure with all parts, compared with the figure without it."""
    case, judge = Case(path, memory), Judge(path.name, read_rows(path / "queries.jsonl.gz"))
    whole = judge.rows(case.answers())
    found = {}
    for name, weights in _altered(case.weights):
        case.weigh(weights)
        found[name] = judge.compared(whole, judge.rows(case.answers()))
    return found


def _altered(weights: Weights) -> Iterable[tuple[str, Weights]]:
    for part in PARTS[1:]:
        if weights.of[part]:
            yield part, replace(weights, of={**weights.of, part: 0.0})
    yield DIALLED, default_weights().dialled(1.0)


# --- tables ----------------------------------------------------------------------------------------------------------
def _heading() -> str:
    return f"  {'case':<16} {'metric':<8} {'queries':>7} " + " ".join(f"{name:>10}" for name in COLUMNS) + "   ours - blend, 95 % interval"


def _show(name: str, found: Mapping[str, Any]) -> None:
    figures = " ".join(f"{found['figures'][column]:10.3f}" for column in COLUMNS)
    print(f"  {name:<16} {found['metric']:<8} {found['queries']:>7} {figures}   {told(found['against']['blend'])}", flush=True)


def told(found: Mapping[str, float]) -> str:
    """A paired difference and its interval in words."""
    return f"{found['difference']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})"


def show_worth(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    """A row per part, a column per case; an asterisk where the interval excludes 0."""
    print("\nWhat each part adds: the figure minus the figure with its weight at 0 (* = the 95 % interval excludes 0)")
    print(f"  {'part':<18}" + " ".join(f"{name:>16}" for name in found))
    for part in next(iter(found.values())):
        row = [by_part[part] for by_part in found.values()]
        if any(entry["difference"] for entry in row):
            print(f"  {part:<18}" + " ".join(f"{_marked(entry):>16}" for entry in row))


def _marked(found: Mapping[str, float]) -> str:
    sure = found["low"] > 0.0 or found["high"] < 0.0
    return f"{found['difference']:+.3f}{'*' if sure else ' '}" if found["difference"] else "0 "


if __name__ == "__main__":
    main(ablation="--ablation" in sys.argv)
