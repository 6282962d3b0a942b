"""The team wall: what a TV or projector shows of an event's teams to everybody in the room, without a sign-in."""

import secrets

from django.db import models
from django.db.models import Q

from matchmaking.models.base import Row
from matchmaking.models.programme import Event

SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that looks like another one on a screen across the room
LENGTH = 12  # 59 bits: short enough to type, too many to guess


def new_wall_token() -> str:
    return "".join(secrets.choice(SIGNS) for _ in range(LENGTH))


class Wall(Row):
    """A link that shows the published teams of an event to whoever has it, until it is revoked or the event is over.

    `frozen` is what the wall shows while it is frozen, empty otherwise: a list of
    `{"number", "name", "place", "task", "people": [ids]}`, without names, which are those of now.
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="walls")
    token = models.CharField(max_length=40, default=new_wall_token, unique=True)
    with_names = models.BooleanField(default=True, help_text="Names as far as each person agreed; else numbers of people alone.")
    made_by = models.ForeignKey("matchmaking.User", on_delete=models.SET_NULL, null=True, related_name="+")
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen = models.JSONField(default=list, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event"], condition=Q(revoked_at__isnull=True), name="wall_one_live_per_event")]
