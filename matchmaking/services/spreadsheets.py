"""The door to messy and hostile spreadsheets: CSV in any usual encoding and XLSX, told apart by content, read as a stream."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import BinaryIO

from matchmaking.errors import BadInput
from matchmaking.services import columns, delimited, encodings, workbooks
from matchmaking.services.cells import clean
from matchmaking.services.tables import DEFAULT, MB, Limits, RawRow, Row, Table

__all__ = ["DEFAULT", "Limits", "Row", "Table", "read_table"]

HEADER_WITHIN = 10  # filled rows; titles and remarks often stand above the header
NAME_CHARS = 120
SHOWN = 12  # headers named in a refusal


def read_table(
    source: BinaryIO, *, name: str, encoding: str | None = None, delimiter: str | None = None, limits: Limits = DEFAULT
) -> tuple[Table, Iterator[Row]]:
    """How the file `name` is understood, and its rows below the header, read while they are asked for.

    `source` must be seekable and stay open until the rows are read. `encoding` and `delimiter` overrule what is recognised
    in text and mean nothing to a workbook, of which the first visible sheet with a known header is read. Empty rows are
    left out; a row that cannot be trusted comes with a `problem`. Memory does not grow with the number of rows.

    Raises BadInput here for what is no table, is dangerous, too large, or has no column to tell whom its rows are about;
    and while rows are read for more than `limits.rows` of them, or damage further down.
    """
    name = clean(name)[:NAME_CHARS] or "?"
    delimited.check_choice(encoding, delimiter)
    _check_size(source, name, limits)
    source.seek(0)
    head = source.read(len(workbooks.OLE))
    if head == workbooks.OLE:
        workbooks.refuse_old_format(source, name=name)
    if head.startswith(workbooks.ZIP):
        return _read_workbook(source, name, limits)
    return _read_text(source, name, encoding, delimiter, limits)


def _check_size(source: BinaryIO, name: str, limits: Limits) -> None:
    size = source.seek(0, 2)
    if size == 0:
        raise BadInput("{file} is empty.", file=name)
    if size > limits.file_mb * MB:
        raise BadInput("{file} is larger than {limit} MB. Split it and import the parts.", file=name, limit=limits.file_mb)


def _read_text(source: BinaryIO, name: str, encoding: str | None, delimiter: str | None, limits: Limits) -> tuple[Table, Iterator[Row]]:
    encoding = encoding or encodings.guess(source)
    sample = delimited.sample(source, encoding, name=name)
    delimiter = delimiter or delimited.guess_delimiter(sample)
    rows = delimited.rows(source, encoding=encoding, delimiter=delimiter)
    header, rest = _find_header(rows, limits)
    table = _table(header, name, limits, encoding=encoding, delimiter=delimiter)
    return table, _rows(rest, table, limits, name)


def _read_workbook(source: BinaryIO, name: str, limits: Limits) -> tuple[Table, Iterator[Row]]:
    book = workbooks.Workbook(source, name=name, limits=limits)
    refusal: BadInput | None = None
    for sheet in book.sheets:
        header, rest = _find_header(book.rows(sheet), limits)
        try:
            table = _table(header, name, limits, sheet=clean(sheet))
        except BadInput as error:
            refusal = refusal or (error if header else None)  # about the first sheet that holds something
        else:
            return table, _rows(rest, table, limits, name)
    raise refusal or BadInput("{file} has no visible sheet with rows.", file=name)


def _find_header(rows: Iterator[RawRow], limits: Limits) -> tuple[Sequence[str], Iterator[RawRow]]:
    """The cells of the row that names most columns among the first ones (else of the first row), and the rows below it."""
    filled = (row for row in rows if any(map(str.strip, row.cells)))
    first = list(islice(filled, HEADER_WITHIN))
    named = [columns.match(row.cells[: limits.columns]) for row in first]
    fitting = [i for i, found in enumerate(named) if not columns.KEYS.isdisjoint(found) and (i == 0 or len(found) > 1)]
    best = max(fitting, key=lambda i: len(named[i]), default=0)
    return first[best].cells if first else (), chain(first[best + 1 :], filled)


def _table(
    cells: Sequence[str],
    name: str,
    limits: Limits,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> Table:
    header = _header(cells, name, limits)
    indices = {field: found[0] for field, found in columns.match(header).items()}
    surname = indices.pop(columns.SURNAME, None)
    if surname is not None:
        indices.setdefault("name", surname)
    known = {*indices.values(), surname}
    unknown = tuple(text for index, text in enumerate(header) if text and index not in known)
    return Table(encoding, delimiter, sheet, header, indices, unknown, None if surname == indices.get("name") else surname)


def _header(cells: Sequence[str], name: str, limits: Limits) -> tuple[str, ...]:
    """The clean header without empty columns at its end. Raises BadInput if it cannot be used."""
    width = max((index for index, text in enumerate(cells, 1) if text.strip()), default=0)
    if width > limits.columns:
        raise BadInput("{file} has more than {limit} columns. Delete those that are not needed.", file=name, limit=limits.columns)
    header = tuple(clean(text[: limits.cell_chars])[: columns.HEADER_CHARS] for text in cells[:width])
    found = columns.match(header)
    for indices in found.values():
        if len(indices) > 1:
            first, second = (header[index] for index in indices[:2])
            raise BadInput("The columns “{first}” and “{second}” mean the same. Delete or rename one of them.", first=first, second=second)
    if (columns.KEYS | {columns.SURNAME}).isdisjoint(found):
        shown = [f"“{text}”" for text in header if text][:SHOWN]
        raise BadInput(
            "No column tells whom the rows are about. Expected is at least one of “Name”, “Organisation” and “Mail”; found: {found}.",
            found=", ".join(shown) or "—",
        )
    return header


def _rows(rows: Iterator[RawRow], table: Table, limits: Limits, name: str) -> Iterator[Row]:
    for count, row in enumerate(rows, 1):
        if count > limits.rows:
            raise BadInput("{file} holds more than {limit} rows. Split it and import the parts.", file=name, limit=limits.rows)
        yield _row(row, table, limits)


def _row(row: RawRow, table: Table, limits: Limits) -> Row:
    raw = row.cells
    limit = limits.cell_chars
    cells = {field: clean(raw[index][:limit]) if index < len(raw) else "" for field, index in table.columns.items()}
    if table.surname is not None and table.surname < len(raw):
        cells["name"] = _full_name(cells["name"], clean(raw[table.surname][:limit]))
    return Row(row.number, cells, row.problem or _problem(raw, table, limit))


def _full_name(name: str, surname: str) -> str:
    return name if surname in name else f"{name} {surname}".strip()


def _problem(raw: Sequence[str], table: Table, limit: int) -> BadInput | None:
    if any(len(text) > limit for text in raw):
        return BadInput("A cell is longer than {limit} signs.", limit=limit)
    if table.sheet is None and any(text.strip() for text in raw[len(table.header) :]):
        return BadInput("The row has more cells than the header. Put cells that hold the delimiter in quotation marks.")
    return None
