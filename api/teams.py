"""Teams: one's own once it is published; for facilitators each with its reasons, and who is missing in it."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import answer, matched
from api.filters import IdFilter
from api.serializers import Id, Strict, Text
from api.suggestions import PartnerOut
from api.views import Nouns, SignedIn
from matchmaking import access
from matchmaking.models import Team
from matchmaking.selectors.joiners import team_joiners_told
from matchmaking.selectors.teams import as_listed, as_seen
from matchmaking.services import rosters


class TeamListed(serializers.Serializer):
    id = serializers.IntegerField()
    event = serializers.IntegerField()
    roster = serializers.IntegerField()
    number = serializers.IntegerField()
    name = serializers.CharField(allow_blank=True)
    place = serializers.CharField(allow_blank=True)
    task = serializers.CharField(allow_blank=True)
    idea = serializers.IntegerField(allow_null=True)


class TeamMemberOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    organisation = serializers.CharField(allow_blank=True)
    sector = serializers.CharField(allow_blank=True)
    sector_key = serializers.CharField(allow_blank=True)
    skills = serializers.ListField(child=serializers.CharField(), help_text="What they offer.")
    needs = serializers.ListField(child=serializers.CharField(), help_text="What they look for.")
    languages = serializers.ListField(child=serializers.CharField())


class TeamOut(TeamListed):
    idea_title = serializers.CharField(allow_blank=True)
    members = TeamMemberOut(many=True)
    left = serializers.IntegerField(help_text="Empty places of those who left.")
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Who brings what, what is missing, what they share.")


@extend_schema_serializer(examples=[OpenApiExample("A table", {"place": "Table 4"}, request_only=True)])
class TeamChanges(Strict):
    name = Text(max_length=80, allow_blank=True, required=False)
    place = Text(max_length=120, allow_blank=True, required=False)
    task = Text(max_length=500, allow_blank=True, required=False)
    idea = Id(allow_null=True, required=False)


class WhyMissingOut(serializers.Serializer):
    for_team = serializers.ListField(child=serializers.CharField())
    does_not_fit = serializers.ListField(child=serializers.CharField())


class MissingOut(serializers.Serializer):
    """Somebody outside the team who brings what it lacks."""

    partner = PartnerOut()
    team = serializers.IntegerField(allow_null=True, help_text="Number of the team they are in; null: none.")
    why = WhyMissingOut()


class MissingList(serializers.Serializer):
    results = MissingOut(many=True)


class TeamFilters(filters.FilterSet):
    event = IdFilter(field_name="roster__event")
    roster = IdFilter(field_name="roster")

    class Meta:
        model = Team
        fields: list[str] = []


class Teams(Nouns):
    """Your own teams; all teams of the events you facilitate or organise."""

    permits = dict.fromkeys(("list", "retrieve", "partial_update", "missing"), SignedIn)
    tagged = ("retrieve", "partial_update")
    queryset = Team.objects.none()
    serializer_class = TeamOut
    filterset_class = TeamFilters
    ordering = ("number", "id")
    ordering_fields = ("id", "number")

    @extend_schema(responses=TeamListed(many=True))
    def list(self, request: Request) -> Response:
        found = self.paginate_queryset(self.filter_queryset(access.teams_visible_to(request.user).select_related("roster")))
        return self.get_paginated_response([as_listed(team) for team in found])

    def retrieve(self, request: Request, pk: str) -> Response:
        """Where it sits, what it works on, who is in it and why."""
        return self.told(access.team_for(request.user, int(pk)))

    @extend_schema(request=TeamChanges(partial=True), responses=TeamOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Say where it sits and what it works on."""
        team = access.team_to_edit(request.user, int(pk))
        version = matched(request, team.roster.version)
        form = TeamChanges(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        changes: dict[str, Any] = dict(form.validated_data)
        rosters.describe(team=team, changes=changes, version=version, by=request.user)
        return self.told(access.team_for(request.user, int(pk)))

    @extend_schema(responses=MissingList)
    @action(detail=True, methods=["get"], filterset_class=None)
    def missing(self, request: Request, pk: str) -> Response:
        """Who outside the team brings what it lacks, the best first, as of the run that formed it."""
        team = access.team_in_care(request.user, int(pk))
        return Response({"results": team_joiners_told(team, request.user.language)})

    def told(self, team: Team) -> Response:
        members = access.team_members(self.request.user, team)
        return answer(self.request, as_seen(team, members, self.request.user.language), team.roster.version)
