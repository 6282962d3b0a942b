"""Joining an event: by its link, entered by an organiser; the organiser's decision."""

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.me import ID, Named, OwnRegistrationOut, ProfileIn, PurposeOut, read
from api.serializers import Text
from api.views import Anyone, Nouns, SignedIn, View
from matchmaking import access
from matchmaking.models import Consent, Event, Language, Registration
from matchmaking.selectors.labels import sectors_of
from matchmaking.selectors.own_data import with_twins
from matchmaking.services import consents, erasure, joining

TOLD = tuple(ProfileIn().fields)
RECEIVED = "Your request has been received. Sign in with this address to see how it stands; an organiser decides about it."


class JoinFields(serializers.Serializer):
    consents = serializers.ListField(child=serializers.ChoiceField(Consent.Purpose.choices), required=False, max_length=20)
    text_version = serializers.CharField(max_length=40, required=False, help_text="Of the words of consent that were shown.")


class JoinIn(ProfileIn, JoinFields):
    """A new person. Fields that are not known are ignored (T31)."""

    refuses_unknown = False

    mail = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    language = serializers.ChoiceField(Language.choices, required=False)

    def to_internal_value(self, data: Any) -> Any:
        return serializers.Serializer.to_internal_value(self, data)


class JoinSignedInIn(ProfileIn, JoinFields):
    """Somebody with a login; the profile's fields are for who is new to the programme."""

    refuses_unknown = False

    name = Text(max_length=300, required=False)

    def to_internal_value(self, data: Any) -> Any:
        return serializers.Serializer.to_internal_value(self, data)


JOIN = PolymorphicProxySerializer("AnyJoin", [JoinIn, JoinSignedInIn], resource_type_field_name=None)


class SectorOut(serializers.Serializer):
    key = serializers.CharField()
    name = serializers.CharField()


class PublicEventOut(serializers.Serializer):
    name = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    kind = serializers.CharField()
    city = serializers.CharField()
    time_zone = serializers.CharField()
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    programme = serializers.SerializerMethodField()
    sectors = serializers.SerializerMethodField()

    def get_name(self, event: Event) -> str:
        return str(event.names.get(get_language(), event.name))

    def get_description(self, event: Event) -> str:
        return str(event.descriptions.get(get_language(), event.description))

    def get_programme(self, event: Event) -> str:
        return str(event.programme.names.get(get_language(), event.programme.name))

    @extend_schema_field(
        {"type": "array", "items": {"type": "object", "properties": {"key": {"type": "string"}, "name": {"type": "string"}}}}
    )
    def get_sectors(self, event: Event) -> list[dict[str, str]]:
        return [{"key": key, "name": name} for key, name in sectors_of(event.programme, get_language() or "en").items()]


class JoinOut(serializers.Serializer):
    event = PublicEventOut()
    notice = serializers.CharField()
    purposes = PurposeOut(many=True)


class ReceivedOut(serializers.Serializer):
    detail = serializers.CharField()


class Join(View):
    """The event's link."""

    permits = {"get": Anyone, "post": Anyone}
    scopes = {"post": "sign-in-address"}

    @extend_schema(operation_id="join_retrieve", responses=JoinOut)
    def get(self, request: Request, code: str) -> Response:
        """The event, and what consent is asked for, before any data is."""
        language = get_language() or "en"
        told = {"event": access.event_of_link(code), "notice": consents.notice(language), "purposes": consents.purposes(language)}
        return Response(JoinOut(told).data)

    @extend_schema(operation_id="join_create", request=JOIN, responses={201: OwnRegistrationOut, 202: ReceivedOut})
    def post(self, request: Request, code: str) -> Response:
        """Ask to take part: somebody new (202, the same whether the address was known or not), or who is signed in (201)."""
        event = access.event_of_link(code)
        if request.user.is_authenticated:
            data = read(JoinSignedInIn, request)
            registration = joining.join(event=event, user=request.user, **asked(data))
            return Response(OwnRegistrationOut(registration).data, status=201)
        data = read(JoinIn, request)
        language = data.get("language") or get_language() or "en"
        joining.ask_to_join(event=event, mail=data["mail"], password=data["password"], language=language[:2], **asked(data))
        return Response({"detail": _(RECEIVED)}, status=202)


