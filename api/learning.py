"""What a programme learned from answers: its versions of the weights, and the way back."""

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.me import ID
from api.serializers import Strict
from api.views import Nouns, SignedIn, View
from matchmaking import access
from matchmaking.models import LearnedWeights
from matchmaking.selectors.mixing import hidden
from matchmaking.selectors.sentences import in_words
from matchmaking.services import learning


class Veiled(serializers.IntegerField):
    """A count made of answers: below 5 it is hidden, for it could tell who said no."""

    def __init__(self) -> None:
        super().__init__(allow_null=True, read_only=True, help_text="Null: fewer than 5.")

    def to_representation(self, value: int) -> int | None:
        return hidden(value, 0)


class VersionOut(serializers.ModelSerializer):
    refused = serializers.ChoiceField(
        ["", "few_answers", "few_accepts", "no_gain"], help_text="Why it changes nothing; empty where it can be used."
    )
    gains = serializers.SerializerMethodField()
    answers = Veiled()
    accepts = Veiled()
    people = Veiled()
    weights = serializers.SerializerMethodField()
    failure = serializers.SerializerMethodField()

    class Meta:
        model = LearnedWeights
        fields = [
            "id", "version", "state", "active", "until", "answers", "accepts", "people", "refused", "gains", "weights", "checksum",
            "failure", "created_at", "finished_at",
        ]  # fmt: skip

    def get_gains(self, learned: LearnedWeights) -> dict[str, dict[str, float]]:
        """Of `weights` and of `habits`: how much better later answers are foretold, in log-loss per answer, with its 90 % interval."""
        return {name: dict(zip(("mean", "low", "high"), values, strict=True)) for name, values in learned.gains.items()}

    def get_weights(self, learned: LearnedWeights) -> dict[str, float]:
        """By part of the score; empty where nothing was learned."""
        return dict(learned.data.get("weights", {}))

    def get_failure(self, learned: LearnedWeights) -> str:
        return in_words(learned.failure["template"], learned.failure["params"]) if learned.failure else ""


@extend_schema_serializer(examples=[OpenApiExample("Back to the shipped weights", {"version": 0}, request_only=True)])
class RollbackIn(Strict):
    version = serializers.IntegerField(min_value=0, max_value=2**31 - 1, help_text="0: the weights that come with the service.")


class InUseOut(serializers.Serializer):
    version = serializers.IntegerField(help_text="What the next runs use; 0: the weights that come with the service.")


class LearnedWeightsOfProgramme(Nouns):
    """Every look at a programme's answers, for its organisers."""

    permits = {"list": SignedIn}
    queryset = LearnedWeights.objects.none()
    ordering = ("-version", "id")

    @extend_schema(operation_id="programmes_learned_weights_list", parameters=[ID], responses=VersionOut(many=True))
    def list(self, request: Request, pk: str) -> Response:
        """The newest first. Where none is active, the weights that come with the service are used."""
        return self.page(access.learned_weights_visible_to(request.user, int(pk)), VersionOut)


class Rollback(View):
    permits = {"post": SignedIn}

    @extend_schema(operation_id="programmes_learned_weights_rollback", parameters=[ID], request=RollbackIn, responses=InUseOut)
    def post(self, request: Request, pk: str) -> Response:
        """Use an older version from the next run on; what is published stays. The same again changes nothing."""
        programme = access.programme_to_organise(request.user, int(pk))
        form = RollbackIn(data=request.data)
        form.is_valid(raise_exception=True)
        learned = learning.roll_back(programme, form.validated_data["version"], by=request.user)
        return Response({"version": learned.version if learned else learning.SHIPPED})
