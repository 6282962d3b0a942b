"""`manage.py export_suggestions`: what an event shows, as CSV or JSON on standard output."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matchmaking.access import published_suggestions
from matchmaking.models import Event, Language
from matchmaking.selectors.exports import exported
from matchmaking.services.cells import neutralise


class Command(BaseCommand):
    help = "Writes the published suggestions of an event: who with whom, scores, parts, reasons. Parts with the constant add up to z."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--event", required=True, metavar="SLUG")
        parser.add_argument("--format", choices=["csv", "json"], default="csv")
        parser.add_argument("--language", choices=Language.values, default="en", help="Of the reasons; default: en.")

    def handle(self, *args: Any, event: str, format: str, language: str, **options: Any) -> None:
        found = Event.objects.filter(slug=event).first()
        if found is None:
            raise CommandError(f"There is no event '{event}'.", returncode=2)
        rows = exported(published_suggestions().filter(pair__event=found), language)
        if format == "json":
            self._write_json(rows)
        else:
            csv.writer(self.stdout, lineterminator="\r\n").writerows(_table(rows))

    def _write_json(self, rows: Iterator[dict[str, Any]]) -> None:
        """A list with one suggestion a line, written as it is read."""
        separator = "[\n"
        for row in rows:
            self.stdout.write(separator + json.dumps(row, ensure_ascii=False), ending="")
            separator = ",\n"
        self.stdout.write("[]" if separator == "[\n" else "\n]")


def _table(rows: Iterator[dict[str, Any]]) -> Iterator[list[Any]]:
    """A head and the rows; people and parts take a column per value, or one cell of JSON."""
    people = [(side, name) for side in ("a", "b") for name in ("id", "external_id", "name", "sector")]
    values = ["score", "p_ab", "p_ba", "z_ab", "z_ba", "parts_ab", "parts_ba", "why_a", "why_b", "rank_a", "rank_b"]
    yield [f"{side}_{name}" for side, name in people] + values
    for row in rows:
        yield [_cell(row[side][name]) for side, name in people] + [_cell(row[name]) for name in values]


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    return neutralise(value) if isinstance(value, str) else value
