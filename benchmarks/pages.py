"""`python -m benchmarks.pages`: how long the server takes for each page with 5,000 participants in one event.

A fresh SQLite database, the whole stack of middleware, one request after the other in this process; each participant's page for other
people than the last. Prints a table with the median, the 95th percentile, that of the processor's time alone (which the work of other
processes does not lengthen), queries and bytes, and one JSON line; past `LIMIT_MS` it says so.
"""

import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PEOPLE, EACH = 5_000, 6  # participants, and suggestions of each
TIMES = 60
LIMIT_MS = 150.0
FILLED = 0.4  # of the people have said yes or no to something


def main() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="pages-") as folder:
        os.environ |= {
            "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3", "VAR_DIR": folder, "MODE": "demo", "FAST_PASSWORDS": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR",
        }  # fmt: skip
        import django

        django.setup()
        with subprocess.Popen([sys.executable, "manage.py", "embedded_redis"], cwd=ROOT) as redis:
            try:
                world = make_rows()
                result = {"people": PEOPLE, "limit_ms": LIMIT_MS, "pages": [measured(*page, world) for page in pages(world)]}
            finally:
                redis.terminate()
    print_table(result)
    return result


# --- rows -------------------------------------------------------------------------------------------------------------
def make_rows() -> dict[str, Any]:
    """One event with a published run and a preview beside it, answers, introductions; an organiser."""
    from django.core.management import call_command
    from django.db import transaction

    from tests.factories import make_event, make_programme, make_role, make_user

    call_command("migrate", verbosity=0)
    with transaction.atomic():
        event = make_event(make_programme(), name="A large event")
        organiser = make_user(name="Olga")
        make_role(organiser, event.programme, "organiser")
        people = make_people(event)
        shown = make_run(event, people, seed=1)
        preview = make_run(event, people, seed=2)
        publish(shown)
        answer(shown)
    return {"event": event.pk, "organiser": organiser, "shown": shown.pk, "preview": preview.pk, "users": [one.user for one in people]}


def make_people(event: Any) -> list[Any]:
    from benchmarks.crowd import crowd
    from matchmaking.models import Consent, Organisation, Participant, Profile, Registration, User

    told = crowd(PEOPLE).profiles
    houses = {name: Organisation(programme=event.programme, name=name, key=name.casefold()) for name in {one.organisation for one in told}}
    Organisation.objects.bulk_create(houses.values())
    users = [
        User(mail=f"{one.key.lower()}@example.org", name=one.key, language=("be", "ru", "en", "de")[place % 4])
        for place, one in enumerate(told)
    ]
    User.objects.bulk_create(users)
    people = [
        Participant(
            programme=event.programme, user=user, external_id=one.key, key=f"x:{one.key}", name=f"Person {one.key}", mail=user.mail,
            organisation=houses[one.organisation],
        )
        for one, user in zip(told, users, strict=True)
    ]  # fmt: skip
    Participant.objects.bulk_create(people)
    Profile.objects.bulk_create(
        Profile(
            participant=person, sector=one.sector, city=one.city, languages=list(one.languages), offers=list(one.offers),
            needs=list(one.needs), interests=list(one.interests), about=one.about,
        )
        for one, person in zip(told, people, strict=True)
    )  # fmt: skip
    Registration.objects.bulk_create(Registration(event=event, participant=person, state="approved") for person in people)
    Consent.objects.bulk_create(Consent(participant=person, purpose="suggestions", source="own") for person in people)
    return people


