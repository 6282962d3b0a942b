"""What somebody did, as a set of works: each past project, and what the profile itself says.

A row that sums up works is their sum over the root of their number, so that who did much of one kind gains, and less than in
proportion.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matchmaking.engine.encoder import Vectors
from matchmaking.engine.network import Participation
from matchmaking.engine.records import FACETS
from matchmaking.engine.vectorise import Floats, Rows, WordWeights, divided, tidy

TEXT_PIVOT = 15.0  # norm of about one rare word; a shorter text is not scaled up to norm 1
RARITY = 1.5  # power of a word's rarity: what few texts say tells works apart
SHARE = 0.15  # of a pair's text value: two sums of works share more words than an idea and one work
ROWS_AT_ONCE = 4096
CENTRE = 0.5  # how much of the mean sentence vector is taken from a pair's: all of it would make unlike texts enemies

Singles = npt.NDArray[np.float32]  # sentence vectors come in 16 bits


@dataclass(frozen=True, slots=True)
class Works:
    """`of` (n, works) ones; `text` (works, words) and `meant` (works, 512 or 0) rows of norm 1 at most; `count` (n,) works of each.

    `raw` (works, 512 or 0) are the sentence vectors before their mean `centre` was taken away; of past projects alone, once all rows are
    made. `weighing` weighs the words of a text
    that was not among the works: of an idea; `roots` gives the column of each word's root before some are left out.
    """

    of: Rows
    text: Rows
    raw: Singles
    meant: Singles
    count: Floats
    centre: Floats
    weighing: WordWeights
    roots: Mapping[str, int]


def works_of(joined: Participation, own: Rows, projects: Rows, roots: Mapping[str, int], meant: Mapping[str, Vectors]) -> Works:
    """The works of everybody: counts of roots in own texts (n, roots) and projects (projects, roots), and all sentence vectors."""
    counts = tidy(sparse.vstack([projects, own], format="csr"))
    said = said_rows([meant[facet] for facet in FACETS])
    raw = np.concatenate([meant["project"], said], dtype=np.float32)
    speaks = (np.diff(own.indptr) > 0) | said.any(axis=1)
    places = np.flatnonzero(speaks)
    own_works = sparse.csr_array((np.ones(len(places)), (places, places)), shape=(len(speaks), len(speaks)))
    of = tidy(sparse.hstack([joined.ones, own_works], format="csr"))
    weighing = WordWeights(pivot=TEXT_PIVOT, power=RARITY).fit(counts[np.flatnonzero(np.diff(counts.indptr))])
    told = raw[raw.any(axis=1)]
    centre = told.mean(axis=0, dtype=np.float64) if len(told) else np.zeros(raw.shape[1])
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


def meaning_rows(works: Works) -> Singles:
    """What the works of each profile mean, shape (n, 512 or 0)."""
    rows: Singles = np.asarray(summed(works, centred(works.raw, CENTRE * works.centre)), np.float32)
    return rows


def summed(works: Works, rows: Any) -> Any:
    """The sum of each profile's works over the root of their number, in the precision of the rows."""
    total, roots = works.of.astype(rows.dtype) @ rows, np.sqrt(np.maximum(works.count, 1.0))
    return divided(tidy(total), roots) if sparse.issparse(total) else np.divide(total, roots[:, None], out=total, casting="same_kind")


def said_rows(facets: Sequence[Any]) -> Singles:
    """What profiles say in all facets together, rows of norm 1 or 0."""
    return _by_blocks(lambda *parts: sum(parts, np.zeros(parts[0].shape)), *facets)


def centred(rows: Any, centre: Floats) -> Singles:
    """Rows without the centre, of norm 1; empty rows stay empty."""
    return _by_blocks(lambda block: np.where(block.any(axis=1)[:, None], block - centre, 0.0), rows)


def unit_rows(rows: Any) -> Singles:
    """Dense rows of norm 1; empty rows stay empty."""
    return _by_blocks(lambda block: block, rows)


def _by_blocks(make: Callable[..., Floats], *parts: Any) -> Singles:
    """What is made of the rows in 64 bits, each row divided by its norm, in 32 bits: half the memory, and never all of it in 64."""
    found = np.empty(parts[0].shape, np.float32)
    for start in range(0, len(found), ROWS_AT_ONCE):
        made = make(*(part[start : start + ROWS_AT_ONCE].astype(np.float64) for part in parts))
        norms = np.sqrt((made * made).sum(axis=1))
        found[start : start + ROWS_AT_ONCE] = made / np.where(norms > 0.0, norms, 1.0)[:, None]
    return found
