"""One team as its members and its facilitators see it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from matchmaking.engine.teams.rules import Person
from matchmaking.models import Participant, Registration, Seat, Team
from matchmaking.selectors.labels import sectors_of, term_labels
from matchmaking.selectors.rosters import reasons
from matchmaking.selectors.team_cases import person_of
from matchmaking.selectors.team_words import teller

SKILLS_AT_MOST = 12  # of a team where nobody said which skills are wanted


def as_listed(team: Team) -> dict[str, Any]:
    """One of a list."""
    told = {name: getattr(team, name) for name in ("number", "name", "place", "task")}
    return {"id": team.pk, "event": team.roster.event_id, "roster": team.roster_id, **told, "idea": team.idea_id}


def as_seen(team: Team, members: QuerySet[Participant], language: str) -> dict[str, Any]:
    """A team with those of its members whom the reader may see, and why they are one."""
    event = team.roster.event
    rows = list(members.select_related("profile", "organisation"))
    slots = dict(Registration.objects.filter(event=event, participant__in=rows).values_list("participant_id", "slots"))
    people = [person_of(str(row.pk), row.profile.sector, row.profile.languages, row.profile.offers, slots.get(row.pk, ())) for row in rows]
    words = teller(event, language, people=[row.pk for row in rows])
    sectors = sectors_of(event.programme, language)
    return {
        **as_listed(team),
        "idea_title": team.idea.title if team.idea else "",
        "members": [
            {
                "id": row.pk,
                "name": row.name,
                "organisation": row.organisation.name if row.organisation else "",
                "sector": sectors.get(row.profile.sector, row.profile.sector),
                "sector_key": row.profile.sector,
                "skills": term_labels(json.dumps(row.profile.offers), language),
                "needs": term_labels(json.dumps(row.profile.needs), language),
                "languages": row.profile.languages,
            }
            for row in rows
        ],
        "left": Seat.objects.filter(team=team, participant__isnull=True).count(),
        "reasons": reasons(people, wanted_skills(team.roster.rules.rules, people), words),
    }


def wanted_skills(rules: Sequence[Mapping[str, Any]], people: Sequence[Person]) -> list[str]:
    """The skills that the rules ask or wish for; where they name none, what the members offer."""
    asked: list[str] = []
    for rule in rules:
        asked += [rule["skill"]] if rule["kind"] == "has" else rule["skills"] if rule["kind"] == "wish_skills" else []
    offered = sorted({skill for person in people for skill in person.skills})
    return list(dict.fromkeys(asked)) or offered[:SKILLS_AT_MOST]
