"""Table plans: asked for, published by a person, set aside, and left by those who go."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models.functions import Now

from matchmaking.errors import BadInput, Conflict
from matchmaking.models import Event, Intent, Participant, Registration, Run, RunKind, TablePlan, TableSeat, User
from matchmaking.selectors.team_cases import private_pairs
from matchmaking.services import runs, trail

SMALLEST, LARGEST = 6, 12  # people at a table, unless said otherwise
ROUNDS, TABLES, SEED_LIMIT = (1, 12), (1, 200), 2**31
KEPT_APART = "Two people sit together in round {round} who cannot, for reasons that are theirs alone. Ask for a new plan, then publish it."
State = TablePlan.State


def ask(
    *, event: Event, by: User | None, rounds: int = 3, tables: int | None = None, smallest: int = SMALLEST, largest: int = LARGEST,
    hosts: Mapping[int, int] | None = None, seed: int = 0,
) -> tuple[Run, bool]:  # fmt: skip
    """Ask for a plan, or get the run that is active already; whether it is new. `hosts` stay at their table (1, 2, ...) in all rounds.

    Without a number of tables it follows from the people who take part and from how many shall sit at one.
    """
    limits = {"rounds": (rounds, ROUNDS), "tables": (tables or TABLES[0], TABLES), "seed": (seed, (0, SEED_LIMIT))}
    limits |= {"smallest": (smallest, (2, 50)), "largest": (largest, (smallest, 50))}
    for name, (value, (least, most)) in limits.items():
        if not least <= value <= most:
            raise BadInput("{name} has to be from {least} to {most}.", name=name, least=least, most=most)
    chosen = dict(hosts or {})
    known = Registration.objects.filter(event=event, participant__in=chosen).values_list("participant_id", flat=True)
    if unknown := sorted(set(chosen) - set(known)):
        raise BadInput("Nobody with the id {id} takes part in this event.", id=unknown[0])
    if chosen and not tables:
        raise BadInput("Say how many tables there are: a host stays at one of them.")
    if tables and not all(1 <= table <= tables for table in chosen.values()):
        raise BadInput("Tables are numbered from 1 to {tables}.", tables=tables)
    parameters = {
        "rounds": rounds, "tables": tables, "smallest": smallest, "largest": largest, "seed": seed,
        "hosts": {str(person): table for person, table in chosen.items()},
    }  # fmt: skip
    return runs.ask(event, kind=RunKind.TABLES, by=by, parameters=parameters, shards=1)


def publish(*, plan: TablePlan, by: User) -> TablePlan:
    """Show a plan to its people in place of the one before; again changes nothing."""
    with transaction.atomic():
        Event.objects.select_for_update(no_key=True).get(pk=plan.event_id)
        plan.refresh_from_db()
        if plan.state == State.PUBLISHED:
            return plan
        _refuse_who_is_apart(plan)
        before = TablePlan.objects.filter(event=plan.event_id, state=State.PUBLISHED)
        replaced = before.values_list("pk", flat=True).first()
        before.update(state=State.ASIDE)
        TablePlan.objects.filter(pk=plan.pk).update(state=State.PUBLISHED, published_at=Now())
        people = TableSeat.objects.filter(plan=plan, participant__isnull=False).values_list("participant_id", flat=True).distinct()
        intents = [
            Intent(recipient_id=person, kind="tables", dedupe_key=f"plan:{plan.pk}", event=plan.event, data={"plan": plan.pk})
            for person in sorted(people)
        ]
        Intent.objects.bulk_create(intents, batch_size=500, ignore_conflicts=True)
        trail.record("table_plan.published", plan, actor=by, event=plan.event, previous=replaced)
    plan.refresh_from_db()
    return plan


def set_aside(*, plan: TablePlan, by: User) -> TablePlan:
    """Put a draft away; what is published is replaced by publishing another."""
    with transaction.atomic():
        if TablePlan.objects.filter(pk=plan.pk, state=State.DRAFT).update(state=State.ASIDE) == 1:
            trail.record("table_plan.set_aside", plan, actor=by, event=plan.event)
        elif TablePlan.objects.filter(pk=plan.pk, state=State.PUBLISHED).exists():
            raise Conflict("This plan is published. Publish another in its place.")
    plan.refresh_from_db()
    return plan


def leave(participant: Participant, *, event: Event | None = None) -> int:
    """Take a person out of all plans, of all events or of one, within the caller's transaction: their places stay, empty."""
    mine = TableSeat.objects.filter(participant=participant, **({"plan__event": event} if event is not None else {}))
    return mine.update(participant=None)


def _refuse_who_is_apart(plan: TablePlan) -> None:
    seats = TableSeat.objects.filter(plan=plan, participant__isnull=False).values_list("round", "participant_id", "table")
    table = {(turn, person): at for turn, person, at in seats}
    apart = private_pairs(plan.event, {person for _, person in table})
    for turn in range(1, plan.rounds + 1):
        if any(table.get((turn, a), -1) == table.get((turn, b), -2) for a, b in apart):
            raise Conflict(KEPT_APART, round=turn)
