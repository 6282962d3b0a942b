"""A participant asks for a change of their team; a person decides."""

from django.db import models
from django.db.models import Q

from matchmaking.models.base import Row, one_of
from matchmaking.models.participant import Participant
from matchmaking.models.programme import Event


class RequestState(models.TextChoices):
    OPEN = "open"
    DONE = "done"
    DECLINED = "declined"
    TAKEN_BACK = "taken_back"


class ChangeRequest(Row):
    """What somebody asks the facilitators to change, and what a facilitator answered. One open request per person and event."""

    State = RequestState

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="change_requests")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="change_requests")
    text = models.CharField(max_length=500)
    state = models.CharField(max_length=20, choices=RequestState.choices, default=RequestState.OPEN)
    answer = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey("matchmaking.User", on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("state", RequestState, "change_request_state_known"),
            models.UniqueConstraint(fields=["event", "participant"], condition=Q(state="open"), name="change_request_one_open"),
        ]
