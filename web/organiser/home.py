"""The organiser's first page: every event with its people, its last run and what to do next."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matchmaking import access
from matchmaking.errors import NotAllowed
from matchmaking.models import Run
from matchmaking.selectors.labels import event_name
from matchmaking.selectors.organising import at_a_glance
from web.event_pages import EventPages, card
from web.organiser.words import RUN_STATES
from web.pages import page, render

ROOM = "organise"
PAGES = EventPages(
    ROOM,
    {
        "organise-imports": gettext_lazy("People and import"),
        "organise-runs": gettext_lazy("Matching"),
        "organise-mixing": gettext_lazy("Mixing"),
        "organise-exports": gettext_lazy("Export"),
        "organise-settings": gettext_lazy("Settings"),
    },
)
render_event = PAGES.render


@page("get")
def home(request: HttpRequest) -> HttpResponse:
    """All events one organises, the next one first."""
    if not access.has_role(request.user, access.ORGANISER):
        raise NotAllowed("Only organisers can do this.")
    events = at_a_glance(access.events_with_role(request.user, access.ORGANISER)).order_by("starts_at", "pk")
    programmes = access.programmes_with_role(request.user, access.ORGANISER).order_by("name", "pk")
    context = {
        "cards": [told(event, request.user.language) for event in events],
        "programmes": [(one.pk, event_name(one, request.user.language)) for one in programmes],
    }
    return render(request, "web/organiser/home.html", context, room=ROOM)


def told(event: Any, language: str) -> dict[str, Any]:
    """An event as the first page shows it, with what to do next."""
    step, address = next_step(event)
    return {**card(event, language), "run": run_in_words(event), "step": step, "address": address}


def run_in_words(event: Any) -> str:
    """How the latest run stands."""
    if event.run_id is None:
        return _("There was no run yet.")
    if event.run_id == event.shown_id:
        return _("Published.")
    state = RUN_STATES[event.run_state]
    if event.run_state == Run.State.DONE:
        state = (
            _("taken back")
            if event.run_taken_back_at
            else _("replaced by another one")
            if event.run_published_at
            else _("preview, seen by nobody yet")
        )
    return _("The last run: {state}.").format(state=state)


def next_step(event: Any) -> tuple[str, str]:
    """What to do next with an event, and where."""
    here = reverse("organise-run", args=[event.run_id]) if event.run_id else reverse("organise-runs", args=[event.pk])
    if event.open_imports:
        return _("Look at the import that waits for your confirmation"), reverse("organise-imports", args=[event.pk])
    if event.people < 2:
        return _("Import participants"), reverse("organise-imports", args=[event.pk])
    if event.run_id is None:
        return _("Start a first preview"), reverse("organise-runs", args=[event.pk])
    if event.run_state in Run.ACTIVE:
        return _("Follow the run"), here
    if event.run_state == Run.State.FAILED:
        return _("See why the run failed"), here
    if event.run_state == Run.State.DONE and not event.run_published_at:
        return _("Review the preview and publish it"), here
    if event.shown_id:
        return _("See how it mixes"), reverse("organise-mixing", args=[event.pk])
    return _("Start a new run"), reverse("organise-runs", args=[event.pk])
