"""`python -m benchmarks.stages`: every stage of the pipeline on the real organisations, in one process.

The functions timed are the ones production calls. Beside them stands ONE single-threaded float32 product of the same pairs
(n x n, 256 columns, contiguous), in the same process and run: the ratio of a stage to it does not depend on the machine. The
candidates of a sample of rows are compared with brute force. Without ../shared/real-input a made-up cohort of the same size is used.
"""

import csv
import gzip
import json
import random
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import machine
from matchmaking.engine import pipeline
from matchmaking.engine.candidates import read_candidates
from matchmaking.engine.gates import gates_of
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import SCALE, Scorer
from matchmaking.engine.records import Cohort, PastProject, Profile
from matchmaking.engine.vocabulary import default_vocabulary

REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "real-input"
SECTORS = ("authority", "education", "business", "creative", "civil society")
COLUMNS = 256
ROWS_AT_ONCE = 1000  # of the reference product: its result is never held as a whole
SAMPLE = 40
PEOPLE, PROJECTS = 5793, 1389


# --- the cohort -------------------------------------------------------------------------------------------------------
def cohort() -> tuple[str, Cohort]:
    """The real organisations with their past projects, else as many made-up ones."""
    return ("real organisations", real_cohort()) if REAL.is_dir() else ("made-up organisations", made_up_cohort())


def real_cohort() -> Cohort:
    with (REAL / "organisations.csv").open(encoding="utf-8", newline="") as file:
        profiles = {row["External ID"]: profile_of(row) for row in csv.DictReader(file)}
    with gzip.open(REAL / "projects.jsonl.gz", "rt", encoding="utf-8") as lines:
        projects = tuple(project_of(json.loads(line)) for line in lines)
    return Cohort(tuple(profiles.values()), projects)


def profile_of(row: dict[str, str]) -> Profile:
    items = {
        name: tuple(item.strip() for item in row[name].split(";") if item.strip()) for name in ("We offer", "We look for", "Interests")
    }
    return Profile(
        row["External ID"], row["Sector"] if row["Sector"] in SECTORS else "other", organisation=row["Organisation"], city=row["City"],
        country=row["Country"], languages=tuple(row["Languages"].replace(";", " ").split()), offers=items["We offer"],
        needs=items["We look for"], interests=items["Interests"], about=row["About"],
    )  # fmt: skip


def project_of(entry: dict[str, Any]) -> PastProject:
    when = date.fromisoformat(f"{entry['when']}-01-01"[:10]) if entry.get("when") else None
    lead, members = str(entry.get("lead") or ""), tuple(map(str, entry["members"]))
    return PastProject(str(entry["id"]), when, lead, members, tuple(entry.get("tags", ())), entry.get("text", ""))


def made_up_cohort() -> Cohort:
    dice = random.Random(7)
    vocabulary = default_vocabulary()
    labels = [vocabulary.label(concept, "en") for concept in vocabulary.concepts]
    some = lambda most: tuple(dice.sample(labels, dice.randint(0, most)))  # noqa: E731
    profiles = tuple(
        Profile(
            f"P{number:05}", dice.choice(SECTORS), organisation=f"Organisation {number}", city=f"City {dice.randrange(800)}",
            country=f"Country {dice.randrange(30)}", languages=("en",), offers=some(4), needs=some(2), interests=some(4),
            about=f"We work on {', '.join(dice.choices(labels, k=12))}.",
        )
        for number in range(PEOPLE)
    )  # fmt: skip
    keys = [profile.key for profile in profiles]
    projects = []
    for number in range(PROJECTS):
        members = tuple(dice.sample(keys, dice.randint(2, 12)))
        text = f"A project on {', '.join(dice.choices(labels, k=30))}."
        projects.append(PastProject(f"K{number:05}", date(2008 + number % 16, 1, 1), members[0], members, some(3), text))
    return Cohort(profiles, tuple(projects))


# --- measuring --------------------------------------------------------------------------------------------------------
def product_seconds(n: int) -> float:
    """One float32 product of n x n pairs with 256 columns on one thread."""
    rows = np.random.default_rng(7).random((n, COLUMNS), dtype=np.float32)
    turned = np.ascontiguousarray(rows.T)
    out = np.empty((min(ROWS_AT_ONCE, n), n), np.float32)
    np.matmul(rows[: len(out)], turned, out=out)  # warm
    start = time.perf_counter()
    for first in range(0, n, ROWS_AT_ONCE):
        block = rows[first : first + ROWS_AT_ONCE]
        np.matmul(block, turned, out=out[: len(block)])
    return time.perf_counter() - start


