"""Late arrivals on real processes: from the organiser's yes to suggestions over HTTP, and with a worker killed on the way."""

import json
import urllib.error
import urllib.request
from itertools import count
from typing import Any

import pytest
from knox.models import AuthToken

from matchmaking.models import Event, Participant, Run, RunKind, Shard, Suggestion, TopUpDue
from matchmaking.services import joining, runs
from matchmaking.services.invariants import check_invariants
from tests.factories import make_role, make_user
from tests.runs import make_cohort, make_programme, shown
from tests.system.servers import asked, free_port, gone
from tests.system.stack import SCALE, Stack

TAKEN_UP_S = 60 * SCALE
WORK_S = 15
numbers = count(1)
TOLD = {
    "name": "Zoe",
    "sector": "other",
    "languages": ["en"],
    "needs": ["Graphic design"],
    "offers": ["Mentoring"],
    "consents": ["suggestions"],
}


@pytest.fixture
def event(stack: Stack) -> Event:
    """An event of twenty people that shows a run, with room in everybody's list."""
    number = next(numbers)
    event = make_cohort(make_programme(f"late-city-{number}"), f"late-{number}", 20)
    run = stack.ended(runs.start(event, by=None, publish=True, parameters={"per_sector": 1})[0])
    assert run.state == "done", stack.state()
    return event


def done(port: int, token: str, method: str, path: str, body: Any = None) -> Any:
    """The JSON that the server answers."""
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1{path}", data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode()) from error


@pytest.mark.once
def test_who_joins_over_http_gets_suggestions_over_http(stack, event):
    port, person, organiser = free_port(), make_user(), make_user()
    make_role(organiser, event.programme)
    mine, theirs = (AuthToken.objects.create(user=user)[1] for user in (person, organiser))
    stack.start_web(port)
    try:
        stack.until(lambda: asked(port, "/health/live")[0], "the web server listens", 40)
        before = shown(event)
        registration = done(port, mine, "POST", f"/join/{event.join_code}/", TOLD)
        assert registration["state"] == "waiting"
        assert done(port, mine, "GET", "/suggestions/")["results"] == []
        done(port, theirs, "POST", f"/registrations/{registration['id']}/approve/", {})
        stack.until(lambda: done(port, mine, "GET", "/suggestions/")["results"], "there are suggestions", WORK_S)
        told = done(port, mine, "GET", "/suggestions/")["results"]
        (top_up,) = [run for run in done(port, theirs, "GET", f"/runs/?event={event.pk}")["results"] if run["kind"] == "top_up"]
    finally:
        stack.stop("web")
    assert {row["state"] for row in told} == {"open"}
    assert all(row["why"]["for_you"] for row in told)
    assert (top_up["state"], top_up["published"], top_up["measures"]["came"]) == ("done", True, len(told))
    assert before < shown(event)
    assert check_invariants(event) == []


@pytest.mark.parametrize("failpoint", ["top_up.computed", "top_up.before_commit", "top_up.after_commit"])
def test_a_top_up_survives_a_killed_worker_and_appears_whole_or_not_at_all(stack, event, failpoint):
    before = shown(event)
    stack.arm(failpoint, "kill")
    data = {name: value for name, value in TOLD.items() if name != "consents"}
    entered = joining.enter(event=event, by=None, data=data, external_id=f"late-{failpoint}", consent="at the door")
    stack.until(gone(stack.hit(failpoint)), "the worker is dead")
    came = Suggestion.objects.filter(top_up__event=event).count()
    assert (shown(event) == before) == (failpoint != "top_up.after_commit") == (came == 0)
    stack.until(lambda: not TopUpDue.objects.filter(registration=entered).exists(), "somebody took it up", 2 * TAKEN_UP_S + WORK_S)
    (run,) = Run.objects.filter(event=event, kind=RunKind.TOP_UP, published_at__isnull=False)
    assert Shard.objects.get(run=run).attempts == (2 if failpoint == "top_up.computed" else 1)
    assert before < shown(event)
    assert len(shown(event)) - len(before) == Suggestion.objects.filter(top_up=run).count() == run.measures["came"] >= 3
    assert Participant.objects.filter(pk=entered.participant_id).exists()
    assert check_invariants(event) == []
