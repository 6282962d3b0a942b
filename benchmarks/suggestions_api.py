"""`python -m benchmarks.suggestions_api`: how fast "my suggestions" is, against plain nested ModelSerializers.

A fresh SQLite database with 150 people and ten suggestions each; gunicorn with the real settings; signed in by token;
connections are kept alive. Both lists give the same JSON (compared before anything is timed). Prints a table and one JSON line.
"""

import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PEOPLE, EACH = 150, 10
CONNECTIONS = 16
SECONDS, BLOCKS = 3.0, 4
OURS, PLAIN = "/api/v1/suggestions/", "/bench/plain/"


def main() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="suggestions-") as folder:
        os.environ |= {
            "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3", "VAR_DIR": folder, "MODE": "demo", "FAST_PASSWORDS": "1",
            "DJANGO_SETTINGS_MODULE": "benchmarks.suggestions_settings", "LOG_LEVEL": "ERROR",
        }  # fmt: skip
        import django

        django.setup()
        tokens = make_rows()
        result = {"people": PEOPLE, "suggestions_each": EACH, "serialising": serialising()}
        result["end_to_end"] = end_to_end(tokens)
        print_table(result)
        return result


# --- rows -------------------------------------------------------------------------------------------------------------
def make_rows() -> list[str]:
    """150 people in a ring, each with the ten nearest; the tokens of all of them."""
    from django.core.management import call_command
    from django.db import transaction
    from django.utils import timezone
    from knox.models import AuthToken

    from matchmaking.engine.vocabulary import default_vocabulary
    from matchmaking.models import Pair, Participant
    from tests.factories import (
        make_event,
        make_organisation,
        make_participant,
        make_programme,
        make_published_run,
        make_suggestion,
        make_user,
    )

    call_command("migrate", verbosity=0)
    dice = random.Random(7)
    concepts = list(default_vocabulary().concepts)
    sectors = ["authority", "education", "business", "creative", "civil society"]
    with transaction.atomic():
        programme = make_programme()
        event = make_event(programme, names={"ru": "Разговор о городе"}, cap=20)
        people: list[Participant] = []
        for number in range(PEOPLE):
            picked = dice.sample(concepts, 9)
            labels = [default_vocabulary().label(concept, "en") for concept in picked]
            people.append(
                make_participant(
                    programme, event=event, user=make_user(language=["be", "ru", "en", "de"][number % 4]), name=f"Person Number {number}",
                    organisation=make_organisation(programme), sector=sectors[number % 5], city="Minsk", languages=["be", "ru", "en"],
                    offers=labels[:3], needs=labels[3:6], interests=labels[6:], industries=labels[:2],
                    about="We run a small house of culture and look for partners who like to try things out. " * 3,
                )
            )  # fmt: skip
        run = make_published_run(event)
        for number in range(PEOPLE):
            for step in range(1, EACH // 2 + 1):
                one, other = people[number], people[(number + step) % PEOPLE]
                make_suggestion(run, one, other, terms_ab=terms(dice, concepts), terms_ba=terms(dice, concepts), rank_a=1, rank_b=1)
        Pair.objects.update(expires_at=timezone.now() + timezone.timedelta(days=3))
    return [AuthToken.objects.create(user=person.user)[1] for person in people]


def terms(dice: random.Random, concepts: list[str]) -> list[list[Any]]:
    """A direction as the engine stores it: all parts, with evidence."""
    need, offer, interest = dice.sample(concepts, 3)
    return [
        ["constant", -2.1, []],
        ["need", dice.random(), [f"{typed(dice, need)}>{typed(dice, need)}", f"{typed(dice, interest)}>{typed(dice, offer)}"]],
        ["offer", dice.random(), [f"{typed(dice, offer)}>{typed(dice, offer)}"]],
        ["interest", dice.random() / 2, [typed(dice, interest)]], ["bridge", 0.4, ["education>creative"]], ["place", 0.2, ["city:Minsk"]],
        ["text", 0.1, ["museum", "festival"]], ["language", 0.1, ["common:be,en"]], ["time", 0.05, ["slots:3"]],
        ["network", 0.15, ["partners:3"]], ["activity", 0.03, ["projects:4"]], ["habits", 0.01, []], ["repeat", 0.0, []],
    ]  # fmt: skip


def typed(dice: random.Random, concept: str) -> str:
    """A term as people leave it: picked, typed as one of the concept's names in any language, in words around one, or in their own."""
    from matchmaking.engine.vocabulary import default_vocabulary

    names = [name for language in default_vocabulary().concepts[concept].labels.values() for name in language]
    chance, name = dice.random(), dice.choice(names)
    if chance < 0.25:
        return concept
    if chance < 0.75:
        return f"{concept}={name.capitalize()}"
    return f"{concept}=something about {name}" if chance < 0.9 else "=my own words"


# --- serialising alone ------------------------------------------------------------------------------------------------
def serialising() -> dict[str, float]:
    """From rows in memory to bytes, per list of five, in milliseconds; with the sentences, and without them on both sides."""
    from api.rendering import to_json
    from benchmarks.suggestions_plain import SuggestionPlain, context_of, rows_of
    from matchmaking import access
    from matchmaking.models import User
    from matchmaking.selectors import suggestions as selector

    user = User.objects.order_by("created_at").first()
    rows = rows_of(user)
    standings = {row.id: row for row in access.SUGGESTIONS.standings(user)}
    ids = [row.pk for row in rows]
    raw = {row[0]: row for row in access.SUGGESTIONS._details.rows(user.pk, *ids, *[0] * (10 - len(ids)))}
    context = context_of(user, rows)

    def plain(**more: Any) -> bytes:
        return to_json(SuggestionPlain(rows, many=True, context={**context, **more}).data)

    def ours() -> bytes:
        return to_json([selector._told(standings[number], raw[number], user.language) for number in ids])

    for one, other in zip(json.loads(plain()), json.loads(ours()), strict=True):
        assert one == other, f"both sides must say the same:\n{one}\n{other}"
    real_why, nothing = selector.why, {"for_you": [], "for_them": [], "does_not_fit": []}
    result = dict(zip(("ours_ms", "plain_ms"), in_turn(ours, plain), strict=True))
    selector.why = lambda *_: nothing
    try:
        bare = in_turn(ours, lambda: plain(without_reasons=True))
    finally:
        selector.why = real_why
    result |= dict(zip(("ours_without_reasons_ms", "plain_without_reasons_ms"), bare, strict=True))
    result["ratio"] = result["plain_ms"] / result["ours_ms"]
    result["ratio_without_reasons"] = result["plain_without_reasons_ms"] / result["ours_without_reasons_ms"]
    return result


def in_turn(*acts: Callable[[], Any], times: int = 400) -> list[float]:
    """The median time of each, in milliseconds; they take turns, so that what else the machine does falls on all alike."""
    spent: list[list[float]] = [[] for _ in acts]
    for _ in range(times):
        for act, found in zip(acts, spent, strict=True):
            start = time.perf_counter()
            act()
            found.append(time.perf_counter() - start)
    return [statistics.median(found) * 1000 for found in spent]


# --- end to end -------------------------------------------------------------------------------------------------------
def end_to_end(tokens: list[str]) -> dict[str, Any]:
    """Requests per second and times of an answer on one connection and on sixteen; blocks of the two lists take turns."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**os.environ, "PORT": str(port)}
    redis = subprocess.Popen([sys.executable, "manage.py", "embedded_redis"], cwd=ROOT, env=env)
    words = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "--keep-alive", "60", "config.wsgi"]
    server = subprocess.Popen(words, cwd=ROOT, env=env)
    try:
        wait_for(port)
        check_same(port, tokens)
        measured: dict[str, Any] = {}
        for connections in (1, CONNECTIONS):
            times: dict[str, list[float]] = {OURS: [], PLAIN: []}
            wall: dict[str, float] = {OURS: 0.0, PLAIN: 0.0}
            for block in range(2 * BLOCKS):
                path = (OURS, PLAIN)[block % 2]
                wall[path] += load(port, path, tokens, connections, times[path])
            measured[f"{connections} connections"] = {
                "ours": figures(times[OURS], wall[OURS]), "plain": figures(times[PLAIN], wall[PLAIN]),
                "ratio": (len(times[OURS]) / wall[OURS]) / (len(times[PLAIN]) / wall[PLAIN]),
            }  # fmt: skip
        return measured
    finally:
        for process in (server, redis):
            process.terminate()
            process.wait(10)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.1)


def ask(connection: http.client.HTTPConnection, path: str, token: str) -> bytes:
    connection.request("GET", path, headers={"Authorization": f"Token {token}", "Accept": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, (answer.status, body[:300])
    return body


def check_same(port: int, tokens: list[str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for token in tokens[:20]:
        ours, plain = (json.loads(ask(connection, path, token))["results"] for path in (OURS, PLAIN))
        assert ours == plain, "both lists must say the same"
        assert len(ours) == 5


def load(port: int, path: str, tokens: list[str], connections: int, times: list[float]) -> float:
    """Ask for `SECONDS` on so many connections; appends the time of each answer, returns the wall time."""
    end = time.perf_counter() + SECONDS

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ask(connection, path, tokens[number])
        turn = number
        while (start := time.perf_counter()) < end:
            ask(connection, path, tokens[turn % len(tokens)])
            times.append(time.perf_counter() - start)
            turn += connections

    start = time.perf_counter()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def figures(times: list[float], wall: float) -> dict[str, float]:
    ordered = sorted(times)
    at = lambda share: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 2)  # noqa: E731
    return {"per_second": round(len(times) / wall, 1), "p50_ms": at(0.5), "p99_ms": at(0.99)}


def print_table(result: dict[str, Any]) -> None:
    alone = result["serialising"]
    print(
        f"{'serialising alone, list of 5':34} ours {alone['ours_ms']:7.3f} ms   plain {alone['plain_ms']:7.3f} ms   x {alone['ratio']:.2f}"
    )
    ours, plain, ratio = alone["ours_without_reasons_ms"], alone["plain_without_reasons_ms"], alone["ratio_without_reasons"]
    print(f"{'  the same without sentences':34} ours {ours:7.3f} ms   plain {plain:7.3f} ms   x {ratio:.2f}")
    for name, row in result["end_to_end"].items():
        for side in ("ours", "plain"):
            one = row[side]
            print(f"{name + ', ' + side:34} {one['per_second']:7.1f} /s   p50 {one['p50_ms']:7.2f} ms   p99 {one['p99_ms']:7.2f} ms")
        print(f"{name + ', ratio':34} x {row['ratio']:.2f}")


if __name__ == "__main__":
    main()
