"""XLSX workbooks: the stored values of a sheet, row by row. Formulas, links, macros and styles stay where they are.

Not openpyxl: that builds a tree for each row and each part, so a hostile sheet of a few KB can take gigabytes of memory.
"""

import posixpath
import re
from array import array
from collections.abc import Iterator
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import BinaryIO

from matchmaking.errors import BadInput
from matchmaking.services.packages import SAVE_AGAIN, Package, damage_is_said
from matchmaking.services.tables import MB, Limits, RawRow

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SHEETS = 50
CELLS_IN_ROW = 16_384
STYLES = 65_536
STRINGS_IN_MEMORY = 16 * MB
EXACT = 10**15  # whole numbers up to here survive being floating

_escape = re.compile("_x([0-9A-Fa-f]{4})_")
_not_date = re.compile(r'"[^"]*"|\[(?!h|m|s)[^\]]*\]|\\.|_.|\*.|general', re.IGNORECASE)
_DATES_BUILT_IN = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))


def refuse_old_format(source: BinaryIO, *, name: str) -> None:
    """Say what to do with an OLE file, which is an .xls or a workbook under a password. Raises BadInput, always."""
    source.seek(0)
    mark, rest = "EncryptedPackage".encode("utf-16-le"), b""
    while piece := source.read(MB):
        if mark in rest + piece:
            raise BadInput("{file} is protected by a password. Remove the password and import it again.", file=name)
        rest = piece[-len(mark) :]
    raise BadInput("{file} has the format of Excel 97-2003. Open it in a spreadsheet program and save it as XLSX or CSV.", file=name)


