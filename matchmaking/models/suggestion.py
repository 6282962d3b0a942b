"""Pairs of an event, what a run suggested for them, each side's response, introductions, blocks."""

from django.db import models
from django.db.models import F, Q

from matchmaking.models.base import Row, one_of
from matchmaking.models.participant import Participant
from matchmaking.models.programme import Event, Programme
from matchmaking.models.run import Run


class Pair(Row):
    """An unordered pair of an event, kept over all runs: what people answer to. `a_id` < `b_id`."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="pairs")
    a = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+")
    b = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+")
    shown_at = models.DateTimeField(null=True, blank=True, help_text="First published.")
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(a__lt=F("b")), name="pair_is_ordered"),
            models.UniqueConstraint(fields=["event", "a", "b"], name="pair_once_per_event"),
        ]


class Suggestion(Row):
    """A pair as one run scored it; visible while the event's publication points to that run.

    `terms_*` is a list of [part, value, [evidence, ...]]; with the constant they add up to `z_*`. `told_*` is what that side is told:
    facts for it, for the partner, and of what does not fit (`engine/telling.py`).
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="suggestions")
    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="suggestions")
    top_up = models.ForeignKey(
        Run, on_delete=models.SET_NULL, null=True, related_name="topped_up", help_text="The top-up it came with; empty: the run itself."
    )
    shard = models.PositiveSmallIntegerField(default=0, help_text="Number of the shard of reasons that staged it.")
    score = models.FloatField()
    score_e9 = models.BigIntegerField()
    z_ab = models.FloatField()
    z_ba = models.FloatField()
    p_ab = models.FloatField()
    p_ba = models.FloatField()
    terms_ab = models.JSONField()
    terms_ba = models.JSONField()
    told_a = models.JSONField()
    told_b = models.JSONField()
    rank_a = models.PositiveSmallIntegerField()
    rank_b = models.PositiveSmallIntegerField()
    layer = models.PositiveSmallIntegerField()
    held_at = models.DateTimeField(null=True, blank=True, help_text="An organiser held it back; not shown.")
    dropped_at = models.DateTimeField(null=True, blank=True, help_text="No longer possible: a block or a withdrawal came between.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "pair"], name="suggestion_once_per_run")]


class Shortfall(Row):
    """Somebody a run could not give the floor, and why: honest silence."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="shortfalls")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="shortfalls")
    given = models.PositiveSmallIntegerField()
    cause = models.CharField(max_length=40, help_text="nobody_eligible, nobody_above_threshold or partners_full.")
    missing = models.CharField(max_length=200, blank=True, help_text="The one missing answer that would help most.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "participant"], name="shortfall_once_per_run")]


class Answer(models.TextChoices):
    ACCEPT = "accept"
    DECLINE = "decline"


class Response(Row):
    Answer = Answer

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="responses")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="responses")
    answer = models.CharField(max_length=10, choices=Answer.choices)
    reason = models.CharField(max_length=500, blank=True)
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pair", "participant"], name="response_once_per_side"),
            one_of("answer", Answer, "response_answer_known"),
        ]


class Introduction(Row):
    """Both said yes: each sees the contacts the other chose, until closed by a block or a withdrawal."""

    pair = models.OneToOneField(Pair, on_delete=models.CASCADE, related_name="introduction")
    a_shares = models.JSONField(default=list)
    b_shares = models.JSONField(default=list)
    closed_at = models.DateTimeField(null=True, blank=True)


class FollowUp(Row):
    """What one side of an introduction noted for itself: met, what comes next, when. The other side does not read it."""

    introduction = models.ForeignKey(Introduction, on_delete=models.CASCADE, related_name="follow_ups")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="follow_ups")
    met_at = models.DateTimeField(null=True, blank=True)
    next_step = models.CharField(max_length=500, blank=True)
    meets_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["introduction", "participant"], name="follow_up_once_per_side")]


class Block(Row):
    """One does not want to meet the other: for the whole programme, for ever, never told."""

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="blocks")
    by = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="blocks_given")
    whom = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="blocks_received")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["by", "whom"], name="block_once"),
            models.CheckConstraint(condition=~Q(by=F("whom")), name="block_never_oneself"),
        ]
