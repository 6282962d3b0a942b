"""Track records: JSON lines (also gzipped) of past projects, their members by external id."""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO

import orjson

from matchmaking.errors import BadInput
from matchmaking.models import Import, ImportRow, Membership, Project
from matchmaking.services.cells import ITEM_CHARS, ITEMS, clean
from matchmaking.services.import_cells import ID_LIMIT, REPEATS, SHOWN, Note, fold_id, note, note_of
from matchmaking.services.import_index import FileIndex, Known
from matchmaking.services.tables import MB

LINE_BYTES = 1 * MB
UNPACKED_BYTES = 512 * MB
LINES = 250_000
MEMBERS = 5_000
GROUP_CHARS = 300
TEXT_CHARS = 20_000
GZIP = b"\x1f\x8b"
FIELDS = ("held_on", "group", "tags", "text")
Outcome = ImportRow.Outcome


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: what it tells of a project, or why it tells nothing."""

    number: int
    cells: dict[str, Any]
    problem: BadInput | None = None


# --- reading lines ----------------------------------------------------------------------------------------------------
def lines(source: BinaryIO, name: str) -> Iterator[Line]:
    """The projects of the file, one at a time; memory is bounded by one line. Raises BadInput for what is no such file."""
    source.seek(0)
    packed = source.read(len(GZIP)) == GZIP
    source.seek(0)
    stream: Any = gzip.GzipFile(fileobj=source) if packed else source
    left = UNPACKED_BYTES
    for number in range(1, LINES + 2):
        raw = _line(stream, name)
        left -= len(raw)
        if not raw:
            return
        if len(raw) > LINE_BYTES or left < 0 or number > LINES:
            raise BadInput(
                "{file} is too large: a line may have {line} MB, all of it {all} MB and {count} lines. Split it and import the parts.",
                file=name, line=LINE_BYTES // MB, all=UNPACKED_BYTES // MB, count=LINES,
            )  # fmt: skip
        if raw.strip():
            yield _parsed(number, raw)


def _line(stream: Any, name: str) -> bytes:
    try:
        raw: bytes = stream.readline(LINE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput("{file} is damaged and cannot be unpacked.", file=name) from error
    return raw


def _parsed(number: int, raw: bytes) -> Line:
    try:
        data = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return Line(number, {}, BadInput("The line is not valid JSON."))
    if not isinstance(data, dict):
        return Line(number, {}, BadInput("The line is not a JSON object."))
    try:
        return Line(number, _cells(data))
    except BadInput as error:
        return Line(number, {}, error)


def _cells(data: Mapping[str, Any]) -> dict[str, Any]:
    """The line's values, clean and of one shape. Raises BadInput."""
    project = _id(data.get("id"))
    if not project:
        raise BadInput("The project has no “id”.")
    members = [_id(member) for member in _list(data, "members", MEMBERS)]
    lead = _id(data.get("lead"))
    by_fold = {fold_id(member): member for member in reversed([*members, lead]) if member}
    return {
        "id": project,
        "held_on": _day(data.get("when")),
        "group": _text(data, "group")[:GROUP_CHARS].strip(),
        "lead": fold_id(lead),
        "members": {fold: by_fold[fold] for fold in sorted(by_fold)},
        "tags": [tag for item in _list(data, "tags", ITEMS) if (tag := _tag(item))],
        "text": _text(data, "text")[:TEXT_CHARS].rstrip(),
    }


def _id(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadInput("The id “{id}” is neither a text nor a number.", id=str(value)[:SHOWN])
    text = " ".join(clean(str(value)[: 4 * ID_LIMIT]).split())
    if len(text) > ID_LIMIT:
        raise BadInput("The id “{id}…” is longer than {limit} signs.", id=text[:SHOWN], limit=ID_LIMIT)
    return text


def _list(data: Mapping[str, Any], name: str, limit: int) -> list[Any]:
    value = data.get(name) or []
    if not isinstance(value, list) or len(value) > limit:
        raise BadInput("“{name}” is not a list of at most {limit}.", name=name, limit=limit)
    return value


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name) or ""
    if not isinstance(value, str):
        raise BadInput("“{name}” is not a text.", name=name)
    return clean(value)


