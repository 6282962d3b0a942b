"""Saving a confirmed import: all of its rows in one transaction, or none.

The transaction first locks the import's own row by naming the epoch of the claim: whoever was replaced writes nothing, nobody can
take the import over while it is saved, and a process that dies leaves no trace, so that the next attempt starts from the same state.
"""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Now

from matchmaking.errors import Conflict, MatchmakingError
from matchmaking.failpoints import failpoint
from matchmaking.models import Import, ImportFile, ImportRow, Participant, Programme
from matchmaking.services import import_lease as lease
from matchmaking.services import trail
from matchmaking.services.import_reading import BATCH, counts_of, fail, refuse_after_too_many
from matchmaking.services.import_writing import PeopleWriter, ProjectWriter
from matchmaking.services.shards import Fenced

Outcome = ImportRow.Outcome
SAVED = (Outcome.NEW, Outcome.CHANGED, Outcome.UNCHANGED, Outcome.PROPOSED)
WRITERS: dict[str, type[PeopleWriter] | type[ProjectWriter]] = {
    Import.Kind.PARTICIPANTS: PeopleWriter,
    Import.Kind.PROJECTS: ProjectWriter,
}


def save(*, import_id: int) -> None:
    """Write the rows of a confirmed import. A second delivery does nothing."""
    import_ = lease.claim(import_id, Import.State.SAVING)
    if import_ is None:
        return
    try:
        refuse_after_too_many(import_, "Saving the import failed {count} times; nothing of it was saved.")
        _save(import_)
    except Fenced:
        return
    except MatchmakingError as error:
        fail(import_, error)
    except Exception:
        lease.let_go(import_)
        raise
    failpoint("import.after_commit")


def _save(import_: Import) -> None:
    with transaction.atomic():
        lease.write(import_)
        # One import of a programme at a time; rows of others may still refer to the programme meanwhile.
        Programme.objects.select_for_update(no_key=True).get(pk=import_.programme_id)
        writer = WRITERS[import_.kind](import_)
        for number, rows in enumerate(_batches(import_), start=1):
            _refuse_rejected(writer.write(rows))
            failpoint("import.batch_k")
            failpoint(f"import.batch_{number}")
        more = writer.finish()
        _close_rows(import_)
        counts = {**import_.counts, **counts_of(import_), **more}
        ImportFile.objects.filter(source=import_).delete()
        lease.write(import_, state=Import.State.DONE, counts=counts, failure={}, lease_until=None, finished_at=Now())
        trail.record("saved", import_, actor=import_.requested_by, programme=import_.programme_id, event=import_.event, **counts)
        failpoint("import.before_commit")


def _batches(import_: Import) -> Iterator[list[ImportRow]]:
    last = -1
    rows = ImportRow.objects.filter(source=import_, outcome__in=SAVED).order_by("number")
    while batch := list(rows.filter(number__gt=last)[:BATCH]):
        last = batch[-1].number
        yield batch


def _refuse_rejected(rejected: list[ImportRow]) -> None:
    """The programme may have changed since the preview; what was confirmed is saved as a whole, or not at all."""
    if rejected:
        numbers = ", ".join(str(row.number) for row in rejected[:10])
        raise Conflict("The programme has changed since the preview: rows {rows} no longer fit. Import the file again.", rows=numbers)


def _close_rows(import_: Import) -> None:
    """Tie the new rows to their participants; what was saved stands there, so the rows' own copy goes."""
    rows = ImportRow.objects.filter(source=import_)
    if import_.kind == Import.Kind.PARTICIPANTS:
        same_key = Participant.objects.filter(programme=import_.programme_id, key=OuterRef("key"))
        rows.filter(outcome=Outcome.NEW).update(participant=Subquery(same_key.values("pk")[:1]))
    rows.exclude(outcome=Outcome.REJECTED).update(cells={})
    rows.filter(outcome=Outcome.DUPLICATE).update(key="")
