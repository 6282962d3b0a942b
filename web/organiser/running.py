"""S13: runs of an event: started in one click, followed, cancelled, compared, published, taken back."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matchmaking import access
from matchmaking.errors import NotFound
from matchmaking.models import Event, Run, RunKind, User
from matchmaking.selectors.mixing import mixed_before
from matchmaking.selectors.organising import RUNS_LISTED, runs_of_suggestions, shown_run
from matchmaking.selectors.runs import progress
from matchmaking.selectors.sentences import in_words
from matchmaking.services import publishing, runs
from matchmaking.services.throttles import take
from web.forms import checked
from web.names import Moment, moment
from web.organiser.comparing import compared
from web.organiser.forms import StartForm
from web.organiser.home import render_event
from web.organiser.words import RUN_STATES, known, number, time_left
from web.pages import is_htmx, page

POLL_S = 2  # seconds between two looks at a run that is under way
DIALS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
HERE = "organise-runs"
DONE = {
    "cancel": gettext_lazy("The run is cancelled."),
    "publish": gettext_lazy("Published: everybody sees their suggestions now."),
    "take-back": gettext_lazy("Taken back: what was shown before is shown again."),
}
STEERING: dict[str, Callable[..., Run]] = {"cancel": runs.cancel, "publish": publishing.publish, "take-back": publishing.take_back}


@page("get")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a run, and the last ones."""
    event = access.event_to_organise(request.user, known(pk))
    found = list(runs_of_suggestions().filter(event=event).select_related("learned")[:RUNS_LISTED])
    shown = shown_run(event)
    context = {
        "active": next((run for run in found if run.state in Run.ACTIVE), None),
        "rows": [listed(run, event, shown) for run in found],
        "dials": [(value, number(value, 1)) for value in DIALS],
    }
    return render_event(request, event, "web/organiser/runs.html", context, here=HERE)


@page("post")
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a run, or be led to the one that is active already."""
    event = access.event_to_organise(request.user, known(pk))
    said = checked(StartForm(request.POST))
    take("run", str(request.user.pk))
    chosen = {"bridge": said["bridge"]} if said["bridge"] is not None else {}
    run, new = runs.start(event, by=request.user, parameters=chosen, publish=said["publish"])
    if not new:
        messages.info(request, _("A run is under way already. It is this one."))
    return redirect("organise-run", pk=run.pk)


@page("get")
def single(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: where it stands, what it achieved, what it would change."""
    run, event = steered(request.user, pk)
    shown = shown_run(event)
    before = mixed_before(run)
    context = {
        **follow(run, event),
        "shown": shown,
        "is_shown": shown is not None and shown.pk == run.pk,
        "run_row": listed(run, event, shown),
    }
    if run.state == Run.State.DONE:
        context["compared"] = compared(run, before)
    return render_event(request, event, "web/organiser/run.html", context, here=HERE)


@page("get")
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress alone, for who follows it; once it has ended the page is read anew."""
    run, event = steered(request.user, pk)
    if run.state not in Run.ACTIVE and is_htmx(request):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return (
        part(request, "web/organiser/parts/progress.html", follow(run, event)) if is_htmx(request) else redirect("organise-run", pk=run.pk)
    )


@page("post")
def steer(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Cancel, publish or take back."""
    run, _event = steered(request.user, pk)
    STEERING[step](run, by=request.user)
    messages.success(request, DONE[step])
    return redirect("organise-run", pk=run.pk)


def steered(user: User, pk: int) -> tuple[Run, Event]:
    """A run of suggestions of an event that `user` organises."""
    run = access.run_to_steer(user, known(pk))
    if run.kind != RunKind.SUGGESTIONS:
        raise NotFound("There is no such run.")
    return run, access.event_to_organise(user, run.event_id)


def follow(run: Run, event: Event, room: str = "organise") -> dict[str, Any]:
    """Where a run stands, with the addresses in this room to look again, to cancel it, and of its page."""
    now = progress(run)
    addresses = {"look": f"{room}-look", "stop": f"{room}-cancel", "page": f"{room}-run"}
    return {
        **{f"{what}_address": reverse(name, args=[run.pk]) for what, name in addresses.items()},
        "run": run,
        "active": run.state in Run.ACTIVE,
        "state": RUN_STATES[Run.State(run.state)],
        "percent": now["percent"],
        "sentence": in_words(now["template"], now["params"]),
        "left": time_left(now["remaining_s"]),
        "poll_s": POLL_S,
        "asked": moment(run.created_at, event.time_zone),
        "read_at": moment(run.started_at, event.time_zone) if run.started_at else None,
    }


def listed(run: Run, event: Event, shown: Run | None) -> dict[str, Any]:
    """A run as a row of the list."""
    return {
        "run": run,
        "asked": moment(run.created_at, event.time_zone),
        "state": RUN_STATES[Run.State(run.state)],
        "standing": standing(run, shown),
        "shown_at": _time(run.published_at, event),
        "dial": number(run.parameters.get("bridge", 0.0), 1),
        "pairs": run.measures.get("pairs"),
    }


def standing(run: Run, shown: Run | None) -> str:
    """Who sees a finished run."""
    if run.state != Run.State.DONE:
        return ""
    if shown is not None and shown.pk == run.pk:
        return _("shown now")
    if run.taken_back_at:
        return _("taken back")
    return _("was shown") if run.published_at else _("preview, seen by nobody yet")


def _time(time: Any, event: Event) -> Moment | None:
    return moment(time, event.time_zone) if time else None