def asked(data: dict[str, Any]) -> dict[str, Any]:
    profile = {name: data[name] for name in TOLD if name in data}
    return {"data": profile, "ticked": data.get("consents", ()), "text_version": data.get("text_version")}


# --- what organisers see and decide -----------------------------------------------------------------------------------
class RegisteredOut(serializers.Serializer):
    """The public part; contacts are not in it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    organisation = serializers.CharField(source="organisation.name", default="")
    sector = serializers.CharField(source="profile.sector")
    city = serializers.CharField(source="profile.city")
    offers = serializers.ListField(child=serializers.CharField(), source="profile.offers")
    needs = serializers.ListField(child=serializers.CharField(), source="profile.needs")
    confirmed = serializers.SerializerMethodField()

    def get_confirmed(self, participant: Any) -> bool:
        return participant.claimed_at is not None


class RegistrationOut(serializers.Serializer):
    id = serializers.IntegerField()
    event = Named()
    state = serializers.ChoiceField(Registration.State.choices)
    participant = RegisteredOut()
    same_address = serializers.BooleanField(
        default=False, help_text="Somebody imported has the same address: approving makes one person of the two."
    )
    created_at = serializers.DateTimeField()


class EnterIn(ProfileIn):
    mail = serializers.EmailField(max_length=254, required=False)
    external_id = Text(max_length=120, required=False)
    consent = Text(max_length=500, required=False, help_text="Where the person agreed to suggestions; without it they are only invited.")


class Registrations(Nouns):
    """Who asked, was invited or takes part."""

    permits = {"list": SignedIn, "create": SignedIn}
    parameters = {"list": ("state",)}
    ordering = ("created_at", "id")
    queryset = Registration.objects.none()

    @extend_schema(
        operation_id="event_registrations_list",
        parameters=[ID, OpenApiParameter("state", OpenApiTypes.STR, enum=Registration.State.values)],
        responses=RegistrationOut(many=True),
    )
    def list(self, request: Request, pk: str) -> Response:
        rows = with_twins(access.registrations_of(request.user, int(pk)))
        state = request.query_params.get("state")
        if state is not None:
            if state not in Registration.State.values:
                raise ValidationError({"state": [_("There is no such state.")]})
            rows = rows.filter(state=state)
        return self.page(rows, RegistrationOut)

    @extend_schema(operation_id="event_registrations_create", request=EnterIn, responses={201: RegistrationOut}, parameters=[ID])
    def create(self, request: Request, pk: str) -> Response:
        """An organiser enters somebody: invited, or approved where consent is stated."""
        organised = access.event_to_organise(request.user, int(pk))
        data = read(EnterIn, request)
        told = {name: data.pop(name) for name in TOLD if name in data}
        registration = joining.enter(event=organised, by=request.user, data=told, **data)
        return Response(shown(registration), status=201)


class Decision(View):
    permits = {"post": SignedIn}

    @extend_schema(
        operation_id="registration_decide",
        request=None,
        responses=RegistrationOut,
        parameters=[ID, OpenApiParameter("decision", str, OpenApiParameter.PATH, enum=["approve", "refuse"])],
    )
    def post(self, request: Request, pk: str, decision: str) -> Response:
        """Approve or refuse somebody for the event."""
        self.take_nothing(request)
        registration = access.registration_to_decide(request.user, int(pk))
        decide = joining.approve if decision == "approve" else joining.refuse
        return Response(shown(decide(registration=registration, by=request.user)))


def shown(registration: Registration) -> dict[str, Any]:
    row = with_twins(Registration.objects.filter(pk=registration.pk)).get()
    return dict(RegistrationOut(row).data)


class ParticipantErasure(View):
    permits = {"post": SignedIn}
    idempotent = False  # a second request finds nobody

    @extend_schema(operation_id="participant_erase", parameters=[ID], request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, pk: str) -> Response:
        """Erase a participant on their request: for organisers of the programme, and oneself."""
        self.take_nothing(request)
        participant = access.participant_to_erase(request.user, int(pk))
        return Response({"removed": dict(sorted(erasure.erase(participant=participant, by=request.user).items()))})
