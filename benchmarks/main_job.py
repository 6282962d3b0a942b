"""The main job on real organisations, with real processes: import, run, publish; seconds of each and the largest process.

`python -m benchmarks.main_job`: a fresh SQLite database in a temporary folder, the commands of the README, the embedded server and
worker that `match --wait` starts. Needs ../shared/real-input; says so where it is absent.
"""

import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "real-input"
LIMITS = {"import_s": 90, "run_s": 120, "peak_mb": 1536}
STAGE_SECONDS = """
    select stage, min(started_at), max(finished_at), max(peak_mb), count(*) from matchmaking_shard group by stage order by min(started_at)
"""


def manage(*words: str, folder: Path) -> float:
    """Seconds that `manage.py WORDS` took; its output goes into a file of the folder."""
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3", "VAR_DIR": str(folder), "MODE": "demo"}
    begun = time.monotonic()
    with (folder / f"{words[0]}.log").open("w") as log:
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env, check=True, stdout=log, stderr=subprocess.STDOUT)
    return time.monotonic() - begun


def measured(folder: Path) -> dict[str, Any]:
    """What the run's own rows say: its measures, and for each stage seconds and peak."""
    with sqlite3.connect(folder / "bench.sqlite3") as database:
        shards = database.execute(STAGE_SECONDS).fetchall()
        (found,) = database.execute("select measures from matchmaking_run").fetchone()
        (run_s,) = database.execute(
            "select (julianday(max(published_at)) - julianday(min(created_at))) * 86400 from matchmaking_run"
        ).fetchone()
        seconds = {
            stage: database.execute("select (julianday(?) - julianday(?)) * 86400", (stop, start)).fetchone()[0]
            for stage, start, stop, _, _ in shards
        }
    return {"run_s": run_s, "stages_s": seconds, "shard_peak_mb": max(row[3] for row in shards), "measures": json.loads(found)}


def main() -> dict[str, Any]:
    if not REAL.is_dir():
        print("main job: no ../shared/real-input here, nothing measured")
        return {}
    with tempfile.TemporaryDirectory(prefix="matchmaking-bench-") as name:
        folder = Path(name)
        manage("migrate", folder=folder)
        participants = ["import_participants", str(REAL / "organisations.csv"), "--programme", "real", "--event", "real-event"]
        import_s = manage(*participants, "--consent", "benchmark", folder=folder)
        import_s += manage("import_projects", str(REAL / "projects.jsonl.gz"), "--programme", "real", folder=folder)
        match_s = manage("match", "--event", "real-event", "--wait", folder=folder)
        found = {"import_s": import_s, "match_s": match_s, **measured(folder)}
    children_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    found["peak_mb"] = max(children_mb, found["shard_peak_mb"])
    show(found)
    return found


def show(found: dict[str, Any]) -> None:
    print("\nMain job on real organisations (SQLite, embedded server, worker with two processes)")
    for name, limit in LIMITS.items():
        print(f"  {name:<10} {found[name]:8.1f}   at most {limit}")
    print(f"  {'match_s':<10} {found['match_s']:8.1f}   with starting and stopping the processes")
    for stage, seconds in found["stages_s"].items():
        print(f"    {stage:<12} {seconds:6.1f} s")
    for name in ("people", "pairs", "fewest", "most", "below_floor", "lift"):
        print(f"  {name:<12} {found['measures'].get(name)}")


if __name__ == "__main__":
    main()
