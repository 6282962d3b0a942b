"""People whom the caller does not want to meet. They are never told."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.serializers import Id, Strict
from api.suggestions import IDEMPOTENCY_KEY
from api.views import Nouns, SignedIn
from matchmaking import access
from matchmaking.services import blocks


class BlockedOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class BlockOut(serializers.Serializer):
    id = serializers.IntegerField()
    participant = BlockedOut(source="whom")
    since = serializers.DateTimeField(source="created_at")


class BlockIn(Strict):
    participant = Id(help_text="Somebody the caller can see.")


class Blocks(Nouns):
    """The caller's own blocks: at once, both ways, for the whole programme."""

    permits = {"list": SignedIn, "create": SignedIn, "destroy": SignedIn}
    serializer_class = BlockOut
    filter_backends = ()

    @extend_schema(responses=BlockOut(many=True))
    def list(self, request: Request) -> Response:
        return self.page(access.own_blocks(request.user).select_related("whom").order_by("id"), BlockOut)

    @extend_schema(request=BlockIn, responses={201: BlockOut, 200: BlockOut}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        body = BlockIn(data=request.data)
        body.is_valid(raise_exception=True)
        by, whom = access.block_to_make(request.user, body.validated_data["participant"])
        block, new = blocks.block(by=by, whom=whom)
        return Response(BlockOut(block).data, status=201 if new else 200)

    @extend_schema(
        parameters=[OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH), IDEMPOTENCY_KEY], request=None, responses={204: None}
    )
    def destroy(self, request: Request, pk: str) -> Response:
        """Take a block back. What vanished stays away."""
        self.take_nothing(request)
        blocks.unblock(block=access.block_for(request.user, int(pk)))
        return Response(status=204)
