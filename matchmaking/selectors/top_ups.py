"""What a top-up has to know of the run it adds to: the pairs that are shown, and how each stands."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Case, Value, When

from matchmaking.models import Response, Run, Suggestion
from matchmaking.selectors.suggestions import ALIVE

KeyPair = tuple[str, str]


@dataclass(slots=True)
class Standings:
    """Pairs by content key: `open` nobody has answered, `answered` somebody has and nobody said no; `over` may not come again.

    `waiting` counts the pairs that each has still to answer.
    """

    open: set[KeyPair] = field(default_factory=set)
    answered: set[KeyPair] = field(default_factory=set)
    over: set[KeyPair] = field(default_factory=set)
    waiting: Counter[str] = field(default_factory=Counter)


def standings(run: Run) -> Standings:
    """How the pairs of a run stand; two queries."""
    answers: dict[int, dict[int, str]] = {}
    given = Response.objects.filter(pair__suggestions__run=run)
    for pair, person, answer in given.values_list("pair_id", "participant_id", "answer"):
        answers.setdefault(pair, {})[person] = answer
    found = Standings()
    rows = Suggestion.objects.filter(run=run, dropped_at__isnull=True)
    rows = rows.annotate(alive=Case(When(ALIVE, then=Value(1)), default=Value(0)))
    fields = ("pair_id", "pair__a_id", "pair__b_id", "pair__a__key", "pair__b__key", "held_at", "alive")
    for pair, a, b, key_a, key_b, held_at, lasts in rows.values_list(*fields).iterator(chunk_size=2000):
        mine, keys = answers.get(pair, {}), (min(key_a, key_b), max(key_a, key_b))
        if held_at or not lasts or Response.Answer.DECLINE in mine.values():
            found.over.add(keys)
            continue
        (found.answered if mine else found.open).add(keys)
        found.waiting.update(key for person, key in ((a, key_a), (b, key_b)) if person not in mine)
    return found
