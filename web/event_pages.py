"""What the pages about an event share, whoever works there: its name and its pages on top, and how a first page shows it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise

from matchmaking.models import Event
from matchmaking.selectors.labels import event_name
from web.names import moment
from web.pages import render


class EventPages(NamedTuple):
    """The pages of an event in one room, by the names of their routes."""

    room: str
    names: Mapping[str, str | Promise]

    def render(
        self, request: HttpRequest, event: Event, template: str, context: dict[str, Any], *, here: str, status: int = 200
    ) -> HttpResponse:
        """One of them, with the event's name and all of them on top."""
        tabs = [{"address": reverse(name, args=[event.pk]), "label": label, "here": name == here} for name, label in self.names.items()]
        about = {"event": event, "event_name": event_name(event, request.user.language), "tabs": tabs}
        return render(request, template, {**about, **context}, room=self.room, status=status)


def card(event: Any, language: str) -> dict[str, Any]:
    """An event as a first page shows it; `shown_at` was annotated."""
    return {
        "event": event,
        "name": event_name(event, language),
        "programme": event_name(event.programme, language),
        "starts": moment(event.starts_at, event.time_zone) if event.starts_at else None,
        "shown_at": moment(event.shown_at, event.time_zone) if event.shown_at else None,
    }
