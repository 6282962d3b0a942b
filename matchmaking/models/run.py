"""Run: one computation, its shards with their leases, what they leave for the next stage, and what is published."""

from django.db import models
from django.db.models import Q

from matchmaking.models.base import Row, one_of
from matchmaking.models.programme import Event


class RunKind(models.TextChoices):
    SUGGESTIONS = "suggestions"
    IDEAS = "ideas"
    TEAMS = "teams"
    TOP_UP = "top_up"
    TABLES = "tables"


class RunState(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Stage(models.TextChoices):
    """The stages of a run, in order."""

    SNAPSHOT = "snapshot"
    VECTORS = "vectors"
    CANDIDATES = "candidates"
    ALLOCATION = "allocation"
    REASONS = "reasons"
    TEAMS = "teams"
    FINISH = "finish"


STAGES_OF = {
    RunKind.SUGGESTIONS: tuple(stage for stage in Stage if stage != Stage.TEAMS),
    RunKind.IDEAS: (Stage.SNAPSHOT, Stage.VECTORS, Stage.REASONS, Stage.FINISH),
    RunKind.TEAMS: (Stage.SNAPSHOT, Stage.VECTORS, Stage.CANDIDATES, Stage.TEAMS, Stage.FINISH),
    RunKind.TOP_UP: (Stage.FINISH,),
    RunKind.TABLES: (Stage.FINISH,),
}
FROZEN = "frozen"  # what a run of suggestions leaves for its top-ups beside its records and vectors
KEPT = (Stage.SNAPSHOT, Stage.VECTORS, FROZEN)


class Run(Row):
    State = RunState

    ACTIVE = (State.WAITING, State.RUNNING)

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=20, choices=RunKind.choices, default=RunKind.SUGGESTIONS)
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    stage = models.CharField(max_length=20, blank=True)
    epoch = models.PositiveIntegerField(default=1, help_text="Moves only on restart or cancel; writes name it.")
    shard_count = models.PositiveSmallIntegerField(default=2)
    parameters = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64, blank=True)
    code_version = models.CharField(max_length=60, blank=True)
    publish = models.BooleanField(default=False, help_text="Publish as soon as it is done.")
    learned = models.ForeignKey(
        "matchmaking.LearnedWeights", on_delete=models.RESTRICT, null=True, related_name="runs", help_text="Empty: the shipped weights."
    )
    measures = models.JSONField(default=dict, blank=True)
    failure = models.JSONField(default=dict, blank=True, help_text="`template` and `params` of the sentence.")
    requested_by = models.ForeignKey("matchmaking.User", on_delete=models.SET_NULL, null=True, related_name="+")
    previous = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+", help_text="What was published before it.")
    tops_up = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="top_ups", help_text="The run that a top-up adds to."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    taken_back_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When a message for it was last sent.")

    class Meta:
        constraints = [
            one_of("kind", RunKind, "run_kind_known"),
            one_of("state", RunState, "run_state_known"),
            models.UniqueConstraint(
                fields=["event", "kind"], condition=Q(state__in=["waiting", "running"]), name="run_one_active_per_event_and_kind"
            ),
        ]

    @property
    def weights_version(self) -> int:
        """Of the weights it was computed with; 0: those that come with the service."""
        return self.learned.version if self.learned else 0


class ShardState(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


class Shard(Row):
    """A piece of a stage: what a worker claims, under a lease."""

    State = ShardState

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="shards")
    run_epoch = models.PositiveIntegerField()
    stage = models.CharField(max_length=20)
    number = models.PositiveSmallIntegerField()
    start = models.PositiveIntegerField(default=0)
    stop = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    epoch = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True, help_text="host:pid of the process that has or had it.")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    peak_mb = models.PositiveIntegerField(default=0)
    fenced = models.PositiveIntegerField(default=0, help_text="Writes refused because the lease had gone to another worker.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "run_epoch", "stage", "number"], name="shard_once_per_stage"),
            one_of("state", ShardState, "shard_state_known"),
        ]


class Artefact(Row):
    """What a shard leaves for the next stage: bytes with a checksum (npz or JSON, never pickle).

    Gone when the run ends, but for what its top-ups need.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="artefacts")
    run_epoch = models.PositiveIntegerField()
    stage = models.CharField(max_length=20)
    number = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64)
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "run_epoch", "stage", "number"], name="artefact_once_per_shard")]


class Publication(Row):
    """Which run's results an event shows: the pointer that publishing flips."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="publications")
    kind = models.CharField(max_length=20, choices=RunKind.choices, default=RunKind.SUGGESTIONS)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="publications")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "kind"], name="publication_once_per_event_and_kind")]


class Pulse(models.Model):
    """When a part of the machinery last did its round: the sweep, the beat."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
