"""An import: the file as read, what each row would do, what it did, so that it can be taken back."""

from django.db import models

from matchmaking.models.base import Row, one_of
from matchmaking.models.participant import Participant
from matchmaking.models.programme import Event, Programme


class ImportKind(models.TextChoices):
    PARTICIPANTS = "participants"
    PROJECTS = "projects"


class ImportState(models.TextChoices):
    READING = "reading"
    PREVIEW = "preview"
    SAVING = "saving"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TAKEN_BACK = "taken back"


class Import(Row):
    Kind = ImportKind

    State = ImportState

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="imports")
    event = models.ForeignKey(Event, on_delete=models.SET_NULL, null=True, blank=True, related_name="imports")
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.PARTICIPANTS)
    state = models.CharField(max_length=20, choices=State.choices, default=State.READING)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    consent = models.CharField(
        max_length=500, blank=True, help_text="Where consent to suggestions was given; empty: rows are only invited."
    )
    table = models.JSONField(default=dict, blank=True, help_text="Encoding, delimiter, recognised and unknown columns.")
    counts = models.JSONField(default=dict, blank=True)
    failure = models.JSONField(default=dict, blank=True)
    rows_read = models.PositiveIntegerField(default=0)
    epoch = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey("matchmaking.User", on_delete=models.SET_NULL, null=True, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [one_of("kind", ImportKind, "import_kind_known"), one_of("state", ImportState, "import_state_known")]


class ImportFile(models.Model):
    """The uploaded bytes, kept only until they are read."""

    source = models.OneToOneField(Import, on_delete=models.CASCADE, primary_key=True, related_name="file")
    data = models.BinaryField()


class RowOutcome(models.TextChoices):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    PROPOSED = "proposed"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class ImportRow(Row):
    Outcome = RowOutcome

    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    cells = models.JSONField(default=dict)
    problems = models.JSONField(default=list, blank=True, help_text="[{template, params}]: reasons of a rejection, warnings otherwise.")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, null=True, blank=True, related_name="import_rows")
    before = models.JSONField(null=True, blank=True, help_text="What the row replaced, for taking it back.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="import_row_once"),
            one_of("outcome", RowOutcome, "import_row_outcome_known"),
        ]
