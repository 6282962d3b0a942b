"""Who sits where as one program of whole numbers: the fewest moves, proved, or any roster at all, or the proof that there is none."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_matrix

from matchmaking.engine.teams.problem import ANY, Ints, Problem

MOST_PLACES = 60_000  # units times teams; beyond, the program is not built


@dataclass(frozen=True, slots=True)
class Placed:
    """`team_of` (m,) or None; `none`: proved that there is no roster; `least`: moves proved necessary."""

    team_of: Ints | None = None
    none: bool = False
    least: int | None = None


@dataclass
class _Program:
    """Rows of a sparse program, written one by one; variables are numbered in blocks."""

    size: int = 0
    rows: list[int] = field(default_factory=list)
    cols: list[int] = field(default_factory=list)
    data: list[float] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)

    def block(self, *shape: int) -> Ints:
        """Fresh variables of 0 or 1, in an array of their numbers."""
        count = int(np.prod(shape))
        numbers = np.arange(self.size, self.size + count).reshape(shape)
        self.size += count
        return numbers

    def row(self, terms: Iterable[tuple[int, float]], least: float, most: float) -> None:
        """least <= sum of the terms <= most."""
        for variable, factor in terms:
            self.rows.append(len(self.least))
            self.cols.append(int(variable))
            self.data.append(factor)
        self.least.append(least)
        self.most.append(most)


def place(problem: Problem, seconds: float) -> Placed:
    """The roster with the fewest moves (any roster, where nobody has a place yet)."""
    closed = problem.closed
    units = np.array([u for u, team in enumerate(problem.team_of) if team < 0 or not closed[team]], np.int64)
    teams = np.flatnonzero(~closed)
    if len(units) * len(teams) > MOST_PLACES or seconds <= 0 or not problem.complete:
        return Placed()
    if len(teams) == 0:
        return Placed(none=True) if len(units) else Placed(problem.team_of.copy(), least=moves(problem, problem.team_of))
    program = _Program()
    sits = program.block(len(units), len(teams))
    _frame(program, problem, units, sits)
    _shares(program, problem, units, sits)
    _has(program, problem, units, sits)
    _apart(program, problem, units, sits)
    return _solved(program, problem, units, teams, sits, seconds)


def _frame(program: _Program, problem: Problem, units: Ints, sits: Ints) -> None:
    size = problem.units.size[units]
    for unit in range(len(units)):
        program.row(((x, 1.0) for x in sits[unit]), 1, 1)
    for team in range(sits.shape[1]):
        program.row(zip(sits[:, team], size.tolist(), strict=True), problem.limits.smallest, problem.limits.largest)


def _shares(program: _Program, problem: Problem, units: Ints, sits: Ints) -> None:
    """A language, and as many slots as asked for, are chosen for each team; whoever lacks a chosen one sits elsewhere."""
    masks, limits = problem.units.masks[units], problem.limits
    words = [(0, 1)] if problem.case.rules.common_language else []
    chosen = [(masks[:, word : word + 1], need) for word, need in words]
    if limits.common_slots:
        chosen.append((masks[:, 3:], limits.common_slots))
    for bits, need in chosen:
        has = np.array([[(int(word) >> bit) & 1 for word in row for bit in range(64)] for row in bits], bool)
        has = has[:, has.any(axis=0)]
        picks = program.block(sits.shape[1], has.shape[1])
        for team in range(sits.shape[1]):
            program.row(((x, 1.0) for x in picks[team]), need, need)
            for thing in range(has.shape[1]):
                lacking = np.flatnonzero(~has[:, thing])
                size = problem.units.size[units[lacking]].astype(float)
                terms = [*zip(sits[lacking, team].tolist(), size.tolist(), strict=True), (picks[team, thing], float(limits.largest))]
                program.row(terms, -np.inf, limits.largest)


def _has(program: _Program, problem: Problem, units: Ints, sits: Ints) -> None:
    """Required skills, and how many with a property."""
    masks, counts, required = problem.units.masks[units], problem.units.counts[units], int(problem.limits.required)
    for bit in range(required.bit_length()):
        if required >> bit & 1:
            having = np.flatnonzero((masks[:, 1] >> np.uint64(bit)) & np.uint64(1))
            for team in range(sits.shape[1]):
                program.row(((x, 1.0) for x in sits[having, team]), 1, np.inf)
    for rule, (least, most, or_none, only) in enumerate(problem.units.ranges.tolist()):
        if least > 0 or most < ANY:
            _counted(program, counts, rule + 1, (least, min(most, problem.limits.largest), bool(or_none), only), sits)


def _counted(program: _Program, counts: Ints, column: int, rule: tuple[int, int, bool, int], sits: Ints) -> None:
    """Least and most of a property in each team; `applies` is 1 in teams that the rule is about."""
    least, most, or_none, only = rule
    having = np.flatnonzero(counts[:, column])
    trigger = np.flatnonzero(counts[:, only]) if only >= 0 else having if or_none else having[:0]
    conditional = or_none or only >= 0
    applies = program.block(sits.shape[1]) if conditional else None
    whole = float(counts[:, 0].sum())
    for team in range(sits.shape[1]):
        terms = list(zip(sits[having, team].tolist(), counts[having, column].astype(float).tolist(), strict=True))
        if applies is None:
            program.row(terms, least, most)
            continue
        program.row([*terms, (applies[team], -float(least))], 0, np.inf)
        program.row([*terms, (applies[team], whole)], -np.inf, most + whole)
        # A team that has what triggers the rule; where nobody of the property is allowed too, one must have that as well.
        for x in sits[trigger, team]:
            if only >= 0 and or_none:
                for y in sits[having, team]:
                    program.row([(x, 1.0), (y, 1.0), (applies[team], -1.0)], -np.inf, 1)
            else:
                program.row([(x, 1.0), (applies[team], -1.0)], -np.inf, 0)


def _apart(program: _Program, problem: Problem, units: Ints, sits: Ints) -> None:
    row_of = {int(unit): row for row, unit in enumerate(units)}
    arrays = problem.units
    for unit, row in row_of.items():
        for other in arrays.apart_unit[arrays.apart_start[unit] : arrays.apart_start[unit + 1]].tolist():
            if unit < other and other in row_of:
                for team in range(sits.shape[1]):
                    program.row([(sits[row, team], 1.0), (sits[row_of[other], team], 1.0)], -np.inf, 1)


def _solved(program: _Program, problem: Problem, units: Ints, teams: Ints, sits: Ints, seconds: float) -> Placed:
    arrays = problem.units
    cost, most = np.zeros(program.size), np.ones(program.size)
    for row, unit in enumerate(units.tolist()):
        homes = arrays.home_team[arrays.home_start[unit] : arrays.home_start[unit + 1]]
        cost[sits[row]] = (homes[:, None] != teams[None, :]).sum(axis=0)
        if problem.team_of[unit] >= 0:
            most[sits[row][teams != problem.team_of[unit]]] = 0
    shape = (len(program.least), program.size)
    rows = coo_matrix((program.data, (program.rows, program.cols)), shape=shape).tocsc()
    solved = milp(
        cost,
        constraints=LinearConstraint(rows, np.array(program.least), np.array(program.most)),
        integrality=np.ones(program.size),
        bounds=Bounds(0, most),
        options={"time_limit": seconds},
    )
    if solved.x is None:
        return Placed(none=solved.status == 2)
    team_of = problem.team_of.copy()
    team_of[units] = teams[np.argmax(solved.x[sits], axis=1)]
    return Placed(team_of, least=moves(problem, team_of) if solved.status == 0 else None)


def moves(problem: Problem, team_of: Ints) -> int:
    """How many people are in another team than now."""
    arrays = problem.units
    return int((arrays.home_team != np.repeat(team_of, np.diff(arrays.home_start))).sum())
