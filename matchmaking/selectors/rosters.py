"""Rosters as facilitators see them: teams with their members, what each brings and lacks, warnings, and two side by side."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from matchmaking.engine.teams.measure import Broken, check
from matchmaking.engine.teams.rules import Person
from matchmaking.engine.teams.said import Each, Named, People, Said, Teller, loaded
from matchmaking.engine.teams.words import times
from matchmaking.models import Roster, RosterMove, Seat, Team
from matchmaking.selectors.team_cases import Question, as_roster, people_of, private_pairs, question
from matchmaking.selectors.team_words import names_needed, teller, warnings


def with_measures(rosters: QuerySet[Roster]) -> QuerySet[Roster]:
    """Rosters with the sum and the least of their teams' values, and the numbers of teams."""
    return rosters.select_related("event__programme", "rules").annotate(
        total=Sum("teams__value"), worst=Min("teams__value"), team_count=Count("teams"), locked_count=Count("teams", Q(teams__locked=True))
    )


def at_a_glance(roster: Roster, language: str) -> dict[str, Any]:
    """One of a list; the roster comes from `with_measures`."""
    words = Teller(language)
    return {
        "id": roster.pk,
        "event": roster.event_id,
        "run": roster.run_id,
        "number": roster.number,
        "state": roster.state,
        "version": roster.version,
        "changed_by_hand": roster.hand_version > 0,
        "base": roster.base_id,
        "emphasis": roster.emphasis,
        "rules_version": roster.rules.version,
        "total": getattr(roster, "total", None) or 0.0,
        "worst": getattr(roster, "worst", None) or 0.0,
        "teams": getattr(roster, "team_count", 0),
        "locked": getattr(roster, "locked_count", 0),
        "sentence": words.sentence(loaded(roster.said)) if roster.said else "",
        "certificate": roster.certificate,
        "created_at": roster.created_at,
        "published_at": roster.published_at,
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """A roster as it stands now: everybody who can be placed, the teams in order, who sits where, and the rules that do not hold."""

    people: Mapping[int, Person]
    teams: Sequence[Team]
    home: Mapping[int, tuple[Team, Seat]]
    question: Question
    broken: Sequence[Broken]
    words: Teller

    def seats(self) -> Mapping[int, Sequence[Seat]]:
        """The seats that are taken, by the id of their team."""
        seated = defaultdict[int, list[Seat]](list)
        for team, seat in self.home.values():
            seated[team.pk].append(seat)
        return seated


def standing(roster: Roster, language: str) -> Standing:
    """The roster now, with words that know the names of everybody in it; the queries do not grow with it."""
    people = people_of(roster.event)
    teams, home = _seated(roster, people)
    case = question(roster.rules.rules, people, private_pairs(roster.event, people))
    broken = check(case.case, as_roster(len(teams), {person: team.number for person, (team, _) in home.items()}))
    return Standing(people, teams, home, case, broken, teller(roster.event, language, names_needed(case, broken), people))


def whole(roster: Roster, language: str) -> dict[str, Any]:
    """Everything about one roster; the queries do not grow with it."""
    now = standing(roster, language)
    told = at_a_glance(roster, language)
    told["base_changed"] = _changed_since(roster)
    told["undo_steps"] = RosterMove.objects.filter(roster=roster, undone_at__isnull=True).count()
    told["last_change"] = RosterMove.objects.filter(roster=roster).aggregate(at=Max("created_at"))["at"]
    seated = now.seats()
    told["members"] = [_team_told(team, seated.get(team.pk, ()), now.people, now.words) for team in now.teams]
    told["unplaced"] = [{"id": pk, "name": now.words.person(str(pk))} for pk in now.people if pk not in now.home]
    told["warnings"] = warnings(now.question, now.broken, now.words)
    return told


def _seated(roster: Roster, people: Mapping[int, Person]) -> tuple[list[Team], dict[int, tuple[Team, Seat]]]:
    """Teams in order, each with its empty places as `left`, and who sits where."""
    teams = list(roster.teams.select_related("idea").order_by("number"))
    by_id, home = {team.pk: team for team in teams}, dict[int, tuple[Team, Seat]]()
    left = Counter[int]()
    for seat in Seat.objects.filter(roster=roster).order_by("created_at", "pk"):
        if seat.participant_id is not None and seat.participant_id in people:
            home[seat.participant_id] = (by_id[seat.team_id], seat)
        else:
            left[seat.team_id] += 1
    for team in teams:
        team.left = left[team.pk]  # type: ignore[attr-defined]
    return teams, home


def _team_told(team: Team, seats: Sequence[Seat], people: Mapping[int, Person], words: Teller) -> dict[str, Any]:
    members = [(seat.participant_id, seat) for seat in seats if seat.participant_id is not None]
    return {
        "id": team.pk,
        "number": team.number,
        "place": team.place,
        "task": team.task,
        "idea": team.idea_id,
        "locked": team.locked,
        "value": team.value,
        "left": getattr(team, "left", 0),
        "people": [
            {"id": person, "name": words.person(str(person)), "sector": people[person].sector, "pinned": seat.pinned is not None}
            for person, seat in members
        ],
    }


def _changed_since(roster: Roster) -> bool:
    """Whether the roster it was computed from was changed by hand meanwhile."""
    return roster.base_id is not None and Roster.objects.filter(pk=roster.base_id, hand_version__gt=roster.base_version).exists()


def reasons(people: Sequence[Person], wanted: Sequence[str], words: Teller) -> list[str]:
    """Why these are a team: who brings what, what is missing, the languages, times and sectors they share."""
    skills: defaultdict[str, list[Person]] = defaultdict(list)
    for person in people:
        for skill in sorted(person.skills & set(wanted)):
            skills[skill].append(person)
    said = []
    for person in people:
        alone = [skill for skill in wanted if skills[skill] == [person]]
        shared = [skill for skill in wanted if person in skills[skill] and skill not in alone]
        brings = (("only_brings", alone), ("brings_skill", shared))
        said += [Said.of(code, person=People((person.id,)), skills=_skills(some)) for code, some in brings if some]
    lacking = [skill for skill in wanted if not skills[skill]]
    said += [Said.of("lacks_skill", skills=_skills(lacking))] if lacking else []
    return [words.sentence(one) for one in (*said, *_shared(people))]


def _skills(skills: Sequence[str]) -> Each:
    return Each(tuple(Named(f"skill:{skill}") for skill in skills), "and")


def _shared(people: Sequence[Person]) -> list[Said]:
    if not people:
        return []
    languages = sorted(frozenset.intersection(*(person.languages for person in people)))
    slots = frozenset.intersection(*(person.slots for person in people))
    sectors = sorted({person.sector for person in people if person.sector})
    said = [
        Said.of("speaks_together", languages=Each(tuple(Named(f"language:{one}") for one in languages), "and"))
        if languages
        else Said.of("speaks_nothing")
    ]
    said += [Said.of("comes_together", times=times(len(slots)))] if any(person.slots for person in people) else []
    return [*said, Said.of("sectors_are", sectors=Each(tuple(Named(f"sector:{one}") for one in sectors), ", "))]


def compared(one: Roster, other: Roster, language: str) -> dict[str, Any]:
    """Two rosters side by side: what each measures, the difference (one less other), and who sits in another team."""
    sides = [whole(roster, language) for roster in (one, other)]
    seats = [{person["id"]: team["number"] for team in side["members"] for person in team["people"]} for side in sides]
    names = {person["id"]: person["name"] for side in sides for team in side["members"] for person in team["people"]}
    measures = [measures_of(side) for side in sides]
    return {
        "one": {"id": one.pk, "measures": measures[0]},
        "other": {"id": other.pk, "measures": measures[1]},
        "difference": {name: round(measures[0][name] - measures[1][name], 6) for name in measures[0]},
        "moved": [
            {"id": person, "name": names[person], "one": seats[0].get(person), "other": seats[1].get(person)}
            for person in sorted(seats[0].keys() | seats[1].keys())
            if seats[0].get(person) != seats[1].get(person)
        ],
    }


def measures_of(told: Mapping[str, Any]) -> dict[str, float]:
    """The figures of a roster that was told whole."""
    sectors = [len({person["sector"] for person in team["people"]}) for team in told["members"] if team["people"]]
    return {
        "total": told["total"],
        "worst": told["worst"],
        "teams": told["teams"],
        "unplaced": len(told["unplaced"]),
        "warnings": len(told["warnings"]),
        "sectors_in_a_team": round(sum(sectors) / len(sectors), 3) if sectors else 0.0,
    }
