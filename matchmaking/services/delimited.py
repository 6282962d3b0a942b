"""Text with delimiters (CSV), row by row, in whatever encoding it comes. Memory is bounded by one row."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import BinaryIO, TextIO

from matchmaking.errors import BadInput
from matchmaking.services import columns, encodings
from matchmaking.services.tables import RawRow

DELIMITERS = (",", ";", "\t")
LINE_CHARS = 1_000_000
SAMPLE_ROWS = 20
SAMPLE_COLUMNS = 200
CONTROL_SIGNS = 8  # that many strays are cleaned away even from a short text

_excel_hint = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # a first line for Excel, which does not show it
_markup = re.compile(r"<(!doctype|!--|\?xml|html|head|body|table|meta|style|script|div|workbook)", re.IGNORECASE)
_control = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_undecoded = re.compile("[\udc80-\udcff]")


def check_choice(encoding: str | None, delimiter: str | None) -> None:
    """Refuse an encoding or delimiter that is not offered. Raises BadInput."""
    if encoding is not None and encoding not in encodings.ENCODINGS:
        raise BadInput(
            "The encoding “{encoding}” is not known. Choose one of: {known}.", encoding=encoding, known=", ".join(encodings.ENCODINGS)
        )
    if delimiter is not None and delimiter not in DELIMITERS:
        raise BadInput("Cells can be divided by a comma, a semicolon or a tab. Choose one of these.")


def sample(source: BinaryIO, encoding: str, *, name: str) -> str:
    """The first signs of the file. Raises BadInput where they are markup or no text at all."""
    source.seek(0)
    text = source.read(encodings.CHUNK).decode(encoding, "replace").removeprefix("\ufeff")
    if _markup.match(text.lstrip()):
        raise BadInput(
            "{file} holds a web page or XML, whatever its name says. Open it in a spreadsheet program and save it as XLSX or CSV.",
            file=name,
        )
    if len(_control.findall(text)) > CONTROL_SIGNS + len(text) / 20:
        raise BadInput("{file} is not a table: it holds no text. Save the sheet as XLSX or CSV and import that.", file=name)
    return text


def guess_delimiter(text: str) -> str:
    """The delimiter with which the first rows make most sense: known headers, then rows of one width."""
    hint = _excel_hint.match(text)
    if hint and hint[1] in DELIMITERS:
        return hint[1]
    return max(DELIMITERS, key=lambda delimiter: _sense(text, delimiter))


def _sense(text: str, delimiter: str) -> tuple[int, float, int]:
    """How well `delimiter` explains the sample: known headers, share of rows as wide as most are, that width."""
    try:
        rows = [row for row in islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), SAMPLE_ROWS) if row]
    except csv.Error:
        return 0, 0.0, 0
    widths = [len(row) for row in rows]
    usual = max(widths, key=widths.count, default=0)
    known = max((len(columns.match(row[:SAMPLE_COLUMNS])) for row in rows), default=0)
    return known, widths.count(usual) / len(widths) if usual > 1 else 0.0, usual


class _Lines:
    """The lines of a text, with what was seen since the last record: lines, quotation marks, bytes that are no text."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._number = 0
        self.start_record()

    def start_record(self) -> None:
        self.taken = self.quotes = 0
        self.undecoded = False

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(LINE_CHARS + 1):
            self._number += 1
            if len(line) > LINE_CHARS:
                raise BadInput(
                    "Line {line} is longer than {limit} signs. Is this a table saved as CSV?", line=self._number, limit=LINE_CHARS
                )
            if self._number == 1:
                line = line.removeprefix("\ufeff")
                if _excel_hint.fullmatch(line):
                    continue
            self.taken += 1
            self.quotes += line.count('"')
            self.undecoded |= not line.isascii() and _undecoded.search(line) is not None
            yield line


def rows(source: BinaryIO, *, encoding: str, delimiter: str) -> Iterator[RawRow]:
    """Every row that holds something; cells in quotes may hold line ends.

    Raises BadInput for a line or a cell beyond all measure, as a quotation mark that is never closed makes it.
    """
    source.seek(0)
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    text = io.TextIOWrapper(source, encoding=encoding, errors=errors, newline="")
    try:
        yield from _records(_Lines(text), encoding, delimiter)
    finally:
        with suppress(ValueError):  # the caller closed the file
            text.detach()  # or the caller's file would be closed with this


def _records(lines: _Lines, encoding: str, delimiter: str) -> Iterator[RawRow]:
    number = 0
    try:
        for number, cells in enumerate(csv.reader(lines, delimiter=delimiter), 1):
            if any(cells):
                yield RawRow(number, cells, _problem(lines, encoding))
            lines.start_record()
    except csv.Error as error:
        raise BadInput(
            "Row {row} cannot be read: a cell is longer than {limit} signs, or a quotation mark is never closed.",
            row=number + 1,
            limit=csv.field_size_limit(),
        ) from error


def _problem(lines: _Lines, encoding: str) -> BadInput | None:
    if lines.undecoded:
        return BadInput("The row holds bytes that are no text in {encoding}. Choose another encoding or mend the row.", encoding=encoding)
    if lines.taken > 1 and lines.quotes % 2:
        return BadInput("A quotation mark in this row is never closed, so later rows were read into it.")
    return None
