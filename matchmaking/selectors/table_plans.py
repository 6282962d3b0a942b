"""Table plans as facilitators read them, and where somebody sits."""

from typing import Any

from django.db.models import Count, F, QuerySet

from matchmaking.models import TablePlan, TableSeat
from matchmaking.selectors.labels import event_name, sectors_of


def at_a_glance(plan: TablePlan) -> dict[str, Any]:
    """One of a list."""
    told = {name: getattr(plan, name) for name in ("rounds", "tables", "state", "created_at", "published_at")}
    return {"id": plan.pk, "event": plan.event_id, "run": plan.run_id, **told, "measures": plan.measures}


def whole(plan: TablePlan, language: str) -> dict[str, Any]:
    """Every table of every round with its people, sorted by name, and how many places were left."""
    sectors = sectors_of(plan.event.programme, language)
    rows = plan.seats.filter(participant__isnull=False).annotate(name=F("participant__name"), sector=F("participant__profile__sector"))
    people: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for turn, table, pk, name, sector in rows.order_by("name", "pk").values_list("round", "table", "participant_id", "name", "sector"):
        people.setdefault((turn, table), []).append({"id": pk, "name": name, "sector": sectors.get(sector, sector or "")})
    left = {(turn, table): count for turn, table, count in _left(plan)}
    seated = [
        [
            {"table": table, "people": people.get((turn, table), []), "left": left.get((turn, table), 0)}
            for table in range(1, plan.tables + 1)
        ]
        for turn in range(1, plan.rounds + 1)
    ]
    return {**at_a_glance(plan), "seated": seated}


def _left(plan: TablePlan) -> "QuerySet[Any, Any]":
    gone = plan.seats.filter(participant__isnull=True).values("round", "table")
    return gone.annotate(count=Count("pk")).values_list("round", "table", "count")


def own_tables(seats: QuerySet[TableSeat], language: str) -> list[dict[str, Any]]:
    """Where a person sits, event by event and round by round."""
    found: dict[int, dict[str, Any]] = {}
    for seat in seats.select_related("plan__event").order_by("plan__event__starts_at", "plan_id", "round"):
        event = seat.plan.event
        told = found.setdefault(event.pk, {"event": {"id": event.pk, "name": event_name(event, language)}, "tables": []})
        told["tables"].append({"round": seat.round, "table": seat.table})
    return list(found.values())
