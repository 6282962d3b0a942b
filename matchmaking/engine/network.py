"""The track record as vectors: whom one worked with, outsiders among them, damped by size and age of the project.

Rows of the participant-project matrix are normalised, never clipped pair by pair, so the part stays an inner product.
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
    """Each profile's past partners, shape (profiles, people), over the root of 1 + its projects.

    The inner product counts the partners two people share, damped by size and age of the projects and by how busy both are.
    """
    reached = sparse.csr_array(joined.weighted[: joined.ones.shape[0]] @ joined.weighted.T)
    reached.setdiag(0.0)
    reached.eliminate_zeros()
    reached.sort_indices()
    owner = np.repeat(np.arange(reached.shape[0]), np.diff(reached.indptr))
    reached.data = reached.data / np.sqrt(1.0 + np.diff(joined.ones.indptr))[owner]
    return reached


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
