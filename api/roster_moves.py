"""What facilitators change in a roster by hand: moves, undo, locks, pins."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.serializers import Id, Strict
from api.views import Nouns
from matchmaking import access
from matchmaking.models import Roster
from matchmaking.selectors.rosters import at_a_glance, with_measures
from matchmaking.selectors.team_words import changes_told
from matchmaking.services import roster_moves
from matchmaking.services.roster_moves import MOST_STEPS, Wanted
from matchmaking.services.roster_scores import Score

TEAM_LIMIT = 5000


class TeamNumber(serializers.IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=TEAM_LIMIT, **options)


@extend_schema_serializer(
    examples=[OpenApiExample("To team 4", {"participant": 4503599627370497, "seen": 2, "team": 4}, request_only=True)]
)
class MoveIn(Strict):
    participant = Id()
    team = TeamNumber(allow_null=True, help_text="Where to; null: to no team.")
    seen = TeamNumber(allow_null=True, help_text="Where you saw them; null: in no team. Where they are elsewhere by now, nothing is done.")
    swap = Id(required=False, allow_null=True, help_text="Who of that team goes the other way.")
    anyway = serializers.BooleanField(default=False, help_text="Wherever they are by now.")
    trial = serializers.BooleanField(default=False, help_text="Only say what it would do.")


class UndoIn(Strict):
    steps = serializers.IntegerField(default=1, min_value=1, max_value=MOST_STEPS)


class LockIn(Strict):
    teams = serializers.ListField(child=TeamNumber(), min_length=1, max_length=TEAM_LIMIT, help_text="All of them, or none.")
    locked = serializers.BooleanField(default=True)


class PinIn(Strict):
    participant = Id()
    pinned = serializers.BooleanField(default=True)


class ValueOut(serializers.Serializer):
    team = serializers.IntegerField()
    before = serializers.FloatField()
    after = serializers.FloatField()


class BrokenOut(serializers.Serializer):
    rule = serializers.IntegerField(allow_null=True, help_text="Its place among the event's rules, from 0; null: it is not one of them.")
    team = serializers.IntegerField(allow_null=True)
    sentence = serializers.CharField()


class MoveOut(serializers.Serializer):
    version = serializers.IntegerField()
    applied = serializers.BooleanField()
    difference = serializers.FloatField(help_text="Of the value of all teams.")
    teams = ValueOut(many=True)
    breaks = BrokenOut(many=True, help_text="Rules that hold no longer.")
    mends = BrokenOut(many=True, help_text="Rules that hold again.")


class UndoOut(serializers.Serializer):
    version = serializers.IntegerField()
    undone = serializers.IntegerField()


class RosterVersionOut(serializers.Serializer):
    version = serializers.IntegerField()


def move_told(roster: Roster, score: Score | None, language: str, *, applied: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"version": roster.version, "applied": applied, "difference": 0.0, "teams": [], "breaks": [], "mends": []}
    if score is None:
        return told
    breaks, mends = changes_told(roster.event, score.question, score.breaks, score.mends, language)
    told["difference"] = round(sum(score.after.values()) - sum(score.before.values()), 6)
    told["teams"] = [{"team": number, "before": score.before[number], "after": score.after[number]} for number in sorted(score.after)]
    told["breaks"], told["mends"] = breaks, mends
    return told


class RosterMoves(Nouns):
    """The half of rosters that changes them by hand."""

    changing = ("moves", "undo", "lock", "pin")

    @extend_schema(request=MoveIn, responses=MoveOut)
    @action(detail=True, methods=["post"], filterset_class=None)
    def moves(self, request: Request, pk: str) -> Response:
        """Move a person, and read what that does. 409 where somebody else moved them since: `present` says where they are."""
        roster = access.roster_to_edit(request.user, int(pk))
        asked = self.form(MoveIn)
        wanted = Wanted(asked["participant"], asked["team"], asked["seen"], asked.get("swap"))
        done = roster_moves.move(roster=roster, wanted=wanted, by=request.user, anyway=asked["anyway"], trial=asked["trial"])
        done.roster.event = roster.event
        return Response(move_told(done.roster, done.score, request.user.language, applied=done.score is not None and not asked["trial"]))

    @extend_schema(request=UndoIn, responses=UndoOut)
    @action(detail=True, methods=["post"], filterset_class=None)
    def undo(self, request: Request, pk: str) -> Response:
        """Take back the last changes made by hand, the latest first."""
        roster = access.roster_to_edit(request.user, int(pk))
        now, undone = roster_moves.undo(roster=roster, by=request.user, **self.form(UndoIn))
        return Response({"version": now.version, "undone": undone})

    @extend_schema(request=LockIn, responses=RosterVersionOut)
    @action(detail=True, methods=["post"], filterset_class=None)
    def lock(self, request: Request, pk: str) -> Response:
        """Lock teams: runs and moves leave them as they are. `locked: false` lets them go."""
        roster = access.roster_to_edit(request.user, int(pk))
        asked = self.form(LockIn)
        now = roster_moves.lock(roster=roster, numbers=asked["teams"], locked=asked["locked"], by=request.user)
        return Response({"version": now.version})

    @extend_schema(request=PinIn, responses=RosterVersionOut)
    @action(detail=True, methods=["post"], filterset_class=None)
    def pin(self, request: Request, pk: str) -> Response:
        """Pin a person to the team they are in. `pinned: false` lets them go."""
        roster = access.roster_for(request.user, int(pk))
        return Response({"version": roster_moves.pin(roster=roster, by=request.user, **self.form(PinIn)).version})

    def form(self, kind: type[Strict]) -> dict[str, Any]:
        form = kind(data=self.request.data)
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def glance(self, roster: Roster) -> Response:
        measured = with_measures(access.rosters_visible_to(self.request.user)).get(pk=roster.pk)
        return Response(at_a_glance(measured, self.request.user.language))
