"""Who should join an idea, and where a person was given less than the floor: in words of a language, never a number."""

import json
from typing import Any

from django.db.models import QuerySet

from matchmaking.engine.telling import facts
from matchmaking.engine.wording import silence, tell_lead, tell_of_team
from matchmaking.models import Event, IdeaSuggestion, Participant, Seat, Shortfall, Team
from matchmaking.selectors.labels import event_name, sectors_of, term_labels

ABOUT = ("participant__profile", "participant__organisation", "idea", "run__event__programme")


def joiners_told(rows: QuerySet[IdeaSuggestion], language: str) -> list[dict[str, Any]]:
    """Rows of one idea in their order; of each participant the public part."""
    return [_told(row, language) for row in rows.select_related(*ABOUT)]


def silence_told(rows: QuerySet[Shortfall], language: str) -> list[dict[str, Any]]:
    """Why somebody has fewer suggestions than they should, and which answer would help most; the latest first."""
    found = rows.select_related("run__event").order_by("-run__published_at", "pk")
    return [
        {
            "event": {"id": row.run.event_id, "name": event_name(row.run.event, language)},
            "missing": row.missing or None,
            "sentences": silence(row.cause, row.missing, language),
        }
        for row in found
    ]


def _told(row: IdeaSuggestion, language: str) -> dict[str, Any]:
    person, event = row.participant, row.run.event
    terms = {part: (value, evidence) for part, value, evidence in row.terms if evidence}
    for_idea, misfits = (tell_lead(found, language, partner=person.name) for found in facts(terms))
    return {
        "id": row.pk,
        "event": {"id": event.pk, "name": event_name(event, language)},
        "idea": {"id": row.idea_id, "title": row.idea.title},
        "partner": _public(person, event, language),
        "why": {"for_idea": for_idea, "does_not_fit": misfits},
    }


def team_joiners_told(team: Team, language: str) -> list[dict[str, Any]]:
    """Who is missing in a team, the best first: of those who are in it by now, nobody. Nobody is told of whom there is nothing to say."""
    event = team.roster.event
    seats = Seat.objects.filter(roster=team.roster_id, participant__isnull=False)
    home = dict(seats.values_list("participant_id", "team__number"))
    rows = team.joiners.select_related("participant__profile", "participant__organisation").order_by("rank", "pk")
    told = []
    for row in rows:
        if home.get(row.participant_id) == team.number:
            continue
        terms = {part: (value, evidence) for part, value, evidence in row.terms if evidence}
        for_team, misfits = (tell_of_team(found, language, partner=row.participant.name) for found in facts(terms))
        if not for_team:
            continue
        partner = _public(row.participant, event, language)
        told.append({"partner": partner, "team": home.get(row.participant_id), "why": {"for_team": for_team, "does_not_fit": misfits}})
    return told


def _public(person: Participant, event: Event, language: str) -> dict[str, Any]:
    """The public part of a profile."""
    profile = person.profile
    return {
        "id": person.pk,
        "name": person.name,
        "organisation": person.organisation.name if person.organisation else "",
        "sector": sectors_of(event.programme, language).get(profile.sector, profile.sector),
        "sector_key": profile.sector,
        "city": profile.city,
        "languages": profile.languages,
        "industries": term_labels(json.dumps(profile.industries), language),
        "offers": term_labels(json.dumps(profile.offers), language),
        "needs": term_labels(json.dumps(profile.needs), language),
        "about": profile.about,
    }
