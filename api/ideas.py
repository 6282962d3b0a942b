"""Ideas: projects that seek partners."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import answer, matched, tag
from api.filters import IdFilter
from api.runs import ANY_RUN, run_asked_for
from api.serializers import Id, Strict, Text, Words
from api.views import Nouns, SignedIn
from matchmaking import access
from matchmaking.errors import BadInput
from matchmaking.models import Idea
from matchmaking.services import ideas

NO_EVENT = "There is no such event of this programme."


class LeadOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class IdeaOut(serializers.Serializer):
    id = serializers.IntegerField()
    programme = serializers.IntegerField(source="programme_id")
    event = serializers.IntegerField(source="event_id", allow_null=True)
    title = serializers.CharField()
    text = serializers.CharField()
    needs = serializers.ListField(child=serializers.CharField())
    lead = LeadOut()
    mine = serializers.SerializerMethodField()

    def get_mine(self, idea: Idea) -> bool:
        return bool(idea.lead.user_id == self.context["request"].user.pk)


class IdeaChanges(Strict):
    title = Text(max_length=200)
    text = Text(max_length=10_000, required=False, allow_blank=True)
    needs = Words(required=False)
    event = Id(required=False, allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A library of things",
            {"programme": 4503599627370497, "title": "A library of things", "text": "Tools to lend", "needs": ["space"]},
            request_only=True,
        )
    ]
)
class IdeaIn(IdeaChanges):
    programme = Id()


class IdeaFilters(filters.FilterSet):
    programme = IdFilter()
    event = IdFilter()
    lead = IdFilter()

    class Meta:
        model = Idea
        fields: list[str] = []


class Ideas(Nouns):
    """Ideas of the programmes you take part or have a role in; yours to change where you lead."""

    permits = dict.fromkeys(("list", "retrieve", "create", "partial_update", "destroy", "suggestions"), SignedIn)
    scopes = {"suggestions": "run"}
    tagged = ("retrieve", "create", "partial_update", "destroy")
    queryset = Idea.objects.none()
    serializer_class = IdeaOut
    filterset_class = IdeaFilters
    ordering_fields = ("id", "title", "created_at")

    def list(self, request: Request) -> Response:
        return self.page(access.ideas_visible_to(request.user).select_related("lead"), IdeaOut)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.told(access.idea_for(request.user, int(pk)))

    @extend_schema(request=IdeaIn, responses={201: IdeaOut})
    def create(self, request: Request) -> Response:
        """Propose an idea: you lead it."""
        form = IdeaIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = self.with_event(dict(form.validated_data))
        lead = access.own_participant_in(request.user, data.pop("programme"))
        idea = ideas.propose(lead=lead, by=request.user, **data)
        body = IdeaOut(idea, context={"request": request}).data
        headers = {"Location": f"/api/v1/ideas/{idea.pk}/", "ETag": tag(idea.version, body)}
        return Response(body, status=201, headers=headers)

    @extend_schema(request=IdeaChanges(partial=True), responses=IdeaOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        idea = access.idea_to_edit(request.user, int(pk))
        version = matched(request, idea.version)
        form = IdeaChanges(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        changes = self.with_event(dict(form.validated_data))
        return self.told(ideas.change(idea=idea, by=request.user, version=version, changes=changes))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        idea = access.idea_to_edit(request.user, int(pk))
        ideas.delete(idea=idea, by=request.user, version=matched(request, idea.version))
        return Response(status=204)

    @extend_schema(request=None, responses={202: ANY_RUN, 200: ANY_RUN})
    @action(detail=True, methods=["post"], filterset_class=None)
    def suggestions(self, request: Request, pk: str) -> Response:
        """Look for who should join: 202 with the run, or 200 with the one that is active already. Read the list under `suggestions`."""
        self.take_nothing(request)
        run, new = ideas.look_for_joiners(idea=access.idea_with_joiners(request.user, int(pk)), by=request.user)
        return run_asked_for(request, run, new)

    def told(self, idea: Idea) -> Response:
        return answer(self.request, IdeaOut(idea, context={"request": self.request}).data, idea.version)

    def with_event(self, data: dict[str, Any]) -> dict[str, Any]:
        """The event itself for its id; one that the person cannot see is none."""
        if data.get("event") is not None:
            data["event"] = access.events_visible_to(self.request.user).filter(pk=data["event"]).first()
            if data["event"] is None:
                raise BadInput(NO_EVENT, fields={"event": NO_EVENT})
        return data
