"""The tags of one sheet of a workbook turned into rows of text: values as stored, numbers and dates as people write them."""

import re
from array import array
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile

from matchmaking.services.tables import MB, Limits, RawRow

CELLS_IN_ROW = 16_384
STRINGS_IN_MEMORY = 16 * MB
STRINGS = 5_000_000
EXACT = 10**15  # whole numbers up to here survive being floating

_escape = re.compile("_x([0-9A-Fa-f]{4})_")
_not_date = re.compile(r'"[^"]*"|\[(?!(?:h+|m+|s+)\])[^\]]*\]|\\.|_.|\*.|general', re.IGNORECASE)


class SharedStrings:
    """The shared strings of a workbook: on disk when there are many, so memory stays flat."""

    def __init__(self) -> None:
        self._file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=STRINGS_IN_MEMORY)  # noqa: SIM115 (closed with self)
        self._ends = array("I", [0])

    def __del__(self) -> None:
        self._file.close()

    def append(self, text: str) -> None:
        if len(self._ends) > STRINGS:
            raise ValueError("more strings than a sheet within the limits can show")
        data = text.encode("utf-8", "surrogatepass")
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self._ends) - 1:
            return ""
        begin, end = self._ends[index : index + 2]
        self._file.seek(begin)
        return self._file.read(end - begin).decode("utf-8", "surrogatepass")


class CellText:
    """Collects the text of one cell up to a limit; phonetic readings are left out."""

    def __init__(self, limit: int) -> None:
        self._room = limit + 1  # one more, so that the limit is seen to be passed
        self.clear()

    def clear(self) -> None:
        self._pieces: list[str] = []
        self._left = self._room
        self.open = self.phonetic = False

    def add(self, piece: str) -> None:
        if self.open and not self.phonetic and self._left > 0:
            self._pieces.append(piece[: self._left])
            self._left -= len(piece)

    def __str__(self) -> str:
        text = "".join(self._pieces)
        return _escape.sub(lambda code: chr(int(code[1], 16)), text) if "_x" in text else text


class SheetReader:
    """Turns the tags of a sheet into rows. Cells beyond the column limit are kept as one, so that they are noticed."""

    def __init__(self, strings: SharedStrings, dates: list[bool], limits: Limits, *, origin: datetime) -> None:
        self._strings, self._dates, self._limits, self._origin = strings, dates, limits, origin
        self._rows: list[RawRow] = []
        self._row, self._cells, self._column, self._seen = 0, list[str](), 0, 0
        self._kind, self._style = "n", ""
        self._idle_rows = self._idle_cells = 0
        self._room = limits.unpacked_mb * MB
        self.text = CellText(limits.cell_chars)

    @property
    def finished(self) -> bool:
        """Empty rows, or cells of empty rows, beyond what people leave between two parts of a table."""
        limits = self._limits
        return self._idle_rows > limits.empty_rows or self._idle_cells > limits.empty_rows * limits.columns

    def take(self) -> list[RawRow]:
        """The rows completed since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in ("v", "t"):
            self.text.open = True
        elif tag == "c":
            self._start_cell(attributes)
        elif tag == "rPh":
            self.text.phonetic = True
        elif tag == "row":
            self._row = max(_number(attributes.get("r", "")), self._row + 1)
            self._cells, self._column, self._seen = [], 0, 0

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self.text.open = False
        elif tag == "c":
            self._end_cell()
        elif tag == "rPh":
            self.text.phonetic = False
        elif tag == "row":
            self._end_row()

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._seen += 1
        if self._seen > CELLS_IN_ROW:
            raise ValueError("more cells in a row than a sheet can have")
        self._column = _column(attributes.get("r", "")) or self._column + 1
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self.text.clear()

    def _end_cell(self) -> None:
        value = self._value(str(self.text))
        if not value:
            self._idle_cells += 1
            return
        index = min(self._column - 1, self._limits.columns)
        self._cells.extend([""] * (index + 1 - len(self._cells)))
        self._cells[index] = value

    def _end_row(self) -> None:
        if self._cells:
            self._rows.append(RawRow(self._row, self._cells))
            self._idle_rows = self._idle_cells = 0
        else:
            self._idle_rows += 1

    def _value(self, text: str) -> str:
        """The stored value as text; errors such as #REF! count as nothing."""
        kind = self._kind
        if not text or kind == "e":
            return ""
        if kind == "s":
            return self._shared(_number(text))
        if kind == "b":
            return "TRUE" if text == "1" else "FALSE"
        if kind != "n":
            return text.removesuffix("T00:00:00") if kind == "d" else text
        style = _number(self._style)
        return _date(text, self._origin) if style < len(self._dates) and self._dates[style] else _plain_number(text)

    def _shared(self, index: int) -> str:
        """A shared string; one that is long and used in millions of cells would make a small file endless."""
        text = self._strings[index]
        self._room -= len(text)
        if self._room < 0:
            raise ValueError("more text than the workbook could hold")
        return text


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _column(reference: str) -> int:
    """The column of a reference like AB12, from 1; 0 where there is none."""
    column = 0
    for sign in reference[:3]:
        if not "A" <= sign <= "Z":
            break
        column = column * 26 + ord(sign) - 64
    return column


def _plain_number(text: str) -> str:
    """A number as a person would write it: 5 rather than 5.0, and no rounding noise."""
    if text.isdigit():
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < EXACT else f"{number:.15g}"


def _date(text: str, origin: datetime) -> str:
    """A serial number of days as ISO date, date and time, or time of day alone."""
    try:
        days = float(text)
        days += 1 <= days < 60 and origin.year == 1899  # 29 February 1900, which was none, is day 60
        moment = origin + timedelta(seconds=round(days * 86_400))
    except (ValueError, OverflowError):
        return _plain_number(text)
    if 0 <= days < 1:
        return f"{moment:%H:%M}"
    return f"{moment:%Y-%m-%d}" if (moment.hour, moment.minute) == (0, 0) else f"{moment:%Y-%m-%d %H:%M}"


def is_date_format(code: str) -> bool:
    """Whether a number format shows days or times, outside of quoted text, colours and currencies."""
    return re.search("[dmyhs]", _not_date.sub("", code.split(";")[0]), re.IGNORECASE) is not None
