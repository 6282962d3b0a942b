"""What a top-up changes in the run that is shown: new pairs come, open pairs of changed profiles are made anew, nothing else moves.

Within the transaction that publishes it, and after the pairs are locked: an answer under way ends first, or sees what was done.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from matchmaking.models import Event, Intent, Pair, Response, Run, Shortfall, Suggestion
from matchmaking.selectors.suggestions import ALIVE
from matchmaking.services.publishing import expiry, impossible

SCORED = ("score", "score_e9", "z_ab", "z_ba", "p_ab", "p_ba", "terms_ab", "terms_ba", "told_a", "told_b", "shard")
PLACED = ("rank_a", "rank_b", "layer", "top_up", "run", "dropped_at")
_ANSWERED = Exists(Response.objects.filter(pair=OuterRef("pair")))
_DECLINED = Exists(Response.objects.filter(pair=OuterRef("pair"), answer=Response.Answer.DECLINE))


def live(run: Run) -> "QuerySet[Suggestion]":
    """What counts for the cap: shown, not declined, its time not over."""
    return Suggestion.objects.filter(ALIVE, run=run, dropped_at__isnull=True, held_at__isnull=True).exclude(_DECLINED)


def touching(rows: "QuerySet[Suggestion]", people: Iterable[int]) -> "QuerySet[Suggestion]":
    """Those with one of these people in them."""
    some = list(people)
    return rows.filter(Q(pair__a__in=some) | Q(pair__b__in=some))


def add(run: Run, base: Run) -> dict[str, int]:
    """Make the rows of a top-up rows of the run it adds to; how many came, were made anew, and went."""
    changed = list(run.dues.filter(changed=True).values_list("registration__participant_id", flat=True))
    _lock(run, base, changed)
    Suggestion.objects.filter(run=run).filter(impossible(base.event)).delete()
    old = {row.pair_id: row for row in touching(live(base), changed).exclude(_ANSWERED).order_by("pk")}
    staged = list(Suggestion.objects.filter(run=run).select_related("pair").order_by("layer", "-score_e9", "pk"))
    room = _Room(base, staged, old)
    there = {row.pair_id: row for row in Suggestion.objects.filter(run=base, pair__in=[row.pair_id for row in staged])}
    came, again = list[Suggestion](), list[Suggestion]()
    for row in staged:
        before = there.get(row.pair_id)
        if (before is not None and not _may_return(before, old)) or not room.take(row):
            continue
        row.top_up = run
        if before is None:
            row.run = base
            came.append(row)
        else:
            again.append(_made_anew(before, row))
    Suggestion.objects.bulk_update(came, PLACED)
    Suggestion.objects.bulk_update(again, (*PLACED, *SCORED))
    Suggestion.objects.filter(run=run).delete()
    renewed = {row.pair_id for row in again}
    gone = [row.pk for pair, row in old.items() if pair not in renewed]
    Suggestion.objects.filter(pk__in=gone).update(dropped_at=Now())
    _open(base.event, [row.pair_id for row in (*came, *again)])
    _tell(run, base.event, came)
    _settle_shortfalls(run, base, {person for row in (*came, *again, *old.values()) for person in (row.pair.a_id, row.pair.b_id)})
    return {"came": len(came), "made_anew": len(again), "went": len(gone)}


class _Room:
    """How many more pairs everybody may have, and the place of the next one in their list."""

    def __init__(self, base: Run, staged: Sequence[Suggestion], old: "dict[int, Suggestion]") -> None:
        self.cap, self.most_open = int(base.parameters.get("cap", base.event.cap)), base.event.open_limit
        self.live, self.open, self.last = Counter[int](), Counter[int](), defaultdict[int, int](int)
        people = {person for row in staged for person in (row.pair.a_id, row.pair.b_id)}
        answers = set(Response.objects.filter(pair__event=base.event_id, participant__in=people).values_list("pair_id", "participant_id"))
        kept = touching(live(base), people).exclude(pair__in=list(old))
        for pair, *sides in kept.values_list("pair_id", "pair__a_id", "rank_a", "pair__b_id", "rank_b"):
            for person, rank in zip(sides[::2], sides[1::2], strict=True):
                self.live[person] += 1
                self.open[person] += (pair, person) not in answers
                self.last[person] = max(self.last[person], rank)

    def take(self, row: Suggestion) -> bool:
        """Put a pair behind those that both have; False where one of them has no room."""
        people = (row.pair.a_id, row.pair.b_id)
        if any(self.live[person] >= self.cap or self.open[person] >= self.most_open for person in people):
            return False
        for person in people:
            self.live[person] += 1
            self.open[person] += 1
            self.last[person] += 1
        row.rank_a, row.rank_b = (self.last[person] for person in people)
        row.layer = max(row.rank_a, row.rank_b)
        return True


def _lock(run: Run, base: Run, changed: Iterable[int]) -> None:
    concerned = Suggestion.objects.filter(Q(run=run) | Q(pk__in=touching(live(base), changed).values("pk"))).values("pair_id")
    list(Pair.objects.select_for_update().filter(pk__in=concerned).order_by("pk").values_list("pk", flat=True))


def _may_return(before: Suggestion, old: "dict[int, Suggestion]") -> bool:
    """Whether a pair that the run holds may be shown (anew): it stood open for somebody who changed, or had been dropped."""
    return before.pair_id in old or (before.dropped_at is not None and before.held_at is None)


def _made_anew(before: Suggestion, row: Suggestion) -> Suggestion:
    """The row that people know by its id, with what the top-up found."""
    for name in (*SCORED, "rank_a", "rank_b", "layer", "top_up"):
        setattr(before, name, getattr(row, name))
    before.dropped_at, before.pair = None, row.pair
    return before


def _open(event: Event, pairs: Sequence[int]) -> None:
    """Give pairs that were not open their time to answer."""
    now = Event.objects.filter(pk=event.pk).values_list(Now(), flat=True).get()
    closed = Q(shown_at__isnull=True) | Q(expires_at__lte=now)
    Pair.objects.filter(closed, pk__in=pairs).update(shown_at=now, expires_at=expiry(event, now))


def _tell(run: Run, event: Event, came: Iterable[Suggestion]) -> None:
    """One notification to everybody who has somebody new to answer."""
    people = sorted({person for row in came for person in (row.pair.a_id, row.pair.b_id)})
    told = {"kind": "suggestions", "dedupe_key": f"run:{run.pk}", "event": event, "data": {"run": run.pk}}
    Intent.objects.bulk_create([Intent(recipient_id=person, **told) for person in people], ignore_conflicts=True)


def _settle_shortfalls(run: Run, base: Run, people: Iterable[int]) -> None:
    """Who has reached the floor by now is told nothing of a lack; who has not, why, and how many there are."""
    floor, staged = int(base.parameters.get("floor", base.event.floor)), Shortfall.objects.filter(run=run)
    some = {*people, *staged.values_list("participant_id", flat=True)}
    Shortfall.objects.filter(run=base, participant__in=staged.values("participant_id")).delete()
    staged.update(run=base)
    given = Counter(person for pair in touching(live(base), some).values_list("pair__a_id", "pair__b_id") for person in pair)
    for row in Shortfall.objects.filter(run=base, participant__in=some):
        if given[row.participant_id] >= floor:
            row.delete()
        else:
            Shortfall.objects.filter(pk=row.pk).update(given=given[row.participant_id])
