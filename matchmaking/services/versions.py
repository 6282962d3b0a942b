"""Optimistic changes: the version that was read is the version that is changed, or nothing is."""

from typing import Any

from django.db.models import F, Model

from matchmaking.errors import NotFound, Stale


def change(row: Model, *, version: int, **values: Any) -> None:
    """Write `values` to `row` and raise its version, if it still stands at `version`; one filtered update decides."""
    rows = type(row)._default_manager.filter(pk=row.pk)
    if rows.filter(version=version).update(**values, version=F("version") + 1) != 1:
        raise _gone_or_changed(rows.exists())
    for name, value in values.items():
        setattr(row, name, value)
    row.version = version + 1  # type: ignore[attr-defined]


def delete(row: Model, *, version: int) -> None:
    """Delete `row`, if it still stands at `version`."""
    rows = type(row)._default_manager.filter(pk=row.pk)
    if not rows.filter(version=version).select_for_update().exists():
        raise _gone_or_changed(rows.exists())
    row.delete()


def _gone_or_changed(exists: bool) -> NotFound | Stale:
    return Stale("Somebody changed this since you read it. Read it again, then change it.") if exists else NotFound("It is gone.")
