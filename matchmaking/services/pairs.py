"""What suggestions, introductions and blocks share: one decision at a time on a pair, and pairs that vanish."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from matchmaking.errors import NotFound
from matchmaking.models import Introduction, Pair, Participant, Suggestion
from matchmaking.services.protections import protected

VANISHED = "There is no such suggestion."


@contextmanager
def locked(pair_id: int) -> Iterator[None]:
    """One decision at a time on a pair: a row lock on PostgreSQL; on SQLite transactions begin as writers (see settings).

    What is read inside is read by statements of its own: those see what the previous holder of the lock committed.
    """
    if not protected("pair_lock"):
        yield
        return
    with transaction.atomic():
        if not Pair.objects.select_for_update().filter(pk=pair_id).values_list("pk"):
            raise NotFound(VANISHED)
        yield


def pairs_of(one: Participant, other: Participant) -> QuerySet[Pair]:
    """The pairs of two people in all events."""
    return Pair.objects.filter(Q(a=one, b=other) | Q(a=other, b=one))


def vanish(pairs: QuerySet[Pair]) -> dict[str, int]:
    """Take pairs out of sight for good, within the caller's transaction: a block, a withdrawal or an erasure came between.

    Suggestions of every run are dropped, so that taking back a run brings none of them back. Returns how many rows changed.
    """
    ids = list(pairs.select_for_update().order_by("pk").values_list("pk", flat=True))
    dropped = Suggestion.objects.filter(pair__in=ids, dropped_at__isnull=True).update(dropped_at=Now())
    closed = Introduction.objects.filter(pair__in=ids, closed_at__isnull=True).update(closed_at=Now(), a_shares=[], b_shares=[])
    return {"suggestions": dropped, "introductions": closed}
