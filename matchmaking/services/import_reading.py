"""Reading an import's file into rows that say what each would do. Nothing of the programme is written before it is confirmed."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO, Protocol, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Now

from matchmaking.errors import BadInput, MatchmakingError
from matchmaking.failpoints import failpoint
from matchmaking.models import Import, ImportFile, ImportRow
from matchmaking.services import import_lease as lease
from matchmaking.services import trail
from matchmaking.services.import_cells import note_of
from matchmaking.services.import_people import People
from matchmaking.services.import_projects import Projects
from matchmaking.services.shards import Fenced

BATCH = 1000
T = TypeVar("T")


class Reader(Protocol):
    """A kind of file: `see` every row first, then `judge` them in batches."""

    def open(
        self, source: BinaryIO, *, encoding: str | None = None, delimiter: str | None = None
    ) -> tuple[dict[str, Any], Iterator[Any]]: ...
    def see(self, row: Any) -> None: ...
    def judge(self, rows: list[Any]) -> list[ImportRow]: ...


READERS: dict[str, Callable[[Import], Reader]] = {Import.Kind.PARTICIPANTS: People, Import.Kind.PROJECTS: Projects}


def read(*, import_id: int, source: BinaryIO | None = None) -> None:
    """Read the file (`source`, else the stored one) up to the preview. A second delivery does nothing."""
    import_ = lease.claim(import_id, Import.State.READING)
    if import_ is None:
        return
    try:
        refuse_after_too_many(import_, "Reading the file failed {count} times. Import it in smaller parts.")
        with _opened(import_, source) as handle:
            _read(import_, handle)
    except Fenced:
        return
    except MatchmakingError as error:
        fail(import_, error)
    except Exception:
        lease.let_go(import_)
        raise


def refuse_after_too_many(import_: Import, template: str) -> None:
    if import_.failure["attempts"] > settings.MAX_ATTEMPTS:
        raise BadInput(template, count=settings.MAX_ATTEMPTS)


@contextmanager
def _opened(import_: Import, source: BinaryIO | None) -> Iterator[BinaryIO]:
    if source is not None:
        yield source
        return
    file = ImportFile.objects.filter(source=import_).first()
    if file is None:
        raise BadInput("The file is no longer here. Import it again.")
    with io.BytesIO(file.data) as handle:
        del file
        yield handle


def _read(import_: Import, source: BinaryIO) -> None:
    reader = READERS[import_.kind](import_)
    asked = import_.table.get("asked", {})
    _start_anew(import_)
    table, rows = reader.open(source, **asked)
    total = 0
    for batch in batches(rows):
        for row in batch:
            reader.see(row)
        total += len(batch)
        lease.write(import_)
    table["asked"] = asked
    lease.write(import_, table=table, counts={"total": total})
    _, rows = reader.open(source, **asked)
    done = 0
    for batch in batches(rows):
        done += len(batch)
        with transaction.atomic():
            lease.write(import_, rows_read=done)
            ImportRow.objects.bulk_create(reader.judge(batch))
        failpoint("import.read_batch_k")
    _finish(import_, getattr(reader, "counts", {}))


def _start_anew(import_: Import) -> None:
    """Drop what an earlier reading left."""
    with transaction.atomic():
        lease.write(import_, rows_read=0, counts={})
        ImportRow.objects.filter(source=import_).delete()


def _finish(import_: Import, more: dict[str, int]) -> None:
    with transaction.atomic():
        counts = {**counts_of(import_), **more}
        lease.write(import_, state=Import.State.PREVIEW, counts=counts, lease_until=None, failure={})
        trail.record("read", import_, actor=import_.requested_by, programme=import_.programme_id, event=import_.event, **counts)


def fail(import_: Import, error: MatchmakingError) -> None:
    """End the import with a sentence; the file stays, so that it can be read again with other options."""
    try:
        with transaction.atomic():
            failure = note_of(error)
            lease.write(import_, state=Import.State.FAILED, failure=failure, lease_until=None, finished_at=Now())
            trail.record("failed", import_, actor=import_.requested_by, programme=import_.programme_id, event=import_.event)
    except Fenced:
        return


def counts_of(import_: Import) -> dict[str, int]:
    """How many rows there are of each outcome, and in all."""
    rows = ImportRow.objects.filter(source=import_).values_list("outcome").annotate(count=Count("pk")).order_by("outcome")
    found = dict(rows)
    return {"total": sum(found.values()), **{outcome: found.get(outcome, 0) for outcome in ImportRow.Outcome.values}}


def batches(rows: Iterable[T]) -> Iterator[list[T]]:
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        yield batch
