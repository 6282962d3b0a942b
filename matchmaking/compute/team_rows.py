"""Writes the rosters that a run found: drafts with teams, seats, pair scores and who is missing."""

from collections.abc import Collection
from typing import Any

from matchmaking.engine.joiners import Joiner
from matchmaking.engine.teams.measure import worth
from matchmaking.engine.teams.rules import Case
from matchmaking.models import Consent, Event, Registration, Roster, Run, Seat, Team, TeamBasis, TeamFit, TeamJoiner
from matchmaking.selectors import records
from matchmaking.selectors.records import taking_part

ROWS_AT_ONCE = 500
Missing = dict[tuple[int, int], list[Joiner]]


def write(run: Run, case: Case, rosters: list[dict[str, Any]], missing: Missing, fingerprint: str, *, base_version: int) -> int:
    """The drafts of a run; how many. Whoever is gone meanwhile leaves an empty place."""
    if not rosters:
        return 0
    ids = still_there(run.event, [person.id for person in case.people])
    basis = _basis(run, case, ids, fingerprint)
    base = Roster.objects.filter(pk=run.parameters.get("base")).first()
    for at, told in enumerate(rosters):
        roster = Roster.objects.create(
            event=run.event, run=run, rules_id=run.parameters["rules"], basis=basis, base=base, number=at + 1, emphasis=told["emphasis"],
            base_version=base_version, certificate=told["certificate"], said=told["said"],
        )  # fmt: skip
        _fill(roster, run, case, told["teams"], ids, {number: found for (one, number), found in missing.items() if one == at})
    return len(rosters)


def still_there(event: Event, keys: Collection[str]) -> dict[str, int]:
    """Ids by key of those who still take part, held until the transaction ends: a withdrawal comes before, or finds the seats."""
    people = records.ids_of_keys(event, keys)
    rows = Registration.objects.filter(event=event, participant__in=people.values()).order_by("pk")
    list(rows.select_for_update().values_list("pk", flat=True))
    agreed = Consent.objects.filter(participant__in=people.values(), purpose=Consent.Purpose.SUGGESTIONS).order_by("pk")
    list(agreed.select_for_update().values_list("pk", flat=True))
    there = set(taking_part(event).values_list("participant_id", flat=True))
    return {key: pk for key, pk in people.items() if pk in there}


def _basis(run: Run, case: Case, ids: dict[str, int], fingerprint: str) -> TeamBasis:
    basis, _ = TeamBasis.objects.get_or_create(event=run.event, fingerprint=fingerprint)
    pairs = [(ids[a], ids[b], int(points)) for a, b, points in case.pair_scores if a in ids and b in ids]
    rows = (TeamFit(basis=basis, a_id=min(a, b), b_id=max(a, b), points=points) for a, b, points in pairs)
    TeamFit.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE, ignore_conflicts=True)
    return basis


def _fill(roster: Roster, run: Run, case: Case, teams: list[list[str]], ids: dict[str, int], missing: dict[int, list[Joiner]]) -> None:
    values = worth(case, tuple(map(tuple, teams))).teams
    before = {team.number: team for team in Team.objects.filter(roster=roster.base_id)} if roster.base_id else {}
    tasks = {rule["team"]: rule["idea"] for rule in roster.rules.rules if rule["kind"] == "idea"}
    made = []
    for number, value in enumerate(values, 1):
        old = before.get(number)
        kept = {"name": old.name, "place": old.place, "task": old.task, "locked": old.locked, "idea_id": old.idea_id} if old else {}
        kept["idea_id"] = tasks.get(number) or kept.get("idea_id")
        made.append(Team(roster=roster, number=number, value=value, **kept))
    Team.objects.bulk_create(made)
    pins = _pins(roster)
    seats = [
        Seat(roster=roster, team=team, participant_id=ids.get(key), pinned=pins.get(ids.get(key, 0)))
        for team, members in zip(made, teams, strict=True)
        for key in members
    ]
    Seat.objects.bulk_create(seats, batch_size=ROWS_AT_ONCE)
    TeamJoiner.objects.bulk_create(
        TeamJoiner(
            team=made[number - 1], participant_id=ids[joiner.key], rank=joiner.rank,
            terms=[[term.part, term.value, list(term.evidence)] for term in joiner.direction.terms],
        )
        for number, found in missing.items()
        for joiner in found
        if joiner.key in ids
    )  # fmt: skip


def _pins(roster: Roster) -> dict[int, int]:
    """Pins of the roster it starts from."""
    kept = Seat.objects.filter(roster=roster.base_id, participant__isnull=False).values_list("participant_id", "pinned")
    return {person: number for person, number in kept if number is not None and person is not None} if roster.base_id else {}
