"""An organiser's events at a glance: how many people, the latest run, what is shown, imports that wait for a decision."""

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from matchmaking.models import Event, Import, Publication, Registration, Run, RunKind

RUNS_LISTED = 10


def at_a_glance(events: QuerySet[Event]) -> QuerySet[Event]:
    """`events` with `people` (approved), `invited`, `waiting`, `open_imports`, and of the latest run of suggestions `run_id`,
    `run_state`, `run_published_at`, `run_taken_back_at`; `shown_id` is the run that the event shows, `shown_at` since when.
    """
    registered = Registration.objects.filter(event=OuterRef("pk"))
    latest = runs_of_suggestions().filter(event=OuterRef("pk"))
    shown = Publication.objects.filter(event=OuterRef("pk"), kind=RunKind.SUGGESTIONS)
    states = Registration.State
    return events.annotate(
        people=_count(registered.filter(state=states.APPROVED)),
        invited=_count(registered.filter(state=states.INVITED)),
        waiting=_count(registered.filter(state=states.WAITING)),
        open_imports=_count(Import.objects.filter(event=OuterRef("pk"), state=Import.State.PREVIEW)),
        **{f"run_{name}": Subquery(latest.values(name)[:1]) for name in ("id", "state", "published_at", "taken_back_at")},
        shown_id=Subquery(shown.values("run_id")[:1]),
        shown_at=Subquery(shown.values("run__published_at")[:1]),
    ).select_related("programme")


def runs_of_suggestions() -> QuerySet[Run]:
    """The latest first."""
    return Run.objects.filter(kind=RunKind.SUGGESTIONS).order_by("-created_at", "pk")


def shown_run(event: Event) -> Run | None:
    """The run whose suggestions people see."""
    return Run.objects.filter(publications__event=event, kind=RunKind.SUGGESTIONS).select_related("event", "learned", "previous").first()


def _count(rows: "QuerySet[Any]") -> Coalesce:
    counted = rows.order_by().values("event").annotate(how_many=Count("pk")).values("how_many")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
