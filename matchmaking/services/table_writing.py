"""Tables as files that a spreadsheet program opens and that run nothing: every text is a text, in CSV and in a workbook."""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

import xlsxwriter

from matchmaking.errors import BadInput
from matchmaking.services.cells import neutralise

MOST_ROWS = 1_048_575  # under a head, in one sheet of a workbook
MOST_SIGNS = 32_767  # in one cell of a workbook
EXACT = 10**15  # spreadsheet programs keep fifteen digits of a number: an id that is longer is written as text
TOO_LONG = "A workbook holds at most {most} rows. Take the CSV file instead."


def write_csv(head: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO) -> None:
    """Comma separated, with the line ends of RFC 4180."""
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([harmless(value) for value in row] for row in rows)


def write_workbook(head: Sequence[str], rows: Iterable[Sequence[Any]], path: Path, *, sheet: str) -> None:
    """One sheet with a head that stays in view. The file is there whole or not at all; rows are written as they are read.

    Raises `BadInput` where there are more rows than a sheet holds.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        with xlsxwriter.Workbook(unfinished, options) as book:
            page = book.add_worksheet(sheet)
            page.freeze_panes(1, 0)
            page.write_row(0, 0, head, book.add_format({"bold": True}))
            for number, row in enumerate(rows, start=1):
                if number > MOST_ROWS:
                    raise BadInput(TOO_LONG, most=MOST_ROWS)
                for column, value in enumerate(row):
                    _write(page, number, column, harmless(value))
            page.autofilter(0, 0, 0, len(head) - 1)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def harmless(value: Any) -> Any:
    """A text in such a way that no program takes it for a formula; other values as they are."""
    return neutralise(value) if isinstance(value, str) else value


def _write(page: Any, row: int, column: int, value: Any) -> None:
    if isinstance(value, int) and abs(value) > EXACT:
        value = str(value)
    if isinstance(value, str):
        page.write_string(row, column, value if len(value) <= MOST_SIGNS else value[: MOST_SIGNS - 1] + "…")
    else:
        page.write(row, column, value)
