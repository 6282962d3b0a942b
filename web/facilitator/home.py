"""The facilitator's first page: every event with its rules, runs and teams, and what to do next."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matchmaking import access
from matchmaking.errors import NotAllowed
from matchmaking.models import Run
from matchmaking.selectors.facilitating import at_a_glance
from web.event_pages import EventPages, card
from web.organiser.words import RUN_STATES
from web.pages import page, render

ROOM = "facilitate"
PAGES = EventPages(
    ROOM,
    {
        "facilitate-teams": gettext_lazy("Teams"),
        "facilitate-rules": gettext_lazy("Rules"),
        "facilitate-places": gettext_lazy("Places and names"),
        "facilitate-requests": gettext_lazy("Requests"),
        "facilitate-wall": gettext_lazy("Wall"),
        "facilitate-print": gettext_lazy("Print"),
    },
)
render_event = PAGES.render


@page("get")
def home(request: HttpRequest) -> HttpResponse:
    """All events one facilitates or organises, the next one first."""
    if not access.has_role(request.user):
        raise NotAllowed("Only organisers and facilitators can do this.")
    events = at_a_glance(access.events_with_role(request.user, *access.STAFF_ROLES)).order_by("starts_at", "pk")
    return render(request, "web/facilitator/home.html", {"cards": [told(event, request.user.language) for event in events]}, room=ROOM)


def told(event: Any, language: str) -> dict[str, Any]:
    """An event as the first page shows it, with what to do next."""
    step, address = next_step(event)
    return {**card(event, language), "run": RUN_STATES[event.run_state] if event.run_id else "", "step": step, "address": address}


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
