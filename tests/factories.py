"""A plain factory per model: sensible defaults, everything can be said."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from matchmaking.engine.records import Direction, Term
from matchmaking.engine.telling import pair_facts
from matchmaking.models import (
    Consent,
    Event,
    Organisation,
    Pair,
    Participant,
    Profile,
    Programme,
    Publication,
    Registration,
    Role,
    Roster,
    Run,
    Seat,
    Suggestion,
    TablePlan,
    TableSeat,
    Team,
    TeamBasis,
    TeamRules,
    User,
)
from matchmaking.selectors.team_cases import FIRST_RULES

numbers = count(1)
PASSWORD = "a long enough password"


def make_user(**fields: Any) -> User:
    number = next(numbers)
    return User.objects.create_user(fields.pop("mail", f"user{number}@example.org"), fields.pop("password", PASSWORD), **fields)


def make_programme(**fields: Any) -> Programme:
    number = next(numbers)
    return Programme.objects.create(**{"slug": f"programme-{number}", "name": f"Programme {number}", **fields})


def make_event(programme: Programme | None = None, **fields: Any) -> Event:
    number = next(numbers)
    return Event.objects.create(
        **{"programme": programme or make_programme(), "slug": f"event-{number}", "name": f"Event {number}", **fields}
    )


def make_organisation(programme: Programme, **fields: Any) -> Organisation:
    number = next(numbers)
    name = fields.pop("name", f"Organisation {number}")
    return Organisation.objects.create(programme=programme, name=name, key=name.casefold(), **fields)


def make_participant(
    programme: Programme, *, event: Event | None = None, user: User | None = None, consent: bool = True, **fields: Any
) -> Participant:
    """A participant with a profile; approved for `event` and consenting to suggestions where these are given."""
    number = next(numbers)
    profile = {key: fields.pop(key) for key in [f.name for f in Profile._meta.fields] if key in fields}
    external_id = fields.pop("external_id", f"X{number}")
    participant = Participant.objects.create(
        **{
            "programme": programme,
            "user": user,
            "external_id": external_id,
            "key": f"x:{external_id}",
            "name": f"Person {number}",
            "mail": f"person{number}@example.org",
            **fields,
        }
    )
    Profile.objects.create(participant=participant, **profile)
    if event is not None:
        Registration.objects.create(event=event, participant=participant, state=Registration.State.APPROVED)
    if consent:
        Consent.objects.create(participant=participant, purpose=Consent.Purpose.SUGGESTIONS, source="own")
    return participant


def make_role(user: User, programme: Programme, name: str = "organiser", event: Event | None = None) -> Role:
    return Role.objects.create(user=user, programme=programme, name=name, event=event)


def make_published_run(event: Event, **fields: Any) -> Run:
    """A run that is done and is what the event shows."""
    run = Run.objects.create(event=event, **{"state": Run.State.DONE, **fields})
    Publication.objects.update_or_create(event=event, kind=run.kind, defaults={"run": run})
    return run


def make_roster(event: Event, *teams: list[Participant], **fields: Any) -> Roster:
    """A draft with these teams, number 1 first; its rules are those that usually hold."""
    rules, _ = TeamRules.objects.get_or_create(event=event, version=1, defaults={"rules": FIRST_RULES})
    basis, _ = TeamBasis.objects.get_or_create(event=event, fingerprint="none")
    roster = Roster.objects.create(**{"event": event, "rules": rules, "basis": basis, **fields})
    for number, people in enumerate(teams, 1):
        team = Team.objects.create(roster=roster, number=number)
        Seat.objects.bulk_create(Seat(roster=roster, team=team, participant=person) for person in people)
    return roster


def make_table_plan(event: Event, *rounds: list[Participant]) -> TablePlan:
    """A draft in which each round's people sit at one table."""
    plan = TablePlan.objects.create(
        event=event, rounds=len(rounds), tables=1, measures={"met": 0, "met_across": 0, "most_across": 0, "again": 0}
    )
    seats = [TableSeat(plan=plan, round=turn, table=1, participant=person) for turn, people in enumerate(rounds, 1) for person in people]
    TableSeat.objects.bulk_create(seats)
    return plan


def make_suggestion(run: Run, one: Participant, other: Participant, **fields: Any) -> Suggestion:
    a, b = sorted([one, other], key=lambda p: p.pk)
    pair, _ = Pair.objects.get_or_create(event=run.event, a=a, b=b)
    defaults: dict[str, Any] = {
        "score": 0.25, "score_e9": -1386294361, "z_ab": 0.0, "z_ba": 0.0, "p_ab": 0.5, "p_ba": 0.5,
        "terms_ab": [["constant", 0.0, []]], "terms_ba": [["constant", 0.0, []]], "rank_a": 1, "rank_b": 1, "layer": 1,
    }  # fmt: skip
    row = {**defaults, **fields}
    return Suggestion.objects.create(run=run, pair=pair, **told_of(row["terms_ab"], row["terms_ba"]), **row)


def told_of(terms_ab: Sequence[Any], terms_ba: Sequence[Any]) -> dict[str, Any]:
    """The columns of what both sides are told, made of the two directions as they are stored."""
    ab, ba = (Direction(0.0, 0.5, tuple(Term(*term) for term in terms)) for terms in (terms_ab, terms_ba))
    return {"told_a": pair_facts(ab, ba), "told_b": pair_facts(ba, ab)}
