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
ONESELF = 0.5  # weight of a person among their own partners: what makes a past partner near
MET_SIZE = 30  # members of a project up to this size know one another; beyond it is an association
ACTIVE = 20  # past projects at which the activity part reaches 1


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
    """Each profile's past partners, shape (profiles, people), rows of norm 1 or 0: the inner product counts shared partners, damped."""
    steady = _unit(joined.weighted)
    reached = sparse.csr_array(steady[: joined.ones.shape[0]] @ steady.T)
    reached.setdiag(0.0)
    reached.eliminate_zeros()
    reached.sort_indices()
    others = _unit(reached)
    busy = np.diff(others.indptr) > 0
    rows = np.flatnonzero(busy)
    self_ = sparse.csr_array((np.full(len(rows), ONESELF), (rows, rows)), shape=others.shape)
    both = sparse.csr_array(others + self_)
    both.sort_indices()
    return _unit(both)


def activity_of(joined: Participation) -> npt.NDArray[np.float64]:
    """log(1 + past projects) of each profile over log(1 + 20), at most 1."""
    projects = np.diff(joined.ones.indptr)
    activity: npt.NDArray[np.float64] = np.minimum(np.log1p(projects) / np.log1p(ACTIVE), 1.0)
    return activity


def _weights(projects: Sequence[PastProject]) -> npt.NDArray[np.float64]:
    """Each project's weight: one over the root of its size, halved every five years before the latest project."""
    dates = [project.when for project in projects if project.when]
    latest = max(dates, default=date.min)
    ages = [UNDATED if project.when is None else 0.5 ** ((latest - project.when).days / HALF_LIFE_DAYS) for project in projects]
    return np.array([age / max(len(set(project.members)), 1) ** 0.5 for age, project in zip(ages, projects, strict=True)], np.float64)


def _unit(rows: Any) -> Any:
    owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    norms = np.sqrt(np.bincount(owner, rows.data * rows.data, minlength=rows.shape[0]))
    unit = rows.copy()
    unit.data = unit.data / np.where(norms > 0.0, norms, 1.0)[owner]
    return unit
