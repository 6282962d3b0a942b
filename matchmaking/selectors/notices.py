"""Notices in words: what happened, in one sentence of the reader's language, and where to go on. Made anew at each reading."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from matchmaking.models import Event, Intent, Introduction
from matchmaking.selectors.labels import event_name

DATES = {"be": "d.m.Y", "ru": "j E Y", "en": "j F Y", "de": "j. F Y"}  # Django has no Belarusian formats, and odd month names


class Words(NamedTuple):
    """The sentence of a kind, where it leads, and what that link is called."""

    sentence: str | Promise
    path: str
    link: str | Promise


KINDS = {
    "introduction": Words(_("{name} and you both said yes: {event}."), "/contacts/", _("To the contacts")),
    "approved": Words(_("The organisers have accepted you: {event}."), "/suggestions/", _("To the suggestions")),
    "suggestions": Words(_("There are new suggestions for you: {event}."), "/suggestions/", _("To the suggestions")),
    "reminder": Words(_("Your time to answer suggestions ends soon: {event}."), "/suggestions/", _("To the suggestions")),
    "team": Words(_("Your team is set, or has changed: {event}."), "/team/", _("To my team")),
    "tables": Words(_("Your tables for the working groups are set: {event}."), "/team/", _("To my tables")),
    "change_decided": Words(_("The facilitators have answered your request: {event}."), "/team/", _("To my team")),
    "moved": Words(_("The time or place has changed: {event}, {where}."), "/suggestions/", _("To the event")),
}
OTHER = Words(_("There is news: {event}."), "/", _("To the start page"))


class Notice(NamedTuple):
    """A notice as its reader sees it."""

    id: int
    kind: str
    text: str
    path: str
    link: str
    at: datetime
    unread: bool


def told(intents: Sequence[Intent], language: str) -> list[Notice]:
    """Notices in the active language, in the order given; one query for the names in them."""
    partners = _partners(intents)
    return [_told(intent, partners, language) for intent in intents]


def _told(intent: Intent, partners: dict[tuple[int, int], str], language: str) -> Notice:
    words = KINDS.get(intent.kind, OTHER)
    event = intent.event
    values = {
        "event": plain(event_name(event, language)) if event is not None else "–",
        "name": plain(partners.get((intent.data.get("introduction", 0), intent.recipient_id), "")),
        "where": where(event) if event is not None else "",
    }
    text = str(words.sentence).format_map(values)
    return Notice(intent.pk, intent.kind, text, words.path, str(words.link), intent.created_at, intent.seen_at is None)


def _partners(intents: Iterable[Intent]) -> dict[tuple[int, int], str]:
    """By introduction and reader the name of the other side."""
    wanted = {intent.data["introduction"] for intent in intents if "introduction" in intent.data}
    rows = Introduction.objects.filter(pk__in=wanted).values_list("pk", "pair__a", "pair__a__name", "pair__b", "pair__b__name")
    found: dict[tuple[int, int], str] = {}
    for pk, a, a_name, b, b_name in rows if wanted else ():
        found |= {(pk, a): b_name, (pk, b): a_name}
    return found


def plain(text: str) -> str:
    """What people wrote, as it may stand within a sentence or a mail's header: on one line."""
    return " ".join(text.split())


def where(event: Event) -> str:
    """When and where an event is, at its place: as far as it says so."""
    if event.starts_at is None:
        return plain(event.city) or "–"
    there = event.starts_at.astimezone(ZoneInfo(event.time_zone))
    time = f"{date_format(there, DATES[get_language() or 'en'])}, {there:%H:%M}"
    return f"{time}, {plain(event.city)}" if event.city else time
