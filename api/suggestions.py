"""Suggestions made to the caller, and the caller's answers.

Reading is the hot path: two queries compiled once, plain values, orjson. `SuggestionOut` describes the answer to the schema
and is never run; a test holds the two together.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from typing import Any

from django.core.signing import BadSignature, Signer
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from api.rendering import to_json
from api.serializers import Strict, Text
from api.views import Nouns, SignedIn, View
from matchmaking import access
from matchmaking.engine.wording import FIELDS
from matchmaking.errors import NotFound
from matchmaking.models import CONTACT_FIELDS
from matchmaking.models.base import ID_BITS
from matchmaking.selectors.joiners import joiners_told, silence_told
from matchmaking.selectors.suggestions import MOST_TOLD, Standing, place_of, shown
from matchmaking.services import suggestions

PAGE_SIZE = 5  # what a phone shows at once
STATES = ("open", "answered")
STATES_TOLD = ("open", "answered", "introduced", "closed", "expired")
ABSENT = "There is no such suggestion."


class EventOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class PartnerOut(serializers.Serializer):
    """The public part of the other side, in the reader's language where the vocabulary knows the words."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    organisation = serializers.CharField()
    sector = serializers.CharField()
    sector_key = serializers.CharField(help_text="The programme's key of the sector, the same in every language.")
    city = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())
    industries = serializers.ListField(child=serializers.CharField())
    offers = serializers.ListField(child=serializers.CharField())
    needs = serializers.ListField(child=serializers.CharField())
    about = serializers.CharField()


class WhyOut(serializers.Serializer):
    for_you = serializers.ListField(child=serializers.CharField())
    for_them = serializers.ListField(child=serializers.CharField())
    does_not_fit = serializers.ListField(child=serializers.CharField())


class SuggestionOut(serializers.Serializer):
    id = serializers.IntegerField()
    event = EventOut()
    partner = PartnerOut()
    why = WhyOut()
    expires_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(choices=STATES_TOLD)
    my_answer = serializers.ChoiceField(choices=["accept", "decline"], allow_null=True)
    introduced = serializers.BooleanField()
    introduction = serializers.IntegerField(allow_null=True, help_text="Its id under `introductions`, once both said yes.")


