"""Working groups of a public discussion: tables in several rounds, and who sits where."""

from django.db import models
from django.db.models import Q

from matchmaking.models.base import Row, one_of
from matchmaking.models.participant import Participant
from matchmaking.models.programme import Event
from matchmaking.models.run import Run


class PlanState(models.TextChoices):
    DRAFT = "draft"
    PUBLISHED = "published"
    ASIDE = "aside"


class TablePlan(Row):
    """Who sits at which table in which round of an event. A person publishes; a run only makes drafts."""

    State = PlanState

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="table_plans")
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="table_plans")
    rounds = models.PositiveSmallIntegerField()
    tables = models.PositiveSmallIntegerField()
    measures = models.JSONField(default=dict, help_text="`met`, `met_across`, `most_across`, `again` (see `engine/teams/rounds.py`).")
    state = models.CharField(max_length=20, choices=PlanState.choices, default=PlanState.DRAFT)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("state", PlanState, "table_plan_state_known"),
            models.UniqueConstraint(fields=["event"], condition=Q(state="published"), name="table_plan_one_published_per_event"),
        ]


class TableSeat(Row):
    """A place at a table in one round; numbers begin with 1. Without a participant it is a place somebody left."""

    plan = models.ForeignKey(TablePlan, on_delete=models.CASCADE, related_name="seats")
    round = models.PositiveSmallIntegerField()
    table = models.PositiveSmallIntegerField()
    participant = models.ForeignKey(Participant, on_delete=models.SET_NULL, null=True, related_name="table_seats")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "round", "participant"], name="table_seat_once_per_round")]
