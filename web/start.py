"""The start page: what this is, and where to go on; the language of the pages; in the demo a look at each role's pages."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import activate, gettext_lazy
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.models import Language, User
from matchmaking.services import demo, participants
from web.pages import ANYONE, page, render, rooms_of

JUST_NOW_S = 600
SIGNED_IN_AT = "signed_in_at"  # in the session: when, in seconds of the clock
ROLES = {
    "participant": (gettext_lazy("Participant"), gettext_lazy("reads suggestions, says yes or no, finds contacts")),
    "facilitator": (gettext_lazy("Facilitator"), gettext_lazy("forms teams and working groups")),
    "organiser": (gettext_lazy("Organiser"), gettext_lazy("runs the programme and its events")),
}


@page("get", permits=ANYONE)
def start(request: HttpRequest) -> HttpResponse:
    user = request.user
    signed_in = user.is_authenticated
    context: dict[str, Any] = {
        "demo": not settings.PRODUCTION and not settings.EMAIL_URL,
        "greeting": _("You are signed in as {name}.").format(name=user.name or user.mail) if signed_in else "",
        "second_factor": settings.SECOND_FACTOR and access.needs_second_factor(user),
        "samples": [] if signed_in else [(one, *ROLES[one.role]) for one in demo.sample_logins()],
    }
    return render(request, "web/start.html", context)


@page("post", permits=ANYONE)
def choose_language(request: HttpRequest) -> HttpResponse:
    """Read the pages in this language from now on, here and wherever one signs in."""
    language = request.POST.get("language", "")
    answer = redirect(local_path(request, request.POST.get("next", "")) or "start")
    if language in Language.values:
        if request.user.is_authenticated:
            participants.change_login(user=request.user, language=language)
        remember_language(answer, language)
    return answer


@page("post", permits=ANYONE)
def look_in(request: HttpRequest) -> HttpResponse:
    """Sign in as one of the demo's people with one click, in the language that was chosen here, if one was."""
    user = demo.sample_user(request.POST.get("mail", ""))
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if chosen in Language.values and chosen != user.language:
        user = participants.change_login(user=user, language=chosen)
    return signed_in_as(request, user, "")


def signed_in_as(request: HttpRequest, user: User, onward: str) -> HttpResponse:
    """Sign in, remember the language, and go on: to `onward`, else to the first room of this person."""
    login(request, user)
    request.session[SIGNED_IN_AT] = int(time.time())
    request.session.set_expiry(None)  # from now on as long as the settings say
    activate(user.language)
    rooms = rooms_of(request, "")
    if access.lacks_second_factor(user):
        answer = redirect(reverse("second-factor", query={"next": onward} if onward else None))
    else:
        answer = redirect(onward or (rooms[0]["address"] if rooms else "start"))
    remember_language(answer, user.language)
    return answer


def signed_in_just_now(request: HttpRequest) -> bool:
    """Whether the person proved within the last minutes who they are: those without a password are asked for that instead."""
    return time.time() - request.session.get(SIGNED_IN_AT, 0) < JUST_NOW_S


def remember_language(answer: HttpResponse, language: str) -> None:
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )


def local_path(request: HttpRequest, asked: str) -> str:
    """`asked` where it is a path of ours; never another site."""
    safe = url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return asked if safe and asked.startswith("/") else ""
