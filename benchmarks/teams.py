"""Rosters of the team cases: rules broken, value against reference and bound, seconds, steps, moves; beside a random and a greedy roster.

Reads every case of the folder `teams` in the folder that CASES_DIR names, else in ../shared/cases; says so where there are none.
Each case has the budget of the promises; seconds are measured around the call, on whatever else the machine does meanwhile.
"""

import gzip
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import machine
from matchmaking.engine.teams import counting, door, kernel, search
from matchmaking.engine.teams.budget import Budget
from matchmaking.engine.teams.closure import Closure
from matchmaking.engine.teams.measure import moved
from matchmaking.engine.teams.problem import Problem, compile_case
from matchmaking.engine.teams.rules import Case, Roster, Value

ROOT = Path(__file__).resolve().parent.parent
SECONDS = {"small30": 5, "small60": 20, "event180": 10, "large1000": 20, "large5000": 45, "repair200": 15, "infeasible": 15}
OTHERWISE_S = 10
SEED = 1
GREEDY_STEPS = 400  # a unit: swaps that improve, until hardly any is left


def main() -> dict[str, Any]:
    """Measure every case and print the table."""
    if not (files := folder_of_cases()):
        return {"skipped": "no team cases"}
    door.warm_up()
    reference = reference_beside(files[0])
    _head()
    rows = {}
    for file in files:
        document = read(file)
        rows[document["name"]] = row = _measure(document, reference.get(document["name"], {}))
        _line(document["name"], row)
    return {"machine": machine.facts(), "cases": rows}


def folder_of_cases() -> list[Path]:
    """The files of the team cases; none, and a sentence, where there are none."""
    folder = Path(os.environ.get("CASES_DIR", ROOT.parent / "shared" / "cases")) / "teams"
    files = sorted(file for file in folder.glob("*.json*") if not file.name.startswith("reference"))
    if not files:
        print(f"no team cases here ({folder} holds none), nothing measured")
    return files


def reference_beside(file: Path) -> dict[str, Any]:
    """What is known of the cases in the folder of this one, by name."""
    known = file.parent / "reference.json"
    return dict(read(known)) if known.exists() else {}


def read(file: Path) -> Any:
    """A file of JSON, unpacked where it is packed."""
    raw = file.read_bytes()
    return json.loads(gzip.decompress(raw) if file.name.endswith(".gz") else raw)


def _measure(document: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    case = door.read_case(document)
    budget = SECONDS.get(document["name"].split("-")[0], OTHERWISE_S)
    begun = time.perf_counter()
    outcome = door.form(case, budget, SEED)
    took = time.perf_counter() - begun
    row: dict[str, Any] = {"budget": budget, "seconds": round(took, 2), "steps": outcome.steps, "cut": outcome.cut}
    if outcome.conflict is not None:
        minimal = [set(rules) for rules in known.get("minimal_conflicts", [])]
        return row | {"conflict": list(outcome.conflict.rules), "right": set(outcome.conflict.rules) in minimal, "why": outcome.why}
    row |= _figures(case, outcome.roster, known)
    if outcome.certificate is not None:
        row |= {"proof": outcome.certificate.proof.value, "bound": outcome.certificate.bound}
        row |= {"fewest_moves_proved": outcome.certificate.fewest_moves, "moves": len(outcome.moved)} if case.current else {}
    row["least_moves"] = known.get("moves")
    return row | {"random": _figures(case, _plain(case, _random), known), "greedy": _figures(case, _plain(case, _greedy), known)}


def _figures(case: Case, roster: Roster, known: dict[str, Any]) -> dict[str, Any]:
    worth, best, random = door.worth(case, roster), known.get("total"), known.get("random")
    broken = len(door.check(case, roster))
    gain = round(100 * (worth.total - random) / (best - random), 2) if best and random is not None else None
    return {
        "broken": broken,
        "total": worth.total,
        "worst": worth.worst,
        "moved": len(moved(case, roster)),
        "percent_of_reference": round(100 * worth.total / best, 2) if best else None,
        "percent_of_gain": gain,
    }


def _plain(case: Case, make: Callable[[Problem], kernel.State]) -> Roster:
    closure = Closure(case)
    problem = compile_case(case, counting.numbers_of_teams(case, closure).stop - 1, closure)
    return problem.roster(make(problem).team_of)


def _random(problem: Problem) -> kernel.State:
    """Rules only: nothing is worth anything."""
    worthless = compile_case(replace(problem.case, value=Value(), pair_scores=()), problem.teams)
    state = search.constructed(worthless, SEED, 0)
    search.cool(worthless, state, search.HEATS[0], GREEDY_STEPS * 10 * len(problem.members), Budget(SECONDS["large5000"]))
    if (found := search.kept(state, 0)) is not None:
        state.team_of[:] = found.team_of
    return state


def _greedy(problem: Problem) -> kernel.State:
    """Everybody where it is best at that moment, then only what improves."""
    state = search.constructed(problem, SEED, 0)
    cold = search.Heat(1e-6, 1e-6, 300)
    search.cool(problem, state, cold, GREEDY_STEPS * len(problem.members), Budget(SECONDS["large5000"]))
    return state


def _head() -> None:
    print("\nTeams: percent of the reference (a reference that is not proved can be passed), and of the gain over a random roster")
    columns = ("case", "budget", "s", "M steps", "broken", "total", "worst", "% ref", "% gain", "moves", "random", "greedy")
    print(f"  {columns[0]:<27}" + "".join(f"{name:>10}" for name in columns[1:]) + "  proved")


def _line(name: str, row: dict[str, Any]) -> None:
    start = f"  {name:<27}{row['budget']:>10}{row['seconds']:>10.2f}{row['steps'] / 1e6:>10.1f}"
    if "conflict" in row:
        print(f"{start}  {'right' if row['right'] else 'not the known one'}: {', '.join(row['conflict'])}", flush=True)
        return
    moves = f"{row['moves']} of {row['least_moves']}" if "moves" in row else ""
    others = "".join(f"{_other(row[kind], 'moves' in row):>10}" for kind in ("random", "greedy"))
    figures = f"{row['broken']:>10}{row['total']:>10.0f}{row['worst']:>10.0f}"
    figures += f"{_percent(row['percent_of_reference']):>10}{_percent(row['percent_of_gain']):>10}{moves:>10}"
    proved = {"optimal": "proved optimal"}.get(row.get("proof", ""), row.get("proof", "nothing found"))
    if row.get("fewest_moves_proved"):
        proved = "fewest moves"
    elif proved.startswith("bounded"):
        proved = f"at most {row['bound']:.0f}"
    print(f"{start}{figures}{others}  {proved}" + ("; cut by the clock" if row["cut"] else ""), flush=True)


def _other(figures: dict[str, Any], repair: bool) -> str:
    """A plain roster in a word: what it breaks, else how many it moves (it knows of no moves), else its share of the reference."""
    if figures["broken"]:
        return f"{figures['broken']} broken"
    return f"{figures['moved']} moved" if repair else _percent(figures["percent_of_reference"])


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    main()
