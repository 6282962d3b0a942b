"""Working groups in several rounds ("world cafe"): everybody changes tables, and meets as many new people of other sectors as can be.

A plan is worth its encounters: a pair that meets for the first time counts `ACROSS` between two sectors and `WITHIN` inside one,
each time a pair meets again costs `AGAIN`, and a pair that must be kept apart costs more than anything can be worth. The start
is a lattice in which, where a prime number of tables allows it, nobody meets anybody twice (Kirkman's construction: the table of
seat (row, column) in round r is column + r * row mod tables); annealing with swaps inside one round does the rest. No framework.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from matchmaking.errors import BadInput, Infeasible

ACROSS, WITHIN, AGAIN, APART = 4, 1, -6, -10_000
TABLE = 4096
NEGATIVE_LOG = -np.log((np.arange(TABLE) + 0.5) / TABLE)  # acceptance needs no log, whose last digit differs between machines
STEPS = 3_000_000
HOT, COLD = 4.0, 0.2  # in points of a plan's worth
Ints = npt.NDArray[np.int64]
Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who changes tables; a host stays at one table in all rounds."""

    key: str
    sector: str
    host_of: int | None = None


@dataclass(frozen=True, slots=True)
class Rounds:
    """Who sits where: `tables[r][t]` are the keys at table t in round r, sorted.

    `met` counts different pairs that meet, `met_across` those of two sectors, `again` further meetings of a pair that has met.
    No plan with these tables has more than `most_across` different pairs of two sectors.
    """

    tables: tuple[tuple[tuple[str, ...], ...], ...]
    met: int
    met_across: int
    again: int
    most_across: int


