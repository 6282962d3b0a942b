"""Who asked for a mail to sign in with."""

from django.db import models

from matchmaking.models.base import Row


class SignInRequest(Row):
    """Somebody asked for a mail with a link and a code. Both are computed from the row's id: none of them is stored.

    The row is the same for known and unknown addresses; it goes an hour after its time.
    """

    mail = models.EmailField()
    event = models.ForeignKey(
        "matchmaking.Event", on_delete=models.CASCADE, null=True, related_name="+", help_text="By whose link: a new address may come in."
    )
    language = models.CharField(max_length=2, default="en")
    onward = models.CharField(max_length=500, blank=True, help_text="The path of ours to go to afterwards.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Codes typed so far.")
    expires_at = models.DateTimeField(db_index=True)
    asked_at = models.DateTimeField(null=True, help_text="When a worker was last asked to send the mail.")
    sent_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
