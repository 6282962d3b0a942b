"""`python -m benchmarks.hand_moves`: how long a facilitator's hand move takes on the server, with its scoring and its warnings.

A fresh SQLite database with 500 people in 100 teams, 40 pair scores each and rules of every kind; the real views, middleware and
transactions, called in this process: so the time is the server's, without the network. Each move is tried, made, and the last
ones are taken back; through the API, and on the board's page, which answers with the cards that a move touched. Prints a table.
"""

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

PEOPLE, OF, PARTNERS, MOVES = 500, 5, 40, 100
PROMISED_MS = 100
NAMES = ("trial", "move", "undo", "whole roster", "page: move", "page: undo", "page: board")


def main() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hand-moves-") as folder:
        os.environ |= {
            "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3", "VAR_DIR": folder, "MODE": "demo", "FAST_PASSWORDS": "1",
            "DJANGO_SETTINGS_MODULE": "benchmarks.suggestions_settings", "LOG_LEVEL": "CRITICAL",
        }  # fmt: skip
        import django

        django.setup()
        from config.gunicorn import post_worker_init

        post_worker_init(None)  # as the web server does
        result = {"people": PEOPLE, "teams": PEOPLE // OF, "promised_ms": PROMISED_MS, **measured()}
        print(f"{'with ' + str(PEOPLE) + ' people':<24}{'cpu ms':>12}{'median ms':>12}{'95 % ms':>12}{'most ms':>12}")
        for name in NAMES:
            print(f"{name:<24}" + "".join(f"{result[name][part]:>12}" for part in ("cpu", "median", "p95", "most")))
        return result


def measured() -> dict[str, Any]:
    from tests.api.world import client_of
    from tests.web.visits import PART, visitor

    user, roster, home = make_rows()
    client, dice = client_of(user), random.Random(3)
    times = {name: list[tuple[float, float]]() for name in NAMES}
    path, board, browser = f"/api/v1/rosters/{roster}", f"/facilitate/rosters/{roster}", visitor(user)

    def timed(name: str, act: Callable[[], Any]) -> None:
        begun, busy = time.perf_counter(), time.process_time()
        answer = act()
        times[name].append((1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - busy)))
        assert answer.status_code == 200, answer.content

    for number in range(MOVES + 3):
        person, team = dice.choice(list(home)), dice.randint(1, PEOPLE // OF)
        move = {"participant": person, "seen": home[person], "team": team}
        timed("trial", lambda move=move: client.post(f"{path}/moves/", {**move, "trial": True}))
        timed("move", lambda move=move: client.post(f"{path}/moves/", move))
        home[person] = team
        if number % 5 == 0:
            timed("whole roster", lambda: client.get(f"{path}/"))
    for _ in range(20):
        timed("undo", lambda: client.post(f"{path}/undo/", {}))
    home, version = seats_of(roster)
    for number in range(MOVES + 3):
        person, team = dice.choice(list(home)), dice.randint(1, PEOPLE // OF)
        said = {"participant": person, "seen": home[person], "to": team, "version": version}
        timed("page: move", lambda said=said: browser.post(f"{board}/move/", said, headers=PART))
        version += home[person] != team
        home[person] = team
        if number % 5 == 0:
            timed("page: board", lambda: browser.get(f"{board}/"))
    for back in range(20):
        timed("page: undo", lambda back=back: browser.post(f"{board}/undo/", {"version": version + back}, headers=PART))
    return {name: figures(found[3:] if len(found) > 3 else found) for name, found in times.items()}


def seats_of(roster: int) -> tuple[dict[int, int], int]:
    """Where everybody sits, and the version of the roster."""
    from matchmaking.models import Roster, Seat

    seats = Seat.objects.filter(roster=roster).values_list("participant_id", "team__number")
    return dict(seats), Roster.objects.get(pk=roster).version


def figures(found: list[tuple[float, float]]) -> dict[str, float]:
    """Of times in milliseconds, elapsed and on the processor; the second is the same on a busy machine."""
    ordered = sorted(elapsed for elapsed, _ in found)
    return {
        "cpu": round(statistics.mean(busy for _, busy in found), 1),
        "median": round(statistics.median(ordered), 1),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 1),
        "most": round(ordered[-1], 1),
    }


def make_rows() -> tuple[Any, int, dict[int, int]]:
    """A facilitator, a draft, and where everybody sits."""
    from django.core.management import call_command

    from matchmaking.models import Participant, TeamFit, TeamRules
    from tests.factories import make_role, make_roster, make_user
    from tests.runs import make_cohort, make_programme

    call_command("migrate", verbosity=0)
    dice, user = random.Random(7), make_user()
    event = make_cohort(make_programme(), "hack", PEOPLE)
    make_role(user, event.programme, "facilitator", event)
    people = list(Participant.objects.filter(programme=event.programme).order_by("external_id").values_list("pk", flat=True))
    roster = make_roster(event, *[Participant.objects.filter(pk__in=people[at : at + OF]) for at in range(0, PEOPLE, OF)])
    TeamRules.objects.filter(pk=roster.rules_id).update(rules=rules(people, dice))
    pairs = {tuple(sorted((one, other))) for one in people for other in dice.sample(people, PARTNERS // 2) if one != other}
    rows = [TeamFit(basis=roster.basis, a_id=a, b_id=b, points=dice.randint(1, 60)) for a, b in sorted(pairs)]
    TeamFit.objects.bulk_create(rows, batch_size=500)
    return user, roster.pk, {person: number // OF + 1 for number, person in enumerate(people)}


def rules(people: list[int], dice: random.Random) -> list[dict[str, Any]]:
    """Some of every kind, and a hundred about people by name; `balance` counts over the whole event, which is the dearest."""
    named = [{"kind": kind, "people": dice.sample(people, 2)} for kind in ("together", "apart") for _ in range(45)]
    named += [{"kind": "pin", "people": [person], "team": dice.randint(1, PEOPLE // OF)} for person in dice.sample(people, 10)]
    return [
        {"kind": "team_size", "least": 4, "most": 6},
        {"kind": "teams", "number": PEOPLE // OF},
        {"kind": "common_language"},
        {"kind": "has", "skill": "graphic-design"},
        {"kind": "count", "property": "sector:business", "least": 0, "most": 2},
        {"kind": "balance", "property": "sector:creative"},
        {"kind": "wish_skills", "skills": ["fundraising", "web-development"], "points": 50},
        {"kind": "wish_sectors", "most": 3, "points": 60},
        {"kind": "wish_fit", "weight": 1},
        *named,
    ]


if __name__ == "__main__":
    main()
