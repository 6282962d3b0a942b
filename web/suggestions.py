"""S3: what is suggested to a person, five at a time, with the reasons of both sides; yes, no, undo, and never again."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.errors import NotFound
from matchmaking.models import Event, Participant
from matchmaking.models.base import ID_BITS
from matchmaking.selectors import own_data
from matchmaking.selectors.joiners import silence_told
from matchmaking.selectors.labels import event_name
from matchmaking.selectors.own_events import taken_part_in
from matchmaking.selectors.suggestions import Standing, shown
from matchmaking.services import blocks, introductions, suggestions
from web.forms import CONTACTS, NOT_BECAUSE, AnswerForm, checked
from web.names import Moment, language_name, moment
from web.pages import is_htmx, page, render

AT_ONCE = 5
ROOM = "suggestions"
ABSENT = "There is no such suggestion."


@page("get")
def overview(request: HttpRequest) -> HttpResponse:
    """Those still to answer, the best first; `?show=answered` the others, `?event=` of one event, `?from=` further down."""
    user, language = request.user, request.user.language
    events = {event.pk: event for event in taken_part_in(access.events_visible_to(user), user)}
    chosen, answered = _number(request, "event"), request.GET.get("show") == "answered"
    listed = [row for row in shown(access.SUGGESTIONS.standings(user)) if chosen in (0, row.event_id)]
    still_open = [row for row in listed if row.state == "open"]
    rows = [row for row in listed if row.state != "open"] if answered else still_open
    first = min(_number(request, "from"), len(rows))
    told = access.SUGGESTIONS.told(user, rows[first : first + AT_ONCE], language)
    own = list(own_data.at_a_glance(access.own_participants(user)))
    context = {
        "cards": [card(one, events, own) for one in told],
        "more": first + AT_ONCE if first + AT_ONCE < len(rows) else 0,
        "answered": answered,
        "open_count": len(still_open),
        "answered_count": len(listed) - len(still_open),
        "chosen": chosen,
        "events": [{"id": pk, "name": event_name(event, language)} for pk, event in events.items()],
        "as_of": _as_of(event for pk, event in events.items() if chosen in (0, pk)),
        "silence": silence_told(access.own_shortfalls(user), language),
        "own": own,
        "unasked": [one for one in own if not any(consent.purpose == "suggestions" for consent in one.consents.all())],
    }
    return (
        part(request, "web/parts/cards.html", context) if is_htmx(request) else render(request, "web/suggestions.html", context, room=ROOM)
    )


@page("get")
def single(request: HttpRequest, pk: int) -> HttpResponse:
    """One suggestion by itself: where an answer leads without script, and where a notice will."""
    return render(request, "web/suggestion.html", {"card": _card_of(request, pk)}, room=ROOM)


@page("post")
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The reader's own answer; the side is taken from who is signed in, from nothing else."""
    said = checked(AnswerForm(request.POST))
    suggestion, by = access.suggestion_to_answer(request.user, _known(pk))
    if said["answer"] == "undo":
        suggestions.undo(suggestion=suggestion, by=by)
    elif said["answer"] == "decline":
        suggestions.decline(suggestion=suggestion, by=by, reason=said["reason"])
    else:
        suggestions.accept(suggestion=suggestion, by=by, shares=said["shares"] if said["choosing"] else None)
    told = _card_of(request, pk)
    if said["choosing"] and told["introduction"]:
        introduction, by = access.introduction_for(request.user, told["introduction"])
        introductions.choose_contacts(introduction=introduction, by=by, shares=said["shares"])
    if not is_htmx(request):
        return redirect("suggestion", pk=told["id"])
    shown_again = part(request, "web/parts/suggestion.html", {"card": told})
    if said["answer"] == "decline":
        shown_again.headers["HX-Reswap"] = "outerHTML show:top"  # the card gets short: its undo is not to slip out of sight
    return shown_again


@page("post")
def block(request: HttpRequest, pk: int) -> HttpResponse:
    """Never meet this person: at once, both ways, never told."""
    by, whom = access.block_to_make(request.user, _known(pk))
    made, _new = blocks.block(by=by, whom=whom)
    if is_htmx(request):
        return part(request, "web/parts/blocked.html", {"block": made})
    return redirect("own-data")


@page("post")
def unblock(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a block back; what vanished stays away until a new run."""
    blocks.unblock(block=access.block_for(request.user, _known(pk)))
    if is_htmx(request):
        return HttpResponse(_("The block is taken back."))
    return redirect("own-data")


def card(told: dict[str, Any], events: dict[int, Event], own: list[Participant]) -> dict[str, Any]:
    """A suggestion as its card shows it: the time left at the event's place, the contacts still to be chosen."""
    event = events.get(told["event"]["id"])
    zone = event.time_zone if event else "UTC"
    until = moment(datetime.fromisoformat(told["expires_at"]), zone) if told["expires_at"] else None
    me = next((one for one in own if event and one.programme_id == event.programme_id), None)
    asks = told["my_answer"] == "accept" and me is not None and not me.shares
    return {
        **told,
        "languages": [language_name(code) for code in told["partner"]["languages"]],
        "until": until,
        "several": len(events) > 1,
        "because": NOT_BECAUSE.items(),
        "contacts": [(name, label, getattr(me, name)) for name, label in CONTACTS.items() if getattr(me, name, "")] if asks else [],
    }


def _card_of(request: HttpRequest, pk: int) -> dict[str, Any]:
    user = request.user
    present = access.suggestion_for(user, _known(pk)).pk
    standings = access.SUGGESTIONS.standings(user)
    listed = {row.id for row in shown(standings)}
    rows: list[Standing] = [row for row in standings if row.id == present and (row.id in listed or row.state == "expired")]
    told = access.SUGGESTIONS.told(user, rows, user.language)
    if not told:
        raise NotFound(ABSENT)
    events = {event.pk: event for event in taken_part_in(access.events_visible_to(user), user)}
    return card(told[0], events, list(access.own_participants(user)))


def _as_of(events: Iterable[Event]) -> Moment | None:
    """When the oldest of what is shown was published, at the place of its event."""
    times = [(event.as_of, event.time_zone) for event in events if event.as_of is not None]  # type: ignore[attr-defined]
    return moment(*min(times)) if times else None


def _known(number: int) -> int:
    if number >= 2**ID_BITS:
        raise NotFound(ABSENT)
    return number


def _number(request: HttpRequest, name: str) -> int:
    """A number of the address; 0 where there is none that can be used."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 16 else 0
