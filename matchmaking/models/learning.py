"""What a programme learned from answers: versions of the weights, each with the job that learned it, and people's habits."""

from django.db import models
from django.db.models import Q

from matchmaking.models.base import Row, one_of
from matchmaking.models.participant import Participant
from matchmaking.models.programme import Programme


class LearningState(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class LearnedWeights(Row):
    """One look at the answers of a programme, and the weights it left; where `refused` names a guard, none.

    Version 0 is what this version of the service ships: it has no row, and is in use where no row is active.
    """

    State = LearningState

    WORKING = (State.WAITING, State.RUNNING)

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="learned_weights")
    version = models.PositiveIntegerField(help_text="Counted from 1 within the programme.")
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    active = models.BooleanField(default=False, help_text="What the next runs of the programme use.")
    until = models.DateTimeField(help_text="Answers given up to this moment were heard.")
    answers = models.PositiveIntegerField(default=0, help_text="Answers that tell something of the partners.")
    accepts = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0, help_text="Who gave these answers.")
    refused = models.CharField(max_length=20, blank=True, help_text="The guard: few_answers, few_accepts or no_gain.")
    gains = models.JSONField(default=dict, blank=True, help_text="Of `weights` and `habits`: [mean, low, high], in log-loss per answer.")
    data = models.JSONField(default=dict, blank=True, help_text="The weights as a file holds them.")
    checksum = models.CharField(max_length=64, blank=True, help_text="SHA-256 of `data`.")
    code_version = models.CharField(max_length=60, blank=True)
    failure = models.JSONField(default=dict, blank=True, help_text="`template` and `params` of the sentence.")
    epoch = models.PositiveIntegerField(default=0, help_text="Raised by every claim; writes name it.")
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey("matchmaking.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            one_of("state", LearningState, "learning_state_known"),
            models.UniqueConstraint(fields=["programme", "version"], name="learned_version_once_per_programme"),
            models.UniqueConstraint(fields=["programme"], condition=Q(active=True), name="learned_one_active_per_programme"),
            models.UniqueConstraint(
                fields=["programme"], condition=Q(state__in=["waiting", "running"]), name="learning_one_at_a_time_per_programme"
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="learned_version_from_1"),
            models.CheckConstraint(
                condition=Q(active=False) | (Q(state="done", refused="") & ~Q(checksum="")), name="learned_active_is_usable"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme_id} {self.version}"


class Habit(Row):
    """How readily somebody says yes (`opens`) and is said yes to (`draws`), in z units, as one version learned it."""

    learned = models.ForeignKey(LearnedWeights, on_delete=models.CASCADE, related_name="habits")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="habits")
    opens = models.FloatField()
    draws = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["learned", "participant"], name="habit_once_per_version"),
            models.CheckConstraint(
                condition=Q(opens__gte=-0.5, opens__lte=0.5, draws__gte=-0.5, draws__lte=0.5), name="habit_within_bounds"
            ),
        ]
