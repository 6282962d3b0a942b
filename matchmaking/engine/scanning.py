"""The compiled inner loops of candidate generation: what a tile lacks is added, what may enter a list is found, lists are kept.

All compiled functions that call one another stand in this one file: their cache notices a change of the file a function is in, not of
one it calls.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Shorts = npt.NDArray[np.int32]

AT_ONCE = 64  # entries of a tile that one pass of vector instructions looks at


@njit(cache=True)
def scatter(tile: Singles, first: int, starts: Ints, columns: Shorts, values: Singles, ends: Ints, people: Shorts, gains: Singles) -> None:
    """Add sparse products to a tile: row i of (starts, columns, values) from `first` on, times the postings of each column."""
    for i in range(tile.shape[0]):
        for entry in range(starts[first + i], starts[first + i + 1]):
            column, value = columns[entry], values[entry]
            for place in range(ends[column], ends[column + 1]):
                tile[i, people[place]] += value * gains[place]


@njit(cache=True)
def overlay(tile: Singles, first: int, left: int, starts: Ints, columns: Shorts, values: Singles) -> None:
    """Add the entries of sparse rows from `first` on that lie in the tile's columns, which begin at `left`; columns are sorted."""
    for i in range(tile.shape[0]):
        begin, end = starts[first + i], starts[first + i + 1]
        place = begin + np.searchsorted(columns[begin:end], left)
        while place < end and columns[place] < left + tile.shape[1]:
            tile[i, columns[place] - left] += values[place]
            place += 1


@njit(cache=True)
def look_up(tile: Singles, table: Singles, rows: Shorts, columns: Shorts) -> None:
    """Add `table[rows[i], columns[j]]` to a tile."""
    for i in range(tile.shape[0]):
        line = table[rows[i]]
        for j in range(tile.shape[1]):
            tile[i, j] += line[columns[j]]


@njit(cache=True)
def promising(tile: Singles, of_rows: Singles, of_columns: Singles, above_diagonal: bool, row: Shorts, column: Shorts) -> int:
    """Where a tile reaches what its row or its column asks for: places into `row` and `column`; how many."""
    found = 0
    width = tile.shape[1]
    for i in range(tile.shape[0]):
        asked = of_rows[i]
        start = i + 1 if above_diagonal else 0
        while start < width:
            stop = min(start + AT_ONCE, width)
            line, others = tile[i, start:stop], of_columns[start:stop]
            if _any_reaches(line, asked, others):
                for j in range(stop - start):
                    if line[j] >= asked or line[j] >= others[j]:
                        row[found], column[found] = i, start + j
                        found += 1
            start = stop
    return found


@njit(cache=True)
def _any_reaches(line: Singles, asked: np.float32, others: Singles) -> bool:
    """Whether any entry reaches what the row or its column asks for; without a branch, so that it is compiled to vector instructions."""
    hits = np.uint8(0)
    for j in range(len(line)):
        hits = np.uint8(hits | ((line[j] >= asked) | (line[j] >= others[j])))
    return bool(hits)


@njit(cache=True)
def reaching(tile: Singles, of_rows: Singles, row: Shorts, column: Shorts) -> int:
    """The same where only rows ask."""
    found = 0
    width = tile.shape[1]
    for i in range(tile.shape[0]):
        asked = of_rows[i]
        start = 0
        while start < width:
            stop = min(start + AT_ONCE, width)
            line = tile[i, start:stop]
            hits = np.uint8(0)
            for j in range(stop - start):
                hits = np.uint8(hits | (line[j] >= asked))
            if hits:
                for j in range(stop - start):
                    if line[j] >= asked:
                        row[found], column[found] = i, start + j
                        found += 1
            start = stop
    return found


@njit(cache=True)
def enter(
    lists: tuple[Floats, Shorts, Ints, Floats], most: int, slack: float, people: Ints, others: Ints, offered: Floats, start: int
) -> int:
    """Enter offers number `start` and on; the number of the first that found a full list, else -1.

    `lists` are costs and partners (people, room), count and limit (people,).

    A list is sorted by cost. It keeps its `most` cheapest and whatever ties with the last of them within the slack; that is its limit.
    """
    costs, partners, count, limit = lists
    room = costs.shape[1]
    for number in range(start, len(people)):
        person, cost = people[number], offered[number]
        if cost > limit[person]:
            continue
        held = count[person]
        if held == room:
            return number
        place = held
        while place > 0 and costs[person, place - 1] > cost:
            costs[person, place], partners[person, place] = costs[person, place - 1], partners[person, place - 1]
            place -= 1
        costs[person, place], partners[person, place] = cost, others[number]
        held += 1
        if held >= most:
            limit[person] = min(limit[person], costs[person, most - 1] * (1.0 + slack))
            while costs[person, held - 1] > limit[person]:
                held -= 1
        count[person] = held
    return -1
