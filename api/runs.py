"""Runs: asked for, followed, reviewed, published, taken back."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import answer
from api.filters import IdFilter
from api.serializers import Id, Strict
from api.views import Nouns, SignedIn
from matchmaking import access
from matchmaking.models import Run, RunKind, Suggestion
from matchmaking.selectors.previews import compared
from matchmaking.selectors.review import narrowed, pairs_of
from matchmaking.selectors.runs import progress
from matchmaking.selectors.sentences import in_words
from matchmaking.selectors.team_words import conflict_told
from matchmaking.services import publishing, review, runs

BULK_LIMIT = 500
KINDS = [kind for kind in RunKind.choices if kind[0] not in (RunKind.TEAMS, RunKind.TABLES, RunKind.TOP_UP)]  # have doors of their own


@extend_schema_serializer(examples=[OpenApiExample("A run", {"event": 4503599627370497, "publish": False}, request_only=True)])
class RunIn(Strict):
    event = Id()
    kind = serializers.ChoiceField(KINDS, default=RunKind.SUGGESTIONS, help_text="`ideas`: who should join the event's ideas.")
    publish = serializers.BooleanField(default=False, help_text="Publish as soon as it is done; else it stops at the preview.")
    parameters = serializers.DictField(default=dict, help_text="Over the event's settings: cap, floor, seed, ...")


class RunStatus(serializers.Serializer):
    """What everybody of the event may read."""

    id = serializers.IntegerField()
    event = serializers.IntegerField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(Run.State.choices)
    stage = serializers.CharField(allow_blank=True)
    percent = serializers.IntegerField()
    sentence = serializers.CharField(help_text="Where it stands, or why it failed.")
    remaining_s = serializers.IntegerField(allow_null=True, help_text="Seconds left; null: not known yet.")
    published = serializers.BooleanField()


class RunDetails(RunStatus):
    """What organisers and facilitators read besides."""

    attempt = serializers.IntegerField()
    parameters = serializers.DictField()
    weights_version = serializers.IntegerField(help_text="Of the weights learned from answers; 0: those that come with the service.")
    measures = serializers.DictField()
    asked_for_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    taken_back_at = serializers.DateTimeField(allow_null=True)


class WeighedOut(serializers.Serializer):
    """Measures in which two runs are compared; null where a run has none."""

    relevance = serializers.FloatField(allow_null=True, help_text="Mean score without the cross-sector dial: its price.")
    pairs = serializers.IntegerField(allow_null=True)
    cross_sector_share = serializers.FloatField(allow_null=True)
    most = serializers.IntegerField(allow_null=True, help_text="Suggestions of the person who has the most.")
    gini_exposure = serializers.FloatField(allow_null=True)
    none = serializers.IntegerField(allow_null=True, help_text="People without any suggestion.")
    below_floor = serializers.IntegerField(allow_null=True)
    sectors = serializers.DictField(allow_null=True, child=serializers.DictField(child=serializers.IntegerField(allow_null=True)))
    sectors_by_chance = serializers.DictField(
        allow_null=True,
        child=serializers.DictField(child=serializers.FloatField(allow_null=True)),
        help_text="Pairs between two sectors over those expected by chance; null where no pair is possible.",
    )


class WeighedRun(WeighedOut):
    id = serializers.IntegerField()
    bridge = serializers.FloatField(help_text="The cross-sector dial, in z units.")
    weights_version = serializers.IntegerField(help_text="Scores of runs with different weights are on different scales.")


class ComparedOut(serializers.Serializer):
    """What publishing this run would change."""

    run = WeighedRun()
    published = WeighedRun(allow_null=True, help_text="Null: nothing is shown yet.")
    difference = WeighedOut(allow_null=True, help_text="This run less the published one.")


class RunPreview(RunDetails):
    """What organisers read of one run."""

    compared = ComparedOut(allow_null=True, help_text="Null: this run is no preview.")


ANY_RUN = PolymorphicProxySerializer("OneRun", [RunPreview, RunDetails, RunStatus], resource_type_field_name=None)
ANY_RUNS = PolymorphicProxySerializer("AnyRun", [RunDetails, RunStatus], resource_type_field_name=None, many=True)


def run_as_seen(run: Run, held: access.Held) -> dict[str, Any]:
    now = progress(run)
    status = {name: now[name] for name in ("state", "stage", "percent", "remaining_s")}
    told: dict[str, Any] = {"id": run.pk, "event": run.event_id, "kind": run.kind, **status}
    told["sentence"] = in_words(now["template"], now["params"])
    told["published"] = bool(run.published_at and not run.taken_back_at)
    if held.over_event(run.event):
        times = ("started_at", "finished_at", "published_at", "taken_back_at")
        told |= {"attempt": now["attempt"], "parameters": run.parameters, "measures": run.measures, "asked_for_at": run.created_at}
        told |= {"weights_version": run.weights_version, **{name: getattr(run, name) for name in times}}
    return told


def run_asked_for(request: Request, run: Run, new: bool) -> Response:
    """The answer to a request for a run: 202 with the new one, or 200 with the one that is active already."""
    headers = {"Location": f"/api/v1/runs/{run.pk}/"}
    return Response(run_as_seen(run, access.roles_of(request.user)), status=202 if new else 200, headers=headers)


class SideOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    organisation = serializers.CharField(source="organisation.name", default="")
    sector = serializers.CharField(source="profile.sector")


class PairOut(serializers.Serializer):
    """A pair as facilitators review it: who, and how it ranks with both."""

    id = serializers.IntegerField()
    a = SideOut(source="pair.a")
    b = SideOut(source="pair.b")
    rank_a = serializers.IntegerField()
    rank_b = serializers.IntegerField()
    held = serializers.SerializerMethodField()

    def get_held(self, suggestion: Suggestion) -> bool:
        return suggestion.held_at is not None


class PartOut(serializers.Serializer):
    part = serializers.CharField()
    value = serializers.FloatField()
    evidence = serializers.ListField(child=serializers.CharField())


class ScoredPair(PairOut):
    """What organisers read besides: the score and its parts, which add up to z."""

    score = serializers.FloatField()
    p_ab = serializers.FloatField()
    p_ba = serializers.FloatField()
    z_ab = serializers.FloatField()
    z_ba = serializers.FloatField()
    parts_ab = serializers.SerializerMethodField()
    parts_ba = serializers.SerializerMethodField()

    @extend_schema_field(PartOut(many=True))
    def get_parts_ab(self, suggestion: Suggestion) -> list[dict[str, Any]]:
        return [dict(zip(("part", "value", "evidence"), term, strict=True)) for term in suggestion.terms_ab]

    @extend_schema_field(PartOut(many=True))
    def get_parts_ba(self, suggestion: Suggestion) -> list[dict[str, Any]]:
        return [dict(zip(("part", "value", "evidence"), term, strict=True)) for term in suggestion.terms_ba]


ANY_PAIRS = PolymorphicProxySerializer("AnyPair", [ScoredPair, PairOut], resource_type_field_name=None, many=True)


@extend_schema_serializer(examples=[OpenApiExample("Two pairs", {"suggestions": [4503599627370497, 4503599627370498]}, request_only=True)])
class Chosen(Strict):
    suggestions = serializers.ListField(child=Id(), min_length=1, max_length=BULK_LIMIT, help_text="All of them are changed, or none.")


class ChangedOut(serializers.Serializer):
    changed = serializers.IntegerField(help_text="Those that were so already are not counted.")


class RunFilters(filters.FilterSet):
    event = IdFilter()
    state = filters.ChoiceFilter(choices=Run.State.choices)

    class Meta:
        model = Run
        fields: list[str] = []


class PairFilters(filters.FilterSet):
    held = filters.ChoiceFilter(choices=[("true", "true"), ("false", "false")], method="are_held")
    participant = IdFilter(method="with_participant")
    sectors = filters.ChoiceFilter(choices=[("same", "same"), ("cross", "cross")], method="across")

    class Meta:
        model = Suggestion
        fields: list[str] = []

    def are_held(self, rows: QuerySet[Suggestion], name: str, value: str) -> QuerySet[Suggestion]:
        return narrowed(rows, held=value == "true")

    def with_participant(self, rows: QuerySet[Suggestion], name: str, value: int) -> QuerySet[Suggestion]:
        return narrowed(rows, person=value)

    def across(self, rows: QuerySet[Suggestion], name: str, value: str) -> QuerySet[Suggestion]:
        return narrowed(rows, sectors=value)


class Runs(Nouns):
    """Runs of your events. Organisers start and steer them, facilitators look at them, everybody reads how they stand."""

    steering = ("create", "cancel", "publish", "take_back", "hold", "release")
    permits = dict.fromkeys(("list", "retrieve", "suggestions", *steering), SignedIn)
    scopes = {"create": "run"}
    tagged = ("retrieve",)
    queryset = Run.objects.none()
    serializer_class = RunStatus
    filterset_class = RunFilters
    ordering = ("-created_at", "id")
    ordering_fields = ("id", "created_at")

    @extend_schema(responses=ANY_RUNS)
    def list(self, request: Request) -> Response:
        held = access.roles_of(request.user)
        found = self.paginate_queryset(self.filter_queryset(access.runs_visible_to(request.user).select_related("event", "learned")))
        return self.get_paginated_response([run_as_seen(run, held) for run in found])

    @extend_schema(responses=ANY_RUN)
    def retrieve(self, request: Request, pk: str) -> Response:
        """State, percent and stage while it runs; measures afterwards; for organisers, a preview beside what is published."""
        run = access.run_for(request.user, int(pk))
        held = access.roles_of(request.user)
        told = run_as_seen(run, held)
        if held.over_event(run.event) == "organiser":
            told["compared"] = compared(run)
        if "measures" in told and "conflict" in run.measures:
            told["measures"] = run.measures | {"conflict": conflict_told(run.event, run.measures["conflict"], request.user.language)}
        return answer(request, told)

    @extend_schema(request=RunIn, responses={202: RunDetails, 200: RunDetails})
    def create(self, request: Request) -> Response:
        """Ask for a run: 202 with the new one, or 200 with the one that is active already."""
        form = RunIn(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        event = access.event_to_organise(request.user, asked["event"])
        run, new = runs.start(event, by=request.user, parameters=asked["parameters"], publish=asked["publish"], kind=asked["kind"])
        run.event = event
        return run_asked_for(request, run, new)

    @extend_schema(request=None, responses=RunDetails)
    @action(detail=True, methods=["post"], filterset_class=None)
    def cancel(self, request: Request, pk: str) -> Response:
        """End it at once, if it still is active."""
        return self.steered(runs.cancel)

    @extend_schema(request=None, responses=RunDetails)
    @action(detail=True, methods=["post"], filterset_class=None)
    def publish(self, request: Request, pk: str) -> Response:
        """Show its suggestions in place of those before; again changes nothing."""
        return self.steered(publishing.publish)

    @extend_schema(request=None, responses=RunDetails)
    @action(detail=True, methods=["post"], url_path="take-back", filterset_class=None)
    def take_back(self, request: Request, pk: str) -> Response:
        """Unanswered pairs vanish, those of the run before return; answers and introductions stay."""
        return self.steered(publishing.take_back)

    @extend_schema(
        parameters=[
            OpenApiParameter("held", bool),
            OpenApiParameter("participant", OpenApiTypes.INT64),
            OpenApiParameter("sectors", str, enum=["same", "cross"]),
            OpenApiParameter("ordering", str, enum=["id", "-id", "score_e9", "-score_e9"]),
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int),
        ],
        responses=ANY_PAIRS,
        filters=False,
    )
    @action(detail=True, methods=["get"], filterset_class=PairFilters, ordering_fields=("id", "score_e9"), ordering=("-score_e9", "id"))
    def suggestions(self, request: Request, pk: str) -> Response:
        """The pairs of a run, the best first; scores and their parts for organisers."""
        run = access.run_to_review(request.user, int(pk))
        organises = access.roles_of(request.user).over_event(run.event) == "organiser"
        return self.page(pairs_of(run), ScoredPair if organises else PairOut)

    @extend_schema(request=Chosen, responses=ChangedOut)
    @action(detail=True, methods=["post"], filterset_class=None)
    def hold(self, request: Request, pk: str) -> Response:
        """Hold pairs back, one or many: they are not shown."""
        return self.changed(review.hold)

    @extend_schema(request=Chosen, responses=ChangedOut)
    @action(detail=True, methods=["post"], filterset_class=None)
    def release(self, request: Request, pk: str) -> Response:
        """Show held pairs again."""
        return self.changed(review.release)

    def known_parameters(self) -> set[str]:
        known = super().known_parameters()
        return known | ({"cursor", "page_size", "ordering"} | set(PairFilters.base_filters) if self.operation == "suggestions" else set())

    def seen(self, run: Run) -> dict[str, Any]:
        return run_as_seen(run, access.roles_of(self.request.user))

    def steered(self, service: Any) -> Response:
        self.take_nothing(self.request)
        run = service(access.run_to_steer(self.request.user, int(self.kwargs["pk"])), by=self.request.user)
        return Response(self.seen(run))

    def changed(self, service: Any) -> Response:
        run = access.run_to_steer(self.request.user, int(self.kwargs["pk"]))
        form = Chosen(data=self.request.data)
        form.is_valid(raise_exception=True)
        return Response({"changed": service(run=run, ids=form.validated_data["suggestions"], by=self.request.user)})
