"""What happened: audit entries, idempotency keys, notification intents, throttle counts."""

from django.db import models

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
    UNKNOWN = "unknown"


class Intent(Row):
    """A notification that must go out, once."""

    State = IntentState

    recipient = models.ForeignKey("matchmaking.Participant", on_delete=models.CASCADE, related_name="intents")
    event = models.ForeignKey("matchmaking.Event", on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=40)
    dedupe_key = models.CharField(max_length=120)
    data = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "kind", "dedupe_key"], name="intent_once"),
            one_of("state", IntentState, "intent_state_known"),
        ]


class ThrottleCount(models.Model):
    """Requests of one caller in one window: the count that stands in while Redis does not answer."""

    key = models.CharField(max_length=200, primary_key=True)
    window_ends_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
