"""The vocabulary: concepts with their labels; what a person picks offers, needs and interests from."""

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import answer
from api.serializers import Strict
from api.views import Anyone, View
from matchmaking.engine.vocabulary import LANGUAGES, default_vocabulary
from matchmaking.errors import NotFound

FOUND_LIMIT = 20


class Asked(Strict):
    q = serializers.CharField(max_length=100, required=False, allow_blank=True)
    language = serializers.ChoiceField(LANGUAGES, required=False)
    cursor = serializers.CharField(max_length=100, required=False)
    page_size = serializers.IntegerField(min_value=1, required=False)


class ConceptOut(serializers.Serializer):
    id = serializers.CharField()
    label = serializers.CharField()
    parent = serializers.CharField(allow_null=True)


class ConceptPage(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ConceptOut(many=True)


def told(concept_id: str, language: str) -> dict[str, Any]:
    vocabulary = default_vocabulary()
    parents = vocabulary.parents(concept_id)
    return {"id": concept_id, "label": vocabulary.label(concept_id, language), "parent": parents[0] if parents else None}


class VocabularyView(View):
    permits = {"get": Anyone}
    parameters = {"get": ("q", "language", "cursor", "page_size")}
    tagged = ("get",)
    cache_control = "public, max-age=300"

    @extend_schema(
        operation_id="vocabulary_list",
        parameters=[
            OpenApiParameter("q", str, description="How a label begins, in any language: the best 20. Without it: all."),
            OpenApiParameter("language", str, enum=LANGUAGES),
            OpenApiParameter("cursor", str, description="The last id of the page before."),
            OpenApiParameter("page_size", OpenApiTypes.INT, description="At most 100."),
        ],
        responses=ConceptPage,
    )
    def get(self, request: Request) -> Response:
        """Search the concepts, or read them all."""
        form = Asked(data=request.query_params.dict())
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        language = asked.get("language") or (get_language() or "en")[:2]
        size = min(asked.get("page_size", 50), 100)
        vocabulary = default_vocabulary()
        if asked.get("q", "").strip():
            ids, following = vocabulary.search(asked["q"], language, limit=min(size, FOUND_LIMIT)), None
        else:
            if asked.get("cursor", "") not in ("", *vocabulary.concepts):
                raise ValidationError({"cursor": [_("This cursor is not of this list.")]})
            left = [concept_id for concept_id in vocabulary.concepts if concept_id > asked.get("cursor", "")]
            ids, following = left[:size], left[size - 1] if len(left) > size else None
        link = f"/api/v1/vocabulary/?language={language}&page_size={size}&cursor={following}" if following else None
        body = {"next": link, "previous": None, "results": [told(concept_id, language) for concept_id in ids]}
        return answer(request, body, vocabulary.version)


class ConceptView(View):
    permits = {"get": Anyone}
    parameters = {"get": ("language",)}
    tagged = ("get",)
    cache_control = "public, max-age=300"

    @extend_schema(operation_id="vocabulary_retrieve", parameters=[OpenApiParameter("language", str, enum=LANGUAGES)], responses=ConceptOut)
    def get(self, request: Request, concept_id: str) -> Response:
        form = Asked(data=request.query_params.dict())
        form.is_valid(raise_exception=True)
        if concept_id not in default_vocabulary():
            raise NotFound("There is no such concept.")
        language = form.validated_data.get("language") or (get_language() or "en")[:2]
        return answer(request, told(concept_id, language), default_vocabulary().version)
