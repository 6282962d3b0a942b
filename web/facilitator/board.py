"""S7: the board of a roster: teams as cards, who has no team, what does not hold, who else has it open; one person, one team."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.models import Roster, User
from matchmaking.selectors.boards import numbered, people_named, person_on
from matchmaking.selectors.joiners import team_joiners_told
from matchmaking.selectors.teams import as_seen
from matchmaking.services.presence import heard
from web.facilitator.home import render_event
from web.facilitator.showing import rights, whole
from web.organiser.words import known
from web.organiser.words import number as figure
from web.pages import is_htmx, page

HERE = "facilitate-teams"
HEARD_S = 4  # seconds between two calls of an open board
SHORTEST, LONGEST = 2, 100  # letters of a name that is looked for


@page("get")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole board."""
    roster = access.roster_for(request.user, known(pk))
    context = {**whole(request, roster), **found(request, roster), **others(request, roster), "heard_s": HEARD_S}
    return render_event(request, roster.event, "web/facilitator/board.html", context, here=HERE)


@page("get")
def now(request: HttpRequest, pk: int) -> HttpResponse:
    """What an open board asks every few seconds: who else has it open, and all of it where it changed; nothing where nothing did."""
    roster = access.roster_for(request.user, known(pk))
    if not is_htmx(request):
        return redirect("facilitate-board", pk=roster.pk)
    seen = others(request, roster)
    changed = request.GET.get("version") != str(roster.version)
    if not changed and seen["others_key"] == request.GET.get("others", ""):
        return HttpResponse(status=204)
    context = {"roster": roster, "changed": changed, "heard_s": HEARD_S, **seen}
    if changed:
        context |= {**whole(request, roster), "all": True, "with_unplaced": True}
    return part(request, "web/facilitator/parts/now.html", context)


def others(request: HttpRequest, roster: Roster) -> dict[str, Any]:
    """Who else has the board open."""
    ids = heard(roster=roster, by=request.user)
    people = User.objects.filter(pk__in=ids).order_by("name", "pk") if ids else []
    names = [one.name or _("somebody without a name") for one in people]
    told = _("Also working here: {names}").format(names=", ".join(names)) if names else ""
    return {"others_told": told, "others_key": ".".join(map(str, ids))}


@page("get")
def find(request: HttpRequest, pk: int) -> HttpResponse:
    """People by a part of their name."""
    roster = access.roster_for(request.user, known(pk))
    if not is_htmx(request):
        return redirect("facilitate-board", pk=roster.pk)
    return part(request, "web/facilitator/parts/found.html", {"roster": roster, **found(request, roster)})


def found(request: HttpRequest, roster: Roster) -> dict[str, Any]:
    """Whom the search finds; nothing is looked for by a single letter."""
    text = request.GET.get("q", "").strip()[:LONGEST]
    return {"asked": text, "found": people_named(roster, text) if len(text) >= SHORTEST else []}


@page("get")
def person(request: HttpRequest, pk: int, participant: int) -> HttpResponse:
    """Somebody, and where they could go."""
    roster = access.roster_for(request.user, known(pk))
    context = {"roster": roster, "one": person_on(roster, known(participant), request.user.language), **rights(request, roster)}
    return panel(request, roster, "person", context)


@page("get")
def team(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A team: who brings what, what they share, who is missing; its name, place and task."""
    roster = access.roster_for(request.user, known(pk))
    chosen = numbered(roster, number)
    seen = as_seen(chosen, access.team_members(request.user, chosen), request.user.language)
    context = {"roster": roster, "team": chosen, "seen": seen, "value": figure(chosen.value), **rights(request, roster)}
    context["missing"] = team_joiners_told(chosen, request.user.language)
    return panel(request, roster, "team", context)


def panel(request: HttpRequest, roster: Roster, what: str, context: dict[str, Any]) -> HttpResponse:
    """A part for the board's panel, or a page of its own without script."""
    if is_htmx(request):
        return part(request, f"web/facilitator/parts/{what}.html", context)
    return render_event(
        request, roster.event, "web/facilitator/panel.html", {**context, "what": f"web/facilitator/parts/{what}.html"}, here=HERE
    )
