"""Rosters: asked for, read, compared, repaired, published."""

from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import answer
from api.filters import IdFilter
from api.roster_moves import RosterMoves
from api.runs import RunDetails, run_asked_for
from api.serializers import Id, Strict
from api.views import SignedIn
from matchmaking import access
from matchmaking.errors import BadInput
from matchmaking.models import Roster
from matchmaking.selectors.rosters import at_a_glance, compared, whole, with_measures
from matchmaking.services import rosters, team_runs

SECONDS, SEED = team_runs.SECONDS, (0, team_runs.SEED_LIMIT)


@extend_schema_serializer(examples=[OpenApiExample("Three alternatives", {"event": 4503599627370497, "seconds": 5}, request_only=True)])
class RosterIn(Strict):
    event = Id()
    base = Id(required=False, allow_null=True, help_text="From this roster: its locked teams and pins stay, the rest is formed anew.")
    seconds = serializers.IntegerField(default=5, min_value=SECONDS[0], max_value=SECONDS[1], help_text="For each alternative.")
    alternatives = serializers.IntegerField(default=3, min_value=1, max_value=team_runs.ALTERNATIVES[1])
    seed = serializers.IntegerField(default=0, min_value=SEED[0], max_value=SEED[1])


class RepairIn(Strict):
    seconds = serializers.IntegerField(default=5, min_value=SECONDS[0], max_value=SECONDS[1])
    seed = serializers.IntegerField(default=0, min_value=SEED[0], max_value=SEED[1])


class PublishIn(Strict):
    anyway = serializers.BooleanField(default=False, help_text="Though what is published was changed by hand meanwhile.")


class CertificateOut(serializers.Serializer):
    """What was proved of it as it was computed."""

    proof = serializers.ChoiceField(choices=["optimal", "bounded", "best_found"], required=False)
    bound = serializers.FloatField(allow_null=True, required=False, help_text="No roster is worth more.")
    gap = serializers.FloatField(allow_null=True, required=False, help_text="The share of the bound that may be missing.")
    fewest_moves = serializers.BooleanField(allow_null=True, required=False, help_text="Of a repair: fewer moves are proved impossible.")


class RosterOut(serializers.Serializer):
    id = serializers.IntegerField()
    event = serializers.IntegerField()
    run = serializers.IntegerField(allow_null=True)
    number = serializers.IntegerField(help_text="Which of the run's alternatives.")
    state = serializers.ChoiceField(choices=Roster.State.choices)
    version = serializers.IntegerField()
    changed_by_hand = serializers.BooleanField()
    base = serializers.IntegerField(allow_null=True)
    emphasis = serializers.CharField(allow_blank=True, help_text="What it leans towards: `sectors`, `fit`, or nothing.")
    rules_version = serializers.IntegerField()
    total = serializers.FloatField()
    worst = serializers.FloatField(help_text="Of the team that has least.")
    teams = serializers.IntegerField()
    locked = serializers.IntegerField()
    sentence = serializers.CharField(help_text="What it was worth as it was computed, and what was proved of it.")
    certificate = CertificateOut()
    created_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True)


class SeatOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    sector = serializers.CharField(allow_blank=True)
    pinned = serializers.BooleanField()


class RosterTeamOut(serializers.Serializer):
    id = serializers.IntegerField()
    number = serializers.IntegerField()
    place = serializers.CharField(allow_blank=True)
    task = serializers.CharField(allow_blank=True)
    idea = serializers.IntegerField(allow_null=True)
    locked = serializers.BooleanField()
    value = serializers.FloatField()
    left = serializers.IntegerField(help_text="Empty places of those who left.")
    people = SeatOut(many=True)


class NamedOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class WarningOut(serializers.Serializer):
    """A rule that does not hold."""

    rule = serializers.IntegerField(allow_null=True, help_text="Its place among the event's rules, from 0; null: it is not one of them.")
    team = serializers.IntegerField(allow_null=True)
    sentence = serializers.CharField()


class WholeRosterOut(RosterOut):
    base_changed = serializers.BooleanField(help_text="The roster it was computed from was changed by hand meanwhile.")
    undo_steps = serializers.IntegerField()
    last_change = serializers.DateTimeField(allow_null=True)
    members = RosterTeamOut(many=True)
    unplaced = NamedOut(many=True)
    warnings = WarningOut(many=True)


class MeasuredOut(serializers.Serializer):
    id = serializers.IntegerField()
    measures = serializers.DictField(child=serializers.FloatField())


class MovedOut(NamedOut):
    one = serializers.IntegerField(allow_null=True, help_text="Number of the team; null: no team.")
    other = serializers.IntegerField(allow_null=True)


class ComparedRosters(serializers.Serializer):
    one = MeasuredOut()
    other = MeasuredOut()
    difference = serializers.DictField(child=serializers.FloatField(), help_text="One less other.")
    moved = MovedOut(many=True)


