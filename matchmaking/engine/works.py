"""What somebody did, as a set of works: each past project, and what the profile itself says.

A row that sums up works is their sum over the root of their number, so that who did much of one kind gains, and less than in
proportion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matchmaking.engine.network import Participation
from matchmaking.engine.records import FACETS
from matchmaking.engine.vectorise import Floats, Rows, WordWeights, divided, tidy

TEXT_PIVOT = 15.0  # norm of about five rare words; shorter texts are not scaled up to norm 1
SHARE = 0.5  # of a pair's text value: two sums of works share more words than an idea and one work
CENTRE = 0.5  # how much of the mean sentence vector is taken from a pair's: all of it would make unlike texts enemies


@dataclass(frozen=True, slots=True)
class Works:
    """`of` (n, works) ones; `text` (works, words) and `meant` (works, 512 or 0) rows of norm 1 at most; `count` (n,) works of each.

    `raw` (works, 512 or 0) are the sentence vectors before their mean `centre` was taken away. `weighing` weighs the words of a text
    that was not among the works: of an idea; `roots` gives the column of each word's root before some are left out.
    """

    of: Rows
    text: Rows
    raw: Floats
    meant: Floats
    count: Floats
    centre: Floats
    weighing: WordWeights
    roots: Mapping[str, int]


def works_of(joined: Participation, own: Rows, projects: Rows, roots: Mapping[str, int], meant: Mapping[str, Floats]) -> Works:
    """The works of everybody: counts of roots in own texts (n, roots) and projects (projects, roots), and all sentence vectors."""
    counts = tidy(sparse.vstack([projects, own], format="csr"))
    said = unit_rows(sum((meant[facet] for facet in FACETS), np.zeros_like(meant["offers"])))
    raw = np.concatenate([meant["project"], said])
    speaks = (np.diff(own.indptr) > 0) | said.any(axis=1)
    places = np.flatnonzero(speaks)
    own_works = sparse.csr_array((np.ones(len(places)), (places, places)), shape=(len(speaks), len(speaks)))
    of = tidy(sparse.hstack([joined.ones, own_works], format="csr"))
    weighing = WordWeights(pivot=TEXT_PIVOT).fit(counts[np.flatnonzero(np.diff(counts.indptr))])
    told = raw[raw.any(axis=1)]
    centre = told.mean(axis=0) if len(told) else np.zeros(raw.shape[1])
    return Works(
        of=of,
        text=weighing.transform(counts),
        raw=raw,
        meant=centred(raw, centre),
        count=np.diff(of.indptr).astype(np.float64),
        centre=centre,
        weighing=weighing,
        roots=roots,
    )


def text_rows(works: Works) -> Rows:
    """What the works of each profile say in words, shape (n, words)."""
    return tidy(summed(works, works.text) * SHARE**0.5)


def meaning_rows(works: Works) -> Floats:
    """What the works of each profile mean, shape (n, 512 or 0)."""
    rows: Floats = np.asarray(summed(works, centred(works.raw, CENTRE * works.centre)))
    return rows


def summed(works: Works, rows: Any) -> Any:
    """The sum of each profile's works over the root of their number."""
    total, roots = works.of @ rows, np.sqrt(np.maximum(works.count, 1.0))
    return divided(tidy(total), roots) if sparse.issparse(total) else total / roots[:, None]


def centred(rows: Floats, centre: Floats) -> Floats:
    """Rows without the centre, of norm 1; empty rows stay empty."""
    told = np.asarray(rows.any(axis=1))
    return unit_rows(np.where(told[:, None], rows - centre, 0.0))


def unit_rows(rows: Floats) -> Floats:
    """Dense rows of norm 1; empty rows stay empty."""
    norms: npt.NDArray[np.float64] = np.sqrt((rows * rows).sum(axis=1))
    unit: Floats = rows / np.where(norms > 0.0, norms, 1.0)[:, None]
    return unit
