"""Where each published team sits, what it calls itself and what it works on: what the wall, the sheets and the members' pages show."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.errors import BadInput, Conflict
from matchmaking.services import rosters
from matchmaking.services.cells import clean
from web.facilitator.home import render_event
from web.organiser.words import known
from web.pages import is_htmx, page

HERE = "facilitate-places"
FIELDS = {"name": 80, "place": 120, "task": 500}


@page("get")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """Every team with its name, place and task, each to be changed on the spot."""
    event, roster = access.roster_shown(request.user, known(pk))
    teams = list(roster.teams.select_related("idea").order_by("number")) if roster else []
    editable = roster is not None and access.may_edit(request.user, roster)
    context = {"teams": teams, "unplaced": any(not team.place for team in teams), "editable": editable}
    return render_event(request, event, "web/facilitator/places.html", context, here=HERE)


@page("post")
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one team."""
    team = access.team_to_edit(request.user, known(pk))
    rosters.describe(team=team, changes=_said(request), version=team.roster.version, by=request.user)
    if is_htmx(request):
        return part(request, "web/parts/kept.html")
    messages.success(request, _("Saved."))
    return redirect(HERE, team.roster.event_id)


@page("post")
def number(request: HttpRequest, pk: int) -> HttpResponse:
    """Give every team without a place one with its number: `Table 1`, `Table 2`, ..."""
    event, roster = access.roster_shown(request.user, known(pk))
    if roster is None:
        raise Conflict("No teams are published yet.")
    rosters.number_places(roster=access.roster_to_edit(request.user, roster.pk), word=_text(request, "word", 60), by=request.user)
    messages.success(request, _("Saved."))
    return redirect(HERE, event.pk)


def _said(request: HttpRequest) -> dict[str, Any]:
    return {name: _text(request, name, limit) for name, limit in FIELDS.items() if name in request.POST}


def _text(request: HttpRequest, name: str, limit: int) -> str:
    text = request.POST.get(name, "")
    if len(text) > 4 * limit or len(text := " ".join(clean(text).split())) > limit:
        raise BadInput("This text is too long.", fields={name: "This text is too long."})
    return text
