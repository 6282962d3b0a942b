"""Learning on real processes: the message travels, a killed worker is replaced, and what it half did is nowhere."""

import pytest

from matchmaking.models import AuditEntry, Habit, LearnedWeights
from matchmaking.selectors.learning import active_weights
from matchmaking.services import learning
from tests.learned import answer
from tests.system.servers import alive


def ended(stack, learned, seconds=30):
    stack.until(lambda: learned.refresh_from_db() or learned.state not in LearnedWeights.WORKING, "the look has ended", seconds)
    return learned


@pytest.mark.parametrize("place", ["learning.claimed", "learning.before_commit"])
def test_a_worker_killed_while_it_learns_is_replaced_and_nothing_is_done_twice(stack, event, place):
    answer(event)
    stack.arm(place, "kill")
    first, _ = learning.start(event.programme, by=None)
    stack.until(lambda: not alive(stack.hit(place)), "the worker is dead")
    seen = active_weights(event.programme_id), Habit.objects.filter(learned=first).exists()
    first.refresh_from_db()
    assert seen == (None, False) or first.attempts > 1, "what a killed worker half did is nowhere"
    ended(stack, first)
    assert (first.state, first.active, first.attempts) == ("done", True, 2)
    second, _ = learning.start(event.programme, by=None)
    ended(stack, second)
    assert (second.active, second.attempts, second.data["weights"]) == (True, 1, first.data["weights"])
    assert active_weights(event.programme_id) == second
    written = AuditEntry.objects.filter(noun="learnedweights", programme_id=event.programme_id).order_by("created_at")
    assert list(written.values_list("action", "noun_id")) == [
        (action, one.pk) for one in (first, second) for action in ("learning.asked", "learning.done", "weights.activated")
    ]
