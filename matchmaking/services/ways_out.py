"""A way out of rules that cannot hold together, taken: the rules are changed as it says, and the run is asked for again."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from matchmaking.errors import Conflict, NotFound
from matchmaking.models import Roster, Run, TeamRules, User
from matchmaking.selectors.team_cases import rules_now
from matchmaking.services import team_rules, team_runs

CHANGED = "The rules were changed since this run. Run again to see whether they hold together now."
# What a way out that eases a number says, the kind of rule it changes, and where the new number lies in both.
EASED = {
    "make_teams": ("teams", "number", "teams"),
    "allow_people": ("team_size", "most", "most"),
    "ask_times": ("common_time", "half_hours", "times"),
}


def take(*, run: Run, place: int, by: User) -> tuple[Run, bool]:
    """Change the rules as the way out at `place` (from 0) says and ask for the same run, or get the one that is active already."""
    ways = run.measures.get("conflict", {}).get("ways_out", [])
    if place >= len(ways):
        raise NotFound("There is no such way out.")
    read = TeamRules.objects.get(pk=run.parameters["rules"])
    now = rules_now(run.event)
    judged = run.measures["conflict"].get("of_rules", len(read.rules))
    if now is None or now.pk != read.pk or len(read.rules) != judged:  # an erasure may shorten them
        raise Conflict(CHANGED)
    asked = {name: run.parameters[name] for name in ("seconds", "seed")}
    base = Roster.objects.select_related("event").filter(pk=run.parameters["base"] or 0).first()
    with transaction.atomic():
        team_rules.save(event=run.event, rules=eased(read.rules, ways[place]), version=read.version, by=by)
        if run.parameters["repair"] and base is not None:
            return team_runs.repair(roster=base, by=by, **asked)
        return team_runs.form(event=run.event, by=by, base=base, alternatives=run.parameters["alternatives"], **asked)


def eased(rules: Sequence[Mapping[str, Any]], way: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules after a way out as the run stored it: some given up, or a number changed."""
    said = way["said"]
    if said["said"] not in EASED:
        return [dict(rule) for place, rule in enumerate(rules) if place not in way["drops"]]
    kind, field, value = EASED[said["said"]]
    return [{**rule, field: said[value]} if rule["kind"] == kind else dict(rule) for rule in rules]
