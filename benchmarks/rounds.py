"""`python -m benchmarks.rounds`: working groups in rounds: how many people of other sectors everybody meets, and who meets again."""

import random
import time
from typing import Any

from benchmarks import machine
from matchmaking.engine.compiled import warm_up
from matchmaking.engine.teams.rounds import Guest, plan, tables_for

PEOPLE, ROUNDS = (24, 37, 60, 100, 180, 500), (3, 4, 6)
SECTORS, SHARES = ("authority", "business", "civil society", "creative", "education"), (2, 3, 1, 4, 2)
SMALLEST, LARGEST, SEED = 6, 12, 1


def measured(people: int, rounds: int) -> dict[str, Any]:
    """A hall of so many people: the plan, and the lattice it starts from."""
    dice = random.Random(SEED)
    guests = [Guest(f"p{number}", dice.choices(SECTORS, SHARES)[0]) for number in range(people)]
    tables = tables_for(people, rounds, SMALLEST, LARGEST)
    bare = plan(guests, tables, rounds, steps=0)
    begun = time.perf_counter()
    found = plan(guests, tables, rounds)
    seconds = time.perf_counter() - begun
    across = {"met_across": found.met_across, "most_across": found.most_across, "again": found.again}
    return {"people": people, "rounds": rounds, "tables": tables, **across, "lattice_again": bare.again, "seconds": round(seconds, 2)}


def main() -> dict[str, Any]:
    warm_up()
    rows = [measured(people, rounds) for people in PEOPLE for rounds in ROUNDS]
    print(f"\n{'people':>7} {'rounds':>7} {'tables':>7} {'met across':>11} {'of at most':>11} {'met again':>10} {'lattice':>8} {'s':>6}")
    for row in rows:
        share = f"{row['met_across'] / row['most_across']:.1%}"
        told = f"{row['people']:>7} {row['rounds']:>7} {row['tables']:>7} {row['met_across']:>11} {share:>11}"
        print(f"{told} {row['again']:>10} {row['lattice_again']:>8} {row['seconds']:>6.2f}")
    return {"rows": rows, "machine": machine.facts()}


if __name__ == "__main__":
    main()
