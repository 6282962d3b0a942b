"""The zip a workbook comes in: opened only if it is harmless, read in pieces, never believed about its sizes."""

import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO
from xml.parsers import expat

from matchmaking.errors import BadInput
from matchmaking.services.tables import MB, Limits

CHUNK = 16_384  # rows of one piece are held at once, and a tag of 20 bytes can stand for a long shared string
RATIO_MATTERS_ABOVE = 64 * MB  # a smaller part is read quickly whatever it holds
TOKEN_BYTES = MB  # a tag longer than this is an attack on memory
DISTINCT_NAMES = 20_000  # the parser keeps every name of a tag and attribute for ever
DEPTH = 64
_ENTRY = b"PK\x01\x02"
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # LZMA takes up to 4 GB for its dictionary
_ENCRYPTED = 0x1

Start = Callable[[str, dict[str, str]], Any]
End = Callable[[str], Any]
Data = Callable[[str], Any]


@contextmanager
def damage_is_said(name: str) -> Iterator[None]:
    """Turn what zip, inflation and XML raise for damaged files into BadInput."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        LookupError,
        ValueError,
    ) as error:
        raise BadInput(
            "{file} is damaged and cannot be read as a workbook. "
            "Open it in a spreadsheet program and save the sheet as CSV, then import that.",
            file=name,
        ) from error


class Package:
    """The parts of a workbook by name, checked before the first is used.

    Refuses (BadInput): too many entries, paths that lead outside, links, repeated names, encryption, compression other
    than deflate, too much unpacked or packed too well, sizes that are not true, archives within, and DTDs in any XML.
    """

    def __init__(self, source: BinaryIO, *, name: str, limits: Limits) -> None:
        self._name = name
        self._limits = limits
        with damage_is_said(name):
            self._refuse_too_many(_count_entries(source))
            self._zip = zipfile.ZipFile(source)
            self._infos = {info.filename.casefold(): info for info in self._zip.infolist()}
            self._check_directory(self._zip.infolist())
            for info in self._infos.values():
                self._check_content(info)

    def __contains__(self, part: str) -> bool:
        return part.casefold() in self._infos

    def names(self) -> list[str]:
        """The names of all parts in lower case: case makes no difference in workbooks."""
        return list(self._infos)

    def parse(self, part: str, *, start: Start, end: End | None = None, data: Data | None = None) -> Iterator[None]:
        """Send the XML of `part` to the handlers, names without prefix; yields after each piece, so it can be left early."""
        return _parse(self._pieces(self._infos[part.casefold()]), start, end, data, name=self._name)

    def _pieces(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        seen = 0
        with self._zip.open(info) as stream:
            while piece := stream.read(CHUNK):
                seen += len(piece)
                yield piece
        if seen != info.file_size:
            raise zipfile.BadZipFile(f"{seen} bytes instead of {info.file_size}")

    def _refuse_too_many(self, entries: int) -> None:
        if entries > self._limits.entries:
            raise BadInput(
                "{file} holds more than {limit} parts. Open it in a spreadsheet program and save the sheet as CSV, then import that.",
                file=self._name,
                limit=self._limits.entries,
            )

    def _check_directory(self, infos: list[zipfile.ZipInfo]) -> None:
        """What the directory of the zip declares, before anything is unpacked."""
        if len(infos) != len(self._infos) or not all(map(_is_harmless, infos)):
            raise BadInput(
                "{file} holds parts that no workbook has: links, repeated names or paths that lead outside. "
                "Open it in a spreadsheet program and save the sheet as CSV, then import that.",
                file=self._name,
            )
        if any(info.flag_bits & _ENCRYPTED for info in infos):
            raise BadInput("{file} is protected by a password. Remove the password and import it again.", file=self._name)
        too_well = any(info.file_size > max(RATIO_MATTERS_ABOVE, info.compress_size * self._limits.ratio) for info in infos)
        if too_well or sum(info.file_size for info in infos) > self._limits.unpacked_mb * MB:
            raise BadInput(
                "{file} unpacks to more than a workbook of its size should. "
                "Open it in a spreadsheet program and save the sheet as CSV, then import that.",
                file=self._name,
            )

    def _check_content(self, info: zipfile.ZipInfo) -> None:
        """Unpack the part once, piece by piece: sizes and checksums must hold. No archive, no DTD may be in it."""
        pieces = self._pieces(info)
        head = next(pieces, b"")
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            raise BadInput(
                "{file} holds another archive. Open it in a spreadsheet program and save the sheet as CSV, then import that.",
                file=self._name,
            )
        if head and info.filename.casefold().endswith((".xml", ".rels", ".vml")):
            _refuse_dtd(head, name=self._name)
        for _ in pieces:
            pass


def _count_entries(source: BinaryIO) -> int:
    """An upper bound of the entries, found without reading the directory: each begins with its signature."""
    source.seek(0)
    count, rest = 0, b""
    while piece := source.read(MB):
        count += (rest + piece).count(_ENTRY)
        rest = piece[1 - len(_ENTRY) :]
    return count


def _is_harmless(info: zipfile.ZipInfo) -> bool:
    name = info.filename
    outside = name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")
    return not outside and not stat.S_ISLNK(info.external_attr >> 16) and info.compress_type in _READABLE


def _parser(*, name: str, interned: dict[str, str]) -> expat.XMLParserType:
    """A parser without namespaces (so all names are counted) that refuses every DTD, and with it all entities."""

    def refuse(*_: object) -> None:
        raise BadInput(
            "{file} defines entities or a document type, which no workbook needs. "
            "Open it in a spreadsheet program and save the sheet as CSV, then import that.",
            file=name,
        )

    parser = expat.ParserCreate(intern=interned)
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    return parser


def _refuse_dtd(head: bytes, *, name: str) -> None:
    """A DTD stands before the first tag, which must be within the first piece. Other faults show when the part is read."""
    tags: list[str] = []
    parser = _parser(name=name, interned={})
    parser.StartElementHandler = lambda tag, _: tags.append(tag)
    try:
        parser.Parse(head, False)
    except expat.ExpatError:
        return
    if not tags:
        raise expat.ExpatError("no tag at the beginning")


def _parse(pieces: Iterator[bytes], start: Start, end: End | None, data: Data | None, *, name: str) -> Iterator[None]:
    """Drive expat piece by piece. Long tags, deep nesting and endless new names are refused: they would fill the memory."""
    interned: dict[str, str] = {}
    local: dict[str, str] = {}
    depth = fed = 0

    def started(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH:
            raise expat.ExpatError("too deep")
        start(local.get(tag) or local.setdefault(tag, tag.rpartition(":")[2]), attributes)

    def ended(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if end:
            end(local[tag])

    parser = _parser(name=name, interned=interned)
    parser.StartElementHandler, parser.EndElementHandler = started, ended
    if data:
        parser.CharacterDataHandler = data
    for piece in pieces:
        parser.Parse(piece, False)
        fed += len(piece)
        if fed - parser.CurrentByteIndex > TOKEN_BYTES or len(interned) > DISTINCT_NAMES:
            raise expat.ExpatError("tags beyond all measure")
        yield
    parser.Parse(b"", True)
    yield
