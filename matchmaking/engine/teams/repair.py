"""A roster after people left, arrived or a rule changed: as few people moved as possible, then as much value as that leaves."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from matchmaking.engine.teams import conflicts, counting, exact, form, kernel, search
from matchmaking.engine.teams.budget import Budget
from matchmaking.engine.teams.closure import Closure
from matchmaking.engine.teams.measure import check, moved, worth
from matchmaking.engine.teams.outcome import Outcome
from matchmaking.engine.teams.places import Placed, place
from matchmaking.engine.teams.problem import FINE, Ints, Problem, compile_case
from matchmaking.engine.teams.rules import Case, Roster
from matchmaking.engine.teams.said import Said
from matchmaking.engine.teams.search import Heat

PRICES = (1500, 600, 1500, 600, 300, 150)  # of a move, in points of the cases the heats are for; the low ones find other options
HEATS = (Heat(300, 10, 2000), Heat(150, 6, 1500), Heat(150, 6, 1500), Heat(100, 6, 800), Heat(100, 6, 500), Heat(100, 6, 500))
PROOF = 0.5  # share of the seconds that proving the fewest moves may take
STEPS_A_UNIT = 12_000
MOST_OPTIONS = 5


def options(case: Case, seconds: float, seed: int, now: Callable[[], float] = time.monotonic) -> list[Outcome]:
    """Rosters to choose from, fewest moves first, each with more value than those with fewer; or one outcome that says why not."""
    budget = Budget(seconds, now)
    if (core := counting.refute(case)) is not None:
        return [form.impossible(conflicts.find(case, seed, budget, core), budget)]
    closure = Closure(case)
    problem = compile_case(case, _number_of_teams(case, closure), closure)
    placed = place(problem, budget.left(PROOF))
    if placed.none and case.teams is not None:
        return [form.impossible(conflicts.find(case, seed, budget, frozenset(case.names())), budget)]
    rosters = [problem.roster(team_of) for team_of in _searched(problem, placed, seed, budget)]
    kept = [roster for roster in dict.fromkeys(rosters) if not check(case, roster)]
    if not kept:
        return [form.open_question(case, budget)]
    return [_outcome(case, roster, placed, budget) for roster in _front(case, kept)]


def _number_of_teams(case: Case, closure: Closure) -> int:
    """As many teams as there are now, where that is possible."""
    numbers = counting.numbers_of_teams(case, closure)
    return min(max(len(case.current or ()), numbers.start), numbers.stop - 1)


def _searched(problem: Problem, placed: Placed, seed: int, budget: Budget) -> Iterator[Ints]:
    """The proved roster itself, and what annealing makes of it (or of the old roster) at several prices of a move."""
    if placed.team_of is not None:
        yield placed.team_of
    m = len(problem.members)
    total = int(budget.steps(m, len(problem.case.pair_scores)) * (1.0 if placed.team_of is None else 1 - PROOF))
    count = max(len(PRICES), round(total / (STEPS_A_UNIT * m)))
    for run in range(count):
        price = int(PRICES[run % len(PRICES)] * search.scale(problem) * FINE)
        state = _start(problem, placed.team_of, seed, run, price)
        search.cool(problem, state, HEATS[run % len(HEATS)], total // count, budget, price)
        if (found := search.kept(state, run)) is not None:
            yield found.team_of
        if budget.over():
            return


def _start(problem: Problem, team_of: Ints | None, seed: int, run: int, price: int) -> kernel.State:
    """From the proved roster; else everybody who has a place stays there, and the others are put where it is best."""
    state = search.empty_state(problem, seed, run)
    if team_of is not None:
        state.team_of[:] = team_of
        kernel.build(problem.units, problem.limits, state, price)
        return state
    arrays = problem.units
    for unit in np.flatnonzero(state.team_of < 0):
        homes = arrays.home_team[arrays.home_start[unit] : arrays.home_start[unit + 1]]
        homes = homes[(homes < problem.teams)]
        if len(homes) and not problem.closed[homes[0]]:
            state.team_of[unit] = homes[0]
    kernel.build(arrays, problem.limits, state, price)
    waiting = np.flatnonzero(state.team_of < 0)
    kernel.construct(arrays, problem.limits, state, waiting, price, price)
    kernel.build(arrays, problem.limits, state, price)
    return state


def _front(case: Case, rosters: list[Roster]) -> list[Roster]:
    """The best roster of each number of moves that is worth more than all with fewer."""
    by_moves = sorted(rosters, key=lambda roster: (len(moved(case, roster)), -worth(case, roster).total))
    front: list[Roster] = []
    for roster in by_moves:
        if not front or worth(case, roster).total > worth(case, front[-1]).total:
            front.append(roster)
    return front[:MOST_OPTIONS]


def _outcome(case: Case, roster: Roster, placed: Placed, budget: Budget) -> Outcome:
    found = form.roster_found(case, roster, exact.Answer(), budget)
    away, least = moved(case, roster), placed.least
    proved = least is not None and len(away) == least
    known = Said.of("proved_fewest" if proved else "fewer_possible") if proved or least is None else Said.of("least_possible", least=least)
    said = Said.of("repaired", moved=len(away), proved=known, value=float(found.worth.total))
    certificate = replace(found.certificate, fewest_moves=proved) if found.certificate else None
    return replace(found, said=said, certificate=certificate, moved=away)
