"""Organisations that participants act for."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import answer
from api.filters import IdFilter
from api.serializers import Id, Strict, Text
from api.views import Nouns, SignedIn
from matchmaking import access
from matchmaking.errors import NotFound
from matchmaking.models import Organisation
from matchmaking.services import corrections


class OrganisationOut(serializers.Serializer):
    id = serializers.IntegerField()
    programme = serializers.IntegerField(source="programme_id")
    name = serializers.CharField()
    sector = serializers.CharField()


class OrganisationIn(Strict):
    programme = Id()
    name = Text(max_length=300)
    sector = Text(max_length=40, default="other")


class OrganisationFilters(filters.FilterSet):
    programme = IdFilter()
    sector = filters.CharFilter(max_length=40)

    class Meta:
        model = Organisation
        fields: list[str] = []


class Organisations(Nouns):
    """Organisations of the people you may see; all of the programmes you organise or facilitate."""

    permits = dict.fromkeys(("list", "retrieve", "create"), SignedIn)
    tagged = ("retrieve",)
    queryset = Organisation.objects.none()
    serializer_class = OrganisationOut
    filterset_class = OrganisationFilters
    ordering_fields = ("id", "name", "created_at")

    def list(self, request: Request) -> Response:
        return self.page(access.organisations_visible_to(request.user), OrganisationOut)

    def retrieve(self, request: Request, pk: str) -> Response:
        organisation = access.organisations_visible_to(request.user).filter(pk=int(pk)).first()
        if organisation is None:
            raise NotFound("There is no such organisation.")
        return answer(request, OrganisationOut(organisation).data)

    @extend_schema(request=OrganisationIn, responses={201: OrganisationOut})
    def create(self, request: Request) -> Response:
        """Organisers of the whole programme enter organisations."""
        form = OrganisationIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = dict(form.validated_data)
        programme = access.programme_to_organise(request.user, data.pop("programme"))
        organisation = corrections.enter_organisation(programme=programme, by=request.user, **data)
        location = f"/api/v1/organisations/{organisation.pk}/"
        return Response(OrganisationOut(organisation).data, status=201, headers={"Location": location})
