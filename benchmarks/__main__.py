"""`python -m benchmarks`: every benchmark there is, each in a process of its own; tables, and one JSON file `var/bench.json`."""

import importlib.util
import json
import sys
from pathlib import Path

from benchmarks import machine

FILE = Path(__file__).resolve().parent.parent / "var" / "bench.json"
NAMES = (
    "stages",
    "speed",
    "suggestions_api",
    "main_job",
    "quality",
    "earlier",
    "teams",
    "team_peer",
    "rerun",
    "rounds",
    "hand_moves",
    "allocation",
    "fairness",
    "learning",
    "late_arrival",
    "pages",
)


def main() -> int:
    there = [name for name in NAMES if importlib.util.find_spec(f"benchmarks.{name}")]
    results = {}
    for name in there:
        print(f"\n=== {name}", flush=True)
        results[name] = machine.measured_apart(name)
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    failed = [name for name, figures in results.items() if "failed" in figures]
    print(f"\nWritten: {FILE}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
