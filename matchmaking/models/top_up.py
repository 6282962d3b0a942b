"""Who waits for a top-up: somebody who came, or told something new, after the run that their event shows."""

from django.db import models

from matchmaking.models.base import Row
from matchmaking.models.participant import Registration
from matchmaking.models.run import Run


class TopUpDue(Row):
    """One person of an event; gone when a top-up has been published for them."""

    registration = models.OneToOneField(Registration, on_delete=models.CASCADE, related_name="top_up_due")
    since = models.DateTimeField(help_text="When it was last asked for.")
    turn = models.PositiveIntegerField(default=1, help_text="How often it was asked for: who took care of an earlier turn has not of this.")
    changed = models.BooleanField(default=False, help_text="Their own open suggestions are to be made anew.")
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="dues", help_text="The top-up that takes care of it.")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When a message for it was last sent.")
