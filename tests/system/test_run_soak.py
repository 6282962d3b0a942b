"""The promises at their real lengths: `make soak`."""

import time

import pytest
from django.db.models.functions import Now

from matchmaking.models import Shard
from matchmaking.services import runs
from matchmaking.services.invariants import check_invariants
from tests.runs import make_cohort, make_programme
from tests.system.stack import Databases, Stack
from tests.system.test_run_faults import gone

PROMISE_S = 60


@pytest.fixture
def real_stack(databases: Databases, tmp_path, django_db_blocker):
    stack = Stack(tmp_path / "stack", databases.fresh(), scale=1.0)
    with django_db_blocker.unblock(), stack.here():
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()


@pytest.mark.soak
@pytest.mark.xdist_group("stack")
def test_a_killed_workers_shard_is_taken_up_within_sixty_seconds(real_stack):
    event = make_cohort(make_programme("soak"), "soak", 40)
    real_stack.arm("run.claimed.candidates", "kill")
    run, _ = runs.start(event, by=None, publish=True)
    real_stack.until(gone(real_stack.hit("run.claimed.candidates")), "the worker is dead")
    killed = time.monotonic()
    again = Shard.objects.filter(run=run, stage="candidates", attempts=2, lease_until__gt=Now())
    done = Shard.objects.filter(run=run, stage="candidates", attempts=2, state="done")
    real_stack.until(lambda: again.exists() or done.exists(), "the shard is taken up", PROMISE_S)
    taken_up = time.monotonic() - killed
    run = real_stack.ended(run, PROMISE_S)
    print(f"\nkill -9 at real lengths: taken up after {taken_up:.1f} s, published after {time.monotonic() - killed:.1f} s")
    assert run.state == "done"
    assert taken_up <= PROMISE_S
    assert check_invariants(event) == []