def make_run(event: Any, people: list[Any], seed: int) -> Any:
    """A finished run that joins everybody with `EACH` others, measured as a run measures."""
    from django.utils import timezone

    from benchmarks.suggestions_api import terms
    from matchmaking.engine.vocabulary import default_vocabulary
    from matchmaking.models import Pair, Run, Suggestion
    from tests.factories import told_of

    dice, now = random.Random(seed), timezone.now()
    concepts = list(default_vocabulary().concepts)
    ring = dice.sample(people, len(people))
    joined = {
        tuple(sorted((ring[n], ring[(n + step) % PEOPLE]), key=lambda one: one.pk))
        for n in range(PEOPLE)
        for step in range(1, EACH // 2 + 1)
    }
    ends = sorted(joined, key=lambda pair: (pair[0].pk, pair[1].pk))
    table: dict[str, Counter[str]] = {}
    for a, b in ends:
        table.setdefault(a.profile.sector, Counter())[b.profile.sector] += 1
        table.setdefault(b.profile.sector, Counter())[a.profile.sector] += 1
    sectors = Counter(person.profile.sector for person in people)
    measures = {
        "people": PEOPLE, "pairs": len(ends), "none": 0, "below_floor": 0, "most": EACH, "gini_exposure": 0.1, "relevance": 0.2,
        "gap": 0.001,
        "cross_sector_share": 0.8, "sectors": {one: dict(row) for one, row in table.items()},
        "sectors_by_chance": {one: dict.fromkeys(row, 1.0) for one, row in table.items()},
        "groups": {"sector": {sector: {"people": count} for sector, count in sectors.items()}},
    }  # fmt: skip
    run = Run.objects.create(
        event=event, state="done", measures=measures, parameters={"cap": 8, "bridge": 0.0}, started_at=now, finished_at=now
    )
    Pair.objects.bulk_create([Pair(event=event, a=a, b=b) for a, b in ends], ignore_conflicts=True, batch_size=500)
    pairs = {(row.a_id, row.b_id): row for row in Pair.objects.filter(event=event)}
    rows = []
    for a, b in ends:
        forth, back = terms(dice, concepts), terms(dice, concepts)
        score = dice.random()
        rows.append(
            Suggestion(
                run=run, pair=pairs[a.pk, b.pk], score=score, score_e9=int(1e9 * math.log(score or 1e-9)),
                z_ab=0.0, z_ba=0.0, p_ab=0.5, p_ba=0.5,
                terms_ab=forth, terms_ba=back, rank_a=1, rank_b=1, layer=1, **told_of(forth, back),
            )
        )  # fmt: skip
    Suggestion.objects.bulk_create(rows, batch_size=500)
    return run


def publish(run: Any) -> None:
    from django.utils import timezone

    from matchmaking.models import Pair, Publication, Run

    Publication.objects.create(event=run.event, run=run)
    Run.objects.filter(pk=run.pk).update(published_at=timezone.now())
    Pair.objects.filter(suggestions__run=run).update(shown_at=timezone.now(), expires_at=timezone.now() + timezone.timedelta(days=3))


def answer(run: Any) -> None:
    """Some have answered, and where both said yes they are introduced."""
    from django.utils import timezone

    from matchmaking.models import Introduction, Response, Suggestion

    dice, now = random.Random(3), timezone.now()
    said = []
    for pair in [row.pair for row in Suggestion.objects.filter(run=run).select_related("pair")]:
        for side in (pair.a_id, pair.b_id):
            if dice.random() < FILLED:
                said.append(Response(pair=pair, participant_id=side, answer=dice.choice(("accept", "decline")), answered_at=now))
    Response.objects.bulk_create(said, batch_size=500)
    both = Counter(row.pair_id for row in said if row.answer == "accept")
    Introduction.objects.bulk_create(
        (Introduction(pair_id=pair, a_shares=["mail"], b_shares=["mail"]) for pair, count in both.items() if count == 2), batch_size=500
    )


# --- pages ------------------------------------------------------------------------------------------------------------
def pages(world: dict[str, Any]) -> list[tuple[str, list[Any], str]]:
    """Name, who read it in turn, and the address."""
    own, staff = world["users"], [world["organiser"]]
    event, shown, preview = world["event"], world["shown"], world["preview"]
    return [
        ("start", own, "/"),
        ("suggestions", own, "/suggestions/"),
        ("suggestions, answered", own, "/suggestions/?show=answered"),
        ("contacts", own, "/contacts/"),
        ("profile", own, "/profile/"),
        ("my data", own, "/my-data/"),
        ("notices", own, "/notices/"),
        ("my team", own, "/team/"),
        ("events", staff, "/organise/"),
        ("settings", staff, f"/organise/events/{event}/settings/"),
        ("imports", staff, f"/organise/events/{event}/imports/"),
        ("runs", staff, f"/organise/events/{event}/runs/"),
        ("run", staff, f"/organise/runs/{preview}/"),
        ("pairs", staff, f"/organise/runs/{preview}/pairs/"),
        ("pairs between sectors", staff, f"/organise/runs/{shown}/pairs/?one=business&other=education"),
        ("left out", staff, f"/organise/runs/{shown}/pairs/?show=left-out"),
        ("mixing", staff, f"/organise/events/{event}/mixing/"),
        ("network", staff, f"/organise/events/{event}/network/"),
        ("exports", staff, f"/organise/events/{event}/exports/"),
        ("teams", staff, "/facilitate/"),
    ]


def measured(name: str, readers: list[Any], address: str, world: dict[str, Any]) -> dict[str, Any]:
    """Times of `TIMES` requests, after two that do not count; queries of one more."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    dice = random.Random(5)
    client, spent, worked, answer_ = Client(headers={"Accept-Encoding": "gzip"}), [], [], None
    for _turn in range(TIMES + 2):
        client.force_login(dice.choice(readers))
        start, work = time.perf_counter(), time.process_time()
        answer_ = client.get(address, follow=True)
        spent.append(1000 * (time.perf_counter() - start))
        worked.append(1000 * (time.process_time() - work))
        assert answer_.status_code == 200, (name, address, answer_.status_code)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(address, follow=True)
    return {
        "page": name, "p50_ms": statistics.median(spent[2:]), "p95_ms": p95(spent[2:]), "cpu_p95_ms": p95(worked[2:]),
        "queries": len(queries), "bytes": len(answer_.content),
    }  # fmt: skip


def p95(times: list[float]) -> float:
    return sorted(times)[math.ceil(0.95 * len(times)) - 1]


def print_table(result: dict[str, Any]) -> None:
    print(f"\n{PEOPLE} participants in one event; {TIMES} requests each, one after the other; SQLite")
    print(f"{'page':24}{'p50 ms':>9}{'p95 ms':>9}{'its cpu':>9}{'queries':>9}{'bytes':>9}")
    for row in result["pages"]:
        note = "   over the limit" if row["p95_ms"] > LIMIT_MS else ""
        print(f"{row['page']:24}{row['p50_ms']:9.1f}{row['p95_ms']:9.1f}{row['cpu_p95_ms']:9.1f}{row['queries']:9}{row['bytes']:9}{note}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
