"""The plainest methods, to compare the engine with: chance, popularity, words, and a blend of text, network and activity set by hand.

One formula for all cases. They read the same records as the engine and nothing else of it.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from matchmaking.engine.records import Cohort, Idea
from matchmaking.management.cases import Case, idea_of

NAMES = ("random", "popularity", "words", "blend")
LEAST_TEXT, LEAST_NETWORK, START = 0.05, 0.1, 2.0  # the blend's hand-set numbers
Floats = npt.NDArray[np.float64]


class Peers:
    """Scores of everybody by each of the plain methods."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.member = _membership(case.cohort)
        self.projects = np.diff(self.member.indptr).astype(np.float64)
        self.asks, self.past = _texts(case.cohort, self.member)
        self.weighing = TfidfVectorizer(sublinear_tf=True)
        self.words = sparse.csr_array(self.weighing.fit_transform(self.past))
        sizes = np.maximum(np.diff(self.member.T.tocsr().indptr), 1)
        self.partners = sparse.csr_array(self.member @ sparse.diags_array(sizes**-0.5) @ self.member.T)
        self.partners.setdiag(0.0)

    def answers(self) -> dict[str, list[dict[str, Any]]]:
        """The answers of each method to all queries, as `Case.answers` gives them."""
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
        for query in self.case.queries:
            for name, answer in (self._fit if query["kind"] == "fit" else self._ranking)(query).items():
                found[name].append({"id": query["id"], **answer})
        return found

    def _ranking(self, query: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        return {
            name: {"ranking": self.case.ranking(query, scores)} for name, scores in self.scores(query["id"], self._asked(query)).items()
        }

    def _fit(self, query: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        person = self.case.index[query["participant"]]
        scores = {plan["id"]: self.scores(query["id"] + plan["id"], idea_of(plan)) for plan in query["plans"]}
        return {name: {"scores": {plan: float(of[name][person]) for plan, of in scores.items()}} for name in NAMES}

    def _asked(self, query: Mapping[str, Any]) -> Idea:
        """A query as an idea: a person's is what that person did, or needs."""
        if query["kind"] != "participant":
            return idea_of(query)
        return Idea(query["id"], (), self.asks[self.case.index[query["participant"]]], (query["participant"],))

    def scores(self, name: str, idea: Idea) -> dict[str, Floats]:
        """Each method's scores of everybody, shape (n,)."""
        asked = sparse.csr_array(self.weighing.transform([" ".join((idea.text, *idea.tags))]))
        words = np.asarray((self.words @ asked.T).todense()).ravel()
        inside = [self.case.index[key] for key in idea.members if key in self.case.index]
        shared = np.asarray((self.partners @ self.partners[inside].T).sum(axis=1)).ravel()
        network = shared / max(float(shared.max()), 1e-9)
        return {
            "random": np.random.default_rng(zlib.crc32(name.encode())).random(len(self.past)),
            "popularity": self.projects,
            "words": words,
            "blend": (LEAST_TEXT + words) * (LEAST_NETWORK + network) * np.log(START + self.projects),
        }


def _membership(cohort: Cohort) -> Any:
    """1 for who took part in which project, shape (n, projects)."""
    index = {profile.key: number for number, profile in enumerate(cohort.profiles)}
    inside = [(index[key], column) for column, project in enumerate(cohort.projects) for key in project.members if key in index]
    row, column = np.array(inside, np.int64).reshape(-1, 2).T
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(index), max(len(cohort.projects), 1)))


def _texts(cohort: Cohort, member: Any) -> tuple[list[str], list[str]]:
    """What each profile asks with (its past, else its need), and is found by (its past and its offer)."""
    told = [" ".join((project.text, *project.tags)) for project in cohort.projects]
    past = [
        " ".join(told[column] for column in member.indices[start:stop])
        for start, stop in zip(member.indptr, member.indptr[1:], strict=False)
    ]
    asks = [did.strip() or profile.need_text for did, profile in zip(past, cohort.profiles, strict=True)]
    return asks, [f"{did} {profile.offer_text}" for did, profile in zip(past, cohort.profiles, strict=True)]
