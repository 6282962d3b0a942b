"""Who a run found for an idea: one direction, for the idea's lead to read."""

from django.db import models
from django.db.models import Q

from matchmaking.models.base import Row
from matchmaking.models.participant import Participant
from matchmaking.models.project import Idea
from matchmaking.models.run import Run


class IdeaSuggestion(Row):
    """A participant who should join an idea; visible while the event's publication of ideas points to the run.

    `terms` is a list of [part, value, [evidence, ...]]; with the constant they add up to `z`.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="idea_suggestions")
    idea = models.ForeignKey(Idea, on_delete=models.CASCADE, related_name="suggestions")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="idea_suggestions")
    shard = models.PositiveSmallIntegerField(default=0, help_text="Number of the shard of reasons that staged it.")
    rank = models.PositiveSmallIntegerField()
    z = models.FloatField()
    p = models.FloatField()
    terms = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "idea", "participant"], name="idea_suggestion_once_per_run"),
            models.UniqueConstraint(fields=["run", "idea", "rank"], name="idea_suggestion_one_per_rank"),
            models.CheckConstraint(condition=Q(rank__gte=1, rank__lte=10), name="idea_suggestion_rank_in_bounds"),
        ]
