"""What a spreadsheet is read into, and how much of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matchmaking.errors import BadInput

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be; what is beyond is refused, never cut silently."""

    file_mb: int = 50
    unpacked_mb: int = 256  # of a workbook, all parts together: 200,000 rows of text need up to 200
    ratio: int = 200  # unpacked to packed, of parts above 64 MB; real sheets stay below 60, a bomb has 1,000
    entries: int = 1_000  # in the zip of a workbook
    rows: int = 250_000
    columns: int = 200
    cell_chars: int = 20_000
    empty_rows: int = 1_000  # in a row within a workbook: the sheet ends here


DEFAULT = Limits()


@dataclass(frozen=True)
class Table:
    """How a file was understood. Encoding and delimiter are None for a workbook, the sheet is None for text."""

    encoding: str | None
    delimiter: str | None
    sheet: str | None
    header: tuple[str, ...]
    columns: Mapping[str, int]
    unknown: tuple[str, ...]
    surname: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `number` as a spreadsheet program shows it, clean text by field, and what is wrong with it, if anything."""

    number: int
    cells: Mapping[str, str]
    problem: BadInput | None = None


class RawRow(NamedTuple):
    """A row as it stands in the file."""

    number: int
    cells: Sequence[str]
    problem: BadInput | None = None
