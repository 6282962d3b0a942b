"""Runs of tables: who sits where in each round, as a draft that a person publishes."""

from collections.abc import Callable, Sequence

from django.db.models.functions import Now

from matchmaking.compute.suggestions import Left
from matchmaking.compute.team_rows import still_there
from matchmaking.engine.teams.rounds import Guest, Rounds, plan, tables_for
from matchmaking.models import Participant, Run, Stage, TablePlan, TableSeat
from matchmaking.selectors.records import taking_part
from matchmaking.selectors.team_cases import private_pairs
from matchmaking.services import trail
from matchmaking.services.shards import Claim

ROWS_AT_ONCE = 500


def compute(run: Run, claim: Claim) -> Left:
    """The whole of it: seconds for a full hall."""
    asked = run.parameters
    people = dict(taking_part(run.event).values_list("participant_id", "participant__key"))
    sectors = dict(Participant.objects.filter(pk__in=people).values_list("pk", "profile__sector"))
    hosts = {int(person): int(table) - 1 for person, table in asked["hosts"].items()}
    guests = [Guest(key, sectors.get(pk) or "", hosts.get(pk)) for pk, key in people.items()]
    apart = [(people[a], people[b]) for a, b in private_pairs(run.event, people)]
    tables = asked["tables"] or tables_for(len(guests), asked["rounds"], asked["smallest"], asked["largest"])
    found = plan(guests, tables, asked["rounds"], apart=apart, seed=asked["seed"])
    return Left(None, (), lambda held: _done(held, found, list(people.values())))


STAGES: dict[str, Callable[[Run, Claim], Left]] = {Stage.FINISH: compute}


def _done(run: Run, found: Rounds, keys: Sequence[str]) -> None:
    """The draft. Whoever left meanwhile leaves an empty place."""
    there = still_there(run.event, keys)
    measures = {name: getattr(found, name) for name in ("met", "met_across", "most_across", "again")}
    made = TablePlan.objects.create(event=run.event, run=run, rounds=len(found.tables), tables=len(found.tables[0]), measures=measures)
    TableSeat.objects.bulk_create(
        (
            TableSeat(plan=made, round=turn, table=table, participant_id=there.get(key))
            for turn, seats in enumerate(found.tables, 1)
            for table, group in enumerate(seats, 1)
            for key in group
        ),
        batch_size=ROWS_AT_ONCE,
    )
    told = {"participants": len(keys), "plan": made.pk, **measures}
    Run.objects.filter(pk=run.pk).update(state=Run.State.DONE, measures=told, finished_at=Now())
    trail.record("run.done", run, actor=None, event=run.event)
