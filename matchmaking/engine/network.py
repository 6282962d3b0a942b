"""The track record as vectors: whom one worked with, outsiders among them, damped by size and age of the project.

Rows of the participant-project matrix are normalised, so the part is an inner product; for those who worked together it is counted
without their joint projects (`elsewhere.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matchmaking.engine.records import Cohort, PastProject

HALF_LIFE_DAYS = 5 * 365.25  # an older project counts half every five years
UNDATED = 0.5  # weight of a project without a date
MET_SIZE = 30  # members of a project up to this size know one another; beyond it is an association
BUSY = 0.25  # power of somebody's number of partners by which a shared partner counts less
ROWS_AT_ONCE = 128
ACTIVE = 3  # past projects at which the activity part reaches one half


@dataclass(frozen=True, slots=True)
class Participation:
    """`ones` (profiles, projects): 1 for a member. `weighted` (people, projects): damped; profiles first, then outsiders."""

    people: list[str]
    ones: Any
    weighted: Any


def participation(cohort: Cohort) -> Participation:
    """Who took part in what; rows are the profiles in order, then outsiders sorted by key."""
    profiles = [profile.key for profile in cohort.profiles]
    outsiders = sorted({member for project in cohort.projects for member in project.members} - set(profiles))
    people = [*profiles, *outsiders]
    index = {key: row for row, key in enumerate(people)}
    places = [
        (index[member], column)
        for column, project in enumerate(cohort.projects)
        for member in sorted({*project.members, project.lead} & index.keys())
    ]
    row, column = (np.array(side, np.int64) for side in (zip(*places, strict=True) if places else ((), ())))
    weights = _weights(cohort.projects)
    shape = (len(people), len(cohort.projects))
    ones = sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)
    weighted = sparse.csr_array((weights[column], (row, column)), shape=shape)
    return Participation(people, sparse.csr_array(ones[: len(profiles)]), weighted)


def met_pairs(cohort: Cohort) -> set[tuple[str, str]]:
    """Pairs of keys that worked together in a project of at most 30 members."""
    pairs: set[tuple[str, str]] = set()
    for project in cohort.projects:
        members = sorted({*project.members, project.lead} - {""})
        if len(members) <= MET_SIZE:
            pairs.update((a, b) for i, a in enumerate(members) for b in members[i + 1 :])
    return pairs


def network_rows(joined: Participation) -> Any:
    """Each profile's past partners, shape (profiles, people).

    The inner product counts the partners two people share, damped by size and age of the projects, by how many partners the shared one
    has (Zhou, Lü, Zhang 2009, "Predicting missing links via local information"), and by how many the two have themselves.
    """
    reached = partners(joined.ones, joined)
    reached.setdiag(0.0)
    reached.eliminate_zeros()
    return damped(reached, known_of(reached))


def known_of(network: Any) -> npt.NDArray[np.int64]:
    """How many of the profiles have each person as a past partner, shape (people,), from rows of partners (profiles, people)."""
    known: npt.NDArray[np.int64] = np.bincount(network.indices, minlength=network.shape[1])
    return known


def partners(ones: Any, joined: Participation) -> Any:
    """How close people are to everybody, themselves among them, shape (rows, people): the root of the weights of common projects.

    `ones` (rows, projects) tells who took part in what.
    """
    reached = sparse.csr_array(ones @ joined.weighted.T)
    reached.sort_indices()
    reached.data = np.sqrt(reached.data)
    return reached


def damped(reached: Any, known: npt.NDArray[np.int64]) -> Any:
    """Rows of past partners over powers of how many each person has, and of how many have each partner, `known` (people,)."""
    many = np.diff(reached.indptr)
    owner = np.repeat(np.arange(reached.shape[0]), many)
    reached.data = reached.data / (many[owner] ** BUSY * np.maximum(known[reached.indices], 1) ** (BUSY / 2.0))
    return reached


def within(network: Any, pairs: Any) -> Any:
    """The products of the rows of `network` for the pairs that `pairs` (n, n) holds, shape (n, n), sparse."""
    blocks = [
        sparse.csr_array((network[first : first + ROWS_AT_ONCE] @ network.T).multiply(pairs[first : first + ROWS_AT_ONCE] > 0))
        for first in range(0, network.shape[0], ROWS_AT_ONCE)
    ]
    return sparse.csr_array(sparse.vstack(blocks, format="csr")) if blocks else sparse.csr_array(pairs.shape)


def together(joined: Participation) -> Any:
    """log(1 + common past projects) of each two profiles, shape (profiles, profiles), sparse and symmetric."""
    common = sparse.csr_array(joined.ones @ joined.ones.T)
    common.setdiag(0.0)
    common.eliminate_zeros()
    common.sort_indices()
    common.data = np.log1p(common.data)
    return common


def activity_of(joined: Participation) -> npt.NDArray[np.float64]:
    """n / (n + 3) for n past projects of each profile: who joins often joins again, with less and less difference."""
    projects = np.diff(joined.ones.indptr).astype(np.float64)
    activity: npt.NDArray[np.float64] = projects / (projects + ACTIVE)
    return activity


def ties(joined: Participation, areas: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.float64]:
    """How often two areas did projects together, shape (areas, areas): common projects over the root of both counts (plus one).

    `areas` (profiles,) is the number of each profile's area, -1 where unknown. An area's tie to itself is 0: being near is another part.
    """
    known = np.flatnonzero(areas >= 0)
    members = sparse.csr_array((np.ones(len(known)), (areas[known], known)), shape=(count, len(areas)))
    there = sparse.csr_array(members @ joined.ones)
    there.data = np.minimum(there.data, 1.0)
    common = (there @ there.T).toarray()
    projects = common.diagonal().copy()
    np.fill_diagonal(common, 0.0)
    tied: npt.NDArray[np.float64] = common / np.sqrt(np.outer(projects, projects) + 1.0)
    return tied


def _weights(projects: Sequence[PastProject]) -> npt.NDArray[np.float64]:
    """Each project's weight: one over the root of its size, halved every five years before the latest project."""
    dates = [project.when for project in projects if project.when]
    latest = max(dates, default=date.min)
    ages = [UNDATED if project.when is None else 0.5 ** ((latest - project.when).days / HALF_LIFE_DAYS) for project in projects]
    return np.array([age / max(len(set(project.members)), 1) ** 0.5 for age, project in zip(ages, projects, strict=True)], np.float64)
