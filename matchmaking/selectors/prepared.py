"""Querysets compiled once. Afterwards a request pays for the database, not for building the same SQL again.

Building and compiling one of our larger querysets takes longer than SQLite or PostgreSQL take to answer it. Values that
differ from request to request stand in the queryset as markers and are replaced in its list of parameters.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

FIRST_MARKER = 2**62  # larger than any id (53 bits), so that a marker is never mistaken for a value


class Prepared:
    """`build(*markers)` gives a queryset of value tuples; `rows(*values)` runs it with the values in place of the markers."""

    def __init__(self, build: Callable[..., "QuerySet[Any, Any]"], values: int) -> None:
        self._build = build
        self._markers = [FIRST_MARKER + number for number in range(values)]

    @cached_property
    def _compiled(self) -> tuple[str, tuple[Any, ...]]:
        sql, parameters = self._build(*self._markers).query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        return sql, tuple(parameters)

    def rows(self, *values: int) -> list[tuple[Any, ...]]:
        sql, parameters = self._compiled
        of_marker = dict(zip(self._markers, values, strict=True))
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(sql, [of_marker.get(value, value) if isinstance(value, int) else value for value in parameters])
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def instant(value: datetime | str | None) -> str | None:
    """A time of a row as text in UTC; SQLite gives texts, or times without a zone, that are in UTC."""
    if value is None:
        return None
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return time.isoformat().replace("+00:00", "Z")
