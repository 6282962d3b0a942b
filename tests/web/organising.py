"""An event with seven people of three sectors, an organiser's client, and runs with measures as a run leaves them."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.test import Client
from django.utils import timezone

from matchmaking.models import Event, Participant, Run, Suggestion, User
from tests.factories import make_event, make_organisation, make_participant, make_published_run, make_role, make_suggestion, make_user
from tests.web.visits import visitor

SECTORS = {"authority": 2, "business": 2, "education": 3}
MEASURES: dict[str, Any] = {
    "people": 7, "pairs": 20, "none": 1, "below_floor": 2, "most": 3, "gini_exposure": 0.2, "relevance": 0.2,
    "cross_sector_share": 0.9, "gap": 0.0123,
    "sectors": {
        "authority": {"authority": 0, "business": 12, "education": 3}, "business": {"authority": 12, "business": 2, "education": 5},
        "education": {"authority": 3, "business": 5, "education": 0},
    },
    "sectors_by_chance": {
        "authority": {"authority": None, "business": 1.6, "education": 0.25},
        "business": {"authority": 1.6, "business": 0.4, "education": 0.9},
        "education": {"authority": 0.25, "business": 0.9, "education": None},
    },
    "groups": {"sector": {sector: {"people": count} for sector, count in SECTORS.items()}},
}  # fmt: skip


@dataclass
class Scene:
    event: Event
    organiser: User
    people: list[Participant]
    run: Run
    suggestions: list[Suggestion]
    client: Client

    def page(self, rest: str) -> str:
        return f"/organise/events/{self.event.pk}/{rest}"

    def run_page(self, rest: str = "", run: Run | None = None) -> str:
        return f"/organise/runs/{(run or self.run).pk}/{rest}"

    def preview(self, **measures: Any) -> Run:
        return Run.objects.create(event=self.event, state="done", measures={**MEASURES, **measures}, parameters={"bridge": 1.0, "cap": 8})


@transaction.atomic
def make_scene(pairs: int = 3, **names: str) -> Scene:
    """The first person is in `pairs` suggestions, the last one in none."""
    event = make_event(name=names.get("event", "Evening"))
    organiser = make_user(name="Olga")
    make_role(organiser, event.programme, "organiser")
    sectors = [sector for sector, count in SECTORS.items() for _ in range(count)]
    house = make_organisation(event.programme, name=names.get("organisation", "House"))
    people = [
        make_participant(event.programme, event=event, name=names.get("person", f"Person {n}"), sector=sector, organisation=house)
        for n, sector in enumerate(sectors)
    ]
    run = make_published_run(event, measures=MEASURES, parameters={"bridge": 0.0, "cap": 8}, published_at=timezone.now())
    shown = [make_suggestion(run, people[0], other, score=0.5 - n / 10, score_e9=-n) for n, other in enumerate(people[1 : pairs + 1])]
    return Scene(event, organiser, people, run, shown, visitor(organiser))
