"""XLSX workbooks: the stored values of a sheet, row by row. Formulas, links, macros and styles stay where they are.

Not openpyxl: that builds a tree for each row and each part, so a hostile sheet of a few KB can take gigabytes of memory.
"""

import posixpath
import re
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from matchmaking.errors import BadInput
from matchmaking.services.packages import Package, damage_is_said
from matchmaking.services.sheets import CellText, SharedStrings, SheetReader, is_date_format
from matchmaking.services.tables import MB, Limits, RawRow

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SHEETS = 50
STYLES = 65_536

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


class Workbook:
    """A workbook whose parts were checked (see `Package`). Raises BadInput for what is no XLSX or holds macros."""

    def __init__(self, source: BinaryIO, *, name: str, limits: Limits) -> None:
        self._name = name
        self._limits = limits
        self._package = Package(source, name=name, limits=limits)
        with damage_is_said(name):
            self._check_kind()
            self._main = self._related("", "/officeDocument")[0][1]
            self.sheets = self._visible_sheets()
            self._strings = self._read_strings()
            self._dates = self._read_date_styles()

    def rows(self, sheet: str) -> Iterator[RawRow]:
        """The rows of `sheet` that hold something; stops at the end or after very many empty rows."""
        with damage_is_said(self._name):
            reader = SheetReader(self._strings, self._dates, self._limits, origin=self._origin)
            for _ in self._package.parse(self.sheets[sheet], start=reader.start, end=reader.end, data=reader.text.add):
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
            raise BadInput(
                "{file} is an archive, but not an XLSX workbook. Save the sheet as XLSX or CSV and import that.", file=self._name
            )

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
        """Titles of the visible sheets and their parts, in order."""
        sheets: dict[str, str] = {}
        parts = dict(self._related(self._main, "/worksheet"))
        self._origin = datetime(1899, 12, 30)

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self._origin = datetime(1904, 1, 1)
            elif tag == "sheet" and attributes.get("state", "visible") == "visible" and len(sheets) < SHEETS:
                ids = [value for key, value in attributes.items() if key.endswith(":id")]
                if ids and ids[0] in parts:
                    sheets[attributes["name"]] = parts[ids[0]]

        for _ in self._package.parse(self._main, start=start):
            pass
        return sheets

    def _read_strings(self) -> SharedStrings:
        strings, text = SharedStrings(), CellText(self._limits.cell_chars)

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
                formats[attributes["numFmtId"]] = is_date_format(attributes.get("formatCode", ""))
            elif tag == "xf" and inside == "cellXfs" and len(styles) < STYLES:
                styles.append(formats.get(attributes.get("numFmtId", ""), False))

        for _, part in self._related(self._main, "/styles"):
            for _ in self._package.parse(part, start=start):
                pass
        return styles
