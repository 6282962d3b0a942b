"""Files a person takes along: a contact (vCard 3.0), a meeting (iCalendar); the library escapes what they hold."""

from collections.abc import Mapping
from datetime import UTC, datetime

from django.http import HttpResponse
from django.utils import timezone
from django.utils.text import slugify
from icalendar import Calendar, Component, Event, vText
from icalendar.prop import vN, vOrg

MAKER = "-//Matchmaking//EN"


def card_file(name: str, organisation: str, contacts: Mapping[str, str]) -> HttpResponse:
    """A contact with what it shares and nothing else."""
    card = Component()
    card.name = "VCARD"
    name, organisation = _line(name), _line(organisation)
    family = name.rpartition(" ")[2]
    card.add("VERSION", vText("3.0"))
    card.add("FN", vText(name))
    card.add("N", vN((family, name.removesuffix(family).strip(), "", "", "")))
    if organisation:
        card.add("ORG", vOrg((organisation,)))
    for field, key in (("mail", "EMAIL"), ("phone", "TEL"), ("telegram", "X-TELEGRAM")):
        if field in contacts:
            card.add(key, vText(_line(contacts[field])))
    return _file(card.to_ical(sorted=False), "text/vcard", f"{slugify(name) or 'contact'}.vcf")


def calendar_file(key: str, title: str, starts: datetime, ends: datetime, *, place: str, text: str) -> HttpResponse:
    """One meeting; the same `key` changes the entry that a calendar has already."""
    calendar, event = Calendar(), Event()
    calendar.add("prodid", MAKER)
    calendar.add("version", "2.0")
    event.add("uid", f"{key}@matchmaking")
    event.add("dtstamp", timezone.now())
    event.add("dtstart", starts.astimezone(UTC))
    event.add("dtend", ends.astimezone(UTC))
    event.add("summary", title)
    if place:
        event.add("location", place)
    if text:
        event.add("description", text)
    calendar.add_component(event)
    return _file(calendar.to_ical(), "text/calendar", "meeting.ics")


def _line(text: str) -> str:
    return " ".join(text.split())


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(content, content_type=f"{kind}; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'})
