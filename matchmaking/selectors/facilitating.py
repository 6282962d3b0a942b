"""A facilitator's events at a glance: people, rules, the run that is under way, drafts and what is published."""

from collections.abc import Collection
from typing import Any

from django.db.models import Count, IntegerField, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from matchmaking.models import Event, Registration, Roster, Run, RunKind, Seat, TeamRules
from matchmaking.selectors.beside import matched

RUNS_LISTED = 5


def at_a_glance(events: QuerySet[Event]) -> QuerySet[Event]:
    """`events` with `people` (approved), `rules_version` (0: nobody wrote any), `drafts`, the latest run of teams as `run_id` and
    `run_state`, the published roster as `shown_id` and `shown_at`, and the newest draft as `draft_id`.
    """
    registered = Registration.objects.filter(event=OuterRef("pk"), state=Registration.State.APPROVED)
    rosters, latest = Roster.objects.filter(event=OuterRef("pk")), runs_of_teams().filter(event=OuterRef("pk"))
    drafts, shown = rosters.filter(state=Roster.State.DRAFT), rosters.filter(state=Roster.State.PUBLISHED)
    return events.annotate(
        people=_count(registered),
        drafts=_count(drafts),
        rules_version=_number(TeamRules.objects.filter(event=OuterRef("pk")).order_by().values("event").annotate(n=Max("version"))),
        draft_id=Subquery(drafts.order_by("-created_at", "number").values("pk")[:1]),
        **{f"run_{name}": Subquery(latest.values(name)[:1]) for name in ("id", "state")},
        shown_id=Subquery(shown.values("pk")[:1]),
        shown_at=Subquery(shown.values("published_at")[:1]),
    ).select_related("programme")


def runs_of_teams() -> QuerySet[Run]:
    """The latest first."""
    return Run.objects.filter(kind=RunKind.TEAMS).order_by("-created_at", "pk")


def _count(rows: "QuerySet[Any]") -> Coalesce:
    return _number(rows.order_by().values("event").annotate(n=Count("pk")))


def _number(rows: "QuerySet[Any]") -> Coalesce:
    return Coalesce(Subquery(rows.values("n"), output_field=IntegerField()), 0)


def movers(base: Roster, drafts: Collection[int], *, by_number: bool) -> dict[int, list[tuple[str, int | None, int | None]]]:
    """For each of the drafts who sits in another team than in `base`: name, team there, team here; one query.

    A team is the same where it has the same number, or, unless `by_number`, where it shares most people with the one in `base`.
    """
    seats = Seat.objects.filter(roster__in=[base.pk, *drafts], participant__isnull=False).order_by("participant__name", "pk")
    homes: dict[int, dict[int, int]] = {pk: {} for pk in (base.pk, *drafts)}
    names: dict[int, str] = {}
    for roster, person, name, number in seats.values_list("roster_id", "participant_id", "participant__name", "team__number"):
        homes[roster][person], names[person] = number, name
    before = homes[base.pk]
    if not by_number:
        homes |= {draft: _renumbered(before, homes[draft]) for draft in drafts}
    return {
        draft: [(names[one], before.get(one), homes[draft].get(one)) for one in names if before.get(one) != homes[draft].get(one)]
        for draft in drafts
    }


def _renumbered(before: dict[int, int], after: dict[int, int]) -> dict[int, int]:
    """Teams by the numbers of their counterparts, those without one by numbers above."""
    ours, above = matched(before, after), max(before.values(), default=0)
    return {person: ours.get(number, above + number) for person, number in after.items()}
