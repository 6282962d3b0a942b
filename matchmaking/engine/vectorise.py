"""The first stage: what profiles and past projects say, as counts and weights, shard by shard.

A shard reads its own records and nothing of the others; rarity (idf) and everything else that needs the whole event
comes with the merge in `space.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matchmaking.engine.arrays import Arrays, pack, text_array, text_lines, unpack
from matchmaking.engine.facets import profile_terms, profile_words, project_terms, project_words
from matchmaking.engine.records import FACETS, Cohort

BLOCKS = (*FACETS, "themes", "own_words", "project_words")


@dataclass(frozen=True, slots=True)
class Table:
    """Entries of a sparse matrix whose columns are named: `names[column[i]]`, `row[i]`, `value[i]`."""

    names: list[str]
    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]


def vectorise_rows(cohort: Cohort, start: int, stop: int) -> bytes:
    """What the profiles number start..stop say, and the past projects of the same share of all projects."""
    count = max(len(cohort.profiles), 1)
    first, last = (len(cohort.projects) * edge // count for edge in (start, stop))
    profiles, projects = cohort.profiles[start:stop], cohort.projects[first:last]
    said = [profile_terms(profile) for profile in profiles]
    tables = {facet: table([entry[facet] for entry in said], start) for facet in FACETS}
    tables["themes"] = table([project_terms(project) for project in projects], first)
    tables["own_words"] = table([profile_words(profile) for profile in profiles], start)
    tables["project_words"] = table([project_words(project) for project in projects], first)
    return pack({name: array for block, entries in tables.items() for name, array in _arrays(block, entries).items()})


def table(rows: Sequence[Mapping[str, float]], first_row: int) -> Table:
    """Named weights of consecutive rows as a table; names and the entries of a row are sorted."""
    names = sorted({name for row in rows for name in row})
    index = {name: position for position, name in enumerate(names)}
    entries = [(first_row + i, index[name], float(row[name])) for i, row in enumerate(rows) for name in sorted(row)]
    row, column, value = zip(*entries, strict=True) if entries else ((), (), ())
    return Table(names, np.array(row, np.int64), np.array(column, np.int64), np.array(value, np.float64))


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
    shards = [unpack(part) for part in parts]
    return {block: join([_table(block, shard) for shard in shards]) for block in BLOCKS}


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
