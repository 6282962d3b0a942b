"""Rosters of the team cases by an open solver, beside ours, with the same seconds on one core.

The peer is OR-Tools' CP-SAT with the model that open team builders use: a yes or no for each person and team, one for each pair and team.
It is no dependency: where it is not installed, this says how. Repairs and impossible cases are left out; its seconds are those of the
solver, without building the model.
"""

import importlib
import time
from collections import defaultdict
from typing import Any

from benchmarks import machine
from benchmarks.teams import SECONDS, SEED, folder_of_cases, read, reference_beside
from matchmaking.engine.teams import door
from matchmaking.engine.teams.rules import Case, Roster

MOST_PEOPLE = 300  # above, the model has more than a million pairs of two people and a team
LEFT_OUT = ("repair", "infeasible")
SCALE = 1000  # the solver counts in whole numbers


def main() -> dict[str, Any]:
    """Measure every case that the peer can take and print the table."""
    try:
        solver = importlib.import_module("ortools.sat.python.cp_model")
    except ImportError:
        print("team_peer: OR-Tools is not installed (pip install ortools), nothing measured")
        return {"skipped": "OR-Tools is not installed"}
    door.warm_up()
    print("\nTeams: ours and CP-SAT, the same seconds on one core; percent of the reference, rules broken")
    print(f"  {'case':<14}{'seconds':>8}{'ours':>10}{'ours s':>8}{'CP-SAT':>10}{'broken':>8}{'its s':>8}  it says")
    rows = {}
    for file in folder_of_cases():
        name, case = (document := read(file))["name"], door.read_case(document)
        if not name.startswith(LEFT_OUT) and len(case.people) <= MOST_PEOPLE and not case.rules.counted:
            rows[name] = _measure(case, name, solver, reference_beside(file).get(name, {}))
    return {"machine": machine.facts(), "cases": rows}


def _measure(case: Case, name: str, solver: Any, known: dict[str, Any]) -> dict[str, Any]:
    seconds, best = SECONDS[name.split("-")[0]], known.get("total")
    begun = time.perf_counter()
    ours = door.form(case, seconds, SEED).roster
    took = time.perf_counter() - begun
    theirs, said, solving = _solved(case, solver, seconds)
    row: dict[str, Any] = {"budget": seconds, "seconds": round(took, 2), "ours": door.worth(case, ours).total}
    row |= {"peer": door.worth(case, theirs).total if theirs else None, "peer_seconds": round(solving, 2), "peer_says": said}
    row["peer_broken"] = len(door.check(case, theirs)) if theirs else None
    told = [f"{100 * row[who] / best:.2f}" if best and row[who] is not None else str(row[who]) for who in ("ours", "peer")]
    broken = "" if theirs is None else row["peer_broken"]
    print(f"  {name:<14}{seconds:>8}{told[0]:>10}{took:>8.2f}{told[1]:>10}{broken:>8}{solving:>8.2f}  {said}", flush=True)
    return row


def _solved(case: Case, solver: Any, seconds: float) -> tuple[Roster | None, str, float]:
    """The peer's roster, or None; what it says of it; its seconds."""
    teams = case.numbers_of_teams()[-1]
    model = solver.CpModel()
    seat = [[model.new_bool_var("") for _ in range(teams)] for _ in case.people]
    _frame(case, model, seat, teams)
    for team in range(teams):
        _rules(case, model, [one[team] for one in seat])
    model.maximize(sum(_value(case, model, seat, teams)))
    search = solver.CpSolver()
    search.parameters.max_time_in_seconds, search.parameters.num_workers, search.parameters.random_seed = seconds, 1, SEED
    status = search.solve(model)
    if status not in (solver.OPTIMAL, solver.FEASIBLE):
        return None, search.status_name(status).lower(), search.wall_time
    found = tuple(
        tuple(person.id for person, one in zip(case.people, seat, strict=True) if search.value(one[team])) for team in range(teams)
    )
    return found, search.status_name(status).lower(), search.wall_time


def _frame(case: Case, model: Any, seat: list[list[Any]], teams: int) -> None:
    place = {person.id: number for number, person in enumerate(case.people)}
    for one in seat:
        model.add_exactly_one(one)
    for team in range(teams):
        model.add_linear_constraint(sum(one[team] for one in seat), case.smallest, case.largest)
    for group in (*case.rules.together, *case.rules.locked):
        for other in group[1:]:
            for team in range(teams):
                model.add(seat[place[group[0]]][team] == seat[place[other]][team])
    for a, b in case.rules.apart:
        for team in range(teams):
            model.add_at_most_one(seat[place[a]][team], seat[place[b]][team])
    for person, number in case.rules.pinned:
        model.add(seat[place[person]][number - 1] == 1)
    for group in case.rules.locked:
        for team in range(teams):
            model.add(sum(one[team] for one in seat) == len(group)).only_enforce_if(seat[place[group[0]]][team])


def _rules(case: Case, model: Any, here: list[Any]) -> None:
    """What one team must have; `here` says of everybody whether they are in it."""
    rules, people = case.rules, case.people
    for skill in rules.at_least_one:
        model.add(sum(_with(case, here, "skills", skill)) >= 1)
    for flag in rules.never_alone:
        some = model.new_bool_var("")
        those = _with(case, here, "flags", flag)
        model.add(sum(those) >= 2).only_enforce_if(some)
        model.add(sum(those) == 0).only_enforce_if(~some)
    for kind, least in (("languages", int(rules.common_language)), ("slots", rules.common_slots)):
        shared = (
            {one: model.new_bool_var("") for one in sorted({one for person in people for one in getattr(person, kind)})} if least else {}
        )
        for one, all_have in shared.items():
            for person, in_it in zip(people, here, strict=True):
                if one not in getattr(person, kind):
                    model.add_implication(in_it, ~all_have)
        if least:
            model.add(sum(shared.values()) >= least)


def _with(case: Case, here: list[Any], kind: str, name: str) -> list[Any]:
    return [in_it for person, in_it in zip(case.people, here, strict=True) if name in getattr(person, kind)]


def _value(case: Case, model: Any, seat: list[list[Any]], teams: int) -> list[Any]:
    """The terms that are added up: skills and sectors that are there, pairs that are together."""
    value, terms = case.value, []
    by_sector: dict[str, list[int]] = defaultdict(list)
    for number, person in enumerate(case.people):
        by_sector[person.sector].append(number)
    place = {person.id: number for number, person in enumerate(case.people)}
    for team in range(teams):
        here = [one[team] for one in seat]
        for skill in value.skills_wanted:
            terms.append(round(value.points_per_skill * SCALE) * _some(model, _with(case, here, "skills", skill)))
        sectors = [_some(model, [here[number] for number in those]) for those in by_sector.values()]
        counted = model.new_int_var(0, value.sectors_cap, "")
        model.add(counted <= sum(sectors))
        terms.append(round(value.points_per_sector * SCALE) * counted)
        for a, b, score in case.pair_scores:
            both = model.new_bool_var("")
            model.add_implication(both, here[place[a]])
            model.add_implication(both, here[place[b]])
            terms.append(round(value.pair_weight * score * SCALE) * both)
    return terms


def _some(model: Any, those: list[Any]) -> Any:
    """Whether any of those is in the team."""
    some = model.new_bool_var("")
    model.add_bool_or(those).only_enforce_if(some)
    return some


if __name__ == "__main__":
    main()
