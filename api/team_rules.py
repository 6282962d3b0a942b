"""An event's team rules, in a facilitator's words."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import answer, matched
from api.serializers import Id, Strict, Text
from api.views import SignedIn, View
from matchmaking import access
from matchmaking.engine.teams.spoken import FIELDS
from matchmaking.models import TeamRules
from matchmaking.selectors.team_cases import FIRST_RULES, rules_now
from matchmaking.selectors.team_words import rules_told
from matchmaking.services import team_rules

PEOPLE_LIMIT = 100


class Number(serializers.IntegerField):
    def __init__(self, least: int = 0, most: int = 1000, **options: Any) -> None:
        super().__init__(min_value=least, max_value=most, **options)


@extend_schema_serializer(
    examples=[OpenApiExample("An adult with minors", {"kind": "count", "property": "flag:adult", "least": 1, "where": "flag:minor"})]
)
class RuleIn(Strict):
    """One rule. Which fields it holds depends on its kind."""

    kind = serializers.ChoiceField(choices=list(FIELDS))
    least = Number(required=False)
    most = Number(required=False, allow_null=True)
    number = Number(1, required=False)
    half_hours = Number(1, required=False)
    team = Number(1, required=False)
    skill = Text(max_length=120, required=False)
    skills = serializers.ListField(child=Text(max_length=120), required=False, max_length=PEOPLE_LIMIT)
    mark = Text(max_length=60, required=False)
    property = Text(max_length=150, required=False, help_text="`skill:…`, `flag:…`, `language:…` or `sector:…`.")
    where = Text(max_length=150, required=False, allow_null=True, help_text="Only about teams with somebody who has this too.")
    or_none = serializers.BooleanField(required=False)
    people = serializers.ListField(child=Id(), required=False, max_length=PEOPLE_LIMIT)
    points = serializers.FloatField(required=False, min_value=0, max_value=10_000)
    weight = serializers.FloatField(required=False, min_value=0, max_value=100)
    idea = Id(required=False)
    ideas = serializers.ListField(child=Id(), required=False, max_length=20)


class RulesIn(Strict):
    rules = RuleIn(many=True)


class RuleOut(serializers.Serializer):
    rule = serializers.DictField(help_text="As it was sent.")
    hard = serializers.BooleanField(help_text="It always holds; otherwise it is wished for.")
    sentence = serializers.CharField()


class RulesOut(serializers.Serializer):
    event = serializers.IntegerField()
    version = serializers.IntegerField(help_text="0: nobody has written rules yet; these would hold.")
    rules = RuleOut(many=True)


class TeamRulesView(View):
    """The rules that teams of an event keep; each comes with its sentence."""

    permits = {"get": SignedIn, "put": SignedIn}
    tagged = ("get", "put")

    @extend_schema(responses=RulesOut, operation_id="team_rules_retrieve")
    def get(self, request: Request, pk: str) -> Response:
        event = access.event_to_facilitate(request.user, int(pk))
        return self.told(event, rules_now(event))

    @extend_schema(request=RulesIn, responses=RulesOut, operation_id="team_rules_update")
    def put(self, request: Request, pk: str) -> Response:
        """All rules in place of those that were read. Earlier rosters keep the version they were made under."""
        event = access.event_to_facilitate(request.user, int(pk))
        now = rules_now(event)
        version = matched(request, now.version if now else 0)
        form = RulesIn(data=request.data)
        form.is_valid(raise_exception=True)
        rules = [dict(rule) for rule in form.validated_data["rules"]]
        return self.told(event, team_rules.save(event=event, rules=rules, version=version, by=request.user))

    def told(self, event: Any, rules: TeamRules | None) -> Response:
        version, found = (rules.version, rules.rules) if rules else (0, FIRST_RULES)
        told = {"event": event.pk, "version": version, "rules": rules_told(event, found, self.request.user.language)}
        return answer(self.request, told, version)
