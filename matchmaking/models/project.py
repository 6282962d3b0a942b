"""The track record: projects done together; and ideas: projects that seek partners."""

from django.db import models
from django.db.models import Q

from matchmaking.models.base import Row
from matchmaking.models.participant import Participant
from matchmaking.models.programme import Event, Programme


class Project(Row):
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="projects")
    external_id = models.CharField(max_length=120)
    held_on = models.DateField(null=True, blank=True)
    group = models.CharField(max_length=300, blank=True)
    tags = models.JSONField(default=list, blank=True)
    text = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["programme", "external_id"], name="project_once_per_programme")]


class Membership(Row):
    """Somebody who took part in a project: a participant, or an outsider known by an external id alone."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, null=True, blank=True, related_name="memberships")
    external_id = models.CharField(max_length=120)
    lead = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "external_id"], name="membership_once_per_project"),
            models.UniqueConstraint(fields=["project"], condition=Q(lead=True), name="membership_one_lead"),
        ]


class Idea(Row):
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="ideas")
    event = models.ForeignKey(Event, on_delete=models.SET_NULL, null=True, blank=True, related_name="ideas")
    lead = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="ideas")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True, max_length=10_000)
    needs = models.JSONField(default=list, blank=True)
    version = models.PositiveIntegerField(default=1)
