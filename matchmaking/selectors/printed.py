"""What goes on paper: people with what their badge says, teams with what their sheet says. No contacts are in it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matchmaking.engine.wording import words_of
from matchmaking.models import Event, Roster, Seat, TablePlan, TableSeat
from matchmaking.selectors.labels import alphabetical, sectors_of, term_label
from matchmaking.selectors.records import taking_part
from matchmaking.selectors.rosters import reasons
from matchmaking.selectors.team_cases import person_of
from matchmaking.selectors.team_words import teller
from matchmaking.selectors.teams import wanted_skills
from matchmaking.selectors.walls import task_of

ABOUT = ("participant_id", "participant__name", "participant__organisation__name")
MOST_TERMS = 8
TOLD = ("sector", "languages", "offers", "needs")


@dataclass(frozen=True, slots=True)
class PersonPrinted:
    """Somebody on paper. `sector` is its key; `team` is a number, None without one; `tables` those of each round."""

    id: int
    name: str
    organisation: str
    sector: str
    sector_label: str
    languages: tuple[str, ...]
    brings: tuple[str, ...]
    seeks: tuple[str, ...]
    team: int | None
    place: str
    tables: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TeamPrinted:
    """A team on paper; `left` counts places somebody left."""

    id: int
    number: int
    name: str
    place: str
    task: str
    people: tuple[PersonPrinted, ...]
    left: int
    reasons: tuple[str, ...]


def people_printed(event: Event, roster: Roster | None, language: str) -> list[PersonPrinted]:
    """Everybody who takes part, in the order of the alphabet, with where they sit; three queries."""
    seats: dict[int, tuple[int, str]] = {}
    if roster is not None:
        rows = Seat.objects.filter(roster=roster, participant__isnull=False)
        seats = {pk: (number, place) for pk, number, place in rows.values_list("participant_id", "team__number", "team__place")}
    tables = _tables(event)
    sectors, spoken = sectors_of(event.programme, language), words_of(language).languages
    fields = (*ABOUT, *(f"participant__profile__{name}" for name in TOLD))
    people = [
        PersonPrinted(
            id=pk, name=name, organisation=organisation or "", sector=sector, sector_label=sectors.get(sector, sector),
            languages=tuple(spoken.get(code, code) for code in languages[:MOST_TERMS]),
            brings=_labels(offers, language), seeks=_labels(needs, language),
            team=seats[pk][0] if pk in seats else None, place=seats[pk][1] if pk in seats else "", tables=tables.get(pk, ()),
        )
        for pk, name, organisation, sector, languages, offers, needs in taking_part(event).values_list(*fields)
    ]  # fmt: skip
    return sorted(people, key=lambda one: alphabetical(one.name))


def teams_printed(
    event: Event, roster: Roster, people: Sequence[PersonPrinted], language: str, only: int | None = None
) -> list[TeamPrinted]:
    """The teams of a roster with their members of `people` and why they are one; `only` the team of an id."""
    teams = [team for team in roster.teams.select_related("idea").order_by("number") if only in (None, team.pk)]
    by_number = defaultdict[int, list[PersonPrinted]](list)
    for one in people:
        if one.team is not None:
            by_number[one.team].append(one)
    left = Counter(Seat.objects.filter(roster=roster, participant__isnull=True).values_list("team__number", flat=True))
    why = _reasons(event, roster, {team.number: by_number[team.number] for team in teams}, language)
    return [
        TeamPrinted(
            id=team.pk, number=team.number, name=team.name, place=team.place, task=task_of(team),
            people=tuple(by_number[team.number]), left=left[team.number], reasons=why[team.number],
        )
        for team in teams
    ]  # fmt: skip


def _reasons(event: Event, roster: Roster, teams: Mapping[int, Sequence[PersonPrinted]], language: str) -> dict[int, tuple[str, ...]]:
    seated = [one.id for members in teams.values() for one in members]
    words = teller(event, language, people=seated)
    facts = taking_part(event).filter(participant__in=seated).values_list(
        "participant_id", *(f"participant__profile__{name}" for name in ("sector", "languages", "offers")), "slots"
    )  # fmt: skip
    known = {pk: person_of(str(pk), *told) for pk, *told in facts}
    told: dict[int, tuple[str, ...]] = {}
    for number, members in teams.items():
        people = [known[one.id] for one in members if one.id in known]
        told[number] = tuple(reasons(people, wanted_skills(roster.rules.rules, people), words))
    return told


def _tables(event: Event) -> dict[int, tuple[int, ...]]:
    rows = TableSeat.objects.filter(plan__event=event, plan__state=TablePlan.State.PUBLISHED, participant__isnull=False)
    found = defaultdict[int, list[int]](list)
    for pk, table in rows.order_by("round").values_list("participant_id", "table"):
        found[pk].append(table)
    return {pk: tuple(tables) for pk, tables in found.items()}


def _labels(terms: Sequence[str], language: str) -> tuple[str, ...]:
    """The first of what somebody offers or needs: fifty long ones would be taller than a page."""
    told = tuple(term_label(term, language) for term in terms[:MOST_TERMS])
    return (*told, "…") if len(terms) > MOST_TERMS else told
