"""What happened: audit entries, idempotency keys, notification intents, throttle counts."""

from django.db import models
from django.db.models import Q

from matchmaking.models.base import Row, one_of


class AuditEntry(Row):
    """One change of state, written in its transaction. Ids only: after an erasure nothing resolves them."""

    programme_id = models.BigIntegerField(null=True, db_index=True)
    event_id = models.BigIntegerField(null=True, db_index=True)
    actor_id = models.BigIntegerField(null=True, db_index=True, help_text="The login's id; empty: the system itself.")
    action = models.CharField(max_length=60)
    noun = models.CharField(max_length=40)
    noun_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["noun", "noun_id"])]


class IdempotencyKey(Row):
    """The first answer to a request that changes state, kept 24 hours. `status` is empty while the first one runs."""

    user = models.ForeignKey("matchmaking.User", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once_per_user")]


class IntentState(models.TextChoices):
    WAITING = "waiting"
    TAKEN = "taken"
    SENT = "sent"
    UNKNOWN = "unknown"  # may have been sent: the worker or the connection went away while it was handed over
    SKIPPED = "skipped"  # told in the notices alone: no consent to mail, or no longer news
    FAILED = "failed"  # the mail server will not have it, or never answered


class Intent(Row):
    """Something a person must be told, once: a notice on their pages, and by mail where they agreed to mail.

    `state` is the mail's. Words are made when they are read or sent and never stored. `taken_at` and `epoch` are the hold of the
    worker that hands it over; whoever does not name the epoch cannot write.
    """

    State = IntentState

    recipient = models.ForeignKey("matchmaking.Participant", on_delete=models.CASCADE, related_name="intents")
    event = models.ForeignKey("matchmaking.Event", on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=40)
    dedupe_key = models.CharField(max_length=120)
    data = models.JSONField(default=dict, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(null=True, blank=True, help_text="When its mail is looked at next; empty: at once.")
    asked_at = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    epoch = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "kind", "dedupe_key"], name="intent_once"),
            one_of("state", IntentState, "intent_state_known"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="intent_waiting"),
            models.Index(fields=["taken_at"], condition=Q(state="taken"), name="intent_taken"),
        ]


class ThrottleCount(models.Model):
    """Requests of one caller in one window: the count that stands in while Redis does not answer."""

    key = models.CharField(max_length=200, primary_key=True)
    window_ends_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