class StandingOut(serializers.Serializer):
    """Where the suggestion stands after an answer. Nothing about the other side: answers are stored for their Idempotency-Key."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=STATES_TOLD)
    my_answer = serializers.ChoiceField(choices=["accept", "decline"], allow_null=True)
    introduced = serializers.BooleanField()
    introduction = serializers.IntegerField(allow_null=True, help_text="Its id under `introductions`, once both said yes.")


class AnswerIn(Strict):
    answer = serializers.ChoiceField(choices=["accept", "decline"])
    reason = Text(max_length=500, required=False, allow_blank=True, help_text="For oneself and for learning; nobody else is told.")
    shares = serializers.ListField(
        child=serializers.ChoiceField(choices=CONTACT_FIELDS),
        required=False,
        max_length=len(CONTACT_FIELDS),
        help_text="With a yes: the contacts that an introduction opens. Sending them is consent to exchange them.",
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if data["answer"] == "decline" and "shares" in data:
            raise serializers.ValidationError({"shares": [_("Contacts are shared with a yes only.")]})
        return data


@extend_schema_serializer(many=False)
class SuggestionPage(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = SuggestionOut(many=True)


class IdeaTitleOut(serializers.Serializer):
    id = serializers.IntegerField()
    title = serializers.CharField()


class WhyJoinOut(serializers.Serializer):
    for_idea = serializers.ListField(child=serializers.CharField())
    does_not_fit = serializers.ListField(child=serializers.CharField())


class JoinerOut(serializers.Serializer):
    """Somebody who should join an idea, for its lead. There is nothing to answer here: write to them, or meet at the event."""

    id = serializers.IntegerField()
    event = EventOut()
    idea = IdeaTitleOut()
    partner = PartnerOut()
    why = WhyJoinOut()


@extend_schema_serializer(many=False)
class JoinerPage(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = JoinerOut(many=True)


class SilenceOut(serializers.Serializer):
    event = EventOut()
    missing = serializers.ChoiceField(choices=FIELDS, allow_null=True, help_text="The field of the profile that would help most.")
    sentences = serializers.ListField(child=serializers.CharField())


@extend_schema_serializer(many=False)
class SilencePage(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = SilenceOut(many=True)


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The same key again gets the first answer again."
)


class Suggestions(Nouns):
    """What is suggested to the caller: reasons in words, never a number."""

    permits = {"list": SignedIn, "retrieve": SignedIn, "silence": SignedIn}
    tagged = ("list", "retrieve")
    parameters = {"list": ("event", "state", "idea")}
    pagination_class = None  # pages are cut from the standings, see `page_of`
    filter_backends = ()

    @extend_schema(
        parameters=[
            OpenApiParameter("event", OpenApiTypes.INT64),
            OpenApiParameter("state", OpenApiTypes.STR, enum=STATES, description="`open`: still to answer. `answered`: all the others."),
            OpenApiParameter(
                "idea", OpenApiTypes.INT64, description="Who should join this idea of yours; by itself, the best 10 or `page_size` of them."
            ),
            OpenApiParameter("cursor", OpenApiTypes.STR),
            OpenApiParameter("page_size", OpenApiTypes.INT, description="5 unless told; at most 10."),
        ],
        responses=PolymorphicProxySerializer("AnySuggestionPage", [SuggestionPage, JoinerPage], resource_type_field_name=None, many=False),
    )
    def list(self, request: Request) -> HttpResponse:
        if "idea" in request.query_params:
            idea, most = idea_asked_for(request), size_of(request, MOST_TOLD)
            rows = access.joiners_visible_to(request.user, idea)[:most]
            return fast(request, {"next": None, "previous": None, "results": joiners_told(rows, request.user.language)})
        rows = asked_for(request, shown(access.SUGGESTIONS.standings(request.user)))
        first, last = page_of(request, rows)
        results = access.SUGGESTIONS.told(request.user, rows[first:last], request.user.language)
        url = request.build_absolute_uri() if first or last < len(rows) else ""
        links = {
            "next": link(url, "after", rows[last - 1]) if 0 < last < len(rows) else None,
            "previous": link(url, "before", rows[first]) if 0 < first < len(rows) else None,
        }
        return fast(request, {**links, "results": results})

    @extend_schema(parameters=[OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH)], responses=SuggestionOut)
    def retrieve(self, request: Request, pk: str) -> HttpResponse:
        told = access.SUGGESTIONS.told(request.user, [one_standing(request, int(pk))], request.user.language)
        if not told:
            raise NotFound(ABSENT)
        return fast(request, told[0])

    @extend_schema(responses=SilencePage)
    @action(detail=False, methods=["get"])
    def silence(self, request: Request) -> HttpResponse:
        """The events where you were given less than you should, why, and which missing answer of your profile would help most."""
        told = silence_told(access.own_shortfalls(request.user), request.user.language)
        return fast(request, {"next": None, "previous": None, "results": told})


class Answers(View):
    """The caller's own answer: the side is taken from who is signed in, from nothing else."""

    permits = {"post": SignedIn, "delete": SignedIn}

    @extend_schema(request=AnswerIn, responses=StandingOut, parameters=[IDEMPOTENCY_KEY], operation_id="suggestions_response_create")
    def post(self, request: Request, pk: int) -> Response:
        body = AnswerIn(data=request.data)
        body.is_valid(raise_exception=True)
        suggestion, by = access.suggestion_to_answer(request.user, known(pk))
        reason = body.validated_data.get("reason", "")
        if body.validated_data["answer"] == "accept":
            suggestions.accept(suggestion=suggestion, by=by, reason=reason, shares=body.validated_data.get("shares"))
        else:
            suggestions.decline(suggestion=suggestion, by=by, reason=reason)
        return Response(place_of(one_standing(request, suggestion.pk)))

    @extend_schema(request=None, responses={200: StandingOut}, parameters=[IDEMPOTENCY_KEY], operation_id="suggestions_response_destroy")
    def delete(self, request: Request, pk: int) -> Response:
        """Take the answer back while the suggestion is open; without an answer nothing changes."""
        self.take_nothing(request)
        suggestion, by = access.suggestion_to_answer(request.user, known(pk))
        suggestions.undo(suggestion=suggestion, by=by)
        return Response(place_of(one_standing(request, suggestion.pk)))


