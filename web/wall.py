"""S9: the team wall for a TV or projector: who sits where, page after page, as it is published; who has the link needs no sign-in."""

import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render as part
from django.urls import reverse
from django.utils.translation import activate

from matchmaking import access
from matchmaking.errors import NotFound
from matchmaking.models import Language, Wall
from matchmaking.selectors import walls
from matchmaking.selectors.labels import event_name
from matchmaking.services.throttles import address_of, take
from web.codes import picture
from web.names import moment
from web.pages import ANYONE, is_htmx, page

POLL_S = 3
LAST_POLL = 286  # htmx stops asking
SIGNS_SOUGHT = 60


@page("get", permits=ANYONE)
def wall(request: HttpRequest, token: str) -> HttpResponse:
    """The teams by place; `?list=names` everybody by name; `?q=` those found; `?page=` stays there; `?seen=` asks whether it changed."""
    try:
        shown = access.wall_of_link(token)
    except NotFound:
        if not access.is_former_wall(token):
            take("wall-address", address_of(request))  # whoever guesses links is slowed down; who had one is not
        if is_htmx(request):
            return part(request, "web/parts/wall_over.html", status=LAST_POLL)
        raise
    language = request.GET.get("in", "")
    language = language if language in Language.values else shown.event.programme.language
    activate(language)
    context = _content(request, shown, language)
    if is_htmx(request):
        same = request.GET.get("seen") == context["seen"]
        return HttpResponse(status=204) if same else part(request, "web/parts/wall.html", context)
    return part(request, "web/wall.html", context)


def _content(request: HttpRequest, shown: Wall, language: str) -> dict[str, Any]:
    """What is on the screen now, its fingerprint, and where its other pages are."""
    event = shown.event
    teams = walls.on_wall(shown.frozen if shown.frozen_at else walls.seated(shown), access.people_on_wall(event))
    wanted = request.GET.get("q", "").strip()[:SIGNS_SOUGHT] if shown.with_names else ""
    named = shown.with_names and (request.GET.get("list") == "names" or bool(wanted))
    rows: list[Any] = walls.by_name(teams) if named else teams
    rows = walls.found(rows, wanted) if wanted else rows
    fitting, tasks = walls.layout(teams, shown.with_names)
    size = walls.NAMES_A_PAGE if named else fitting
    number, pages, stays = _page(request, len(rows), size)
    on = rows[(number - 1) * size : number * size]
    since = shown.frozen_at or walls.published_at(shown)
    return {
        **_around(shown, language, named, wanted), "teams": [] if named else on, "rows": on if named else [], "named": named,
        "wanted": wanted, "empty": not teams, "tasks": tasks, "columns": 3 if shown.with_names else 4, "most": walls.MEMBERS_SHOWN,
        "number": number, "pages": pages, "stays": stays, "since": moment(since, event.time_zone) if since else None,
        "code": _find_code(shown) if shown.with_names and teams else "",
        "seen": walls.fingerprint(on, len(rows), number, stays, since, shown.frozen_at, shown.with_names, tasks),
    }  # fmt: skip


def _around(shown: Wall, language: str, named: bool, wanted: str) -> dict[str, Any]:
    """What stands around the teams: the event, the addresses of the other pages, how often to ask."""
    query = QueryDict(mutable=True)
    query.update({"in": language, **({"list": "names"} if named else {}), **({"q": wanted} if wanted else {})})
    return {
        "wall": shown, "name": event_name(shown.event, language), "query": query, "address": reverse("wall", args=[shown.token]),
        "languages": settings.LANGUAGES, "language": language, "poll_s": POLL_S, "turn_s": walls.TURN_S,
    }  # fmt: skip


def _find_code(shown: Wall) -> str:
    """What a phone scans to look itself up."""
    return picture(f"{settings.PUBLIC_URL}{reverse('wall', args=[shown.token])}?list=names&page=1")


def _page(request: HttpRequest, rows: int, size: int) -> tuple[int, int, bool]:
    """The number of the page, how many there are, and whether the reader asked it to stay."""
    pages = max(1, -(-rows // size))
    asked = request.GET.get("page", "")
    if asked.isdecimal() and len(asked) < 6:
        return min(max(int(asked), 1), pages), pages, True
    return walls.page_at(time.time(), pages), pages, False
