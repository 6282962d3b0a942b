"""An event's team rules: saved as a new version each time, so that every roster keeps the ones it was made under."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from matchmaking.engine.teams import spoken
from matchmaking.errors import BadInput, Stale
from matchmaking.models import Event, Idea, Participant, Registration, TeamRules, User
from matchmaking.selectors.team_cases import FIRST_RULES, rules_now, skill_id
from matchmaking.services import trail

MOST_RULES = 500
CHANGED = "Somebody changed the rules since you read them. Read them again, then change them."


def save(*, event: Event, rules: Sequence[Mapping[str, Any]], version: int, by: User) -> TeamRules:
    """A new version of the rules in place of `version`; the same rules again change nothing."""
    told = [_normalised(rule) for rule in rules]
    _check(event, told)
    now = rules_now(event)
    if (now.version if now else 0) != version:
        raise Stale(CHANGED)
    if now is not None and now.rules == told:
        return now
    try:
        with transaction.atomic():
            made = TeamRules.objects.create(event=event, version=version + 1, rules=told, made_by=by)
            trail.record("team_rules.saved", made, actor=by, event=event, version=made.version, count=len(told))
    except IntegrityError:
        raise Stale(CHANGED) from None
    return made


def now_or_first(event: Event, *, by: User | None) -> TeamRules:
    """The event's rules; where nobody wrote any, those that usually hold."""
    if (now := rules_now(event)) is not None:
        return now
    with transaction.atomic():
        made, new = TeamRules.objects.get_or_create(event=event, version=1, defaults={"rules": FIRST_RULES, "made_by": by})
        if new:
            trail.record("team_rules.saved", made, actor=by, event=event, version=1, count=len(FIRST_RULES))
    return made


def _normalised(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The rule with its skills by the names that people's skills have."""
    told = dict(rule)
    for name in ("property", "where"):
        kind, _, term = (told.get(name) or "").partition(":")
        if kind == "skill":
            told[name] = f"skill:{skill_id(term)}"
    if "skill" in told:
        told["skill"] = skill_id(told["skill"])
    if "skills" in told:
        told["skills"] = list(dict.fromkeys(map(skill_id, told["skills"])))
    return told


def _check(event: Event, rules: Sequence[Mapping[str, Any]]) -> None:
    if len(rules) > MOST_RULES:
        raise BadInput("An event has at most {limit} rules.", limit=MOST_RULES)
    spoken.check_rules(rules)
    people = {person for rule in rules for person in rule.get("people", ())}
    registered = Registration.objects.filter(event=event, participant__in=people)
    if strangers := sorted(people - set(registered.values_list("participant_id", flat=True))):
        raise BadInput("Participant {id} takes no part in this event.", id=strangers[0])
    ideas = {rule["idea"] for rule in rules if "idea" in rule} | {idea for rule in rules for idea in rule.get("ideas", ())}
    if unknown := sorted(ideas - set(Idea.objects.filter(event=event, pk__in=ideas).values_list("pk", flat=True))):
        raise BadInput("Idea {id} is none of this event.", id=unknown[0])


def forget(participant: Participant) -> int:
    """Take a person out of all rules of their programme, within the caller's transaction; how many versions changed."""
    changed = 0
    for row in TeamRules.objects.filter(event__programme=participant.programme_id):
        told = [_without(rule, participant.pk) for rule in row.rules]
        left = [rule for rule in told if "people" not in rule or rule["people"] or rule["kind"] == "mark"]
        if left != row.rules:
            TeamRules.objects.filter(pk=row.pk).update(rules=left)
            changed += 1
    return changed


def _without(rule: Mapping[str, Any], participant_id: int) -> dict[str, Any]:
    return {**rule, "people": [one for one in rule["people"] if one != participant_id]} if "people" in rule else dict(rule)
