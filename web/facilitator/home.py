"""The facilitator's first page: every event with its rules, runs and teams, and what to do next."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.errors import NotAllowed
from matchmaking.models import Event, Run
from matchmaking.selectors.facilitating import at_a_glance
from matchmaking.selectors.labels import event_name
from web.names import moment
from web.organiser.words import RUN_STATES
from web.pages import page, render

ROOM = "facilitate"


@page("get")
def home(request: HttpRequest) -> HttpResponse:
    """All events one facilitates or organises, the next one first."""
    if not access.has_role(request.user):
        raise NotAllowed("Only organisers and facilitators can do this.")
    events = at_a_glance(access.events_with_role(request.user, *access.STAFF_ROLES)).order_by("starts_at", "pk")
    return render(request, "web/facilitator/home.html", {"cards": [card(event, request.user.language) for event in events]}, room=ROOM)


def card(event: Any, language: str) -> dict[str, Any]:
    """An event as the first page shows it."""
    step, address = next_step(event)
    return {
        "event": event,
        "name": event_name(event, language),
        "programme": event_name(event.programme, language),
        "starts": moment(event.starts_at, event.time_zone) if event.starts_at else None,
        "shown_at": moment(event.shown_at, event.time_zone) if event.shown_at else None,
        "run": RUN_STATES[event.run_state] if event.run_id else "",
        "step": step,
        "address": address,
    }


def next_step(event: Any) -> tuple[str, str]:
    """What to do next with an event, and where."""
    teams = reverse("facilitate-teams", args=[event.pk])
    if event.run_id and event.run_state in Run.ACTIVE:
        return _("Follow the run"), reverse("facilitate-run", args=[event.run_id])
    if event.run_id and event.run_state == Run.State.FAILED:
        return _("See why the run failed"), reverse("facilitate-run", args=[event.run_id])
    if event.shown_id:
        return _("Open the board"), reverse("facilitate-board", args=[event.shown_id])
    if event.drafts == 1:
        return _("Open the board"), reverse("facilitate-board", args=[event.draft_id])
    if event.drafts:
        return _("Look at the drafts and publish one"), teams
    if event.rules_version:
        return _("Form teams"), teams
    return _("See the rules and form teams"), reverse("facilitate-rules", args=[event.pk])


def tabs(event: Event, here: str) -> list[dict[str, Any]]:
    """The pages of an event."""
    names = {
        "facilitate-teams": _("Teams"),
        "facilitate-rules": _("Rules"),
        "facilitate-places": _("Places and names"),
        "facilitate-requests": _("Requests"),
        "facilitate-wall": _("Wall"),
        "facilitate-print": _("Print"),
    }
    return [{"address": reverse(name, args=[event.pk]), "label": label, "here": name == here} for name, label in names.items()]


def render_event(
    request: HttpRequest, event: Event, template: str, context: dict[str, Any], *, here: str, status: int = 200
) -> HttpResponse:
    """A page of an event, with the event's name and its pages on top."""
    about = {"event": event, "event_name": event_name(event, request.user.language), "tabs": tabs(event, here)}
    return render(request, template, {**about, **context}, room=ROOM, status=status)
