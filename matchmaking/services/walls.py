"""The team wall of an event: its link made, frozen, let go, and revoked."""

from collections.abc import Callable

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from matchmaking.errors import Conflict
from matchmaking.models import Event, Participant, User, Wall
from matchmaking.selectors.walls import live, seated
from matchmaking.services import trail

TEXTS = ("name", "place", "task")


def put_up(*, event: Event, by: User) -> Wall:
    """The link of an event's wall: the one there is, else a new one. It ends with the event."""
    if is_over(event):
        raise Conflict("This event is over.")
    with transaction.atomic():
        Event.objects.select_for_update(no_key=True).get(pk=event.pk)
        own = Wall.objects.filter(event=event, revoked_at=None)
        own.exclude(pk__in=live(own).values("pk")).update(revoked_at=Now(), frozen=[])  # one that has run out by itself
        wall, new = Wall.objects.get_or_create(event=event, revoked_at=None, defaults={"made_by": by})
        if new:
            trail.record("wall.put_up", wall, actor=by, event=event)
    return wall


def is_over(event: Event) -> bool:
    """Whether an event has ended: its wall too."""
    return event.ends_at is not None and event.ends_at <= timezone.now()


def freeze(*, wall: Wall, frozen: bool, by: User) -> Wall:
    """Keep what the wall shows as it is, whatever is published or moved meanwhile; or let it follow again. Twice changes nothing."""
    with transaction.atomic():
        now = _held(wall)
        if (now.frozen_at is not None) != frozen:
            now.frozen_at, now.frozen = (timezone.now(), seated(now)) if frozen else (None, [])
            now.save(update_fields=["frozen_at", "frozen"])
            trail.record("wall.frozen" if frozen else "wall.let_go", now, actor=by, event=now.event)
    return now


def show_names(*, wall: Wall, shown: bool, by: User) -> Wall:
    """Whether the wall names people, as far as each agreed, or says only how many there are."""
    with transaction.atomic():
        now = _held(wall)
        if now.with_names != shown:
            now.with_names = shown
            now.save(update_fields=["with_names"])
            trail.record("wall.names", now, actor=by, event=now.event, shown=shown)
    return now


def take_down(*, wall: Wall, by: User) -> None:
    """Revoke the link: whoever has it sees nothing from now on."""
    with transaction.atomic():
        if Wall.objects.filter(pk=wall.pk, revoked_at__isnull=True).update(revoked_at=Now(), frozen=[]) == 1:
            trail.record("wall.taken_down", wall, actor=by, event=wall.event)


def forget(participant: Participant, hide: Callable[[str], str]) -> int:
    """Take an erased person out of what frozen walls keep, within the caller's transaction: `hide` blots them out of texts; of how many."""
    changed = 0
    for wall in Wall.objects.select_for_update().filter(event__programme=participant.programme_id, frozen_at__isnull=False).order_by("pk"):
        left = [
            {**team, **{name: hide(team[name]) for name in TEXTS}, "people": [one for one in team["people"] if one != participant.pk]}
            for team in wall.frozen
        ]
        if left != wall.frozen:
            changed += Wall.objects.filter(pk=wall.pk).update(frozen=left)
    return changed


def _held(wall: Wall) -> Wall:
    return Wall.objects.select_for_update(of=("self",)).select_related("event").get(pk=wall.pk)