class RosterFilters(filters.FilterSet):
    event = IdFilter()
    run = IdFilter()
    state = filters.ChoiceFilter(choices=Roster.State.choices)

    class Meta:
        model = Roster
        fields: list[str] = []


class Rosters(RosterMoves):
    """Teams of your events: facilitators form and change them, organisers look at them."""

    reading = ("list", "retrieve", "compare")
    permits = dict.fromkeys((*reading, "create", "publish", "set_aside", "repair", *RosterMoves.changing), SignedIn)
    scopes = {"create": "run", "repair": "run"}
    tagged = ("retrieve",)
    parameters = {"compare": ("with",)}
    queryset = Roster.objects.none()
    serializer_class = RosterOut
    filterset_class = RosterFilters
    ordering = ("-created_at", "id")
    ordering_fields = ("id", "created_at", "number")

    @extend_schema(responses=RosterOut(many=True))
    def list(self, request: Request) -> Response:
        found = self.paginate_queryset(self.filter_queryset(with_measures(access.rosters_visible_to(request.user))))
        return self.get_paginated_response([at_a_glance(roster, request.user.language) for roster in found])

    @extend_schema(responses=WholeRosterOut)
    def retrieve(self, request: Request, pk: str) -> Response:
        """All teams, who has none, and which rules do not hold."""
        roster = access.roster_for(request.user, int(pk))
        measured = with_measures(access.rosters_visible_to(request.user)).select_related("basis").get(pk=roster.pk)
        return answer(request, whole(measured, request.user.language), measured.version)

    @extend_schema(request=RosterIn, responses={202: RunDetails, 200: RunDetails})
    def create(self, request: Request) -> Response:
        """Ask for teams: 202 with the run, or 200 with the one that is active already. Its drafts are listed here once it is done."""
        form = RosterIn(data=request.data)
        form.is_valid(raise_exception=True)
        asked = dict(form.validated_data)
        event = access.event_to_facilitate(request.user, asked.pop("event"))
        base = asked.pop("base", None)
        found = access.rosters_visible_to(request.user).filter(pk=base, event=event).first() if base else None
        if base and found is None:
            raise BadInput("There is no such roster.", fields={"base": "There is no such roster."})
        return run_asked_for(request, *team_runs.form(event=event, base=found, by=request.user, **asked))

    @extend_schema(request=RepairIn, responses={202: RunDetails, 200: RunDetails})
    @action(detail=True, methods=["post"], filterset_class=None)
    def repair(self, request: Request, pk: str) -> Response:
        """Ask for ways to mend it after people left or arrived: drafts to choose from, the one with the fewest moves first."""
        roster = access.roster_for(request.user, int(pk))
        form = RepairIn(data=request.data)
        form.is_valid(raise_exception=True)
        return run_asked_for(request, *team_runs.repair(roster=roster, by=request.user, **form.validated_data))

    @extend_schema(parameters=[OpenApiParameter("with", OpenApiTypes.INT64, required=True)], responses=ComparedRosters)
    @action(detail=True, methods=["get"], filterset_class=None)
    def compare(self, request: Request, pk: str) -> Response:
        """This roster beside another one of the event: measures, their differences, who sits in another team."""
        one, wanted = access.roster_for(request.user, int(pk)), request.query_params.get("with", "")
        if not (wanted.isascii() and wanted.isdecimal() and len(wanted) <= 16):
            raise BadInput("The id of a roster.", fields={"with": "The id of a roster."})
        measured = with_measures(access.rosters_visible_to(request.user).filter(event=one.event_id)).select_related("basis")
        found = {row.pk: row for row in measured.filter(pk__in=[one.pk, int(wanted)])}
        if int(wanted) not in found:
            raise BadInput("There is no such roster.", fields={"with": "There is no such roster."})
        return Response(compared(found[one.pk], found[int(wanted)], request.user.language))

    @extend_schema(request=PublishIn, responses=RosterOut)
    @action(detail=True, methods=["post"], filterset_class=None)
    def publish(self, request: Request, pk: str) -> Response:
        """Show it to its people in place of the teams before; again changes nothing."""
        roster = access.roster_to_edit(request.user, int(pk))
        form = PublishIn(data=request.data)
        form.is_valid(raise_exception=True)
        return self.glance(rosters.publish(roster=roster, by=request.user, **form.validated_data))

    @extend_schema(request=None, responses=RosterOut)
    @action(detail=True, methods=["post"], url_path="set-aside", filterset_class=None)
    def set_aside(self, request: Request, pk: str) -> Response:
        """Put a draft away."""
        self.take_nothing(request)
        return self.glance(rosters.set_aside(roster=access.roster_to_edit(request.user, int(pk)), by=request.user))
