"""One stack of real processes for all tests of a process; a quiet one for each test."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import pytest

from matchmaking.errors import Conflict
from matchmaking.models import Event, Run
from matchmaking.services import runs
from tests.runs import make_cohort, make_programme
from tests.system.stack import Databases, Stack

numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.xdist_group("stack of runs" if item.path.stem == "test_run_faults" else "stack"))


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    made = Databases(tmp_path_factory.mktemp("databases"))
    yield made
    made.drop()


@pytest.fixture(scope="session")
def whole_stack(databases: Databases, tmp_path_factory: pytest.TempPathFactory, django_db_blocker) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack"), databases.fresh())
    try:
        with django_db_blocker.unblock(), stack.here():
            stack.start()
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def stack(whole_stack: Stack, django_db_blocker) -> Iterator[Stack]:
    """The processes, all running; the ORM of this process is pointed at their database."""
    with django_db_blocker.unblock(), whole_stack.here():
        whole_stack.calm()
        whole_stack.brought_back.clear()
        whole_stack.redis_stopped = False
        for name in whole_stack.ended_by_themselves():
            whole_stack.stop(name)
        missing = [name for name in ("redis", "runs", "interactive", "beat") if name not in whole_stack.processes]
        if missing:
            whole_stack.start(*missing)
        yield whole_stack
        whole_stack.calm()
        for run in Run.objects.filter(state__in=Run.ACTIVE):
            with suppress(Conflict):  # it ended by itself
                runs.cancel(run, by=None)


@pytest.fixture
def event(stack: Stack) -> Event:
    """A new programme's event with the same 40 people every time."""
    number = next(numbers)
    return make_cohort(make_programme(f"city-{number}"), f"talk-{number}", 40)
