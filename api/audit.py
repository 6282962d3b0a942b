"""What was done, by whom: of an event for its organisers, of oneself for everybody."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.serializers import Id, Strict
from api.views import Nouns, SignedIn
from matchmaking import access
from matchmaking.models import AuditEntry


class Asked(Strict):
    event = Id(required=False)


class EntryOut(serializers.Serializer):
    id = serializers.IntegerField()
    at = serializers.DateTimeField(source="created_at")
    action = serializers.CharField()
    actor = serializers.IntegerField(source="actor_id", allow_null=True, help_text="The login's id; null: the service itself.")
    noun = serializers.CharField()
    noun_id = serializers.IntegerField(allow_null=True)
    event = serializers.IntegerField(source="event_id", allow_null=True)
    data = serializers.DictField()


class Audit(Nouns):
    permits = {"list": SignedIn}
    parameters = {"list": ("event",)}
    queryset = AuditEntry.objects.none()
    serializer_class = EntryOut
    ordering = ("-created_at", "id")

    @extend_schema(parameters=[OpenApiParameter("event", int, description="Of this event, for its organisers. Without it: your own.")])
    def list(self, request: Request) -> Response:
        form = Asked(data={name: value for name, value in request.query_params.items() if name == "event"})
        form.is_valid(raise_exception=True)
        event = form.validated_data.get("event")
        rows = access.audit_of_event(request.user, event) if event else access.audit_visible_to(request.user)
        return self.page(rows, EntryOut)
