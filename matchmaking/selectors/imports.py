"""Reads of imports and their rows."""

from django.db.models import QuerySet

from matchmaking.errors import NotFound
from matchmaking.models import Import, ImportRow

State = Import.State


def percent(import_: Import) -> int | None:
    """How much of the present step is done; None where that cannot be told: the saving is one transaction."""
    if import_.state == State.READING:
        total = import_.counts.get("total")
        return min(99, 100 * import_.rows_read // total) if total else 0
    return None if import_.state == State.SAVING else 100


def rows_of(import_: Import, *, outcome: str | None = None) -> QuerySet[ImportRow]:
    """The rows of an import, all or those of one outcome, in the order of the file."""
    rows = ImportRow.objects.filter(source=import_).order_by("number")
    return rows.filter(outcome=outcome) if outcome else rows


def row_of(import_: Import, row_id: int) -> ImportRow:
    row = rows_of(import_).filter(pk=row_id).first()
    if row is None:
        raise NotFound("There is no such row.")
    return row
