"""`manage.py export_suggestions`: what an event shows, as CSV, JSON or a workbook."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matchmaking.access import published_suggestions
from matchmaking.models import Event, Language
from matchmaking.selectors.exports import exported
from matchmaking.services.table_writing import write_csv, write_workbook

PEOPLE = [(side, name) for side in ("a", "b") for name in ("id", "external_id", "name", "sector")]
VALUES = ["score", "p_ab", "p_ba", "z_ab", "z_ba", "parts_ab", "parts_ba", "why_a", "why_b", "rank_a", "rank_b"]
HEAD = [f"{side}_{name}" for side, name in PEOPLE] + VALUES


class Command(BaseCommand):
    help = "Writes the published suggestions of an event: who with whom, scores, parts, reasons. Parts with the constant add up to z."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--event", required=True, metavar="SLUG")
        parser.add_argument("--format", choices=["csv", "json", "xlsx"], default="csv")
        parser.add_argument("--to", metavar="FILE", type=Path, help="Needed for xlsx; others are written to standard output without it.")
        parser.add_argument("--language", choices=Language.values, default="en", help="Of the reasons; default: en.")

    def handle(self, *args: Any, event: str, format: str, to: Path | None, language: str, **options: Any) -> None:
        found = Event.objects.filter(slug=event).first()
        if found is None:
            raise CommandError(f"There is no event '{event}'.", returncode=2)
        rows = exported(published_suggestions().filter(pair__event=found), language)
        if format == "xlsx":
            if to is None:
                raise CommandError("Say where the workbook shall be written: --to suggestions.xlsx", returncode=2)
            write_workbook(HEAD, _table(rows), to, sheet="Suggestions")
        elif to is None:
            self.stdout.ending = ""  # lines bring their own
            self._write(format, rows, self.stdout)
        else:
            with to.open("w", encoding="utf-8" if format == "json" else "utf-8-sig", newline="") as out:
                self._write(format, rows, out)

    def _write(self, format: str, rows: Iterator[dict[str, Any]], out: Any) -> None:
        if format == "csv":
            write_csv(HEAD, _table(rows), out)
        else:
            for line in _json_lines(rows):
                out.write(line)


def _json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A list with one suggestion a line."""
    separator = "[\n"
    for row in rows:
        yield separator + json.dumps(row, ensure_ascii=False)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def _table(rows: Iterable[dict[str, Any]]) -> Iterator[list[Any]]:
    """People and parts take a column per value, or one cell of JSON."""
    for row in rows:
        yield [row[side][name] for side, name in PEOPLE] + [_cell(row[name]) for name in VALUES]


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
