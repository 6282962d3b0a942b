"""Introductions of the caller: the contacts the other side opened, and which ones the caller opens."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.serializers import Strict, Text
from api.suggestions import IDEMPOTENCY_KEY, EventOut
from api.views import Nouns, SignedIn
from matchmaking import access
from matchmaking.models import CONTACT_FIELDS, Introduction
from matchmaking.selectors.introductions import noted, told, with_sides
from matchmaking.services import introductions

ID = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH)


class PersonOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    organisation = serializers.CharField()


class ContactsOut(serializers.Serializer):
    """Only what the other side shares: everything else is not there."""

    mail = serializers.EmailField(required=False)
    phone = serializers.CharField(required=False)
    telegram = serializers.CharField(required=False)


class IntroductionOut(serializers.Serializer):
    id = serializers.IntegerField()
    event = EventOut()
    partner = PersonOut()
    contacts = ContactsOut()
    my_shares = serializers.ListField(child=serializers.ChoiceField(choices=CONTACT_FIELDS))
    since = serializers.DateTimeField()
    met_at = serializers.DateTimeField(allow_null=True, help_text="When the caller said that the two have met.")
    next_step = serializers.CharField(help_text="The caller's own note; nobody else reads it.")
    meets_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, introduction: Introduction) -> dict[str, Any]:
        user = self.context["request"].user
        return told(introduction, user.pk, user.language)


class SharesOut(serializers.Serializer):
    """Without the other side's contacts: the answer to a change is stored for its Idempotency-Key."""

    id = serializers.IntegerField()
    my_shares = serializers.ListField(child=serializers.ChoiceField(choices=CONTACT_FIELDS))


class SharesIn(Strict):
    shares = serializers.ListField(
        child=serializers.ChoiceField(choices=CONTACT_FIELDS),
        max_length=len(CONTACT_FIELDS),
        help_text="All contacts that the other side may see; what is left out is hidden at once. Choosing one is consent to exchange it.",
    )


class NoteOut(serializers.Serializer):
    id = serializers.IntegerField()
    met_at = serializers.DateTimeField(allow_null=True)
    next_step = serializers.CharField()
    meets_at = serializers.DateTimeField(allow_null=True)


class NoteIn(Strict):
    """What is not sent stays as it was."""

    met = serializers.BooleanField(required=False)
    next_step = Text(max_length=introductions.NEXT_STEP_CHARS, required=False, allow_blank=True)
    meets_at = serializers.DateTimeField(required=False, allow_null=True)


class Introductions(Nouns):
    """People whom the caller said yes to and who said yes to the caller."""

    permits = {"list": SignedIn, "retrieve": SignedIn, "partial_update": SignedIn, "close": SignedIn, "note": SignedIn}
    serializer_class = IntroductionOut
    filter_backends = ()

    def rows(self) -> Any:
        return with_sides(access.introductions_visible_to(self.request.user), self.request.user.pk).order_by("id")

    @extend_schema(responses=IntroductionOut(many=True))
    def list(self, request: Request) -> Response:
        return self.page(self.rows(), IntroductionOut)

    @extend_schema(parameters=[ID], responses=IntroductionOut)
    def retrieve(self, request: Request, pk: str) -> Response:
        introduction, _by = access.introduction_for(request.user, int(pk))
        return Response(IntroductionOut(self.rows().get(pk=introduction.pk), context=self.get_serializer_context()).data)

    @extend_schema(parameters=[ID, IDEMPOTENCY_KEY], request=SharesIn, responses=SharesOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Choose which contacts the other side sees, or take them back."""
        body = SharesIn(data=request.data)
        body.is_valid(raise_exception=True)
        introduction, by = access.introduction_for(request.user, int(pk))
        introductions.choose_contacts(introduction=introduction, by=by, shares=body.validated_data["shares"])
        return Response({"id": introduction.pk, "my_shares": introductions.checked(body.validated_data["shares"])})

    @extend_schema(parameters=[ID, IDEMPOTENCY_KEY], request=NoteIn, responses=NoteOut)
    @action(detail=True, methods=["post"])
    def note(self, request: Request, pk: str) -> Response:
        """Note for oneself: met, what comes next, when to meet."""
        body = NoteIn(data=request.data)
        body.is_valid(raise_exception=True)
        introduction, by = access.introduction_for(request.user, int(pk))
        row = introductions.note(introduction=introduction, by=by, said=body.validated_data)
        return Response({"id": introduction.pk, **noted(row)})

    @extend_schema(parameters=[ID, IDEMPOTENCY_KEY], request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Withdraw: the contacts of both sides are hidden at once."""
        self.take_nothing(request)
        introduction, by = access.introduction_for(request.user, int(pk))
        introductions.close(introduction=introduction, by=by)
        return Response(status=204)
