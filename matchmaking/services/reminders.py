"""A reminder to those whose time to answer ends within a day: once for each event and last day, and not on the heels of the suggestions."""

from collections import defaultdict
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from matchmaking.access import published_suggestions
from matchmaking.models import Event, Intent, Response
from matchmaking.services import trail
from matchmaking.services.shards import in_seconds

SOON = timedelta(hours=24)
ROWS_AT_ONCE = 500


def remind() -> int:
    """Write the notices that are due; how many are new. A second round finds them there."""
    ending = published_suggestions().filter(pair__expires_at__gt=Now(), pair__expires_at__lt=in_seconds(SOON.total_seconds()))
    settled = ending.filter(pair__shown_at__lt=in_seconds(-SOON.total_seconds()), pair__introduction__isnull=True)
    answered = Response.objects.filter(pair=OuterRef("pair"))
    ends: dict[int, dict[int, date]] = defaultdict(dict)
    for side in ("pair__a", "pair__b"):
        silent = settled.exclude(Exists(answered.filter(participant=OuterRef(side))))
        for event, person, end in silent.values_list("pair__event_id", f"{side}_id", "pair__expires_at"):
            ends[event][person] = min(end.date(), ends[event].get(person, end.date()))
    return sum(_remind(event, ends[event.pk]) for event in Event.objects.filter(pk__in=ends).order_by("pk"))


@transaction.atomic
def _remind(event: Event, people: dict[int, date]) -> int:
    before = Intent.objects.filter(event=event, kind="reminder").count()
    intents = [
        Intent(recipient_id=person, kind="reminder", dedupe_key=f"event:{event.pk}:{end}", event=event)
        for person, end in sorted(people.items())
    ]
    Intent.objects.bulk_create(intents, batch_size=ROWS_AT_ONCE, ignore_conflicts=True)
    new = Intent.objects.filter(event=event, kind="reminder").count() - before
    if new:
        trail.record("event.reminded", event, actor=None, event=event, count=new)
    return new
