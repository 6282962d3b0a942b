"""S9 from the facilitator's side: the link for a TV, shown to type and to scan; hold it, name people or not, take it down."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.errors import BadInput, NotFound
from matchmaking.models import User, Wall
from matchmaking.services import walls
from web.codes import picture
from web.facilitator.home import render_event
from web.names import moment
from web.organiser.words import known
from web.pages import page

HERE = "facilitate-wall"
STEPS: dict[str, Callable[[Wall, User], object]] = {
    "freeze": lambda wall, by: walls.freeze(wall=wall, frozen=True, by=by),
    "follow": lambda wall, by: walls.freeze(wall=wall, frozen=False, by=by),
    "names": lambda wall, by: walls.show_names(wall=wall, shown=True, by=by),
    "no-names": lambda wall, by: walls.show_names(wall=wall, shown=False, by=by),
    "take-down": lambda wall, by: walls.take_down(wall=wall, by=by),
}


@page("get", "post")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """The wall's link; a POST puts it up or does one of `STEPS`."""
    event, roster = access.roster_shown(request.user, known(pk))
    if request.method == "POST":
        _done(request, event.pk)
        return redirect(HERE, event.pk)
    wall = access.wall_in_care(request.user, event.pk)
    context: dict[str, Any] = {"wall": wall, "published": roster is not None, "over": walls.is_over(event)}
    if wall is not None:
        address = settings.PUBLIC_URL + reverse("wall", args=[wall.token])
        ends = moment(event.ends_at, event.time_zone) if event.ends_at else None
        held = moment(wall.frozen_at, event.time_zone) if wall.frozen_at else None
        context |= {"address": address, "bare": address.partition("://")[2], "code": picture(address), "ends": ends, "held": held}
    return render_event(request, event, "web/facilitator/wall.html", context, here=HERE)


def _done(request: HttpRequest, event_id: int) -> None:
    step, by = request.POST.get("step", ""), request.user
    if step == "put-up":
        walls.put_up(event=access.event_to_facilitate(by, event_id), by=by)
        return
    if step not in STEPS:
        raise BadInput("The request cannot be used.")
    wall = access.wall_in_care(by, event_id)
    if wall is None:
        raise NotFound("There is no such wall.")
    STEPS[step](wall, by)
    if step == "take-down":
        messages.success(request, _("The wall is taken down; its link shows nothing any more."))