class _Strings:
    """The shared strings of a workbook: on disk when there are many, so memory stays flat."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=STRINGS_IN_MEMORY)
        self._ends = array("L", [0])

    def __del__(self) -> None:
        self._file.close()

    def append(self, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self._ends) - 1:
            return ""
        begin, end = self._ends[index : index + 2]
        self._file.seek(begin)
        return self._file.read(end - begin).decode("utf-8", "surrogatepass")


class _Text:
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


class Workbook:
    """A workbook whose parts were checked (see `Package`). Raises BadInput for what is no XLSX or holds macros."""

    def __init__(self, source: BinaryIO, *, name: str, limits: Limits) -> None:
        self._name = name
        self._limits = limits
        self._package = Package(source, name=name, limits=limits)
        with damage_is_said(name):
            self._check_kind()
            self._main = self._related("", "/officeDocument")[0][1]
            self._parts = dict(self._related(self._main, ""))
            self.sheets = self._visible_sheets()
            self._strings = self._read_strings()
            self._dates = self._read_date_styles()

    def rows(self, sheet: str) -> Iterator[RawRow]:
        """The rows of `sheet` that hold something; stops at the end or after very many empty rows."""
        with damage_is_said(self._name):
            reader = _SheetReader(self._strings, self._dates, self._limits, origin=self._origin)
            for _ in self._package.parse(self._parts[self.sheets[sheet]], start=reader.start, end=reader.end, data=reader.text.add):
                yield from reader.take()
                if reader.finished:
                    return

    def _check_kind(self) -> None:
        package, types = self._package, set[str]()
        if "[Content_Types].xml" in package:
            for _ in package.parse("[Content_Types].xml", start=lambda _, attributes: types.add(attributes.get("ContentType", "").lower())):
                pass
        kinds = " ".join(types)
        if "macro" in kinds or "vba" in kinds or any("vbaproject" in part for part in package.names()):
            raise BadInput("{file} holds macros, or is a binary workbook. Save it as XLSX without macros, or as CSV.", file=self._name)
        if not re.search(r"spreadsheetml\.(sheet|template)\.main", kinds):
            raise BadInput("{file} is an archive, but not an XLSX workbook. " + SAVE_AGAIN, file=self._name)

    def _related(self, part: str, kind: str) -> list[tuple[str, str]]:
        """Relationships of `part` whose type ends in `kind`: id and target. Those that lead outside are never followed."""
        folder, file = posixpath.split(part)
        found: list[tuple[str, str]] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External" and attributes["Type"].endswith(kind):
                target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"]))
                found.append((attributes["Id"], target.lstrip("/")))

        for _ in self._package.parse(posixpath.join(folder, "_rels", f"{file}.rels"), start=start):
            pass
        return found

    def _visible_sheets(self) -> dict[str, str]:
        """Titles of the visible sheets with the ids of their relationships, in order."""
        sheets: dict[str, str] = {}
        self._origin = datetime(1899, 12, 30)

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self._origin = datetime(1904, 1, 1)
            elif tag == "sheet" and attributes.get("state", "visible") == "visible" and len(sheets) < SHEETS:
                ids = [value for key, value in attributes.items() if key.endswith(":id")]
                if ids and "worksheets/" in self._parts.get(ids[0], ""):
                    sheets[attributes["name"]] = ids[0]

        for _ in self._package.parse(self._main, start=start):
            pass
        return sheets

    def _read_strings(self) -> _Strings:
        strings, text = _Strings(), _Text(self._limits.cell_chars)

        def start(tag: str, _: dict[str, str]) -> None:
            if tag == "si":
                text.clear()
            elif tag == "rPh":
                text.phonetic = True
            text.open = tag == "t"

        def end(tag: str) -> None:
            text.open = False
            if tag == "si":
                strings.append(str(text))
            elif tag == "rPh":
                text.phonetic = False

        for _, part in self._related(self._main, "/sharedStrings"):
            for _ in self._package.parse(part, start=start, end=end, data=text.add):
                pass
        return strings

    def _read_date_styles(self) -> list[bool]:
        """For each style of cells, whether its numbers are dates."""
        formats: dict[str, bool] = {str(number): True for number in _DATES_BUILT_IN}
        styles: list[bool] = []
        inside = ""

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            if tag in ("cellXfs", "cellStyleXfs", "dxfs"):
                inside = tag
            elif tag == "numFmt" and len(formats) < STYLES and inside != "dxfs":
                formats[attributes["numFmtId"]] = _is_date_format(attributes.get("formatCode", ""))
            elif tag == "xf" and inside == "cellXfs" and len(styles) < STYLES:
                styles.append(formats.get(attributes.get("numFmtId", ""), False))

        for _, part in self._related(self._main, "/styles"):
            for _ in self._package.parse(part, start=start):
                pass
        return styles


def _is_date_format(code: str) -> bool:
    return re.search("[dmyhs]", _not_date.sub("", code.split(";")[0]), re.IGNORECASE) is not None


class _SheetReader:
    """Turns the tags of a sheet into rows. Cells beyond the column limit are kept as one, so that they are noticed."""

    def __init__(self, strings: _Strings, dates: list[bool], limits: Limits, *, origin: datetime) -> None:
        self._strings, self._dates, self._limits, self._origin = strings, dates, limits, origin
        self._rows: list[RawRow] = []
        self._row, self._cells, self._column, self._seen = 0, list[str](), 0, 0
        self._kind, self._style = "n", ""
        self._idle_rows = self._idle_cells = 0
        self.text = _Text(limits.cell_chars)

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
            return self._strings[_number(text)]
        if kind == "b":
            return "TRUE" if text == "1" else "FALSE"
        if kind != "n":
            return text.removesuffix("T00:00:00") if kind == "d" else text
        style = _number(self._style)
        return _date(text, self._origin) if style < len(self._dates) and self._dates[style] else _plain_number(text)


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
    return str(int(number)) if number.is_integer() and abs(number) < EXACT else repr(number)


def _date(text: str, origin: datetime) -> str:
    """A serial number of days as ISO date, date and time, or time of day alone."""
    try:
        days = float(text)
        moment = origin + timedelta(seconds=round(days * 86_400))
    except (ValueError, OverflowError):
        return _plain_number(text)
    if 0 <= days < 1:
        return f"{moment:%H:%M}"
    return f"{moment:%Y-%m-%d}" if (moment.hour, moment.minute) == (0, 0) else f"{moment:%Y-%m-%d %H:%M}"
