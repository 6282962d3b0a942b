"""A hackathon with twelve people in four teams of three, one without a team, and a facilitator's client."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.test import Client

from matchmaking.models import Event, Participant, Roster, Run, Seat, TeamRules, User
from tests.factories import make_event, make_participant, make_role, make_roster, make_user
from tests.web.visits import PART, visitor

SECTORS = ("authority", "education", "business")
RULES: list[dict[str, Any]] = [
    {"kind": "team_size", "least": 2, "most": 4},
    {"kind": "common_language"},
    {"kind": "wish_sectors", "most": 3, "points": 60},
]


@dataclass
class Board:
    event: Event
    facilitator: User
    people: list[Participant]
    roster: Roster
    client: Client
    late: Participant

    def page(self, rest: str = "", roster: Roster | None = None) -> str:
        return f"/facilitate/rosters/{(roster or self.roster).pk}/{rest}"

    def event_page(self, rest: str) -> str:
        return f"/facilitate/events/{self.event.pk}/{rest}"

    def at(self, person: Participant) -> int | None:
        return Seat.objects.filter(roster=self.roster, participant=person).values_list("team__number", flat=True).first()

    def version(self) -> int:
        return Roster.objects.get(pk=self.roster.pk).version

    def post(self, rest: str, *, part: bool = True, client: Client | None = None, **said: Any) -> Any:
        return (client or self.client).post(self.page(rest), {"version": self.version(), **said}, headers=PART if part else {})

    def move(self, person: Participant, to: object, *, seen: object = None, **options: Any) -> Any:
        return self.post("move/", participant=person.pk, seen=self.at(person) or "" if seen is None else seen, to=to, **options)

    def colleague(self) -> User:
        other = make_user(name="Pavel")
        make_role(other, self.event.programme, "facilitator", self.event)
        return other

    def draft(self, **fields: Any) -> Roster:
        """Another draft of the same run: persons 1 of the first two teams have changed places, and the teams have other numbers."""
        teams = [self.people[at : at + 3] for at in range(0, len(self.people), 3)]
        teams[0][0], teams[1][0] = teams[1][0], teams[0][0]
        return make_roster(self.event, *teams[::-1], **{"run": self.roster.run, "number": 2, "emphasis": "sectors", **fields})

    def draft_back(self) -> Roster:
        """A draft in which everybody sits as at the start."""
        return make_roster(self.event, *[self.people[at : at + 3] for at in range(0, len(self.people), 3)], run=self.roster.run, number=3)

    def conflict(self, **run: Any) -> Run:
        """A run whose rules could not hold together, with the ways out that were found."""
        rules = TeamRules.objects.get(event=self.event, version=1)
        skill = {"said": "at_least_one", "skill": {"named": "skill:law"}}
        measures = {
            "conflict": {
                "said": {"said": "conflict_one", "rules": {"each": [{"said": "common_language"}], "by": "; "}, "facts": ""},
                "rules": [1],
                "minimal": True,
                "ways_out": [
                    {"said": {"said": "allow_people", "most": 5}, "drops": []},
                    {"said": {"said": "give_up", "rules": {"each": [skill], "by": "give_up_and"}}, "drops": [1]},
                ],
            }
        }
        parameters = {"rules": rules.pk, "base": None, "repair": False, "seconds": 1, "alternatives": 1, "seed": 0}
        return Run.objects.create(event=self.event, kind="teams", state="done", parameters=parameters, measures=measures, **run)

    def speaks(self, language: str) -> None:
        User.objects.filter(pk=self.facilitator.pk).update(language=language)


@transaction.atomic
def make_board(teams: int = 4, **names: Any) -> Board:
    """Person 1 of each team is an authority, 2 from education, 3 from business; who came late is in no team."""
    event = make_event(name=names.get("event", "Hackathon"))
    facilitator = make_user(name=names.get("facilitator", "Olga"), mail=names.get("mail", "olga@example.org"))
    make_role(facilitator, event.programme, "facilitator", event)
    people = [
        make_participant(
            event.programme, event=event, name=names.get("person", f"Ada {n // 3 + 1}.{n % 3 + 1}"),
            sector=SECTORS[n % 3], languages=["en"], offers=["Graphic design"],
        )
        for n in range(3 * teams)
    ]  # fmt: skip
    late = make_participant(event.programme, event=event, name="Late Lena", sector="creative", languages=["en"])
    TeamRules.objects.create(event=event, version=1, rules=RULES)
    run = Run.objects.create(event=event, kind="teams", state="done")
    roster = make_roster(event, *[people[at : at + 3] for at in range(0, 3 * teams, 3)], run=run)
    roster.teams.update(value=180)
    return Board(event, facilitator, people, roster, visitor(facilitator), late)
