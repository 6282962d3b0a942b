"""The stages in order; the engine's door.

Each stage takes values and bytes and gives values or bytes, so that shards can run in different processes; the result does
not depend on how the work was cut:

    cohort = order(cohort)
    vectors = [vectorise_rows(cohort, start, stop) for start, stop in row_ranges(n, shards)]
    space = merge_vectors(cohort, vectors)
    lists = [candidates_rows(space, cohort, parameters, start, stop) for ...]
    allocation = allocate_all(space, cohort, parameters, lists)
    suggestions = reason_rows(space, cohort, parameters, allocation, start, stop)     # of the chosen pairs
    measures = measure(cohort, parameters, allocation, space)
"""

from dataclasses import dataclass
from typing import Any

from matchmaking.engine.allocate import allocate_all, read_allocation, shortfalls
from matchmaking.engine.allocation import tie_hash
from matchmaking.engine.candidates import candidates_rows
from matchmaking.engine.encoding import decode_cohort, encode_cohort, fingerprint, order
from matchmaking.engine.measures import measure
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.reasons import reason_rows
from matchmaking.engine.records import Cohort, Shortfall, Suggested
from matchmaking.engine.space import Space, merge_vectors
from matchmaking.engine.vectorise import vectorise_rows

__all__ = [
    "Result",
    "Space",
    "allocate_all",
    "candidates_rows",
    "chosen_count",
    "decode_cohort",
    "encode_cohort",
    "fingerprint",
    "measure",
    "merge_vectors",
    "order",
    "reason_rows",
    "row_ranges",
    "shortfalls",
    "suggest",
    "tie_hash",
    "vectorise_rows",
]


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found: suggestions ordered by their keys, everybody below the floor, measures, and the inputs' fingerprint."""

    suggestions: list[Suggested]
    shortfalls: list[Shortfall]
    measures: dict[str, Any]
    fingerprint: str


def row_ranges(n: int, shards: int) -> list[tuple[int, int]]:
    """At most `shards` ranges (start, stop) that cover 0..n, about equal, none empty unless n is 0."""
    shards = max(1, min(shards, n))
    return [(n * shard // shards, n * (shard + 1) // shards) for shard in range(shards)]


def chosen_count(allocation: bytes) -> int:
    """Number of chosen pairs of an allocation, to cut the reasons into ranges."""
    return read_allocation(allocation).count


def suggest(cohort: Cohort, parameters: Parameters, shards: int = 1) -> Result:
    """All stages in one process."""
    cohort = order(cohort)
    ranges = row_ranges(len(cohort.profiles), shards)
    space = merge_vectors(cohort, [vectorise_rows(cohort, start, stop) for start, stop in ranges])
    lists = [candidates_rows(space, cohort, parameters, start, stop) for start, stop in ranges]
    allocation = allocate_all(space, cohort, parameters, lists)
    pieces = row_ranges(chosen_count(allocation), shards)
    suggestions = [pair for start, stop in pieces for pair in reason_rows(space, cohort, parameters, allocation, start, stop)]
    measures = measure(cohort, parameters, allocation, space)
    return Result(suggestions, shortfalls(cohort, allocation), measures, fingerprint(cohort, parameters))
