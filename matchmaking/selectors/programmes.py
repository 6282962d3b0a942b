"""Programmes and events, by what they are called where."""

from django.db.models import QuerySet

from matchmaking.models import Event


def localised(names: dict[str, str], language: str, otherwise: str) -> str:
    """The text in the reader's language, where there is one."""
    return names.get(language) or otherwise


def public_events() -> QuerySet[Event]:
    """What anybody may read of events: their public page."""
    return Event.objects.select_related("programme")