def _tag(value: Any) -> str:
    if not isinstance(value, str):
        raise BadInput("A tag is not a text.")
    return clean(value[: 4 * ITEM_CHARS])[:ITEM_CHARS].rstrip()


def _day(value: Any) -> str | None:
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError as error:
        raise BadInput("“{when}” is not a date like 2024-05-31.", when=str(value)[:SHOWN]) from error


# --- judging ----------------------------------------------------------------------------------------------------------
class Projects:
    """A file of projects. Two passes: the first notes which projects are in it, the second judges."""

    def __init__(self, import_: Import) -> None:
        self.import_ = import_
        self.known = Known(import_.programme)
        self.index = FileIndex()
        self._outsiders: set[str] = set()

    @property
    def counts(self) -> dict[str, int]:
        return {"outsiders": len(self._outsiders)}

    def open(self, source: BinaryIO, **asked: str | None) -> tuple[dict[str, Any], Iterator[Line]]:
        return {}, lines(source, self.import_.file_name)

    def see(self, line: Line) -> None:
        if line.problem is None:
            self.index.add(line.number, f"p:{fold_id(line.cells['id'])}", line.cells)

    def judge(self, batch: Sequence[Line]) -> list[ImportRow]:
        rows = [self._first_look(line) for line in batch]
        stored = stored_projects(self.import_, [row.cells["id"] for row in rows if row.outcome == Outcome.NEW])
        for row in rows:
            if row.outcome == Outcome.NEW:
                self._outsiders.update(fold for fold in row.cells["members"] if fold not in self.known.by_id)
                row.outcome = outcome_of(row.cells, stored.get(row.cells["id"]))
        return rows

    def _first_look(self, line: Line) -> ImportRow:
        row = ImportRow(source=self.import_, number=line.number, cells=line.cells, outcome=Outcome.NEW, problems=[])
        if line.problem:
            row.outcome, row.problems = Outcome.REJECTED, [note_of(line.problem)]
            return row
        row.key = f"p:{line.cells['id']}"
        counting = self.index.number_for(f"p:{fold_id(line.cells['id'])}")
        if counting != line.number:
            row.outcome, row.problems = Outcome.DUPLICATE, [_repeats(counting)]
        return row


def _repeats(counting: int) -> Note:
    return note(REPEATS, row=counting)


def stored_projects(import_: Import, ids: Sequence[str]) -> dict[str, tuple[Project, dict[str, Any]]]:
    """The programme's projects with these ids, each also in the shape of a line's cells; two queries."""
    projects = {row.pk: row for row in Project.objects.filter(programme=import_.programme_id, external_id__in=ids)}
    found: dict[int, dict[str, Any]] = {pk: _shape(project) for pk, project in projects.items()}
    for project, external_id, lead in Membership.objects.filter(project__in=projects).values_list("project_id", "external_id", "lead"):
        fold = fold_id(external_id)
        found[project]["members"][fold] = external_id
        if lead:
            found[project]["lead"] = fold
    return {project.external_id: (project, found[pk]) for pk, project in projects.items()}


def _shape(project: Project) -> dict[str, Any]:
    held_on = project.held_on.isoformat() if project.held_on else None
    told = {"id": project.external_id, "held_on": held_on, "group": project.group, "tags": project.tags, "text": project.text}
    return {**told, "lead": "", "members": {}}


def outcome_of(cells: Mapping[str, Any], stored: tuple[Project, dict[str, Any]] | None) -> str:
    if stored is None:
        return Outcome.NEW
    now = stored[1]
    same = all(now[name] == cells[name] for name in (*FIELDS, "lead")) and now["members"].keys() == cells["members"].keys()
    return Outcome.UNCHANGED if same else Outcome.CHANGED
