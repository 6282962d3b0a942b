"""Events: their public part, their settings, and the page that anybody may read."""

from typing import Any
from zoneinfo import available_timezones

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import answer, matched, tag
from api.filters import IdFilter
from api.serializers import Id, LocalisedText, Strict, Text
from api.views import Anyone, Nouns, SignedIn, View
from matchmaking import access
from matchmaking.errors import NotFound
from matchmaking.models import Event
from matchmaking.selectors.programmes import localised, public_events
from matchmaking.services import programmes


def known_zone(name: str) -> None:
    if name not in available_timezones():
        raise serializers.ValidationError(_("There is no such time zone; write it like Europe/Minsk."))


class EventChanges(Strict):
    slug = serializers.SlugField(max_length=80)
    kind = serializers.ChoiceField(Event.Kind.choices, required=False)
    name = Text(max_length=200)
    names = LocalisedText(length=200, required=False)
    description = Text(max_length=5000, required=False, allow_blank=True)
    descriptions = LocalisedText(length=5000, required=False)
    city = Text(max_length=120, required=False, allow_blank=True)
    time_zone = serializers.CharField(max_length=60, required=False, validators=[known_zone])
    starts_at = serializers.DateTimeField(required=False, allow_null=True)
    ends_at = serializers.DateTimeField(required=False, allow_null=True)
    cap = serializers.IntegerField(min_value=1, max_value=20, required=False)
    floor = serializers.IntegerField(min_value=0, max_value=5, required=False)
    open_limit = serializers.IntegerField(min_value=1, max_value=20, required=False)
    answer_hours = serializers.IntegerField(min_value=1, max_value=24 * 365, required=False)
    same_sector = serializers.BooleanField(required=False)
    met_again = serializers.BooleanField(required=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A discussion",
            {"programme": 4503599627370497, "slug": "minsk-2026", "kind": "discussion", "name": "Learning city", "city": "Minsk", "cap": 8},
            request_only=True,
        )
    ]
)
class EventIn(EventChanges):
    programme = Id()


class EventRead(serializers.Serializer):
    """What everybody in the programme may read."""

    id = serializers.IntegerField()
    programme = serializers.IntegerField(source="programme_id")
    slug = serializers.SlugField()
    kind = serializers.ChoiceField(Event.Kind.choices)
    name = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    city = serializers.CharField()
    time_zone = serializers.CharField()
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    my_role = serializers.SerializerMethodField()

    def get_name(self, event: Event) -> str:
        return localised(event.names, get_language() or "", event.name)

    def get_description(self, event: Event) -> str:
        return localised(event.descriptions, get_language() or "", event.description)

    def get_my_role(self, event: Event) -> str:
        """In this event: organiser, facilitator or nothing."""
        held: access.Held = self.context["held"]
        return held.over_event(event)


class EventSettings(EventRead):
    """What facilitators read besides: how the event is set."""

    names = serializers.DictField(child=serializers.CharField())
    descriptions = serializers.DictField(child=serializers.CharField())
    cap = serializers.IntegerField()
    floor = serializers.IntegerField()
    open_limit = serializers.IntegerField()
    answer_hours = serializers.IntegerField()
    same_sector = serializers.BooleanField()
    met_again = serializers.BooleanField()


class EventOrganised(EventSettings):
    """What organisers read besides: the code of the event's joining link."""

    join_code = serializers.CharField()


class PublicEvent(serializers.Serializer):
    """The page that anybody may read."""

    slug = serializers.SlugField()
    kind = serializers.ChoiceField(Event.Kind.choices)
    name = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    programme = serializers.SerializerMethodField()
    city = serializers.CharField()
    time_zone = serializers.CharField()
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)

    def get_name(self, event: Event) -> str:
        return localised(event.names, get_language() or "", event.name)

    def get_description(self, event: Event) -> str:
        return localised(event.descriptions, get_language() or "", event.description)

    def get_programme(self, event: Event) -> str:
        return localised(event.programme.names, get_language() or "", event.programme.name)


BY_ROLE = {"organiser": EventOrganised, "facilitator": EventSettings, "": EventRead}
ANY_EVENT = PolymorphicProxySerializer("AnyEvent", [EventOrganised, EventSettings, EventRead], resource_type_field_name=None)
ANY_EVENTS = PolymorphicProxySerializer("AnyEvent", ANY_EVENT.serializers, resource_type_field_name=None, many=True)


def event_as_seen(event: Event, held: access.Held) -> dict[str, Any]:
    return dict(BY_ROLE[held.over_event(event)](event, context={"held": held}).data)


class EventFilters(filters.FilterSet):
    programme = IdFilter()
    kind = filters.ChoiceFilter(choices=Event.Kind.choices)

    class Meta:
        model = Event
        fields: list[str] = []


class Events(Nouns):
    """Events of the programmes you have a role in or take part in."""

    permits = dict.fromkeys(("list", "retrieve", "create", "partial_update", "destroy"), SignedIn)
    tagged = ("retrieve", "create", "partial_update", "destroy")
    queryset = Event.objects.none()
    serializer_class = EventRead
    filterset_class = EventFilters
    ordering_fields = ("id", "name", "created_at")

    @extend_schema(responses=ANY_EVENTS)
    def list(self, request: Request) -> Response:
        held = access.roles_of(request.user)
        found = self.paginate_queryset(self.filter_queryset(access.events_visible_to(request.user)))
        return self.get_paginated_response([event_as_seen(event, held) for event in found])

    @extend_schema(responses=ANY_EVENT)
    def retrieve(self, request: Request, pk: str) -> Response:
        event = access.event_for(request.user, int(pk))
        return answer(request, event_as_seen(event, access.roles_of(request.user)), event.version)

    @extend_schema(request=EventIn, responses={201: EventOrganised})
    def create(self, request: Request) -> Response:
        """Organisers of the whole programme set events up."""
        form = EventIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = dict(form.validated_data)
        programme = access.programme_to_organise(request.user, data.pop("programme"))
        event = programmes.create_event(programme=programme, by=request.user, **data)
        body = event_as_seen(event, access.roles_of(request.user))
        headers = {"Location": f"/api/v1/events/{event.pk}/", "ETag": tag(event.version, body)}
        return Response(body, status=201, headers=headers)

    @extend_schema(request=EventChanges(partial=True), responses=EventOrganised)
    def partial_update(self, request: Request, pk: str) -> Response:
        event = access.event_to_organise(request.user, int(pk))
        version = matched(request, event.version)
        form = EventChanges(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        event = programmes.change_event(event=event, by=request.user, version=version, changes=form.validated_data)
        return answer(request, event_as_seen(event, access.roles_of(request.user)), event.version)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Deletes an event that nobody has been in yet."""
        event = access.event_to_organise(request.user, int(pk))
        programmes.delete_event(event=event, by=request.user, version=matched(request, event.version))
        return Response(status=204)


class PublicEventView(View):
    permits = {"get": Anyone}
    tagged = ("get",)

    @extend_schema(operation_id="public_events_retrieve", responses=PublicEvent)
    def get(self, request: Request, slug: str) -> Response:
        """What anybody may read of an event."""
        event = public_events().filter(slug=slug).first()
        if event is None:
            raise NotFound("There is no such event.")
        return answer(request, PublicEvent(event).data, event.version)
