"""A roster's board as the pages show it, whole or in the parts that a change touched."""

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.urls import reverse
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.models import Roster
from matchmaking.selectors.boards import board
from web.facilitator.words import STATES, last_told, roster_name
from web.names import moment
from web.organiser.words import number
from web.pages import is_htmx

VIEWS = ("full", "names")
SHOWN = ("all", "warnings", "locked")


def whole(request: HttpRequest, roster: Roster) -> dict[str, Any]:
    """Everything the board's template needs."""
    told = board(roster, request.user.language)
    for card in told["cards"]:
        card["value"] = number(card["value"])
        card["weakest"] = bool(card["people"]) and card["value"] == number(told["measures"]["worst"])
    view, show = request.GET.get("view", ""), request.GET.get("show", "")
    return {
        **told,
        "map": told["cards"],
        "roster": roster,
        "event": roster.event,
        "roster_name": roster_name(roster),
        "state": STATES[Roster.State(roster.state)],
        "made": moment(roster.created_at, roster.event.time_zone),
        "measures": {name: number(value, 1 if name == "sectors" else 0) for name, value in told["measures"].items()},
        "last_told": last_told(told["last"], roster.event),
        **rights(request, roster),
        "view": view if view in VIEWS else VIEWS[0],
        "show": show if show in SHOWN else SHOWN[0],
    }


def rights(request: HttpRequest, roster: Roster) -> dict[str, bool]:
    """Whether the reader may change the roster."""
    return {"may_edit": roster.state != Roster.State.ASIDE and access.may_edit(request.user, roster)}


def answered(
    request: HttpRequest, roster: Roster, touched: Collection[int | None], sentences: Collection[str], *, before: int, at: str
) -> HttpResponse:
    """What a change did: to htmx the parts of the board that it touched, or all where the page stood at another version than `before`."""
    if not is_htmx(request):
        for sentence in sentences:
            messages.success(request, sentence)
        return redirect(reverse("facilitate-board", args=[roster.pk]) + at)
    context = whole(request, roster)
    if request.POST.get("version") == str(before):
        context["cards"] = [card for card in context["cards"] if card["number"] in touched]
        context["with_unplaced"] = None in touched
    else:
        context["with_unplaced"] = context["all"] = True
    return part(request, "web/facilitator/parts/changed.html", {**context, "said": sentences})


def broken_told(breaks: Collection[Any], mends: Collection[Any]) -> list[str]:
    """Which rules a change broke or mended."""
    told = [_("No longer holds: {rule}").format(rule=one["sentence"]) for one in breaks]
    return told + [_("Holds again: {rule}").format(rule=one["sentence"]) for one in mends]
