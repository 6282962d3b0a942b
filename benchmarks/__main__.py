"""`python -m benchmarks`: every benchmark there is, each in a process of its own; tables, and one JSON file `var/bench.json`."""

import importlib
import importlib.util
import json
import multiprocessing
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent.parent / "var" / "bench.json"
NAMES = ("stages", "suggestions_api", "main_job")


def run(name: str, answer: Connection) -> None:
    """One benchmark; its figures, or the error, go into `answer`."""
    try:
        figures: dict[str, Any] = importlib.import_module(f"benchmarks.{name}").main() or {}
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        figures = {"failed": f"{type(error).__name__}: {error}"}
    answer.send(figures)


def measured(name: str) -> dict[str, Any]:
    """The figures of one benchmark; a process that dies says so."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=run, args=(name, theirs))
    process.start()
    theirs.close()
    try:
        figures: dict[str, Any] = mine.recv()
    except EOFError:
        figures = {"failed": "the process ended without an answer"}
    process.join()
    return figures


def main() -> int:
    there = [name for name in NAMES if importlib.util.find_spec(f"benchmarks.{name}")]
    results = {}
    for name in there:
        print(f"\n=== {name}", flush=True)
        results[name] = measured(name)
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    failed = [name for name, figures in results.items() if "failed" in figures]
    print(f"\nWritten: {FILE}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
