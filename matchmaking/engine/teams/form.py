"""One case to one answer: count, search, and where the case is small enough prove."""

import time
from collections.abc import Callable

from matchmaking.engine.teams import bounds, conflicts, counting, exact, kernel, search
from matchmaking.engine.teams.budget import Budget
from matchmaking.engine.teams.closure import Closure
from matchmaking.engine.teams.measure import check, worth
from matchmaking.engine.teams.outcome import Certificate, Conflict, Outcome, Proof
from matchmaking.engine.teams.places import MOST_PLACES
from matchmaking.engine.teams.problem import FINE, Problem, compile_case
from matchmaking.engine.teams.rules import Case, Roster
from matchmaking.engine.teams.said import Said
from matchmaking.engine.teams.search import Found

PROBED = 3  # numbers of teams that are tried where the number is free
PROBE = 0.06  # share of the steps for each of them
BEFORE_PROOF = 0.12  # share of the steps that a small case searches before it is solved exactly
SEARCHED_S = 0.5  # but so many of its seconds' steps, as long as that is not more than half
BEFORE_WHOLE = 0.5  # and before whole numbers are asked whether there is any roster, if the first search found none


def best(case: Case, seconds: float, seed: int, now: Callable[[], float] = time.monotonic) -> Outcome:
    """The best roster that the budget allows, or a conflict, or neither, said plainly."""
    budget = Budget(seconds, now)
    if (core := counting.refute(case)) is not None:
        return impossible(conflicts.find(case, seed, budget, core), budget)
    closure = Closure(case)
    numbers = counting.numbers_of_teams(case, closure)
    small = len(closure.groups) - len(case.rules.locked) <= exact.MOST_UNITS
    for share in (_before_proof(seconds), BEFORE_WHOLE) if small else (1.0,):
        problem, found = _searched(case, closure, numbers, seed, budget, share)
        if found is not None:
            roster = problem.roster(found.team_of)
            answer = exact.best_roster(case, numbers, closure, roster, found.value, budget) if small else exact.Answer()
            return roster_found(case, answer.roster or roster, answer, budget)
        if small and exact.any_roster(case, numbers, closure, budget, whole=False).none:
            break
    return _not_found(case, closure, numbers, seed, budget)


def _before_proof(seconds: float) -> float:
    """The share of a small case's steps that is searched before it is solved exactly: more where there is little time for that."""
    return min(BEFORE_WHOLE, max(BEFORE_PROOF, SEARCHED_S / seconds))


def _searched(case: Case, closure: Closure, numbers: range, seed: int, budget: Budget, share: float) -> tuple[Problem, Found | None]:
    """The best of all runs; where the number of teams is free, the most promising number gets the most steps."""
    # Where a program of places can settle the matter, the search leaves it time.
    patient = len(closure.groups) * numbers.start > MOST_PLACES
    steps = int(budget.steps(len(closure.groups), len(case.pair_scores)) * share)
    problems = [compile_case(case, teams, closure) for teams in reversed(numbers)]
    probes: list[tuple[int, Problem, Found]] = []
    for at, problem in enumerate(problems if len(problems) > 1 else []):
        if (at >= PROBED and probes) or (at and budget.over(0.6)):
            break
        if (probe := search.one_run(problem, seed, 0, int(steps * PROBE), budget)) is not None:
            probes.append((probe.value, problem, probe))
    rest = max(int(steps * (1 - PROBE * PROBED)), 1) if len(problems) > 1 else steps
    kept = [(probe, problem) for _, problem, probe in probes]
    # Where no probe met a roster, it is open which number of teams allows one: all of them get a share.
    chosen = [max(probes, key=lambda probe: probe[0])[1]] if probes else problems
    for problem in chosen:
        kept += [
            (found, problem) for found in search.runs(problem, seed, rest // len(chosen), budget, first=1 if probes else 0, patient=patient)
        ]
    if not kept:
        return problems[0], None
    found, problem = max(kept, key=lambda pair: pair[0].value)
    return problem, found


def _not_found(case: Case, closure: Closure, numbers: range, seed: int, budget: Budget) -> Outcome:
    """No run met a roster: an exact answer where one can be had, else the plain word that it is open."""
    answer = exact.any_roster(case, numbers, closure, budget)
    if answer.roster is not None and not check(case, answer.roster):
        problem = compile_case(case, len(answer.roster), closure)
        better = _value(problem, answer.roster)
        further = exact.best_roster(case, numbers, closure, answer.roster, better, budget)
        return roster_found(case, further.roster or answer.roster, further, budget)
    if answer.roster is None and not answer.none:
        roster, none = conflicts.placed(case, closure, numbers, budget)
        answer = exact.Answer(roster, none)
        if answer.roster is not None:
            return roster_found(case, answer.roster, answer, budget)
    if answer.none:
        found = conflicts.find(case, seed, budget, frozenset(case.names()))
        return impossible(found, budget)
    return open_question(case, budget)


def _value(problem: Problem, roster: Roster) -> int:
    state = search.empty_state(problem, 0, 0)
    state.team_of[:] = problem.positions(roster)
    kernel.build(problem.units, problem.limits, state, 0)
    return int(state.totals[0])


def open_question(case: Case, budget: Budget) -> Outcome:
    """Neither a roster nor a proof that there is none."""
    return Outcome(Said.of("open"), unplaced=tuple(person.id for person in case.people), steps=budget.spent, cut=budget.cut)


def impossible(conflict: Conflict | None, budget: Budget) -> Outcome:
    """The conflict, in words."""
    assert conflict is not None  # noqa: S101  # find() was given rules that are proved impossible
    return Outcome(conflict.said, conflict=conflict, steps=budget.spent, cut=budget.cut)


def roster_found(case: Case, roster: Roster, answer: exact.Answer, budget: Budget, moved: tuple[str, ...] = ()) -> Outcome:
    """A roster with what is known of it. It is checked once more by the rules' own reading, which no search uses."""
    if check(case, roster):
        return open_question(case, budget)
    measured = worth(case, roster)
    bound = min(bounds.upper(case), answer.bound if answer.bound is not None else float("inf"))
    certificate = certify(measured.total, bound, answer.optimal)
    proof = Said.of(certificate.proof.value, gap=f"{100 * (certificate.gap or 0):.1f}")
    said = Said.of("found", value=float(measured.total), proof=proof, cut=Said.of("cut") if budget.cut else "")
    return Outcome(said, roster, (), measured, certificate, moved=moved, steps=budget.spent, cut=budget.cut)


def certify(total: float, bound: float, optimal: bool) -> Certificate:
    """Optimal where the bound is reached, else the gap to it."""
    gap = max(0.0, (bound - total) / bound) if bound > 0 else 0.0
    if optimal or gap * bound < 1 / FINE:
        return Certificate(Proof.OPTIMAL, total, 0.0)
    return Certificate(Proof.BOUNDED, bound, gap)
