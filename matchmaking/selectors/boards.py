"""A roster as the facilitators' board shows it: a card for each team, who has no team, what does not hold, who changed it last."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Count, Q

from matchmaking.engine.normalise import normalise
from matchmaking.engine.teams.rules import Person
from matchmaking.engine.teams.said import Teller
from matchmaking.engine.vocabulary import default_vocabulary
from matchmaking.errors import NotFound
from matchmaking.models import Roster, RosterMove, Seat, Team
from matchmaking.selectors.labels import sectors_of, term_label
from matchmaking.selectors.naming import meant, people_to_name
from matchmaking.selectors.rosters import Standing, standing
from matchmaking.selectors.team_cases import person_of, registration_of
from matchmaking.selectors.team_words import teller, warnings

BRINGS = 2  # skills of a person that fit beside the name
FOUND = 20  # people that a search by name lists
LISTED = 12  # skills of a person who is looked at alone


def board(roster: Roster, language: str) -> dict[str, Any]:
    """The whole board; its queries do not grow with the roster."""
    now = standing(roster, language)
    told = warnings(now.question, now.broken, now.words)
    by_team = defaultdict[int, list[str]](list)
    for one in told:
        by_team[one["team"] or 0].append(one["sentence"])
    sectors = sectors_of(roster.event.programme, language)
    wanted, seats = wanted_skills(roster.rules.rules), now.seats()
    cards = [_card(team, seats.get(team.pk, ()), now, wanted, sectors, by_team[team.number]) for team in now.teams]
    unplaced = [person_told(person, "", now, wanted, sectors) for pk, person in now.people.items() if pk not in now.home]
    return {
        "cards": cards,
        "unplaced": sorted(unplaced, key=lambda one: normalise(one["name"])),
        "warnings": told,
        "measures": measures(cards, len(unplaced), len(told)),
        **last_change(roster),
    }


def measures(cards: Sequence[Mapping[str, Any]], unplaced: int, broken: int) -> dict[str, float]:
    """What the bar above the teams tells."""
    values = [card["value"] for card in cards]
    kinds = [len(card["sectors"]) for card in cards if card["people"]]
    return {
        "teams": len(cards), "people": sum(len(card["people"]) for card in cards), "unplaced": unplaced, "broken": broken,
        "total": sum(values), "worst": min(values, default=0), "sectors": sum(kinds) / len(kinds) if kinds else 0,
    }  # fmt: skip


def last_change(roster: Roster) -> dict[str, Any]:
    """How many hand moves can be taken back, and the latest one with who made it."""
    moves = RosterMove.objects.filter(roster=roster)
    return {
        "undo_steps": moves.filter(undone_at__isnull=True).count(),
        "last": moves.select_related("made_by").order_by("-version").first(),
    }


def standing_moves(roster: Roster, count: int, version: int | None = None) -> list[RosterMove]:
    """The last hand moves that still stand, the latest first; or the one that led to a version."""
    moves = RosterMove.objects.filter(roster=roster, undone_at__isnull=True).select_related("participant", "swapped", "made_by")
    return list((moves if version is None else moves.filter(version=version)).order_by("-version")[:count])


def wanted_skills(rules: Iterable[Mapping[str, Any]]) -> list[str]:
    """The skills that the rules ask or wish for, each once."""
    asked: list[str] = []
    for rule in rules:
        asked += [rule["skill"]] if rule["kind"] == "has" else rule["skills"] if rule["kind"] == "wish_skills" else []
    return list(dict.fromkeys(asked))


def brings(person: Person, wanted: Sequence[str], words: Teller, most: int = BRINGS) -> list[str]:
    """What somebody brings, in words: first what is wanted, then the rest; never a wider skill beside the one it belongs to."""
    vocabulary = default_vocabulary()
    wider = {above for skill in person.skills if skill in vocabulary for above in vocabulary.parents(skill)}
    own = [skill for skill in wanted if skill in person.skills]
    own += sorted(person.skills - wider - set(own))
    return [words.thing(f"skill:{skill}") for skill in own[:most]]


def person_told(person: Person, pinned: object, now: Standing, wanted: Sequence[str], sectors: Mapping[str, str]) -> dict[str, Any]:
    """Somebody as a card or the list of those without a team shows them."""
    return {
        "id": int(person.id),
        "name": now.words.person(person.id),
        "sector": person.sector,
        "sector_name": sectors.get(person.sector, person.sector),
        "brings": brings(person, wanted, now.words),
        "pinned": bool(pinned),
    }


def _card(
    team: Team, seats: Sequence[Seat], now: Standing, wanted: Sequence[str], sectors: Mapping[str, str], broken: Sequence[str]
) -> dict[str, Any]:
    members = [(now.people[seat.participant_id], seat) for seat in seats if seat.participant_id is not None]
    counted = Counter(person.sector for person, _ in members)
    skills = {skill for person, _ in members for skill in person.skills}
    shared = frozenset.intersection(*(person.languages for person, _ in members)) if members else frozenset[str]()
    return {
        "id": team.pk, "number": team.number, "name": team.name, "locked": team.locked, "place": team.place, "task": team.task,
        "idea": team.idea.title if team.idea else "", "value": team.value, "left": getattr(team, "left", 0),
        "people": [person_told(person, seat.pinned, now, wanted, sectors) for person, seat in members],
        "sectors": [(key, sectors.get(key, key), counted[key]) for key in sorted(counted)],
        "languages": [now.words.thing(f"language:{code}") for code in sorted(shared)],
        "lacks": [term_label(skill, now.words.language) for skill in wanted if skill not in skills] if members else [],
        "warnings": broken,
    }  # fmt: skip


def people_named(roster: Roster, text: str) -> list[dict[str, Any]]:
    """Those who can be placed and whose name holds `text`, with the number of their team; two queries."""
    people = people_to_name(roster.event)
    found = meant(people, text)[:FOUND]
    home = dict(Seat.objects.filter(roster=roster, participant__in=found).values_list("participant_id", "team__number"))
    return [{"id": pk, "name": people[pk], "team": home.get(pk)} for pk in found]


def numbered(roster: Roster, number: int) -> Team:
    """The team of this number."""
    team = Team.objects.filter(roster=roster, number=number).select_related("idea").first()
    if team is None:
        raise NotFound("There is no such team.")
    team.roster = roster
    return team


def person_on(roster: Roster, participant: int, language: str) -> dict[str, Any]:
    """Somebody with their place, and all teams with how many sit there; in a fixed number of queries."""
    event = roster.event
    row = registration_of(event, participant).select_related("participant__profile", "participant__organisation").first()
    if row is None:
        raise NotFound("There is nobody here.")
    profile, organisation = row.participant.profile, row.participant.organisation
    seat = Seat.objects.filter(roster=roster, participant=participant).select_related("team").first()
    person = person_of(str(participant), profile.sector, profile.languages, profile.offers, row.slots)
    sectors = sectors_of(event.programme, language)
    words = teller(event, language, people=[participant])
    return {
        "id": participant,
        "name": row.participant.name,
        "organisation": organisation.name if organisation else "",
        "sector": profile.sector,
        "sector_name": sectors.get(profile.sector, profile.sector),
        "brings": brings(person, wanted_skills(roster.rules.rules), words, most=LISTED),
        "languages": [words.thing(f"language:{code}") for code in profile.languages],
        "team": seat.team.number if seat else None,
        "pinned": seat is not None and seat.pinned is not None,
        "teams": list(roster.teams.order_by("number").annotate(size=Count("seats", Q(seats__participant__isnull=False)))),
    }
