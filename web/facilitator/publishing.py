"""Publishing the teams, which is asked about once, and taking them back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.errors import Conflict, Moved
from matchmaking.models import Roster
from matchmaking.selectors.rosters import standing
from matchmaking.selectors.team_words import warnings
from matchmaking.services import roster_choice, rosters
from web import errors
from web.facilitator.home import render_event
from web.facilitator.words import roster_name
from web.organiser.words import known
from web.pages import page

HERE = "facilitate-teams"


@page("get", "post")
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what publishing does and ask once; then show the teams to their people."""
    roster = access.roster_to_edit(request.user, known(pk))
    if request.method != "POST":
        return ask(request, roster)
    try:
        rosters.publish(roster=roster, by=request.user, anyway=request.POST.get("anyway") == "1")
    except Conflict as error:
        return ask(request, roster, refused=errors.sentence(error), newer=isinstance(error, Moved), status=409)
    messages.success(request, _("Published: everybody sees their team now."))
    return redirect("facilitate-board", pk=roster.pk)


def ask(request: HttpRequest, roster: Roster, *, refused: str = "", newer: bool = False, status: int = 200) -> HttpResponse:
    """What will happen, and what does not hold."""
    now = standing(roster, request.user.language)
    context = {
        "roster": roster,
        "roster_name": roster_name(roster),
        "placed": len(now.home),
        "unplaced": len(now.people) - len(now.home),
        "warnings": warnings(now.question, now.broken, now.words),
        "replaces": Roster.objects.filter(event=roster.event_id, state=Roster.State.PUBLISHED).exclude(pk=roster.pk).exists(),
        "refused": refused,
        "newer": newer,
    }
    return render_event(request, roster.event, "web/facilitator/publish.html", context, here=HERE, status=status)


@page("post")
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Show these teams no longer; what was shown before is shown again."""
    roster = access.roster_to_edit(request.user, known(pk))
    previous = roster_choice.take_back(roster=roster, by=request.user)
    messages.success(
        request,
        _("Taken back: the teams from before are shown again.") if previous else _("Taken back: nobody sees a team now."),
    )
    return redirect("facilitate-board", pk=roster.pk)


@page("post")
def set_aside(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a draft away."""
    roster = rosters.set_aside(roster=access.roster_to_edit(request.user, known(pk)), by=request.user)
    messages.success(request, _("{roster}: put away.").format(roster=roster_name(roster)))
    return redirect("facilitate-teams", pk=roster.event_id)
