"""`python -m tests.system.race_rounds KIND ROUNDS`: two threads meet at a barrier, again and again, on the database of the environment.

Prints one line of JSON: what came out how often, and what each round broke. Two threads have a connection each; the rounds
are prepared before, so that nothing but the race lies between the barrier and the answers.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402

from matchmaking.errors import MatchmakingError  # noqa: E402
from matchmaking.models import AuditEntry, Block, Intent, Introduction, Response, Suggestion  # noqa: E402
from matchmaking.services import blocks, suggestions  # noqa: E402
from tests.answers import Two, give_contacts_consent, make_two  # noqa: E402

Act = Callable[[], Any]


def attempt(act: Act) -> str:
    """The name of what came of it: `ok`, a refusal of ours, or an error."""
    try:
        answer = act()
    except MatchmakingError as refusal:
        return type(refusal).__name__
    except Exception as error:
        return f"error: {error!r}"
    return {200: "ok", 404: "NotFound", 409: "Conflict", None: "ok"}.get(getattr(answer, "status_code", None), f"error: {answer}")


def yes(two: Two, who: Any) -> Act:
    row = Suggestion.objects.select_related("run").get(pk=two.suggestion.pk)
    return lambda: suggestions.accept(suggestion=row, by=who)


def no(two: Two, who: Any) -> Act:
    row = Suggestion.objects.select_related("run").get(pk=two.suggestion.pk)
    return lambda: suggestions.decline(suggestion=row, by=who)


def http(two: Two, who: Any) -> Act:
    client = two.client(who)
    return lambda: client.post(two.path("response"), {"answer": "accept"}, headers={"Idempotency-Key": f"{two.suggestion.pk}"})


# Each kind: what one side has said before, what the two threads do, and which pairs of outcomes are right.
KINDS: dict[str, tuple[Callable[[Two], tuple[Act, Act]], set[tuple[str, str]]]] = {
    "both-accept": (lambda two: (yes(two, two.ada), yes(two, two.ben)), {("ok", "ok")}),
    "both-accept-http": (lambda two: (http(two, two.ada), http(two, two.ben)), {("ok", "ok")}),
    "accept-twice": (lambda two: (yes(two, two.ada), yes(two, two.ada)), {("ok", "ok")}),
    "accept-and-decline": (lambda two: (yes(two, two.ada), no(two, two.ada)), {("ok", "ok")}),
    "last-yes-and-decline": (lambda two: (yes(two, two.ben), no(two, two.ada)), {("ok", "ok"), ("ok", "Conflict")}),
    "accept-and-expire": (
        lambda two: (yes(two, two.ben), lambda: suggestions.expire(event=two.event, by=None)),
        {("ok", "ok"), ("Conflict", "ok")},
    ),
    "accept-and-block": (
        lambda two: (yes(two, two.ben), lambda: blocks.block(by=two.ada, whom=two.ben)),
        {("ok", "ok"), ("NotFound", "ok")},
    ),
}
ANSWERED_BEFORE = ("last-yes-and-decline", "accept-and-expire", "accept-and-block")


def broken(kind: str, two: Two, outcome: tuple[str, str]) -> list[str]:
    """What is wrong after a round; empty when all is well."""
    pair = two.suggestion.pair_id
    answers = {row.participant_id: row.answer for row in Response.objects.filter(pair=pair)}
    introductions = list(Introduction.objects.filter(pair=pair))
    intents = Intent.objects.filter(kind="introduction", dedupe_key=f"pair:{pair}").count()
    mutual = sorted(answers.values()) == ["accept", "accept"]
    entries = Counter(AuditEntry.objects.filter(event_id=two.event.pk).values_list("action", flat=True))
    wrong = []
    if outcome not in KINDS[kind][1]:
        wrong.append(f"outcome {outcome}")
    if len(introductions) != mutual or intents != 2 * mutual or entries["introduction.made"] != mutual:
        wrong.append(f"answers {sorted(answers.values())}, {len(introductions)} introductions, {intents} intents")
    if "error" not in str(outcome):
        changed = entries["response.given"] + entries["response.changed"]
        expected = (kind in ANSWERED_BEFORE) + sum(word == "ok" for word in outcome) - (kind in ("accept-and-expire", "accept-and-block"))
        if changed != expected - (kind == "accept-twice"):
            wrong.append(f"{changed} entries in the trail")
    if kind == "accept-and-expire" and (outcome[0] == "ok") != mutual:
        wrong.append("expired and introduced at once")
    if Block.objects.filter(by=two.ada).exists() and any(one.closed_at is None or one.a_shares or one.b_shares for one in introductions):
        wrong.append("I6: contacts are open past a block")
    return wrong


def prepared(kind: str) -> Two:
    two = make_two()
    two.suggestion.refresh_from_db()
    for side in (two.ada, two.ben):
        give_contacts_consent(side, "mail")
    if kind in ANSWERED_BEFORE:
        suggestions.accept(suggestion=two.suggestion, by=two.ada)
    return two


def main(kind: str, rounds: int) -> dict[str, Any]:
    with transaction.atomic():
        games = [prepared(kind) for _ in range(rounds)]
    acts = [KINDS[kind][0](two) for two in games]
    barrier, outcomes = Barrier(2), [["", ""] for _ in games]

    def side(number: int) -> None:
        for outcome, pair in zip(outcomes, acts, strict=True):
            barrier.wait(60)
            outcome[number] = attempt(pair[number])
        connection.close()

    threads = [Thread(target=side, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [broken(kind, two, (outcome[0], outcome[1])) for two, outcome in zip(games, outcomes, strict=True)]
    return {
        "database": connection.vendor,
        "rounds": rounds,
        "outcomes": Counter(" / ".join(outcome) for outcome in outcomes),
        "broken": sum(map(bool, found)),
        "examples": [wrong for wrong in found if wrong][:3],
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
