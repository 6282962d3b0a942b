"""`python -m benchmarks.rerun`: how long it takes to form the rest of a roster anew around locked teams and pins, at 500 people.

A fresh SQLite database; every stage of the run as a worker computes it, in this process, one after the other. A second worker takes
the alternatives side by side; asking over HTTP and the messages between stages add some tenths of a second. Prints seconds by stage.
"""

import os
import tempfile
import time
from collections import Counter
from typing import Any

PEOPLE, LOCKED_OF_10, PINNED = 500, 5, 20
PROMISED_S = 10


def main() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="rerun-") as folder:
        os.environ |= {
            "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3", "VAR_DIR": folder, "MODE": "demo", "FAST_PASSWORDS": "1",
            "DJANGO_SETTINGS_MODULE": "benchmarks.suggestions_settings", "LOG_LEVEL": "CRITICAL",
        }  # fmt: skip
        import django

        django.setup()
        result = {"people": PEOPLE, "promised_s": PROMISED_S, **measured()}
        print(f"{'formed anew':<16}{'elapsed s':>12}{'cpu s':>12}")
        for name, (elapsed, busy) in result["stages"].items():
            print(f"{name:<16}{elapsed:>12}{busy:>12}")
        print(f"{'in sum':<16}{result['elapsed']:>12}{result['cpu']:>12}   {result['kept']}")
        return result


def measured() -> dict[str, Any]:
    from django.core.management import call_command

    from matchmaking.engine.teams import door
    from matchmaking.models import Roster, Seat, Team
    from matchmaking.services import team_rules, team_runs
    from tests.factories import make_user
    from tests.runs import compute_all, make_cohort, make_programme

    call_command("migrate", verbosity=0)
    door.warm_up()
    user, event = make_user(), make_cohort(make_programme(), "hack", PEOPLE)
    wished = [{"kind": "team_size", "least": 4, "most": 6}, {"kind": "common_language"}, {"kind": "wish_sectors", "most": 3, "points": 60}]
    first = team_rules.now_or_first(event, by=user)
    team_rules.save(event=event, rules=[*wished, {"kind": "wish_fit", "weight": 1}], version=first.version, by=user)
    compute_all(team_runs.form(event=event, by=user, alternatives=1)[0])
    base = Roster.objects.get()
    Team.objects.filter(roster=base, number__in=[number for number in range(1, 200) if number % 10 < LOCKED_OF_10]).update(locked=True)
    free = list(Seat.objects.filter(roster=base, team__locked=False).select_related("team").order_by("pk")[:PINNED])
    for seat in free:
        Seat.objects.filter(pk=seat.pk).update(pinned=seat.team.number)
    run, _ = team_runs.form(event=event, by=user, base=base)
    stages, whole = by_stage(run), Counter[str]()
    for elapsed, busy in stages.values():
        whole.update(elapsed=elapsed, cpu=busy)
    run.refresh_from_db()
    assert run.state == "done", run.failure
    locked = Team.objects.filter(roster=base, locked=True).count()
    kept = f"{locked} teams locked, {PINNED} people pinned; {run.measures['alternatives']} rosters"
    return {"stages": stages, "elapsed": round(whole["elapsed"], 1), "cpu": round(whole["cpu"], 1), "kept": kept}


def by_stage(run: Any) -> dict[str, tuple[float, float]]:
    """Seconds of each stage, elapsed and on the processor."""
    from matchmaking.compute import shards
    from matchmaking.models import Shard

    found: dict[str, tuple[float, float]] = {}
    while (shard := Shard.objects.filter(run=run, state="waiting").order_by("pk").first()) is not None:
        begun, busy = time.perf_counter(), time.process_time()
        shards.run(shard_id=shard.pk)
        before = found.get(shard.stage, (0.0, 0.0))
        found[shard.stage] = (round(before[0] + time.perf_counter() - begun, 2), round(before[1] + time.process_time() - busy, 2))
    return found


if __name__ == "__main__":
    main()
