"""Programmes: the fence around all the rest."""

from typing import Any

from django.utils.translation import get_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import answer
from api.serializers import LocalisedText, Strict, Text
from api.views import Nouns, Operator, SignedIn, View
from matchmaking import access
from matchmaking.models import Language, Programme
from matchmaking.models.programme import default_sectors
from matchmaking.selectors.labels import sectors_of
from matchmaking.selectors.programmes import localised
from matchmaking.services import invitations, programmes


class SectorIn(Strict):
    key = Text(max_length=40)
    be = Text(max_length=80, required=False)
    ru = Text(max_length=80, required=False)
    en = Text(max_length=80, required=False)
    de = Text(max_length=80, required=False)


class ProgrammeIn(Strict):
    slug = serializers.SlugField(max_length=80)
    name = Text(max_length=200)
    names = LocalisedText(length=200, required=False)
    sectors = SectorIn(many=True, required=False, help_text="Those of the programme, instead of the usual six; `other` has to be one.")
    language = serializers.ChoiceField(Language.choices, default="en")

    def validate_sectors(self, sectors: list[dict[str, str]]) -> list[dict[str, str]]:
        keys = [sector["key"] for sector in sectors]
        if len(set(keys)) != len(keys) or "other" not in keys or len(keys) > 30:
            raise serializers.ValidationError("Up to 30 sectors with keys of their own, `other` among them.")
        return sectors


class SectorOut(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()


class ProgrammeOut(serializers.Serializer):
    id = serializers.IntegerField()
    slug = serializers.SlugField()
    name = serializers.SerializerMethodField()
    language = serializers.ChoiceField(Language.choices)
    sectors = serializers.SerializerMethodField()
    my_role = serializers.SerializerMethodField()

    def get_name(self, programme: Programme) -> str:
        return localised(programme.names, get_language() or "", programme.name)

    @extend_schema_field(SectorOut(many=True))
    def get_sectors(self, programme: Programme) -> list[dict[str, str]]:
        return [{"key": key, "label": label} for key, label in sectors_of(programme, get_language() or "en").items()]

    def get_my_role(self, programme: Programme) -> str:
        """Over the whole programme: organiser, facilitator or nothing."""
        held: access.Held = self.context["held"]
        return held.over_programme(programme.pk)


class Programmes(Nouns):
    """The programmes you have a role in or take part in."""

    permits = {"list": SignedIn, "retrieve": SignedIn, "create": Operator}
    tagged = ("retrieve",)
    queryset = Programme.objects.none()
    serializer_class = ProgrammeOut
    ordering_fields = ("id", "name", "created_at")

    def context(self) -> dict[str, Any]:
        return {"held": access.roles_of(self.request.user)}

    def list(self, request: Request) -> Response:
        return self.page(access.programmes_visible_to(request.user), ProgrammeOut, **self.context())

    def retrieve(self, request: Request, pk: str) -> Response:
        return answer(request, ProgrammeOut(access.programme_for(request.user, int(pk)), context=self.context()).data)

    @extend_schema(request=ProgrammeIn, responses={201: ProgrammeOut})
    def create(self, request: Request) -> Response:
        """Operators set programmes up; the first organiser is invited next."""
        form = ProgrammeIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = {"sectors": default_sectors(), **form.validated_data}
        programme = programmes.create(by=request.user, **data)
        body = ProgrammeOut(programme, context=self.context()).data
        return Response(body, status=201, headers={"Location": f"/api/v1/programmes/{programme.pk}/"})


class FirstOrganiserIn(Strict):
    mail = serializers.EmailField(max_length=254)


class FirstOrganiserOut(serializers.Serializer):
    link = serializers.CharField(help_text="The address to send to the person; shown this once.")
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class FirstOrganiser(View):
    permits = {"post": Operator}
    idempotent = False  # a stored answer would hold the token

    @extend_schema(
        operation_id="programmes_first_organiser_create",
        parameters=[OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH)],
        request=FirstOrganiserIn,
        responses={201: FirstOrganiserOut},
    )
    def post(self, request: Request, pk: str) -> Response:
        """Operators invite the first organiser of a programme; organisers invite all others."""
        programme = access.programme_without_organiser(request.user, int(pk))
        form = FirstOrganiserIn(data=request.data)
        form.is_valid(raise_exception=True)
        made = invitations.invite_to_role(programme=programme, role="organiser", mail=form.validated_data["mail"], by=request.user)
        told = {"link": invitations.link(made.token), "token": made.token, "expires_at": made.invitation.expires_at}
        return Response(told, status=201)
