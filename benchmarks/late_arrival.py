"""`python -m benchmarks.late_arrival [FOLDER]`: how soon somebody who comes late to an event of 5,000 people sees a suggestion.

Real organisations with their past projects, or made-up ones where ../shared/real-input is absent; a fresh SQLite database (kept in
FOLDER and used again, where one is given), the processes of the Procfile. One by one, people who joined are let in by an organiser over
HTTP; the clock runs from sending that request until their own list, asked for over HTTP, holds a suggestion.
"""

import csv
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.suggestions_api import wait_for

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "real-input"
PEOPLE, LATE = 5000, 40
LIMIT_S = 5.0  # for 95 of 100
PATIENCE_S = 30.0  # then they are counted as left without a suggestion
EVERY_S = 0.05
PROCESSES = (["embedded_redis"], ["worker", "runs", "imports"], ["worker", "interactive", "mail"], ["beat"])
LISTS = {"offers": "We offer", "needs": "We look for", "interests": "Interests"}


def main() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="late-arrival-") as name:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(name)
        folder.mkdir(exist_ok=True)
        os.environ |= {
            "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3", "VAR_DIR": str(folder), "MODE": "demo", "FAST_PASSWORDS": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR",
        }  # fmt: skip
        rows = people()
        if not (folder / "bench.sqlite3").exists():
            prepare(folder, rows[:PEOPLE])
        found = {"people": PEOPLE, "data": "real organisations" if REAL.is_dir() else "made-up organisations", **machine.facts()}
        found |= measured(folder, rows[PEOPLE : PEOPLE + LATE])
    show(found)
    return found


# --- people -----------------------------------------------------------------------------------------------------------
def people() -> list[dict[str, str]]:
    """As rows of a registration spreadsheet, always the same, in an order that says nothing."""
    if REAL.is_dir():
        with (REAL / "organisations.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    else:
        rows = made_up()
    random.Random(7).shuffle(rows)
    return rows


def made_up() -> list[dict[str, str]]:
    from benchmarks.stages import made_up_cohort

    return [
        {
            "External ID": profile.key, "Organisation": profile.organisation, "Name": profile.organisation, "Sector": profile.sector,
            "City": profile.city, "Country": profile.country, "Languages": "en", "We offer": "; ".join(profile.offers),
            "We look for": "; ".join(profile.needs), "Interests": "; ".join(profile.interests), "About": profile.about,
        }
        for profile in made_up_cohort().profiles
    ]  # fmt: skip


def prepare(folder: Path, rows: list[dict[str, str]]) -> None:
    """The event with everybody in it, and a run that is published."""
    file = folder / "people.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    manage("migrate", folder=folder)
    manage("import_participants", str(file), "--programme", "late", "--event", "late-event", "--consent", "benchmark", folder=folder)
    if REAL.is_dir():
        manage("import_projects", str(REAL / "projects.jsonl.gz"), "--programme", "late", folder=folder)
    manage("match", "--event", "late-event", "--wait", folder=folder)


def manage(*words: str, folder: Path) -> None:
    with (folder / f"{words[0]}.log").open("w") as log:
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, check=True, stdout=log, stderr=subprocess.STDOUT)


def told(row: dict[str, str], sectors: set[str]) -> dict[str, Any]:
    """What such a person tells when joining."""
    lists = {name: [item.strip()[:120] for item in row[column].split(";") if item.strip()][:30] for name, column in LISTS.items()}
    sector = row["Sector"] if row["Sector"] in sectors else "other"
    place = {"city": row["City"][:120], "country": row["Country"][:60], "about": row["About"][:5000]}
    languages = row["Languages"].replace(";", " ").split()
    return {
        "name": row["Organisation"][:200],
        "organisation": row["Organisation"][:200],
        "sector": sector,
        "languages": languages,
        **place,
        **lists,
    }


# --- measuring --------------------------------------------------------------------------------------------------------
def measured(folder: Path, rows: list[dict[str, str]]) -> dict[str, Any]:
    import django

    django.setup()
    from knox.models import AuthToken

    from matchmaking.models import Event, Role, User
    from matchmaking.services import joining

    event = Event.objects.select_related("programme").get(slug="late-event")
    number = User.objects.count()
    organiser = User.objects.create_user(f"organiser{number}@example.org", "a long enough password")
    Role.objects.create(user=organiser, programme=event.programme, name=Role.Name.ORGANISER)
    theirs = AuthToken.objects.create(user=organiser)[1]
    sectors = {sector["key"] for sector in event.programme.sectors}
    waits, counts = list[float](), list[int]()
    with running(folder) as port:
        for place, row in enumerate(rows):
            user = User.objects.create_user(f"late{number}-{place}@example.org", "a long enough password")
            registration = joining.join(event=event, user=user, data=told(row, sectors), ticked=["suggestions"])
            mine = AuthToken.objects.create(user=user)[1]
            begun = time.monotonic()
            asked(port, theirs, "POST", f"/registrations/{registration.pk}/approve/")
            while not (listed := asked(port, mine, "GET", "/suggestions/")["results"]) and time.monotonic() - begun < PATIENCE_S:
                time.sleep(EVERY_S)
            counts.append(len(listed))
            if listed:
                waits.append(time.monotonic() - begun)
    return figures(waits, counts)


def figures(waits: list[float], counts: list[int]) -> dict[str, Any]:
    ordered = sorted(waits)
    at = {name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in (("p50_s", 0.5), ("p95_s", 0.95))}
    return {"late": len(counts), "without": counts.count(0), **at, "max_s": ordered[-1], "listed": statistics.mean(counts)}


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """The processes of the Procfile; the port of the web server."""
    from tests.system.servers import free_port

    port = free_port()
    commands = [[sys.executable, "manage.py", *words] for words in PROCESSES]
    commands.append([sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi"])
    with (folder / "processes.log").open("w") as log:
        env = {**os.environ, "PORT": str(port)}
        processes = [subprocess.Popen(words, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT) for words in commands]
        try:
            wait_for(port)
            time.sleep(20)  # the worker has loaded the engine, and what waited before is done
            yield port
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                process.wait(30)


def asked(port: int, token: str, method: str, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    connection.request(method, f"/api/v1{path}", body=b"{}" if method == "POST" else None, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, (path, answer.status, body[:300])
    return json.loads(body)


def show(found: dict[str, Any]) -> None:
    print(f"\nLate arrivals at an event of {found['people']} people ({found['data']}), from the organiser's yes to the first suggestion")
    print(f"  p50 {found['p50_s']:.2f} s   p95 {found['p95_s']:.2f} s (at most {LIMIT_S:.0f})   max {found['max_s']:.2f} s")
    print(f"  {found['cpus']} processors; load before {found['load_before']}")
    print(f"  {found['late']} came, {found['without']} found nobody with room, {found['listed']:.1f} suggestions each on their first page")


if __name__ == "__main__":
    main()
