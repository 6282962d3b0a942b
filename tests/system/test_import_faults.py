"""An import whose worker dies, freezes or loses its message: all of it once, or nothing."""

import io
import signal
from itertools import count

import psutil
import pytest

from matchmaking.models import Consent, Event, Import, ImportRow, Organisation, Participant, Profile, Programme, Registration
from matchmaking.services import imports
from tests.system.servers import alive
from tests.system.stack import Stack

numbers = count(1)
ROWS = 2500
BATCHES = 3


@pytest.fixture
def event(stack: Stack) -> Event:
    number = next(numbers)
    programme = Programme.objects.create(slug=f"import-{number}", name="Import")
    return Event.objects.create(programme=programme, slug=f"import-{number}", name="Import")


def people(event: Event) -> tuple[int, ...]:
    """How many rows of each kind stand in the event's programme."""
    mine = Participant.objects.filter(programme=event.programme)
    return (
        mine.count(),
        Profile.objects.filter(participant__in=mine).count(),
        Registration.objects.filter(event=event).count(),
        Consent.objects.filter(participant__in=mine).count(),
        Organisation.objects.filter(programme=event.programme).count(),
    )


ALL = (ROWS, ROWS, ROWS, ROWS, 50)
NONE = (0, 0, 0, 0, 0)


def begin(event: Event) -> Import:
    rows = "".join(f"P{n},Person {n},p{n}@example.org,House {n % 50}\n" for n in range(ROWS))
    file = io.BytesIO(("External ID,Name,Mail,Organisation\n" + rows).encode())
    return imports.begin(programme=event.programme, event=event, file=file, name="people.csv", consent="form", by=None)


def reached(stack: Stack, import_: Import, state: str) -> Import:
    def there() -> bool:
        import_.refresh_from_db()
        return import_.state == state

    stack.until(there, f"the import is {state}; it is {import_.state}, {import_.failure}")
    return import_


def saving(stack: Stack, event: Event) -> Import:
    return imports.confirm(import_=reached(stack, begin(event), Import.State.PREVIEW), by=None)


@pytest.mark.parametrize("place", ["import.read_batch_k"])
def test_f28_killed_while_reading_the_preview_is_whole_and_nothing_is_twice(stack, event, place):
    stack.arm(place, "kill")
    import_ = begin(event)
    stack.hit(place)
    reached(stack, import_, Import.State.PREVIEW)
    assert (import_.counts["new"], ImportRow.objects.filter(source=import_).count(), people(event)) == (ROWS, ROWS, NONE)


@pytest.mark.parametrize("place", ["import.batch_k", *(f"import.batch_{k}" for k in range(1, BATCHES + 1)), "import.before_commit"])
def test_f28_killed_before_the_commit_nothing_stands_there_then_all_of_it_once(stack, event, place):
    stack.arm(place, "kill")
    import_ = saving(stack, event)
    killed = stack.hit(place)
    stack.until(lambda: not alive(killed), "the worker is dead")
    assert people(event) in (NONE, ALL), "never a part"
    reached(stack, import_, Import.State.DONE)
    assert (people(event), import_.counts["new"]) == (ALL, ROWS)
    again = saving(stack, event)
    assert reached(stack, again, Import.State.DONE).counts["unchanged"] == ROWS
    assert people(event) == ALL


def test_f28_killed_after_the_commit_nothing_happens_twice(stack, event):
    stack.arm("import.after_commit", "kill")
    import_ = saving(stack, event)
    stack.hit("import.after_commit")
    reached(stack, import_, Import.State.DONE)
    assert people(event) == ALL


def test_f28_an_exception_in_the_middle_rolls_back_and_the_next_attempt_saves_all(stack, event):
    stack.arm("import.batch_2", "raise")
    import_ = saving(stack, event)
    stack.hit("import.batch_2")
    reached(stack, import_, Import.State.DONE)
    assert people(event) == ALL


@pytest.mark.once
def test_f9_a_lost_message_costs_seconds(stack, event):
    stack.stop("runs")
    stack.redis.flushall()
    import_ = begin(event)
    stack.redis.flushall()
    stack.start("runs")
    reached(stack, import_, Import.State.PREVIEW)


def test_f7_a_worker_frozen_past_its_lease_cannot_write_into_the_preview_another_made(stack, event):
    stack.arm("import.read_batch_k", "pause")
    import_ = begin(event)
    frozen = stack.hit("import.read_batch_k")
    psutil.Process(frozen).send_signal(signal.SIGSTOP)
    reader = Import.objects.get(pk=import_.pk)
    stack.until(lambda: Import.objects.get(pk=import_.pk).lease_until < _now(), "the lease runs out")
    imports.read(import_id=import_.pk)  # another worker: this process
    stack.go("import.read_batch_k")
    psutil.Process(frozen).send_signal(signal.SIGCONT)
    reached(stack, import_, Import.State.PREVIEW)
    assert import_.epoch == reader.epoch + 1
    assert ImportRow.objects.filter(source=import_).count() == ROWS


@pytest.mark.once
def test_f7_without_the_fencing_the_frozen_worker_does_write(stack, event):
    """The control: with the protection off the same steps leave rows twice or an error of the database."""
    stack.arm("import.read_batch_k", "pause")
    import_ = begin(event)
    stack.hit("import.read_batch_k")
    stack.until(lambda: Import.objects.get(pk=import_.pk).lease_until < _now(), "the lease runs out")
    imports.read(import_id=import_.pk)
    imports.cancel(import_=Import.objects.get(pk=import_.pk), by=None)
    assert not ImportRow.objects.filter(source=import_).exists()
    stack.without("fencing")
    stack.go("import.read_batch_k")
    stack.until(lambda: ImportRow.objects.filter(source=import_).exists(), "the frozen worker writes into a cancelled import")


def _now():
    from django.utils import timezone

    return timezone.now()
