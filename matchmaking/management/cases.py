"""Matching cases: past projects and queries in files, answered by the engine that production uses, with its default weights.

A query's truth is never read. Queries of people are ranked by the score of the pair, those of ideas by the idea's direction.
People are answered many at a time, so that one product serves them all.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matchmaking.engine import pipeline
from matchmaking.engine.candidates import Tiles
from matchmaking.engine.encoder import Memory
from matchmaking.engine.ideas import IdeaScorer
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import SCALE
from matchmaking.engine.records import Cohort, Idea, PastProject, Profile
from matchmaking.engine.weights import Weights, default_weights
from matchmaking.errors import BadInput

MOST = 100  # ids in a ranking
QUERIES_AT_ONCE = 128
FILES = ("profiles", "projects", "queries")
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Query = Mapping[str, Any]


class Case:
    """A case folder, read and made into vectors; `memory` keeps the sentence vectors of its texts."""

    def __init__(self, folder: Path, memory: Memory | None = None) -> None:
        rows = {name: read_rows(folder / f"{name}.jsonl.gz") for name in FILES}
        self.queries: list[Query] = [{name: value for name, value in row.items() if name != "truth"} for row in rows["queries"]]
        cohort = Cohort(tuple(map(_profile, rows["profiles"])), tuple(map(_project, rows["projects"])))
        self.cohort = pipeline.order(cohort)
        self.index = {profile.key: number for number, profile in enumerate(self.cohort.profiles)}
        self.space = pipeline.merge_vectors(self.cohort, [pipeline.vectorise_rows(self.cohort, 0, len(self.cohort.profiles), memory)])
        self._memory = memory
        self.weigh(default_weights().dialled(Parameters().bridge))

    def weigh(self, weights: Weights) -> None:
        """Answer with these weights from now on."""
        self.weights = weights
        self.ideas = IdeaScorer(self.space, self.cohort, weights, self._memory)
        self._tiles = Tiles(self.space, self.cohort, Parameters(met_again=True), weights)

    def answers(self) -> Iterator[dict[str, Any]]:
        """An answer to each query, in their order: a ranking of ids, best first, or scores of plans."""
        for start in range(0, len(self.queries), QUERIES_AT_ONCE):
            some = self.queries[start : start + QUERIES_AT_ONCE]
            pairs = self._pair_scores(some)
            for query in some:
                if query["kind"] == "fit":
                    yield {"id": query["id"], "scores": self._fit(query)}
                else:
                    scores = next(pairs) if query["kind"] == "participant" else self.ideas.scores(idea_of(query))
                    yield {"id": query["id"], "ranking": self.ranking(query, scores)}

    def _fit(self, query: Query) -> dict[str, float]:
        person = self.index[query["participant"]]
        return {plan["id"]: float(self.ideas.scores(idea_of(plan))[person]) for plan in query["plans"]}

    def ranking(self, query: Query, scores: Floats) -> list[str]:
        """Who may be ranked for a query, the best of them first by these scores of everybody, shape (n,)."""
        allowed = self.allowed(query)
        best = np.argsort(-np.rint(scores[allowed] * SCALE), kind="stable")[:MOST]
        return [self.cohort.profiles[number].key for number in allowed[best].tolist()]

    def _pair_scores(self, queries: Sequence[Query]) -> Iterator[Floats]:
        """log(p_ab * p_ba) with everybody for each query of a person, each of shape (n,)."""
        rows = np.array([self.index[query["participant"]] for query in queries if query["kind"] == "participant"], np.int64)
        return iter(-self._tiles.log_cost(rows, np.arange(self.space.count))) if len(rows) else iter(())

    def allowed(self, query: Query) -> Ints:
        """The numbers of the profiles that may be ranked, in the order of a hash of their keys, so that ties favour nobody."""
        keys = query["pool"] if "pool" in query else self._everybody(query)
        known = [key for key in keys if key in self.index]
        return np.array([self.index[key] for key in sorted(known, key=lambda key: pipeline.tie_hash(0, key))], np.int64)

    def _everybody(self, query: Query) -> list[str]:
        own, left_out = query["participant"], {query["participant"], *query.get("exclude", ())}
        sector = self.cohort.profiles[self.index[own]].sector
        others = (p for p in self.cohort.profiles if not (query.get("other_sector") and p.sector == sector))
        return [profile.key for profile in others if profile.key not in left_out]


def idea_of(query: Query) -> Idea:
    """An idea, a team that misses somebody, or a plan, as the engine sees it."""
    members = tuple(key for key in (query.get("lead"), *query.get("members", ())) if key)
    return Idea(query["id"], tuple(query.get("tags", ())), query.get("text", ""), members)


def _profile(row: Query) -> Profile:
    return Profile(
        key=row["id"],
        sector=row["sector"],
        city=row.get("place") or "",
        region=row.get("region") or "",
        country=row.get("country") or "",
        languages=tuple(row.get("languages") or ()),
        offer_text=row.get("offer_text") or "",
        need_text=row.get("need_text") or "",
    )


def _project(row: Query) -> PastProject:
    when = date.fromisoformat(row["when"][:10]) if row.get("when") else None
    members = tuple(sorted({*row["members"], *([row["lead"]] if row.get("lead") else [])}))
    return PastProject(row["id"], when, row.get("lead") or "", members, tuple(row.get("tags") or ()), row.get("text") or "")


def read_rows(path: Path) -> Sequence[dict[str, Any]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise BadInput("Cannot read {path}: give the folder of a matching case. ({error})", path=str(path), error=str(error)) from error
