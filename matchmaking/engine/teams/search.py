"""Annealing runs over one number of teams: several seeds and temperatures, the best roster that breaks no rule."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from matchmaking.engine.teams import kernel
from matchmaking.engine.teams.budget import CHUNK, Budget
from matchmaking.engine.teams.problem import FINE, Ints, Problem

STEPS_A_UNIT = 20_000  # a run longer than this gains less than a second one from another seed
MOST_RUNS = 24
DRY = 4  # penalties of so many times the highest value of a point keep a construction away from broken rules


@dataclass(frozen=True, slots=True)
class Heat:
    """Temperatures in points at the start and the end, and the price of one broken rule in points."""

    hot: float
    cold: float
    penalty: float


# Several: tight rules want heat and a high price, loose ones less, and no case says beforehand which it is.
HEATS = (Heat(150, 6, 600), Heat(100, 6, 500), Heat(60, 5, 400), Heat(300, 10, 300), Heat(40, 8, 300))
AGAIN = Heat(40, 5, 400)
REFERENCE_POINTS = 100  # the heats are for cases whose best team is worth some hundreds of points


@dataclass(frozen=True, slots=True)
class Found:
    """Teams of the units (m,), value in thousandths less the price of moves, and the seed's run it came from."""

    team_of: Ints
    value: int
    run: int


def scale(problem: Problem) -> float:
    """How much larger than in the cases the heats are for the points of this case are."""
    limits = problem.limits
    strongest = float(np.quantile(problem.units.pair_score, 0.95)) if len(problem.units.pair_score) else 0.0
    return max(limits.per_skill, limits.per_sector, strongest, 1.0) / FINE / REFERENCE_POINTS


def runs(problem: Problem, seed: int, steps: int, budget: Budget, *, first: int = 0, patient: bool = True) -> Iterator[Found]:
    """One result per run that found a roster that keeps every rule, until `steps` are used or the clock ends it.

    A third of the runs start afresh, the others warm the best roster up again; if the first third found none, only the patient go on.
    """
    count = min(MOST_RUNS, max(1, round(steps / (STEPS_A_UNIT * len(problem.members)))))
    fresh = -(-count // 3)
    best: Found | None = None
    for run in range(first, first + count):
        if best is None and run - first >= fresh and not patient:
            return
        if best is None or run - first < fresh:
            found = one_run(problem, seed, run, steps // count, budget)
        else:
            found = again(problem, best, seed, run, steps // count, budget)
        if found is not None:
            best = found if best is None or found.value > best.value else best
            yield found
        if budget.over():
            return


def again(problem: Problem, best: Found, seed: int, run: int, steps: int, budget: Budget) -> Found | None:
    """Anneal from a roster that keeps every rule, warm enough to leave it and not so hot as to forget it."""
    state = empty_state(problem, seed, run)
    state.team_of[:] = best.team_of
    kernel.build(problem.units, problem.limits, state, 0)
    cool(problem, state, AGAIN, steps, budget)
    return kept(state, run)


def one_run(problem: Problem, seed: int, run: int, steps: int, budget: Budget) -> Found | None:
    """A construction and one annealing; None where no roster that keeps every rule was met."""
    heat = HEATS[run % len(HEATS)]
    state = constructed(problem, seed, run)
    cool(problem, state, heat, steps, budget)
    return kept(state, run)


def kept(state: kernel.State, run: int) -> Found | None:
    """The best roster a state has met."""
    return None if state.totals[4] == kernel.NOTHING else Found(state.best.copy(), int(state.totals[4]), run)


def cool(problem: Problem, state: kernel.State, heat: Heat, steps: int, budget: Budget, move_price: int = 0) -> None:
    """Anneal in chunks; when the clock runs short, the last tenth is done at once so that the roster is left in order."""
    points = scale(problem) * FINE
    chunks = max(1, -(-steps // CHUNK))
    fall = (heat.cold / heat.hot) ** (1 / chunks)
    chunk = 0
    while chunk < chunks:
        hot = heat.hot * fall**chunk
        size = steps // chunks
        kernel.anneal(
            problem.units, problem.limits, state, size, hot * points, hot * fall * points, int(heat.penalty * points), move_price, True
        )
        budget.spent += size
        chunk += 1
        if chunk < chunks and budget.over():
            return
        if chunk < chunks * 9 // 10 and budget.left(0.9) <= 0:
            budget.cut = True
            chunk = chunks * 9 // 10


def empty_state(problem: Problem, seed: int, run: int) -> kernel.State:
    """Fixed units in their teams, nobody else placed."""
    m, teams = len(problem.members), problem.teams
    room = int(problem.case.largest + kernel.SLACK + problem.units.size.max(initial=1))
    draw = int.from_bytes(blake2b(f"{seed}\x00{run}".encode(), digest_size=8).digest()) | 1

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, np.int64)

    return kernel.State(
        team_of=problem.team_of.copy(),
        members=zeros(teams, room),
        filled=zeros(teams),
        size=zeros(teams),
        wrong=zeros(teams),
        value=zeros(teams),
        closed=problem.closed,
        broken=zeros(teams),
        broken_at=zeros(teams),
        totals=zeros(5),
        best=zeros(m),
        random=np.array([draw], np.uint64),
    )


def constructed(problem: Problem, seed: int, run: int) -> kernel.State:
    """Those with a required skill first, then groups, then those who fit with fewest others; each where it is best at that moment."""
    state = empty_state(problem, seed, run)
    price = int(DRY * 100 * scale(problem) * FINE)
    kernel.build(problem.units, problem.limits, state, 0)
    kernel.construct(problem.units, problem.limits, state, _order(problem, seed, run), price, 0)
    kernel.build(problem.units, problem.limits, state, 0)
    return state


def _order(problem: Problem, seed: int, run: int) -> Ints:
    units = problem.units
    required = (units.masks[:, 1] & problem.limits.required) > 0
    alike = np.array([len(members) for members in problem.members]) * 0.0
    for language in range(problem.limits.languages):
        speaks = (units.masks[:, 0] >> np.uint64(language)) & np.uint64(1) > 0
        alike[speaks] += speaks.sum()
    shuffle = np.random.default_rng([seed, run]).permutation(len(alike))
    order = np.lexsort((shuffle, alike, -units.size, ~required))
    return np.asarray(order[units.movable[order]], np.int64)
