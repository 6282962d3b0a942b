"""`python -m benchmarks.earlier`: the engine on problems nobody chose it by: the past of the cases, cut at an earlier day.

Two thirds of a case's past projects are what is known; who worked together in the rest is asked, and read from the case's past alone, never
from a query's truth. Three questions for each case: which people of another sector somebody will work with, which of them among
those never met (`new`), and who joins the lead of a project (`idea`). Same engine, same weights, same peers as `benchmarks.quality`.
"""

import gzip
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.figures import overall
from benchmarks.peers import NAMES, Peers
from benchmarks.quality import ROOT, Judge, Kept, told
from matchmaking.management.cases import Case, read_rows

FILE = ROOT / "var" / "earlier.json"
CASES = ("ecsel-pairs", "h2020-new-pairs", "keep-idea")
KNOWN = 2 / 3  # of the projects
MOST = 300  # queries of one question
LEAST = 20  # fewer tell nothing
COLUMNS = ("ours", *NAMES)
Row = Mapping[str, Any]


def main() -> dict[str, Any]:
    folder = Path(os.environ.get("CASES_DIR", ROOT.parent / "shared" / "cases"))
    found: dict[str, Any] = {}
    memory = Kept()
    print("Earlier: NDCG@10 on the cases' own past, cut at an earlier day")
    print(f"{_row('question', 'asked', COLUMNS)}   ours - blend, 95 % interval")
    for name in CASES:
        if (folder / name / "projects.jsonl.gz").exists():
            found |= measured(folder / name, memory)
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def measured(path: Path, memory: Kept) -> dict[str, Any]:
    """The figures of a case's earlier problems, ours and the peers'."""
    projects = sorted(read_rows(path / "projects.jsonl.gz"), key=lambda row: (row["when"], row["id"]))
    day = projects[round(len(projects) * KNOWN)]["when"]
    known, later = ([row for row in projects if (row["when"] < day) == past] for past in (True, False))
    there = {member for row in known for member in members(row)}
    people = [row for row in read_rows(path / "profiles.jsonl.gz") if row["id"] in there]
    found = {}
    for question, queries in questions(people, known, later).items():
        if len(queries) >= LEAST:
            some = [queries[i] for i in sorted(np.random.default_rng(0).permutation(len(queries))[:MOST])]
            found[f"{path.name}, {question}"] = _figures(f"{path.name}, {question}", (people, known, some), memory)
    return found


def questions(people: Sequence[Row], known: Sequence[Row], later: Sequence[Row]) -> dict[str, list[Row]]:
    """The queries of each question with their truth."""
    sector = {row["id"]: row["sector"] for row in people}
    before, after = partners(known, sector), partners(later, sector)
    found: dict[str, list[Row]] = {"pairs": [], "new": [], "idea": []}
    for person in sorted(after):
        for question, met in (("pairs", {person}), ("new", before[person])):
            truth = sorted(other for other in after[person] - met if sector[other] != sector[person])
            asked = {"id": person, "kind": "participant", "participant": person, "other_sector": True, "exclude": sorted(met)}
            found[question] += [{**asked, "truth": truth}] if truth else []
    for row in later:
        lead = row.get("lead")
        truth = sorted((members(row) & sector.keys()) - {lead})
        if truth and lead in sector:
            pool = sorted(sector.keys() - {lead})
            asked = {"id": row["id"], "kind": "idea", "lead": lead, "tags": row["tags"], "text": row["text"], "pool": pool}
            found["idea"].append({**asked, "truth": truth})
    return found


def partners(projects: Sequence[Row], people: Iterable[str]) -> dict[str, set[str]]:
    """Whom each of the people worked with, themselves among them."""
    found: dict[str, set[str]] = {person: {person} for person in people}
    for row in projects:
        inside = members(row) & found.keys()
        for person in inside:
            found[person] |= inside
    return found


def members(row: Row) -> set[str]:
    """The members of a project, its lead among them."""
    return {*row["members"], row.get("lead") or ""} - {""}


def _figures(name: str, rows: tuple[Sequence[Row], Sequence[Row], Sequence[Row]], memory: Kept) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        for file, content in zip(("profiles", "projects", "queries"), rows, strict=True):
            with gzip.open(Path(folder) / f"{file}.jsonl.gz", "wt", encoding="utf-8") as lines:
                lines.writelines(json.dumps(row) + "\n" for row in content)
        case, judge = Case(Path(folder), memory), Judge(name, rows[2])
    judged = {method: judge.rows(some) for method, some in {"ours": case.answers(), **Peers(case).answers()}.items()}
    figures, against = {method: overall(some) for method, some in judged.items()}, judge.compared(judged["ours"], judged["blend"])
    print(f"{_row(name, len(rows[2]), [f'{figures[method]:.3f}' for method in COLUMNS])}   {told(against)}", flush=True)
    return {"queries": len(rows[2]), "figures": figures, "against blend": against}


def _row(name: str, asked: object, cells: Sequence[str]) -> str:
    return f"  {name:<24} {asked:>6} " + " ".join(f"{cell:>10}" for cell in cells)


if __name__ == "__main__":
    main()