def tables_for(people: int, rounds: int, smallest: int, largest: int) -> int:
    """The number of tables at which most new people are met: the fewest at which a table is not fuller than there are tables.

    With fewer, somebody must meet again; with more, tables are emptier. Raises `Infeasible` where no number gives tables of that size.
    """
    numbers = [tables for tables in range(1, people + 1) if smallest <= people // tables and -(-people // tables) <= largest]
    if not numbers:
        raise Infeasible(
            "{people} people do not fit at tables of {smallest} to {largest}. Allow other sizes.",
            people=people, smallest=smallest, largest=largest,
        )  # fmt: skip
    wide = [tables for tables in numbers if rounds == 1 or (tables >= -(-people // tables) and tables >= rounds)]
    return min(wide) if wide else max(numbers)


def plan(guests: Sequence[Guest], tables: int, rounds: int, *, apart: Pairs = (), seed: int = 0, steps: int = STEPS) -> Rounds:
    """Everybody at one table per round; tables differ by one person at most, hosts counted. The same seed gives the same plan.

    Pairs of `apart` never sit together. Raises `BadInput` for impossible numbers and `Infeasible` where no plan was found that
    keeps them apart.
    """
    if not 1 <= tables <= len(guests) or rounds < 1:
        raise BadInput("{tables} tables and {rounds} rounds cannot be filled by {people} people.",
                       tables=tables, rounds=rounds, people=len(guests))  # fmt: skip
    ordered = sorted(guests, key=lambda guest: (guest.sector, guest.key))
    number = {guest.key: place for place, guest in enumerate(ordered)}
    of_sector = {sector: place for place, sector in enumerate(sorted({guest.sector for guest in guests}))}
    sector = np.array([of_sector[guest.sector] for guest in ordered], np.int64)
    kept_apart = np.zeros((len(ordered), len(ordered)), np.bool_)
    for one, other in apart:
        if one in number and other in number:
            kept_apart[number[one], number[other]] = kept_apart[number[other], number[one]] = True
    hosts = np.array([-1 if guest.host_of is None else guest.host_of for guest in ordered], np.int64)
    table = np.stack([_first(hosts, tables, turn) for turn in range(rounds)])
    worth = np.where(sector[:, None] != sector[None, :], ACROSS, WITHIN).astype(np.int64)
    table = _anneal(table, tables, worth, kept_apart, hosts >= 0, seed, steps, HOT, COLD)
    found = _told(table, ordered, tables, sector)
    if any(kept_apart[one, other] for seats in table for one, other in _together(seats, tables)):
        raise Infeasible("No plan was found that keeps everybody apart who must not sit together. Take more tables or fewer rounds.")
    return found


def encounters_of(tables: Sequence[Sequence[Sequence[str]]]) -> Counter[tuple[str, str]]:
    """How often each two people sit together, by their sorted keys."""
    return Counter(
        (one, other)
        for seats in tables
        for group in seats
        for place, one in enumerate(sorted(group))
        for other in sorted(group)[place + 1 :]
    )


def _first(hosts: Ints, tables: int, turn: int) -> Ints:
    """The lattice of one round: guests who stand near each other in the list (one sector) sit apart. Hosts at their tables."""
    table = hosts.copy()
    size = np.bincount(hosts[hosts >= 0], minlength=tables)
    if hosts.max(initial=-1) >= tables:
        raise BadInput("A host has table {table}, and there are {tables} tables only.", table=int(hosts.max()) + 1, tables=tables)
    moving = np.flatnonzero(hosts < 0)
    most = -(-len(hosts) // tables)
    room = np.full(tables, most - 1) + (np.arange(tables) < len(hosts) - tables * (most - 1))
    if (size > room).any():
        raise BadInput("Table {table} has more hosts than places.", table=int(np.argmax(size > room)) + 1)
    for place, guest in enumerate(moving.tolist()):
        wanted = (place % tables + turn * (place // tables)) % tables
        found = next(step for step in range(tables) if size[(wanted + step) % tables] < room[(wanted + step) % tables])
        table[guest] = (wanted + found) % tables
        size[table[guest]] += 1
    return table


@njit(cache=True)
def _value(meetings: int, worth: int) -> int:
    """What a pair that meets so often is worth."""
    return worth + AGAIN * (meetings - 1) if meetings > 0 else 0


@njit(cache=True)
def _anneal(
    table: Ints,
    tables: int,
    worth: Ints,
    apart: npt.NDArray[np.bool_],
    host: npt.NDArray[np.bool_],
    seed: int,
    steps: int,
    hot: float,
    cold: float,
) -> Ints:
    """Swaps of two people of two tables in one round, while the temperature falls; the best plan seen. `table` is (rounds, n).

    All that is compiled stands in this file: numba's cache does not notice a change of another one. That is why the table of
    acceptance is made here as in the kernel.
    """
    np.random.seed(seed)
    rounds, people = table.shape
    met = np.zeros((people, people), np.int64)
    seats = np.full((rounds, tables, people // tables + 2), -1, np.int64)
    filled = np.zeros((rounds, tables), np.int64)
    place = np.zeros((rounds, people), np.int64)
    for turn in range(rounds):
        for person in range(people):
            at = table[turn, person]
            for i in range(filled[turn, at]):
                neighbour = seats[turn, at, i]
                met[person, neighbour] += 1
                met[neighbour, person] += 1
            place[turn, person] = filled[turn, at]
            seats[turn, at, filled[turn, at]] = person
            filled[turn, at] += 1
    best, gained, most = table.copy(), 0, 0
    temperature, cooling = hot, (cold / hot) ** (256.0 / max(steps, 256))
    for step in range(steps):
        if step & 255 == 255:
            temperature *= cooling
        turn, one, other = np.random.randint(0, rounds), np.random.randint(0, people), np.random.randint(0, people)
        here, there = table[turn, one], table[turn, other]
        if here == there or host[one] or host[other]:
            continue
        change = 0
        for i in range(filled[turn, here]):
            guest = seats[turn, here, i]
            if guest != one:
                change += _value(met[one, guest] - 1, worth[one, guest]) - _value(met[one, guest], worth[one, guest])
                change += _value(met[other, guest] + 1, worth[other, guest]) - _value(met[other, guest], worth[other, guest])
                change += APART * (int(apart[other, guest]) - int(apart[one, guest]))
        for i in range(filled[turn, there]):
            guest = seats[turn, there, i]
            if guest != other:
                change += _value(met[other, guest] - 1, worth[other, guest]) - _value(met[other, guest], worth[other, guest])
                change += _value(met[one, guest] + 1, worth[one, guest]) - _value(met[one, guest], worth[one, guest])
                change += APART * (int(apart[one, guest]) - int(apart[other, guest]))
        if change < -temperature * NEGATIVE_LOG[np.random.randint(0, TABLE)]:
            continue
        for i in range(filled[turn, here]):
            guest = seats[turn, here, i]
            if guest != one:
                met[one, guest] -= 1
                met[guest, one] -= 1
                met[other, guest] += 1
                met[guest, other] += 1
        for i in range(filled[turn, there]):
            guest = seats[turn, there, i]
            if guest != other:
                met[other, guest] -= 1
                met[guest, other] -= 1
                met[one, guest] += 1
                met[guest, one] += 1
        seats[turn, here, place[turn, one]], seats[turn, there, place[turn, other]] = other, one
        place[turn, one], place[turn, other] = place[turn, other], place[turn, one]
        table[turn, one], table[turn, other] = there, here
        gained += change
        if gained > most:
            most = gained
            best[:] = table
    return best


def _together(seats: Ints, tables: int) -> Iterable[tuple[int, int]]:
    for at in range(tables):
        group = np.flatnonzero(seats == at).tolist()
        yield from ((one, other) for place, one in enumerate(group) for other in group[place + 1 :])


def _told(table: Ints, ordered: Sequence[Guest], tables: int, sector: Ints) -> Rounds:
    groups = tuple(
        tuple(tuple(sorted(ordered[guest].key for guest in np.flatnonzero(seats == at).tolist())) for at in range(tables))
        for seats in table
    )
    of = {guest.key: guest.sector for guest in ordered}
    met = encounters_of(groups)
    across = sum(1 for one, other in met if of[one] != of[other])
    return Rounds(groups, len(met), across, sum(met.values()) - len(met), most_across(Counter(of.values()), table, tables))


def most_across(sectors: Mapping[str, int], table: Ints, tables: int) -> int:
    """A bound on different pairs of two sectors: per round every sector spread evenly over the tables; and all such pairs there are."""
    sizes = [np.bincount(seats, minlength=tables) for seats in table]
    alike = sum(
        _pairs(count // tables) * (tables - count % tables) + _pairs(count // tables + 1) * (count % tables) for count in sectors.values()
    )
    by_round = sum(int(sum(_pairs(size) for size in row.tolist())) - alike for row in sizes)
    people = sum(sectors.values())
    return min(by_round, _pairs(people) - sum(_pairs(count) for count in sectors.values()))


def _pairs(count: int) -> int:
    return count * (count - 1) // 2
