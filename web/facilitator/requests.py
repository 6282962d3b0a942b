"""What participants would like to be different about their team: a facilitator decides, and says why."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.models import ChangeRequest, Event
from matchmaking.selectors.change_requests import with_teams
from matchmaking.services import change_requests
from web.facilitator.home import render_event
from web.names import moment
from web.organiser.words import known
from web.pages import page

HERE = "facilitate-requests"
DECIDED_LISTED = 50


@page("get")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """Open ones first, as they came; then what was decided, the latest first."""
    event = access.event_to_facilitate(request.user, known(pk))
    rows = with_teams(access.change_requests_of(request.user, event.pk))
    waiting = rows.filter(state=ChangeRequest.State.OPEN).order_by("created_at", "pk")
    decided = rows.filter(state__in=change_requests.DECISIONS).order_by("-decided_at", "pk")[:DECIDED_LISTED]
    context = {"open": [_told(one, event) for one in waiting], "decided": [_told(one, event) for one in decided]}
    return render_event(request, event, "web/facilitator/requests.html", context, here=HERE)


@page("post")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Done or declined, with a sentence to whoever asked."""
    asked = access.change_request_to_decide(request.user, known(pk))
    answer = request.POST.get("answer", "")
    change_requests.decide(request=asked, decision=request.POST.get("decision", ""), answer=answer, by=request.user)
    messages.success(request, _("The answer is kept; {name} reads it under “My team”.").format(name=asked.participant.name))
    return redirect(HERE, asked.event_id)


def _told(one: Any, event: Event) -> dict[str, Any]:
    at = moment(one.decided_at or one.created_at, event.time_zone)
    return {"row": one, "at": at, "done": one.state == ChangeRequest.State.DONE, "team": one.team_number, "roster": one.roster_id}
