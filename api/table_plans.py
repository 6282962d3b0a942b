"""Table plans: working groups in rounds for a discussion. Facilitators ask for them and publish; everybody sees their own tables."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.filters import IdFilter
from api.runs import RunDetails, run_asked_for
from api.serializers import Id, Strict
from api.views import Nouns, SignedIn
from matchmaking import access
from matchmaking.models import TablePlan
from matchmaking.selectors.table_plans import at_a_glance, own_tables, whole
from matchmaking.services import table_plans
from matchmaking.services.table_plans import LARGEST, ROUNDS, SEED_LIMIT, SMALLEST, TABLES


class HostIn(Strict):
    participant = Id()
    table = serializers.IntegerField(min_value=1, max_value=TABLES[1])


@extend_schema_serializer(examples=[OpenApiExample("Three rounds", {"event": 4503599627370497, "rounds": 3}, request_only=True)])
class TablePlanIn(Strict):
    event = Id()
    rounds = serializers.IntegerField(default=3, min_value=ROUNDS[0], max_value=ROUNDS[1])
    tables = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=TABLES[0],
        max_value=TABLES[1],
        help_text="Empty: as many as let people meet most others.",
    )
    smallest = serializers.IntegerField(
        default=SMALLEST, min_value=2, max_value=50, help_text="People at a table, where `tables` is empty."
    )
    largest = serializers.IntegerField(default=LARGEST, min_value=2, max_value=50)
    hosts = HostIn(many=True, required=False, help_text="Stay at their table in all rounds.")
    seed = serializers.IntegerField(default=0, min_value=0, max_value=SEED_LIMIT)


class PlanMeasures(serializers.Serializer):
    met = serializers.IntegerField(help_text="Different pairs of people who meet.")
    met_across = serializers.IntegerField(help_text="Those of two sectors.")
    most_across = serializers.IntegerField(help_text="No plan with these tables has more of them.")
    again = serializers.IntegerField(help_text="Meetings of pairs that have met before.")


class TablePlanOut(serializers.Serializer):
    id = serializers.IntegerField()
    event = serializers.IntegerField()
    run = serializers.IntegerField(allow_null=True)
    rounds = serializers.IntegerField()
    tables = serializers.IntegerField()
    state = serializers.ChoiceField(choices=TablePlan.State.choices)
    created_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True)
    measures = PlanMeasures()


class SeatedOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    sector = serializers.CharField(allow_blank=True)


class TableOut(serializers.Serializer):
    table = serializers.IntegerField()
    people = SeatedOut(many=True)
    left = serializers.IntegerField(help_text="Empty places of those who left.")


class WholePlanOut(TablePlanOut):
    seated = serializers.ListField(child=TableOut(many=True), help_text="Round by round, table by table.")


class OwnEventOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class OwnTableOut(serializers.Serializer):
    round = serializers.IntegerField()
    table = serializers.IntegerField()


class OwnTablesOut(serializers.Serializer):
    event = OwnEventOut()
    tables = OwnTableOut(many=True)


class OwnTables(serializers.Serializer):
    results = OwnTablesOut(many=True)


class PlanFilters(filters.FilterSet):
    event = IdFilter()
    run = IdFilter()
    state = filters.ChoiceFilter(choices=TablePlan.State.choices)

    class Meta:
        model = TablePlan
        fields: list[str] = []


class TablePlans(Nouns):
    """Table plans of your events, and your own tables."""

    permits = dict.fromkeys(("list", "retrieve", "create", "publish", "set_aside", "mine"), SignedIn)
    scopes = {"create": "run"}
    queryset = TablePlan.objects.none()
    serializer_class = TablePlanOut
    filterset_class = PlanFilters
    ordering = ("-created_at", "id")
    ordering_fields = ("id", "created_at")

    @extend_schema(responses=TablePlanOut(many=True))
    def list(self, request: Request) -> Response:
        found = self.paginate_queryset(self.filter_queryset(access.table_plans_visible_to(request.user)))
        return self.get_paginated_response([at_a_glance(plan) for plan in found])

    @extend_schema(responses=WholePlanOut)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Who sits where in each round."""
        return Response(whole(access.table_plan_for(request.user, int(pk)), request.user.language))

    @extend_schema(request=TablePlanIn, responses={202: RunDetails, 200: RunDetails})
    def create(self, request: Request) -> Response:
        """Ask for a plan: 202 with the run, or 200 with the one that is active already. Its draft is listed here once it is done."""
        form = TablePlanIn(data=request.data)
        form.is_valid(raise_exception=True)
        asked: dict[str, Any] = dict(form.validated_data)
        event = access.event_to_facilitate(request.user, asked.pop("event"))
        hosts = {host["participant"]: host["table"] for host in asked.pop("hosts", [])}
        run, new = table_plans.ask(event=event, by=request.user, hosts=hosts, **asked)
        return run_asked_for(request, run, new)

    @extend_schema(request=None, responses=TablePlanOut)
    @action(detail=True, methods=["post"], filterset_class=None)
    def publish(self, request: Request, pk: str) -> Response:
        """Show it to its people in place of the plan before; again changes nothing."""
        self.take_nothing(request)
        return Response(at_a_glance(table_plans.publish(plan=access.table_plan_to_edit(request.user, int(pk)), by=request.user)))

    @extend_schema(request=None, responses=TablePlanOut)
    @action(detail=True, methods=["post"], url_path="set-aside", filterset_class=None)
    def set_aside(self, request: Request, pk: str) -> Response:
        """Put a draft away."""
        self.take_nothing(request)
        return Response(at_a_glance(table_plans.set_aside(plan=access.table_plan_to_edit(request.user, int(pk)), by=request.user)))

    @extend_schema(responses=OwnTables)
    @action(detail=False, methods=["get"], filterset_class=None)
    def mine(self, request: Request) -> Response:
        """Your own tables of published plans, round by round."""
        return Response({"results": own_tables(access.own_table_seats(request.user), request.user.language)})
