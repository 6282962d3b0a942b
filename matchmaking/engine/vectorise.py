"""The first stage: what profiles and past projects say, as counts and weights, shard by shard; and what weighs them.

A shard reads its own records and nothing of the others (`vectorise_rows`); rarity and everything else that needs the whole
event is learned from all shards' rows at the merge in `space.py`, by the estimators below.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.utils.extmath import row_norms
from sklearn.utils.sparsefuncs import inplace_csr_column_scale, inplace_csr_row_scale

from matchmaking.engine.arrays import Arrays, pack, text_array, text_lines, unpack
from matchmaking.engine.encoder import Memory, Vectors, encode
from matchmaking.engine.facets import learn, profile_terms, profile_texts, profile_words, project_terms, project_words
from matchmaking.engine.records import FACETS, Cohort

Rows = Any  # scipy.sparse.csr_array, float64, sorted indices; scipy ships no types
Floats = npt.NDArray[np.float64]
ALWAYS_KEPT = 10  # rows that may share a word in the smallest event
BLOCKS = (*FACETS, "themes", "own_words", "project_words")
MEANT = (*FACETS, "project")  # what has a sentence vector: a profile's facets, a past project


@dataclass(frozen=True, slots=True)
class Table:
    """Entries of a sparse matrix whose columns are named: `names[column[i]]`, `row[i]`, `value[i]`."""

    names: list[str]
    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]


def vectorise_rows(cohort: Cohort, start: int, stop: int, memory: Memory | None = None) -> bytes:
    """What the profiles number start..stop say, and the past projects of the same share of all projects.

    `memory` keeps sentence vectors by the hash of their text, so that only new texts are encoded.
    """
    count = max(len(cohort.profiles), 1)
    first, last = (len(cohort.projects) * edge // count for edge in (start, stop))
    profiles, projects = cohort.profiles[start:stop], cohort.projects[first:last]
    learn(profiles, projects)
    said = [profile_terms(profile) for profile in profiles]
    tables = {facet: table([entry[facet] for entry in said], start) for facet in FACETS}
    tables["themes"] = table([project_terms(project) for project in projects], first)
    tables["own_words"] = table([profile_words(profile) for profile in profiles], start)
    tables["project_words"] = table([project_words(project) for project in projects], first)
    arrays: Arrays = {name: array for block, entries in tables.items() for name, array in _arrays(block, entries).items()}
    texts = [profile_texts(profile) for profile in profiles]
    for facet in FACETS:
        arrays[f"meant.{facet}"] = encode([entry[facet] for entry in texts], memory, [profile.key for profile in profiles])
    arrays["meant.project"] = encode([project.text for project in projects], memory, [project.key for project in projects])
    arrays["first"] = np.array([start], np.int64)
    return pack(arrays)


def table(rows: Sequence[Mapping[str, float]], first_row: int) -> Table:
    """Named weights of consecutive rows as a table; names are sorted."""
    if not rows:
        return Table([], np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    vectorizer = DictVectorizer()
    entries = vectorizer.fit_transform(rows).tocoo()
    return Table(vectorizer.feature_names_, entries.row.astype(np.int64) + first_row, entries.col.astype(np.int64), entries.data)


def join(tables: Sequence[Table]) -> Table:
    """Tables of disjoint rows as one, with the union of their names."""
    names = sorted({name for part in tables for name in part.names})
    index = {name: position for position, name in enumerate(names)}
    columns = [np.array([index[name] for name in part.names], np.int64)[part.column] for part in tables]
    return Table(
        names,
        np.concatenate([part.row for part in tables]),
        np.concatenate(columns),
        np.concatenate([part.value for part in tables]),
    )


def read_tables(parts: Sequence[bytes]) -> dict[str, Table]:
    """The tables of all shards, joined; the order of the shards does not matter."""
    shards = [unpack(part, lambda name: not name.startswith("meant.")) for part in parts]
    return {block: join([_table(block, shard) for shard in shards]) for block in BLOCKS}


def read_meanings(parts: Sequence[bytes]) -> dict[str, Vectors]:
    """The sentence vectors of all shards, in the order of profiles and projects."""
    shards = [unpack(part, lambda name: name.startswith(("meant.", "first"))) for part in parts]
    shards.sort(key=lambda shard: int(shard["first"][0]))
    return {name: np.concatenate([shard.pop(f"meant.{name}").astype(np.float16, copy=False) for shard in shards]) for name in MEANT}


class WordWeights:
    """Word counts to TF-IDF rows with sublinear tf and the IDF to a power, divided by max(norm, pivot).

    Left out, after the norm is taken: words of more than a share `max_df` of the rows.
    """

    def __init__(self, *, pivot: float = 15.0, max_df: float = 0.2, power: float = 1.0) -> None:
        self.pivot, self.max_df, self.power = pivot, max_df, power

    def fit(self, counts: Rows, y: None = None) -> Self:
        """Learn from the counts of all rows, shape (rows, words)."""
        most = max(self.max_df * counts.shape[0], ALWAYS_KEPT)
        self.kept_ = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) <= most)
        self.tfidf_ = TfidfTransformer(norm=None, sublinear_tf=True).fit(counts) if counts.nnz else None
        return self

    def transform(self, counts: Rows) -> Rows:
        """The weights of the words that were kept, shape (rows, words kept)."""
        if self.tfidf_ is None:
            return tidy(counts[:, self.kept_])
        weighted = self.tfidf_.transform(counts)
        inplace_csr_column_scale(weighted, self.tfidf_.idf_ ** (self.power - 1.0))
        return tidy(pivoted(weighted, self.pivot)[:, self.kept_])


class Rarity:
    """How rare each term is in the event: the inverse document frequency, from `floor` for what everybody names to 1."""

    def __init__(self, *, floor: float = 0.3) -> None:
        self.floor = floor

    def fit(self, rows: Rows, y: None = None) -> Self:
        """Learn from who names what, shape (rows, terms)."""
        idf = TfidfTransformer().fit(rows).idf_ - 1.0 if rows.nnz else np.zeros(rows.shape[1])
        most = np.log((1.0 + rows.shape[0]) / 2.0) if rows.shape[0] > 1 else 1.0  # what one row alone names
        self.idf_: Floats = self.floor + (1.0 - self.floor) * np.clip(idf / most, 0.0, 1.0)
        return self

    def transform(self, rows: Rows, power: float = 1.0) -> Rows:
        """The rows with each column times its rarity to a power."""
        weighted = tidy(rows).copy()
        inplace_csr_column_scale(weighted, self.idf_**power)
        return weighted


def pivoted(rows: Rows, pivot: float) -> Rows:
    """Rows divided by max(norm, pivot): who says more than the pivot gains nothing by it."""
    rows = tidy(rows)
    return divided(rows, np.maximum(row_norms(rows), pivot))


def divided(rows: Rows, by: Floats) -> Rows:
    """Each row divided by its number."""
    scaled = rows.copy()
    inplace_csr_row_scale(scaled, 1.0 / by)
    return scaled


def tidy(rows: Rows) -> Rows:
    """The rows as a sparse array with one entry per place, none of them 0, in the order of the columns."""
    rows = sparse.csr_array(rows)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    rows.sort_indices()
    return rows


def _arrays(block: str, entries: Table) -> Arrays:
    return {
        f"{block}.names": text_array(entries.names),
        f"{block}.row": entries.row.astype(np.int32),
        f"{block}.column": entries.column.astype(np.int32),
        f"{block}.value": entries.value,
    }


def _table(block: str, arrays: Arrays) -> Table:
    return Table(
        text_lines(arrays[f"{block}.names"]),
        arrays[f"{block}.row"].astype(np.int64),
        arrays[f"{block}.column"].astype(np.int64),
        arrays[f"{block}.value"].astype(np.float64),
    )
