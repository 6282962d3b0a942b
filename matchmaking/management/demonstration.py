"""What `manage.py demo` shows and checks, once its processes run."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.management.base import CommandError

from matchmaking.access import published_suggestions
from matchmaking.management.visitor import Visitor
from matchmaking.models import Event, Introduction, Participant, Programme, Publication, Registration, Roster, Run, Shard, User
from matchmaking.services import publishing, rosters, runs, team_runs
from matchmaking.services.demo import Login

RUN_LIMIT_S = 300.0
TEAMS_S = 2  # of search for each of three rosters: enough for the demo's 90 people
LOOK_EVERY_S = 0.2
SHOWN = 3
VISITORS = 12  # people asked for a suggestion to accept, before it is said that there is none
Say = Callable[[str], object]


# --- runs ------------------------------------------------------------------------------------------------------------
def ask_for_runs(programme: Programme, by: User, *, again: bool) -> list[Run]:
    """A run for every event that shows none yet, or for all, through the queue."""
    shown = Publication.objects.filter(event__programme=programme, run__isnull=False).values("event_id")
    events = programme.events.order_by("starts_at")
    return [runs.start(event, by=by, publish=True)[0] for event in (events if again else events.exclude(pk__in=shown))]


def wait_for(asked: Iterable[Run], by: User, say: Say) -> None:
    """Until all are published; one line for each."""
    waiting = {run.pk: run for run in asked}
    deadline = time.monotonic() + RUN_LIMIT_S
    while waiting:
        for run in Run.objects.filter(pk__in=waiting).select_related("event"):
            if _is_shown(run, by):
                waiting.pop(run.pk)
                count = published_suggestions().filter(run=run).count()
                say(f"  {english(run.event)}: {count} suggestions for {people_of(run.event)} people")
        if time.monotonic() > deadline:
            raise CommandError(f"{len(waiting)} runs did not end within {RUN_LIMIT_S:.0f} s; see var/logs/worker-runs.log.")
        time.sleep(LOOK_EVERY_S)


def _is_shown(run: Run, by: User) -> bool:
    _refuse_failed(run)
    if run.state == Run.State.DONE and not run.publish and run.published_at is None:
        publishing.publish(run, by=by)  # somebody asked for a preview of this event just before
    return run.state == Run.State.DONE and Publication.objects.filter(run=run).exists()


def _refuse_failed(run: Run) -> None:
    if run.state in (Run.State.FAILED, Run.State.CANCELLED):
        sentence = run.failure.get("template", "no reason was given").format_map(run.failure.get("params", {}))
        raise CommandError(f"The run of {run.event.slug} {run.state}: {sentence}")


def form_teams(programme: Programme, by: User, say: Say) -> None:
    """Teams for each hackathon that has none, the first roster published by `by`: the others lie beside it as drafts."""
    for event in programme.events.filter(kind=Event.Kind.HACKATHON, rosters=None):
        say("Forming teams ...")
        run, _new = team_runs.form(event=event, by=by, seconds=TEAMS_S)
        deadline = time.monotonic() + RUN_LIMIT_S
        while run.state in Run.ACTIVE:
            if time.monotonic() > deadline:
                raise CommandError(f"The teams of {event.slug} were not formed within {RUN_LIMIT_S:.0f} s; see var/logs/worker-runs.log.")
            time.sleep(LOOK_EVERY_S)
            run.refresh_from_db()
        _refuse_failed(run)
        if (first := Roster.objects.filter(run=run).order_by("number").first()) is None:
            raise CommandError(f"No teams of {event.slug} keep all rules.")
        roster = rosters.publish(roster=first, by=by)
        say(f"  {english(event)}: {roster.teams.count()} teams")


def people_of(event: Event) -> int:
    return Registration.objects.filter(event=event, state=Registration.State.APPROVED).count()


# --- what is told ----------------------------------------------------------------------------------------------------
def first_suggestions(address: str, login: Login, event: Event) -> Iterator[str]:
    """Lines with the first suggestions of one sample participant, as the API tells them."""
    with Visitor(address, login.mail, login.password) as visitor:
        page = visitor.ask("GET", f"/api/v1/suggestions/?event={event.pk}&page_size={SHOWN}")
    for place, suggestion in enumerate(page["results"], start=1):
        partner, why = suggestion["partner"], suggestion["why"]
        about = ", ".join(text for text in (partner["organisation"], partner["sector"], partner["city"]) if text)
        yield f"  {place}. {partner['name']} ({about})"
        for label, sentences in (("for you", why["for_you"]), ("for them", why["for_them"]), ("does not fit", why["does_not_fit"])):
            yield from (f"     {label + ':':13} {sentence}" for sentence in sentences)


def english(event: Event) -> str:
    return str(event.names.get("en", event.name))


# --- the check -------------------------------------------------------------------------------------------------------
def introduce_two(address: str, logins: list[Login]) -> None:
    """Two people sign in, both accept what is suggested to both, and both see the contacts the other chose."""
    first = next(login for login in logins if login.role == "participant")
    for mail in _mails(first.mail):
        with Visitor(address, mail, first.password) as one:
            for suggestion in one.rows("/api/v1/suggestions/?state=open"):
                partner = Participant.objects.filter(pk=suggestion["partner"]["id"]).exclude(user=None).first()
                if partner is not None:
                    with Visitor(address, partner.mail, first.password) as other:
                        if _both_accept(one, other, suggestion):
                            return
    raise CommandError("No two people have an open suggestion in common.")


def _mails(first: str) -> list[str]:
    """The log-ins to try, the sample one first."""
    with_something = published_suggestions().values("pair__a")
    others = Participant.objects.filter(pk__in=with_something, user__isnull=False).exclude(mail=first).order_by("key")
    return [first, *others.values_list("mail", flat=True)[:VISITORS]]


def _both_accept(one: Visitor, other: Visitor, suggestion: dict[str, Any]) -> bool:
    """Whether both could; the other side may have this one beyond its limit of open ones, or have answered it."""
    theirs = {row["id"]: row["partner"]["id"] for row in other.rows("/api/v1/suggestions/?state=open")}
    if suggestion["id"] not in theirs:
        return False
    path = f"/api/v1/suggestions/{suggestion['id']}/response"
    for visitor in (one, other):
        told = visitor.ask("POST", path, {"answer": "accept", "shares": ["mail"]})
    if not told["introduced"]:
        raise CommandError("Both said yes, and there is no introduction.")
    for visitor, partner, mail in ((one, suggestion["partner"]["id"], other.mail), (other, theirs[suggestion["id"]], one.mail)):
        contacts = [row["contacts"] for row in visitor.rows("/api/v1/introductions/") if row["partner"]["id"] == partner]
        if {"mail": mail} not in contacts:
            raise CommandError("Both said yes, and one does not see the contact the other chose.")
    return True


def measures(programme: Programme, asked: list[Run], seconds: float) -> dict[str, Any]:
    """The closing line: counts over all events; `fewest`, `most` and `below_floor` per person and event."""
    counts: Counter[tuple[int, int]] = Counter()
    shown = published_suggestions().filter(pair__event__programme=programme)
    for event, a, b in shown.values_list("pair__event_id", "pair__a_id", "pair__b_id"):
        counts.update([(event, a), (event, b)])
    places = Registration.objects.filter(event__programme=programme, state=Registration.State.APPROVED)
    given = [(counts[event, person], floor) for event, person, floor in places.values_list("event_id", "participant_id", "event__floor")]
    return {
        "participants": Participant.objects.filter(programme=programme).count(),
        "suggestions": shown.count(),
        "introductions": Introduction.objects.filter(pair__event__programme=programme, closed_at=None).count(),
        "fewest": min((count for count, _ in given), default=0),
        "most": max((count for count, _ in given), default=0),
        "below_floor": sum(count < floor for count, floor in given),
        "worker_pids": worker_pids(asked),
        "seconds": round(seconds, 1),
    }


def worker_pids(asked: list[Run]) -> list[int]:
    """The processes of this machine that computed the shards of these runs."""
    workers = set(Shard.objects.filter(run__in=asked).exclude(worker="").values_list("worker", flat=True))
    return sorted({int(worker.rpartition(":")[2]) for worker in workers})


def check_pids(pids: list[int], *, web: int) -> None:
    """The work was done by workers: neither by this command nor by the web server `web` or its children."""
    if not pids or os.getpid() in pids or web in {_group(pid) for pid in pids}:
        raise CommandError(f"The suggestions were not computed by the workers alone: {pids}.")


def _group(pid: int) -> int | None:
    """The process group: the supervisor gives each of its processes one of its own."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
