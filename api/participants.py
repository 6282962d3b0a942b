"""Participants: the public part for those who may see it, a little more for those in whose care they are."""

from typing import Any

from django.db.models import F, Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, PolymorphicProxySerializer, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import answer, matched
from api.filters import IdFilter, Listed
from api.serializers import Strict, Text, Words
from api.views import Nouns, SignedIn, View
from matchmaking import access
from matchmaking.models import Participant, Registration, Role
from matchmaking.selectors.participants import with_registrations_in
from matchmaking.services import corrections


class OrganisationOfPerson(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    sector = serializers.CharField()


class RegistrationOfPerson(serializers.Serializer):
    id = serializers.IntegerField()
    event = serializers.IntegerField(source="event_id")
    state = serializers.ChoiceField(Registration.State.choices)
    checked_in_at = serializers.DateTimeField(allow_null=True)


class ProfilePart(serializers.Serializer):
    """What a profile tells of offers and needs, as the person themself and those who may see the public part read it."""

    sector = serializers.CharField(source="profile.sector")
    industries = serializers.ListField(child=serializers.CharField(), source="profile.industries")
    city = serializers.CharField(source="profile.city")
    country = serializers.CharField(source="profile.country")
    languages = serializers.ListField(child=serializers.CharField(), source="profile.languages")
    offers = serializers.ListField(child=serializers.CharField(), source="profile.offers")
    needs = serializers.ListField(child=serializers.CharField(), source="profile.needs")
    interests = serializers.ListField(child=serializers.CharField(), source="profile.interests")
    offer_text = serializers.CharField(source="profile.offer_text")
    need_text = serializers.CharField(source="profile.need_text")
    about = serializers.CharField(source="profile.about")


class PublicPart(ProfilePart):
    """What others may read of a person: never a contact."""

    id = serializers.IntegerField()
    programme = serializers.IntegerField(source="programme_id")
    name = serializers.CharField()
    organisation = OrganisationOfPerson(allow_null=True)


class InCare(PublicPart):
    """What organisers and facilitators of the person's events read besides."""

    external_id = serializers.CharField()
    confirmed_at = serializers.DateTimeField(source="claimed_at", allow_null=True)
    registrations = RegistrationOfPerson(many=True, source="registrations_here")


class Correction(Strict):
    """What an organiser may correct while nobody has confirmed the profile."""

    name = Text(max_length=300)
    organisation = Text(max_length=300, allow_blank=True)
    sector = Text(max_length=40)
    industries = Words()
    city = Text(max_length=120, allow_blank=True)
    country = Text(max_length=120, allow_blank=True)
    languages = Words(length=12)
    offers = Words()
    needs = Words()
    interests = Words()
    offer_text = Text(max_length=20_000, allow_blank=True)
    need_text = Text(max_length=20_000, allow_blank=True)
    about = Text(max_length=20_000, allow_blank=True)


@extend_schema_serializer(examples=[OpenApiExample("A reason", {"purpose": "Calling about the place of the meeting"}, request_only=True)])
class Purpose(Strict):
    purpose = Text(min_length=3, max_length=200, help_text="Noted, and shown to the person.")


class StaffContacts(serializers.Serializer):
    mail = serializers.CharField()
    phone = serializers.CharField()
    telegram = serializers.CharField()


ANY_PARTICIPANT = PolymorphicProxySerializer("AnyParticipant", [InCare, PublicPart], resource_type_field_name=None)
ANY_PARTICIPANTS = PolymorphicProxySerializer("AnyParticipant", ANY_PARTICIPANT.serializers, resource_type_field_name=None, many=True)


class ParticipantFilters(filters.FilterSet):
    event = IdFilter(method="of_event")
    programme = IdFilter()
    organisation = IdFilter()
    sector = filters.CharFilter(field_name="profile__sector", max_length=40)
    city = filters.CharFilter(field_name="profile__city", max_length=120)
    language = Listed(field_name="profile__languages", max_length=12)
    role = filters.ChoiceFilter(choices=Role.Name.choices, method="with_role")

    class Meta:
        model = Participant
        fields: list[str] = []

    def of_event(self, rows: QuerySet[Participant], name: str, value: int) -> QuerySet[Participant]:
        return rows.filter(pk__in=access.registrations_visible_to(self.request.user).filter(event=value).values("participant_id"))

    def with_role(self, rows: QuerySet[Participant], name: str, value: str) -> QuerySet[Participant]:
        """Participants who are organiser or facilitator as well: for those who see both, in one's care and as roles."""
        seen = access.roles_visible_to(self.request.user).filter(name=value, programme=F("user__participants__programme"))
        in_care = access.participants_in_care_of(self.request.user, *access.STAFF_ROLES)
        return rows.filter(Q(pk__in=seen.values("user__participants")) & Q(pk__in=in_care.values("pk")))


class Participants(Nouns):
    """The people you may see: yourself, those in your care, those suggested to you, those listed by their own choice."""

    permits = dict.fromkeys(("list", "retrieve", "partial_update"), SignedIn)
    tagged = ("retrieve", "partial_update")
    queryset = Participant.objects.none()
    serializer_class = PublicPart
    filterset_class = ParticipantFilters
    ordering_fields = ("id", "name", "created_at")

    @extend_schema(responses=ANY_PARTICIPANTS)
    def list(self, request: Request) -> Response:
        found = self.paginate_queryset(self.filter_queryset(self.rows(access.participants_visible_to(request.user))))
        cared = access.participants_in_care_of(request.user, *access.STAFF_ROLES)
        cared_ids = set(cared.filter(pk__in=[one.pk for one in found]).values_list("pk", flat=True))
        return self.get_paginated_response([(InCare if one.pk in cared_ids else PublicPart)(one).data for one in found])

    @extend_schema(responses=ANY_PARTICIPANT)
    def retrieve(self, request: Request, pk: str) -> Response:
        participant = self.one(request, int(pk))
        return answer(request, self.seen(request, participant), participant.version)

    @extend_schema(request=Correction(partial=True), responses=InCare)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Organisers correct a profile until its owner confirms it."""
        participant = access.participant_to_organise(request.user, int(pk))
        version = matched(request, participant.version)
        form = Correction(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        corrections.correct(participant=participant, by=request.user, version=version, changes=form.validated_data)
        fresh = self.one(request, int(pk))
        return answer(request, self.seen(request, fresh), fresh.version)

    def rows(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return with_registrations_in(rows, access.events_with_role(self.request.user, *access.STAFF_ROLES))

    def one(self, request: Request, pk: int) -> Participant:
        access.participant_for(request.user, pk)
        return self.rows(Participant.objects.filter(pk=pk)).get()

    def seen(self, request: Request, participant: Participant) -> dict[str, Any]:
        cared = access.participants_in_care_of(request.user, *access.STAFF_ROLES).filter(pk=participant.pk).exists()
        return dict((InCare if cared else PublicPart)(participant).data)


class Contacts(View):
    permits = {"post": SignedIn}
    idempotent = False  # a stored answer would keep contacts; looking again is noted again

    @extend_schema(
        operation_id="participants_contacts_create",
        parameters=[OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH)],
        request=Purpose,
        responses=StaffContacts,
    )
    def post(self, request: Request, pk: str) -> Response:
        """Organisers look at somebody's contacts, for a purpose that the person can read."""
        participant = access.participant_to_organise(request.user, int(pk))
        form = Purpose(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(corrections.show_contacts(participant=participant, by=request.user, **form.validated_data))
