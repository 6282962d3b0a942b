"""The track record: what people did together before."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import answer
from api.filters import IdFilter
from api.serializers import Id, Strict, Text, Words
from api.views import Nouns, SignedIn
from matchmaking import access
from matchmaking.errors import NotFound
from matchmaking.models import Project
from matchmaking.services import projects_entry

MEMBERS_LIMIT = 500


class MemberOut(serializers.Serializer):
    external_id = serializers.CharField()
    participant = serializers.IntegerField(source="participant_id", allow_null=True)
    lead = serializers.BooleanField()


class OwnProject(serializers.Serializer):
    """A project as its members see it: with how many, not with whom."""

    id = serializers.IntegerField()
    programme = serializers.IntegerField(source="programme_id")
    held_on = serializers.DateField(allow_null=True)
    group = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    text = serializers.CharField()
    member_count = serializers.SerializerMethodField()

    def get_member_count(self, project: Project) -> int:
        return len(project.memberships.all())


class ProjectInCare(OwnProject):
    """What organisers and facilitators of the programme read besides."""

    external_id = serializers.CharField()
    members = MemberOut(many=True, source="memberships.all")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A festival",
            {"programme": 4503599627370497, "external_id": "P-17", "held_on": "2025-05-04", "members": ["X1", "X2"], "lead": "X1"},
            request_only=True,
        )
    ]
)
class ProjectIn(Strict):
    programme = Id()
    external_id = Text(max_length=120)
    held_on = serializers.DateField(required=False, allow_null=True)
    group = Text(max_length=300, required=False, allow_blank=True)
    tags = Words(required=False)
    text = Text(max_length=20_000, required=False, allow_blank=True)
    members = Words(most=MEMBERS_LIMIT, help_text="External ids; those nobody knows are kept as outsiders.")
    lead = Text(max_length=120, required=False, allow_blank=True)


class ProjectFilters(filters.FilterSet):
    programme = IdFilter()

    class Meta:
        model = Project
        fields: list[str] = []


ANY_PROJECT = PolymorphicProxySerializer("AnyProject", [ProjectInCare, OwnProject], resource_type_field_name=None)
ANY_PROJECTS = PolymorphicProxySerializer("AnyProject", ANY_PROJECT.serializers, resource_type_field_name=None, many=True)


def project_as_seen(project: Project, held: access.Held) -> dict[str, Any]:
    return dict((ProjectInCare if held.over_programme(project.programme_id) else OwnProject)(project).data)


class Projects(Nouns):
    """Your own past projects; all of the programmes you organise or facilitate."""

    permits = dict.fromkeys(("list", "retrieve", "create"), SignedIn)
    tagged = ("retrieve",)
    queryset = Project.objects.none()
    serializer_class = OwnProject
    filterset_class = ProjectFilters
    ordering_fields = ("id", "created_at")

    def rows(self) -> Any:
        return access.projects_visible_to(self.request.user).prefetch_related("memberships")

    @extend_schema(responses=ANY_PROJECTS)
    def list(self, request: Request) -> Response:
        held = access.roles_of(request.user)
        found = self.paginate_queryset(self.filter_queryset(self.rows()))
        return self.get_paginated_response([project_as_seen(project, held) for project in found])

    @extend_schema(responses=ANY_PROJECT)
    def retrieve(self, request: Request, pk: str) -> Response:
        project = self.rows().filter(pk=int(pk)).first()
        if project is None:
            raise NotFound("There is no such project.")
        return answer(request, project_as_seen(project, access.roles_of(request.user)))

    @extend_schema(request=ProjectIn, responses={201: ProjectInCare})
    def create(self, request: Request) -> Response:
        """Organisers of the whole programme enter projects."""
        form = ProjectIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = dict(form.validated_data)
        programme = access.programme_to_organise(request.user, data.pop("programme"))
        project = projects_entry.enter(programme=programme, by=request.user, **data)
        location = f"/api/v1/projects/{project.pk}/"
        return Response(ProjectInCare(project).data, status=201, headers={"Location": location})
