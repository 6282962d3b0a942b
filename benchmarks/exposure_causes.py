"""Why somebody gets more suggestions than another: how far what they say, did and are explains it, without place or language.

Exposure is predicted out of fold from what a profile says (how much, and of what), what it did and its sector; what is left over
is compared between groups like the exposure itself. A difference between cities that vanishes so is a difference in
what people there say and do.
"""

from collections import Counter

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold, cross_val_predict

from matchmaking.engine.records import Cohort

TOPICS, FOLDS, SEED = 40, 5, 0
LEAST_PEOPLE = 500  # below, a fitted explanation is mostly noise
Floats = npt.NDArray[np.float64]


def left_over(cohort: Cohort, shown: Floats) -> dict[str, Floats]:
    """By cause, each on top of those before: exposure less what they predict of it, shape (n,)."""
    causes = {"how much they say and did": amounts(cohort), "and of what": topics(cohort), "and their sector": sectors(cohort)}
    columns: list[Floats] = []
    found = {}
    for cause, values in causes.items():
        columns.append(values)
        found[cause] = shown - predicted(np.hstack(columns), shown)
    return found


def predicted(features: Floats, shown: Floats) -> Floats:
    """Exposure as foretold by a model that has not seen the person."""
    model = HistGradientBoostingRegressor(max_iter=150, learning_rate=0.06, max_leaf_nodes=15, random_state=SEED)
    folds = KFold(FOLDS, shuffle=True, random_state=SEED)
    return np.asarray(cross_val_predict(model, features, shown, cv=folds), np.float64)


def amounts(cohort: Cohort) -> Floats:
    """Needs, offers, interests, letters about oneself, past projects, different themes of these."""
    did = projects_of(cohort)
    rows = [
        (
            len(one.needs), len(one.offers), len(one.interests), len(one.about),
            len(did[one.key]), len({tag for tags in did[one.key] for tag in tags}),
        )
        for one in cohort.profiles
    ]  # fmt: skip
    return np.array(rows, np.float64)


def topics(cohort: Cohort) -> Floats:
    """What is picked, and the themes of past projects, in 40 dimensions."""
    did = projects_of(cohort)
    told = [Counter([*one.offers, *one.needs, *one.interests, *(tag for tags in did[one.key] for tag in tags)]) for one in cohort.profiles]
    words = TfidfVectorizer(analyzer=lambda said: list(said.elements()), min_df=5, max_df=0.3, sublinear_tf=True).fit_transform(told)
    return np.asarray(TruncatedSVD(TOPICS, random_state=SEED).fit_transform(words), np.float64)


def sectors(cohort: Cohort) -> Floats:
    known = sorted({one.sector for one in cohort.profiles})
    return np.array([[one.sector == sector for sector in known] for one in cohort.profiles], np.float64)


def projects_of(cohort: Cohort) -> dict[str, list[tuple[str, ...]]]:
    """The tags of each past project, by member."""
    did: dict[str, list[tuple[str, ...]]] = {one.key: [] for one in cohort.profiles}
    for project in cohort.projects:
        for member in set(project.members) & did.keys():
            did[member].append(project.tags)
    return did
