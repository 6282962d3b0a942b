"""`python -m benchmarks.big_run [PEOPLE]`: a whole run of a made-up event with real processes; seconds, peak of each process, progress.

A fresh SQLite database in a temporary folder, the embedded server, one worker with two processes as `match --wait` starts them. The
rows are written straight to the tables: what is measured begins with the request for a run and ends with its publication. 100,000 people by
default; limits stand beside the figures.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from benchmarks import machine
from benchmarks.main_job import ROOT, manage

PEOPLE = 100_000
LIMITS = {"run_s": 20 * 60, "peak_mb": 3 * 1024}
SAMPLE_S = 2.0
ROWS_AT_ONCE = 5000
STAGES = """
    select stage, (julianday(max(finished_at)) - julianday(min(started_at))) * 86400, count(*), max(peak_mb), max(attempts)
    from matchmaking_shard group by stage order by min(started_at)
"""
ACTIVE = "select state, stage from matchmaking_run"
SHARDS = "select count(*), sum(state = 'done') from matchmaking_shard where stage = ?"


def main(people: int = PEOPLE) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="matchmaking-bench-") as name:
        folder = Path(name)
        manage("migrate", folder=folder)
        _fill(folder, people)
        found = _run(folder, people)
    show(found)
    return found


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3", "VAR_DIR": str(folder), "MODE": "demo"}


def _fill(folder: Path, people: int) -> None:
    """Write the event's rows, in a process of their own."""
    words = [sys.executable, "-m", "benchmarks.big_run", "--fill", str(people)]
    subprocess.run(words, cwd=ROOT, env=_environment(folder), check=True)


def _run(folder: Path, people: int) -> dict[str, Any]:
    """Ask for the run and follow it from outside: the processes' sizes, and what is done when."""
    facts = machine.facts()
    begun, peaks, seen = time.monotonic(), dict[str, float](), list[dict[str, Any]]()
    with (folder / "match.log").open("w") as log:
        words = [sys.executable, "manage.py", "match", "--event", "crowd", "--wait"]
        process = subprocess.Popen(words, cwd=ROOT, env=_environment(folder), stdout=log, stderr=subprocess.STDOUT)
        while process.poll() is None:
            _look(psutil.Process(process.pid), peaks)
            _note(folder, seen, time.monotonic() - begun)
            time.sleep(SAMPLE_S)
    if process.returncode:
        raise RuntimeError((folder / "match.log").read_text(encoding="utf-8")[-2000:])
    with sqlite3.connect(folder / "bench.sqlite3") as database:
        stages = database.execute(STAGES).fetchall()
        (run_s,) = database.execute("select (julianday(published_at) - julianday(created_at)) * 86400 from matchmaking_run").fetchone()
        (pairs,) = database.execute("select count(*) from matchmaking_suggestion").fetchone()
    return {
        "people": people, "pairs": pairs, "run_s": run_s, "peak_mb": max(peaks.values()), "peaks_mb": peaks, "progress": seen,
        "stages": [dict(zip(("stage", "seconds", "shards", "peak_mb", "attempts"), row, strict=True)) for row in stages], "machine": facts,
    }  # fmt: skip


def _look(process: psutil.Process, peaks: dict[str, float]) -> None:
    """The largest resident size of each process seen so far, by its number and what it is."""
    try:
        for one in [process, *process.children(recursive=True)]:
            name = f"{one.pid} {' '.join(one.cmdline()[1:5])[:60]}"
            peaks[name] = max(peaks.get(name, 0.0), one.memory_info().rss / machine.MB)
    except psutil.NoSuchProcess:
        return  # it ended between two looks


def _note(folder: Path, seen: list[dict[str, Any]], second: float) -> None:
    """Add a line where something was done since the last look."""
    with sqlite3.connect(f"file:{folder / 'bench.sqlite3'}?mode=ro", uri=True) as database:
        row = database.execute(ACTIVE).fetchone()
        done = database.execute(SHARDS, (row[1],)).fetchone() if row else (0, 0)
    now = {"state": row[0], "stage": row[1], "done": done[1] or 0, "of": done[0]} if row else {}
    if now and (not seen or {name: seen[-1][name] for name in now} != now):
        seen.append({"second": round(second), **now})