def idea_asked_for(request: Request) -> int:
    """The id of the idea that the address names; there is nothing to choose from beside it."""
    idea = request.query_params["idea"]
    if not (idea.isascii() and idea.isdecimal() and len(idea) <= 16):
        raise ValidationError({"idea": [_("The id of an idea.")]})
    if others := sorted(set(request.query_params) - {"idea", "page_size"}):
        raise ValidationError({name: [_("This cannot be set here.")] for name in others})
    return int(idea)


def asked_for(request: Request, rows: list[Standing]) -> list[Standing]:
    """The rows of the event and in the state that the address names."""
    event, state = (request.query_params.get(name) for name in ("event", "state"))
    if event is not None:
        if not (event.isascii() and event.isdecimal() and len(event) <= 16):
            raise ValidationError({"event": [_("The id of an event.")]})
        rows = [row for row in rows if str(row.event_id) == event]
    if state is not None:
        if state not in STATES:
            raise ValidationError({"state": [_("One of: open, answered.")]})
        rows = [row for row in rows if (row.state == "open") == (state == "open")]
    return rows


def size_of(request: Request, usual: int) -> int:
    """How many the address asks for, 10 at most."""
    wanted = request.query_params.get("page_size", str(usual))
    if not (wanted.isascii() and wanted.isdecimal() and int(wanted[:10]) > 0):
        raise ValidationError({"page_size": [_("A whole number from 1 to 10.")]})
    return min(int(wanted[:10]), MOST_TOLD)


def page_of(request: Request, rows: list[Standing]) -> tuple[int, int]:
    """First and last position of the page that the address asks for."""
    size = size_of(request, PAGE_SIZE)
    cursor = request.query_params.get("cursor")
    if cursor is None:
        return 0, min(size, len(rows))
    try:
        way, rank, row_id = Signer(salt="api.cursor:suggestions").unsign(urlsafe_b64decode(cursor.encode()).decode()).split(",")
    except (BadSignature, ValueError):
        raise ValidationError({"cursor": [_("This cursor is not of this list.")]}) from None
    places, place = [(row.rank, row.id) for row in rows], (int(rank), int(row_id))
    first = bisect_right(places, place) if way == "after" else max(0, bisect_left(places, place) - size)
    return first, min(first + size, len(rows))


def link(url: str, way: str, row: Standing) -> str:
    """The address of the page after, or before, a row; it stays right when rows are answered or vanish meanwhile."""
    signed = Signer(salt="api.cursor:suggestions").sign(f"{way},{row.rank},{row.id}")
    return replace_query_param(remove_query_param(url, "cursor"), "cursor", urlsafe_b64encode(signed.encode()).decode())


def known(suggestion_id: int) -> int:
    if suggestion_id >= 2**ID_BITS:
        raise NotFound(ABSENT)
    return suggestion_id


def one_standing(request: Request, suggestion_id: int) -> Standing:
    """Where one suggestion stands for its reader; the id of an earlier run leads to what is published now."""
    present = access.suggestion_for(request.user, known(suggestion_id)).pk
    standings = access.SUGGESTIONS.standings(request.user)
    visible = {row.id for row in shown(standings)}
    for row in standings:
        if row.id == present and (present in visible or row.state == "expired"):
            return row
    raise NotFound(ABSENT)


def fast(request: Request, data: Any) -> HttpResponse:
    """JSON with its ETag, past renderers and content negotiation; 304 where the reader has exactly this."""
    body = to_json(data)
    tag = f'"-{hashlib.sha256(body).hexdigest()[:16]}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    return HttpResponse(body, content_type="application/json", headers={"ETag": tag})
