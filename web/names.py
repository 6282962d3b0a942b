"""Names that pages show for fields and codes."""

from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy

from matchmaking.engine.wording import words_of
from matchmaking.models import Participant, Programme
from matchmaking.selectors import labels
from matchmaking.selectors.notices import DATES
from web.forms import CONTACTS

OFTEN = ("be", "ru", "en", "de", "pl", "uk", "lt")
TERM_TEXTS = {
    "offers": (gettext_lazy("What I offer"), gettext_lazy("For example: graphic design, a room for events, mentoring")),
    "needs": (gettext_lazy("What I am looking for"), gettext_lazy("For example: a school to work with, funding, a designer")),
    "interests": (gettext_lazy("What I care about"), gettext_lazy("For example: heritage, games, ecology")),
}
LABELS = {
    "name": gettext_lazy("Name"),
    "organisation": gettext_lazy("Organisation"),
    "sector": gettext_lazy("Sector"),
    "city": gettext_lazy("City"),
    "languages": gettext_lazy("Languages"),
    "offer_text": gettext_lazy("What I offer, in my own words"),
    "need_text": gettext_lazy("What I am looking for, in my own words"),
    "about": gettext_lazy("About me and what I do"),
    "private_answers": gettext_lazy("Limits and accessibility needs"),
    **{name: label for name, (label, _example) in TERM_TEXTS.items()},
    **CONTACTS,
}


def language_name(code: str) -> str:
    """What a language is called in the reader's own; the code itself where we have no name for it."""
    name = words_of(get_language() or "en").languages.get(code, code)
    return name[:1].upper() + name[1:]


def sectors_of(programme: Programme) -> dict[str, str]:
    """The sectors of a programme by their keys, in the reader's language."""
    return labels.sectors_of(programme, get_language() or "en")


def value_of(own: Participant, field: str) -> Any:
    """What somebody told in a field of the profile."""
    if field == "organisation":
        return own.organisation.name if own.organisation else ""
    return getattr(own, field) if hasattr(own, field) else getattr(own.profile, field)


class Moment(NamedTuple):
    """A time at the place of an event: for people, and for machines."""

    text: str
    iso: str


def day(time: datetime, zone: str = "UTC") -> str:
    """The date of `time` in `zone`, as the reader's language writes it."""
    return date_format(time.astimezone(ZoneInfo(zone)), DATES[get_language() or "en"])


def moment(time: datetime, zone: str) -> Moment:
    """`time` on the clock of `zone`, as the reader's language writes it."""
    there = time.astimezone(ZoneInfo(zone))
    return Moment(f"{day(time, zone)}, {there:%H:%M}", there.isoformat())