def vector_mb(space: pipeline.Space) -> float:
    """The size of the vectors of an event."""
    parts = [getattr(space, name) for name in space.__slots__]
    sparse = sum(part.data.nbytes + part.indices.nbytes + part.indptr.nbytes for part in parts if hasattr(part, "indptr"))
    dense = sum(part.nbytes for part in parts if isinstance(part, np.ndarray))
    return (sparse + dense) / machine.MB


def differences(space: pipeline.Space, people: Cohort, parameters: Parameters, lists: list[bytes]) -> int:
    """In how many of a sample of rows the best K found differ from those of brute force over all pairs."""
    found, scorer = read_candidates(lists), Scorer(space, people, people.weights.dialled(parameters.bridge))
    gates, everyone = gates_of(people, parameters), np.arange(space.count)
    wrong = 0
    for row in random.Random(7).sample(range(space.count), min(SAMPLE, space.count)):
        columns = np.flatnonzero(gates.tile(np.array([row]), everyone)[0])
        exact = scorer.scores(np.full(len(columns), row), columns)
        worth = exact >= np.rint(np.log(parameters.threshold) * SCALE)
        mine = found.column[found.row == row]
        listed = scorer.scores(np.full(len(mine), row), mine)
        listed = listed[listed >= np.rint(np.log(parameters.threshold) * SCALE)]
        wrong += not np.array_equal(best(exact[worth], parameters.candidates), best(listed, parameters.candidates))
    return wrong


def best(scores: "np.typing.NDArray[np.int64]", most: int) -> "np.typing.NDArray[np.int64]":
    return np.sort(scores)[::-1][:most]


def main() -> dict[str, Any]:
    with threadpool_limits(limits=1):
        return measured()


def measured() -> dict[str, Any]:
    facts = machine.facts()
    kind, people = cohort()
    parameters, n = Parameters(), len(people.profiles)
    product = [product_seconds(n)]
    stages: dict[str, dict[str, float]] = {}

    def stage(name: str, act: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result, grew = machine.with_growth(act)
        stages[name] = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu, "grew_mb": grew}
        return result

    people = stage("order", lambda: pipeline.order(people))
    stage("fingerprint", lambda: pipeline.fingerprint(people, parameters))
    vectors = stage("vectors", lambda: [pipeline.vectorise_rows(people, 0, n)])
    space = stage("merge", lambda: pipeline.merge_vectors(people, vectors))
    lists = stage("candidates", lambda: [pipeline.candidates_rows(space, people, parameters, 0, n)])
    chosen = stage("allocation", lambda: pipeline.allocate_all(space, people, parameters, lists))
    pairs = pipeline.chosen_count(chosen)
    stage("reasons", lambda: pipeline.reason_rows(space, people, parameters, chosen, 0, pairs))
    measures = stage("measures", lambda: pipeline.measure(people, parameters, chosen, space))
    product.append(product_seconds(n))
    unit = min(product)
    for row in stages.values():
        row["ratio"] = row["seconds"] / unit
        row["cpu_ratio"] = row["cpu_seconds"] / unit
    result = {
        "cohort": kind, "people": n, "projects": len(people.projects), "pairs": pairs, "product_seconds": unit, "stages": stages,
        "total_seconds": sum(row["seconds"] for row in stages.values()), "vectors_mb": vector_mb(space), "peak_mb": machine.peak_mb(),
        "sampled_rows": min(SAMPLE, n), "rows_unlike_brute_force": differences(space, people, parameters, lists),
        "below_floor": measures["below_floor"], "lift": measures["lift"], "machine": facts,
    }  # fmt: skip
    show(result)
    assert result["rows_unlike_brute_force"] == 0, "candidate generation must find what brute force finds"
    return result


def show(result: dict[str, Any]) -> None:
    print(f"\nStages of the pipeline: {result['people']} {result['cohort']}, {result['projects']} projects, {result['pairs']} pairs shown")
    print(f"  {'stage':<12} {'s':>8} {'cpu s':>8} {'x product':>10} {'cpu x':>7} {'grew MB':>9}")
    for name, row in result["stages"].items():
        seconds = f"{row['seconds']:8.2f} {row['cpu_seconds']:8.2f}"
        print(f"  {name:<12} {seconds} {row['ratio']:10.1f} {row['cpu_ratio']:7.1f} {row['grew_mb']:9.0f}")
    print(f"  {'all':<12} {result['total_seconds']:8.2f} {'':8} {result['total_seconds'] / result['product_seconds']:10.1f}")
    product = f"one float32 product of all pairs with {COLUMNS} columns on one thread: {result['product_seconds']:.2f} s"
    print(f"  {product}; load before: {result['machine']['load_before']}")
    print(f"  vectors {result['vectors_mb']:.0f} MB, peak of the process {result['peak_mb']:.0f} MB")
    print(f"  candidates against brute force: {result['rows_unlike_brute_force']} of {result['sampled_rows']} rows differ")


if __name__ == "__main__":
    main()
