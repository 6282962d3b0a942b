"""Reviewing a run's pairs before and after it goes out: holding some back, letting them go again."""

from collections import Counter
from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from matchmaking.errors import Infeasible, NotFound
from matchmaking.models import Run, Suggestion, User
from matchmaking.services import trail


@transaction.atomic
def hold(*, run: Run, ids: Sequence[int], by: User) -> int:
    """Hold pairs back: they are not shown. All of `ids`, or none where one is not of this run; how many changed."""
    changed = _all_of(run, ids).filter(held_at__isnull=True).update(held_at=Now())
    if changed:
        trail.record("pairs.held", run, actor=by, event=run.event, suggestions=sorted(set(ids)), changed=changed)
    return changed


@transaction.atomic
def release(*, run: Run, ids: Sequence[int], by: User) -> int:
    """Show held pairs again, as far as nobody comes above the cap."""
    changed = _all_of(run, ids).filter(held_at__isnull=False).update(held_at=None)
    if changed:
        _refuse_above_cap(run, ids)
        trail.record("pairs.released", run, actor=by, event=run.event, suggestions=sorted(set(ids)), changed=changed)
    return changed


def _all_of(run: Run, ids: Sequence[int]) -> QuerySet[Suggestion]:
    rows = Suggestion.objects.filter(run=run, pk__in=set(ids))
    if len(rows.select_for_update().order_by("pk").values_list("pk", flat=True)) != len(set(ids)):
        raise NotFound("Not all of these are suggestions of this run; nothing was changed.")
    return rows


def _refuse_above_cap(run: Run, ids: Sequence[int]) -> None:
    cap = int(run.parameters.get("cap", run.event.cap))
    people = set(Suggestion.objects.filter(run=run, pk__in=ids).values_list("pair__a_id", "pair__b_id"))
    live = Suggestion.objects.filter(run=run, held_at__isnull=True, dropped_at__isnull=True)
    shown = Counter(person for pair in live.values_list("pair__a_id", "pair__b_id") for person in pair)
    above = {person for pair in people for person in pair if shown[person] > cap}
    if above:
        raise Infeasible("{count} people would have more than {cap} suggestions. Hold others back first.", count=len(above), cap=cap)
