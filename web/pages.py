"""What every page shares: who may open it, the reader's language, errors as pages, nothing kept by a cache, the rooms on top."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as django_render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import activate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from matchmaking import access
from matchmaking.errors import BadInput
from matchmaking.services.throttles import take
from web import errors

SIGNED_IN, FIRST_FACTOR, ANYONE = "who is signed in", "who is signed in, the second factor not asked for", "anyone"
NOTICES = "notices"  # a room behind the bell, not in the navigation
View = Callable[..., HttpResponse]


class Room(NamedTuple):
    """An entry of the navigation, and whom it is for: participants, or those with a role."""

    audience: str
    name: str  # of the route; it is the icon's name too
    label: str | Promise


ROOMS = (
    Room(access.PARTICIPANT, "suggestions", _("Suggestions")),
    Room(access.PARTICIPANT, "contacts", _("Contacts")),
    Room(access.PARTICIPANT, "own-team", _("My team")),
    Room(access.PARTICIPANT, "profile", _("Profile")),
    Room(access.PARTICIPANT, "own-data", _("My data")),
    Room(access.FACILITATOR, "facilitate", _("Teams")),
    Room(access.ORGANISER, "organise", _("Events")),
)


def page(*operations: str, permits: str = SIGNED_IN) -> Callable[[View], View]:
    """A view of a page that answers these methods, in small letters, to these people."""

    def door(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            response = _answer(view, permits, request, args, kwargs)
            response.headers["Cache-Control"] = "no-store"
            patch_vary_headers(response, ("Cookie", "Accept-Language", "HX-Request"))
            return response

        methods = [name.upper() for name in operations] + (["HEAD"] if "get" in operations else [])
        guarded: View = require_http_methods(methods)(answer)
        guarded.permits, guarded.operations = permits, operations  # type: ignore[attr-defined]
        return guarded

    return door


def _answer(view: View, permits: str, request: HttpRequest, args: Any, kwargs: Any) -> HttpResponse:
    signed_in = request.user.is_authenticated
    if not signed_in and permits != ANYONE:
        return _to(request, settings.LOGIN_URL)
    if permits == SIGNED_IN and access.lacks_second_factor(request.user):
        return _to(request, reverse("second-factor"))
    try:
        if any("\x00" in text for sent in (request.GET, request.POST) for texts in sent.lists() for text in texts[1]):
            raise BadInput("Text cannot hold the sign NUL.")
        if signed_in:
            activate(request.user.language)
            if request.method == "POST":
                take("user", str(request.user.pk))
        return view(request, *args, **kwargs)
    except errors.REFUSALS as error:
        return errors.refusal(request, error)


def _to(request: HttpRequest, door: str) -> HttpResponse:
    """To a page of the sign-in, and back to where one wanted to go."""
    onward = redirect_to_login(request.get_full_path() if request.method in ("GET", "HEAD") else reverse("start"), door)
    return HttpResponse(status=204, headers={"HX-Redirect": onward["Location"]}) if is_htmx(request) else onward


def is_htmx(request: HttpRequest) -> bool:
    """Whether a part of a page is asked for, not the whole."""
    return request.headers.get("HX-Request") == "true"


def render(request: HttpRequest, template: str, context: dict[str, Any], *, room: str = "", status: int = 200) -> HttpResponse:
    """A whole page with the rooms of its reader and their unread notices; `room` is where the reader is."""
    return django_render(request, template, {**_heading(request, room), **context}, status=status)


def rooms_of(request: HttpRequest, here: str) -> list[dict[str, Any]]:
    """The navigation for what the reader is: participant, facilitator, organiser, or several of these."""
    rooms: list[dict[str, Any]] = _heading(request, here)["rooms"]
    return rooms


def _heading(request: HttpRequest, here: str) -> dict[str, Any]:
    if not request.user.is_authenticated:
        return {"rooms": []}
    audiences, unread = access.heading_of(request.user)
    rooms = [
        {"address": reverse(room.name), "icon": room.name, "label": room.label, "here": room.name == here}
        for room in ROOMS
        if room.audience in audiences
    ]
    return {"rooms": rooms, "unread": unread, "at_notices": here == NOTICES}
