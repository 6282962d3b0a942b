"""S4: those who said yes too: their contacts as they chose, met, the next step, a card and a calendar entry to take along."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.errors import Conflict, NotFound
from matchmaking.models import Event, Participant
from matchmaking.models.base import ID_BITS
from matchmaking.selectors.introductions import told, with_sides
from matchmaking.selectors.labels import event_name
from matchmaking.services import introductions
from web.files import calendar_file, card_file
from web.forms import CONTACTS, LOCAL_TIME, SharesForm, checked, noted
from web.pages import is_htmx, page, render

ROOM = "contacts"
MEETING = timedelta(hours=1)
ABSENT = "There is no such introduction."


@page("get")
def overview(request: HttpRequest) -> HttpResponse:
    """All contacts by name; `?q=` those whose name or organisation holds it."""
    wanted = request.GET.get("q", "").strip()[:100]
    cards = [one for one in _cards(request) if wanted.casefold() in f"{one['partner']['name']} {one['partner']['organisation']}".casefold()]
    own = list(access.own_participants(request.user).select_related("programme"))
    context = {"cards": sorted(cards, key=lambda one: one["partner"]["name"].casefold()), "wanted": wanted}
    context["standing"] = [
        {"pk": one.pk, "programme": event_name(one.programme, request.user.language), "choices": _choices(one, one.shares)} for one in own
    ]
    return render(request, "web/contacts.html", context, room=ROOM)


@page("post")
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Met or not, the next step, when to meet: for oneself alone."""
    introduction, by = access.introduction_for(request.user, _known(pk))
    introductions.note(introduction=introduction, by=by, said=noted(request.POST, introduction.pair.event.time_zone))
    return _shown(request, pk)


@page("post")
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose which of one's contacts this person sees; what is left out is hidden at once."""
    said = checked(SharesForm(request.POST))
    introduction, by = access.introduction_for(request.user, _known(pk))
    introductions.choose_contacts(introduction=introduction, by=by, shares=said["shares"])
    return _shown(request, pk)


@page("post")
def share_always(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose which contacts introductions to come open."""
    said = checked(SharesForm(request.POST))
    own = access.own_participant(request.user, _known(pk))
    introductions.choose_standing_contacts(own, said["shares"])
    messages.success(request, _("Saved."))
    return redirect("contacts")


@page("post")
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End an introduction: the contacts of both sides are hidden at once."""
    introduction, by = access.introduction_for(request.user, _known(pk))
    introductions.close(introduction=introduction, by=by)
    messages.success(request, _("The introduction is ended; contacts are no longer shared."))
    return redirect("contacts")


@page("get")
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """The contact for an address book (vCard)."""
    one = _one(request, pk)
    return card_file(one["partner"]["name"], one["partner"]["organisation"], one["contacts"])


@page("get")
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """The meeting for a calendar: at the time noted, else during the event."""
    one = _one(request, pk)
    event: Event = one["at"]
    starts = one["meets"] or event.starts_at
    if starts is None:
        raise Conflict("Say first when you meet.")
    ends = starts + MEETING if one["meets"] else event.ends_at or starts + MEETING
    title = _("Meeting: {name}").format(name=one["partner"]["name"])
    return calendar_file(f"introduction-{pk}", title, starts, ends, place=event.city, text=one["next_step"])


def _cards(request: HttpRequest, pk: int | None = None) -> list[dict[str, Any]]:
    user = request.user
    rows = with_sides(access.introductions_visible_to(user), user.pk)
    return [_card(row, request) for row in (rows if pk is None else rows.filter(pk=_known(pk)))]


def _card(row: Any, request: HttpRequest) -> dict[str, Any]:
    """An introduction as its card shows it; times at the place of the event."""
    user, event = request.user, row.pair.event
    one = told(row, user.pk, user.language)
    me: Participant = row.pair.a if row.pair.a.user_id == user.pk else row.pair.b
    meets = datetime.fromisoformat(one["meets_at"]).astimezone(ZoneInfo(event.time_zone)) if one["meets_at"] else None
    links = {"mail": "mailto:{}", "phone": "tel:{}", "telegram": "https://t.me/{}"}
    reached = [(CONTACTS[name], value, links[name].format(_bare(name, value))) for name, value in one["contacts"].items()]
    return {
        **one, "at": event, "meets": meets, "meets_field": meets.strftime(LOCAL_TIME) if meets else "",
        "reached": reached, "choices": _choices(me, one["my_shares"]), "can_meet": bool(meets or event.starts_at),
    }  # fmt: skip


def _bare(name: str, value: str) -> str:
    """A contact as its link takes it."""
    if name == "telegram":
        return value.lstrip("@")
    return "".join(sign for sign in value if sign in "+0123456789") if name == "phone" else value


def _choices(me: Participant, chosen: list[str]) -> list[tuple[str, Any, str, bool]]:
    return [(name, label, getattr(me, name), name in chosen) for name, label in CONTACTS.items() if getattr(me, name)]


def _one(request: HttpRequest, pk: int) -> dict[str, Any]:
    access.introduction_for(request.user, _known(pk))
    return _cards(request, pk)[0]


def _shown(request: HttpRequest, pk: int) -> HttpResponse:
    if is_htmx(request):
        return part(request, "web/parts/contact.html", {"card": _one(request, pk)})
    return redirect("contacts")


def _known(number: int) -> int:
    if number >= 2**ID_BITS:
        raise NotFound(ABSENT)
    return number
