"""S5: my team: where it sits, in large letters; who is in it, what each brings; what it works on; asking for a change."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.models import ChangeRequest, Event, Team
from matchmaking.models.base import ID_BITS
from matchmaking.selectors.labels import event_name
from matchmaking.selectors.own_events import taken_part_in
from matchmaking.selectors.table_plans import own_tables
from matchmaking.selectors.teams import as_seen
from matchmaking.services import change_requests
from web.names import language_name, moment
from web.pages import page, render

ROOM = "own-team"


@page("get")
def overview(request: HttpRequest) -> HttpResponse:
    """One's place at an event: `?event=` at which, else at the first that has one."""
    user = request.user
    events = list(taken_part_in(access.events_visible_to(user), user))
    teams = {team.roster.event_id: team for team in access.own_teams(user)}
    tables = {one["event"]["id"]: one["tables"] for one in own_tables(access.own_table_seats(user), user.language)}
    event = _chosen(events, request.GET.get("event", ""), {*teams, *tables})
    others = [
        {"address": f"{reverse(ROOM)}?event={one.pk}", "label": event_name(one, user.language), "here": one == event} for one in events
    ]
    context: dict[str, Any] = {"events": others, "event": event, "as_of": moment(timezone.now(), event.time_zone) if event else None}
    if event is not None:
        team = teams.get(event.pk)
        context |= {"name": event_name(event, user.language), "team": _told(request, team) if team else None}
        context |= {"tables": tables.get(event.pk, []), "published": team is not None or access.teams_are_published(user, event.pk)}
        context |= _asked(request, event)
    return render(request, "web/team.html", context, room=ROOM)


@page("post")
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the facilitators of an event for a change; while one request is open, the new text takes its place."""
    part = access.own_part(request.user, _known(pk))
    change_requests.ask(event=part.event, participant=part.participant, text=request.POST.get("text", ""))
    messages.success(request, _("Your request is with the facilitators. You read their answer here."))
    return redirect(f"{reverse(ROOM)}?event={part.event_id}")


@page("post")
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back one's own request."""
    request_ = access.own_change_request(request.user, _known(pk))
    change_requests.take_back(request=request_, by=request.user)
    return redirect(f"{reverse(ROOM)}?event={request_.event_id}")


def _chosen(events: list[Event], asked: str, with_place: set[int]) -> Event | None:
    """The event asked for, else the next one with a place that is not over, else any with a place, else the first."""
    now = timezone.now()
    wishes = (
        lambda one: str(one.pk) == asked,
        lambda one: one.pk in with_place and (one.ends_at is None or one.ends_at >= now),
        lambda one: one.pk in with_place,
        lambda one: True,
    )
    return next((one for wish in wishes for one in events if wish(one)), None)


def _told(request: HttpRequest, team: Team) -> dict[str, Any]:
    """The team as its page shows it, oneself first."""
    told = as_seen(team, access.team_members(request.user, team), request.user.language)
    mine = set(access.own_participants(request.user).values_list("pk", flat=True))
    for one in told["members"]:
        one |= {"me": one["id"] in mine, "speaks": [language_name(code) for code in one["languages"]]}
    told["members"].sort(key=lambda one: not one["me"])
    return told


def _asked(request: HttpRequest, event: Event) -> dict[str, Any]:
    """The open request of the event, and how the last one was decided."""
    rows = list(access.own_change_requests(request.user).filter(event=event)[:5])
    waiting = next((one for one in rows if one.state == ChangeRequest.State.OPEN), None)
    decided = next((one for one in rows if one.state in change_requests.DECISIONS), None)
    return {"waiting": waiting, "decided": decided, "signs": change_requests.SIGNS}


def _known(number: int) -> int:
    return number if number < 2**ID_BITS else 0  # which is no row's id