def fill(people: int) -> None:
    """The rows of an event `crowd`: organisations, participants with their profiles and consent, past projects."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from benchmarks.crowd import crowd
    from matchmaking import models

    cohort = crowd(people)
    programme = models.Programme.objects.create(slug="crowd", name="Crowd")
    event = models.Event.objects.create(programme=programme, slug="crowd", name="Crowd")
    names = sorted({profile.organisation for profile in cohort.profiles})
    _write(models.Organisation, (models.Organisation(programme=programme, name=name, key=name.casefold()) for name in names))
    organisations = dict(models.Organisation.objects.values_list("name", "pk"))
    people_rows = (
        models.Participant(
            programme=programme, key=f"x:{profile.key}", external_id=profile.key, name=profile.key,
            organisation_id=organisations[profile.organisation],
        )
        for profile in cohort.profiles
    )  # fmt: skip
    _write(models.Participant, people_rows)
    ids = dict(models.Participant.objects.values_list("external_id", "pk"))
    fields = ("sector", "city", "country", "languages", "offers", "needs", "interests", "about")
    told = (
        models.Profile(participant_id=ids[profile.key], **{name: _plain(getattr(profile, name)) for name in fields})
        for profile in cohort.profiles
    )
    _write(models.Profile, told)
    approved = models.Registration.State.APPROVED
    _write(
        models.Registration,
        (models.Registration(event=event, participant_id=ids[one.key], state=approved, slots=list(one.slots)) for one in cohort.profiles),
    )
    agreed = models.Consent.Purpose.SUGGESTIONS
    _write(models.Consent, (models.Consent(participant_id=pk, purpose=agreed, source="benchmark") for pk in ids.values()))
    _write(
        models.Project,
        (
            models.Project(programme=programme, external_id=one.key, held_on=one.when, tags=list(one.tags), text=one.text)
            for one in cohort.projects
        ),
    )
    projects = dict(models.Project.objects.values_list("external_id", "pk"))
    members = (
        models.Membership(project_id=projects[one.key], participant_id=ids[member], external_id=member, lead=member == one.lead)
        for one in cohort.projects
        for member in one.members
    )
    _write(models.Membership, members)


def _write(model: Any, rows: Any) -> None:
    left = iter(rows)
    while some := list(islice(left, ROWS_AT_ONCE)):
        model.objects.bulk_create(some)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def show(found: dict[str, Any]) -> None:
    print(f"\nWhole run: {found['people']} made-up people, {found['pairs']} suggestions (SQLite, embedded server, two worker processes)")
    for name, limit in LIMITS.items():
        print(f"  {name:<10} {found[name]:8.0f}   at most {limit}")
    print(f"  load before: {found['machine']['load_before']} on {found['machine']['cpus']} processors")
    for row in found["stages"]:
        told = f"{row['seconds']:7.0f} s, {row['shards']:3} shards, peak {row['peak_mb']:5} MB, attempts {row['attempts']}"
        print(f"    {row['stage']:<12} {told}")
    for name, peak in sorted(found["peaks_mb"].items(), key=lambda entry: -entry[1])[:6]:
        print(f"    {peak:7.0f} MB  {name}")
    told = [f"{row['second']} s {row['stage'] or row['state']} {row['done']}/{row['of']}" for row in found["progress"]]
    print("  progress: " + "; ".join(told))
    gaps = [after["second"] - before["second"] for before, after in zip(found["progress"], found["progress"][1:], strict=False)]
    print(f"  {len(told)} steps; the longest time without one: {max(gaps, default=0)} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--fill"]:
        fill(int(sys.argv[2]))
    else:
        main(*map(int, sys.argv[1:2]))
