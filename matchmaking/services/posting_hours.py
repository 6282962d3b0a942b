"""When what is mailed: mutual matches and changes on the day of an event at once, all else once a day, and not in quiet hours.

Hours are those of the event's place. A change on the very day of the event does not wait for the morning.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from matchmaking.models import Event, Intent, NoticeSettings

AT_ONCE = ("introduction", "approved", "change_decided")  # what answers something the person did
CHANGES = ("team", "tables", "moved")
NEAR = timedelta(hours=24)  # before an event begins, its changes are urgent
DAY = timedelta(days=1)


@dataclass(slots=True)
class Plan:
    """What goes into the next mail, and when the rest is to be looked at; `digest_on` is the day that a gathered mail counts for."""

    now: list[Intent] = field(default_factory=list)
    later: dict[datetime, list[int]] = field(default_factory=lambda: defaultdict(list))
    digest_on: date | None = None


def plan(news: Iterable[Intent], choices: NoticeSettings, now: datetime) -> Plan:
    """Sort what is news; one urgent thing is one mail, all that may wait a day is one."""
    urgent, gathered, found = list[Intent](), list[Intent](), Plan()
    for intent in news:
        zone = zone_of(intent.event)
        at_once = not choices.gathered and is_urgent(intent, now)
        morning = None if at_once and _on_the_day(intent, now) and intent.kind in CHANGES else quiet_until(choices, now.astimezone(zone))
        if morning is not None:
            found.later[morning].append(intent.pk)
        elif at_once:
            urgent.append(intent)
        else:
            gathered.append(intent)
    if urgent:
        found.now = urgent[:1]
        return found
    if gathered:
        _gather(found, gathered, choices, now)
    return found


def _gather(found: Plan, gathered: list[Intent], choices: NoticeSettings, now: datetime) -> None:
    there = now.astimezone(zone_of(gathered[0].event))
    complete = gathered[0].created_at + timedelta(seconds=settings.GATHER_S)
    if now < complete:
        found.later[complete].extend(intent.pk for intent in gathered)
    elif choices.digest_on is not None and choices.digest_on >= there.date():
        tomorrow = datetime.combine(choices.digest_on + DAY, time(), there.tzinfo)
        found.later[quiet_until(choices, tomorrow) or tomorrow].extend(intent.pk for intent in gathered)
    else:
        found.now, found.digest_on = gathered, there.date()


def zone_of(event: Event | None) -> ZoneInfo:
    return ZoneInfo(event.time_zone if event is not None else "UTC")


def is_urgent(intent: Intent, now: datetime) -> bool:
    """Whether it goes out by itself, not with the mail of the day."""
    return intent.kind in AT_ONCE or (intent.kind in CHANGES and any(_near(start, intent.event, now) for start in _starts(intent)))


def _starts(intent: Intent) -> list[datetime]:
    """When the event begins, and when it was to begin before it was moved."""
    was = intent.data.get("was")
    starts = [datetime.fromisoformat(was)] if was else []
    return [*starts, *([intent.event.starts_at] if intent.event is not None and intent.event.starts_at else [])]


def _near(start: datetime, event: Event | None, now: datetime) -> bool:
    end = event.ends_at if event is not None and event.ends_at else start + DAY
    return start - NEAR <= now <= max(end, start + DAY)


def _on_the_day(intent: Intent, now: datetime) -> bool:
    """Whether it is a day of the event, or the day it was moved away from."""
    zone = zone_of(intent.event)
    return is_today(intent.event, now) or any(start.astimezone(zone).date() == now.astimezone(zone).date() for start in _starts(intent))


def is_today(event: Event | None, now: datetime) -> bool:
    """Whether it is the day of the event, at its place, or one of its days."""
    if event is None or event.starts_at is None:
        return False
    zone = zone_of(event)
    last = event.ends_at or event.starts_at
    return event.starts_at.astimezone(zone).date() <= now.astimezone(zone).date() <= last.astimezone(zone).date()


def quiet_until(choices: NoticeSettings, there: datetime) -> datetime | None:
    """When the quiet hours end that it is in now, at the place; None outside them."""
    begin, end, clock = choices.quiet_from, choices.quiet_until, there.time()
    over_night = begin > end
    quiet = (clock >= begin or clock < end) if over_night else begin <= clock < end
    if not quiet:
        return None
    day = there.date() + DAY if over_night and clock >= begin else there.date()
    return datetime.combine(day, end, there.tzinfo)
