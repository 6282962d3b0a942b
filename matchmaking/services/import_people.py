"""Rows about participants: what each would do, judged in batches while the file is read."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from matchmaking.models import Import, ImportRow
from matchmaking.services import import_plan, sectors
from matchmaking.services.import_cells import REPEATS, SHARED_MAIL, WHOSE_MAIL, Identity, Note, identity_of, note, note_of, values_of
from matchmaking.services.import_index import FileIndex, Known
from matchmaking.services.spreadsheets import Row, Table, read_table

Outcome = ImportRow.Outcome


class People:
    """A table of participants. Two passes: the first notes who is in the file, the second judges."""

    def __init__(self, import_: Import) -> None:
        self.import_ = import_
        self.words = sectors.words_of(import_.programme.sectors)
        self.known = Known(import_.programme)
        self.index = FileIndex()

    def open(self, source: BinaryIO, **asked: str | None) -> tuple[dict[str, Any], Iterator[Row]]:
        table, rows = read_table(source, name=self.import_.file_name, encoding=asked.get("encoding"), delimiter=asked.get("delimiter"))
        return _as_json(table), rows

    def see(self, row: Row) -> None:
        """Note who the row is about, if it can be used."""
        identity = identity_of(row.cells)
        if row.problem is None and identity.problem is None:
            self.index.add(row.number, identity.folded, dict(row.cells), mail=identity.mail)

    def judge(self, rows: Sequence[Row]) -> list[ImportRow]:
        """What each row would do, as it is stored."""
        identities = [identity_of(row.cells) for row in rows]
        judged = [self._first_look(row, identity) for row, identity in zip(rows, identities, strict=True)]
        self.decide(zip(judged, identities, strict=True))
        return judged

    def decide(self, rows: "Iterable[tuple[ImportRow, Identity]]") -> None:
        """Compare the rows that count with the participants they are about."""
        open_ = [(row, identity) for row, identity in rows if row.outcome == Outcome.NEW]
        stored = import_plan.stored(self.import_, {row.participant_id for row, _ in open_ if row.participant_id})
        for row, identity in open_:
            values, notes = values_of(row.cells, identity, self.words)
            one = stored.get(row.participant_id or 0)
            plan = import_plan.plan(self.import_, identity, values, one) if one else import_plan.plan_new(self.import_)
            row.outcome = plan.outcome
            row.key = one.participant.key if one and "key" not in plan.changes else identity.key
            row.problems = [*row.problems, *notes, *plan.notes]

    def _first_look(self, row: Row, identity: Identity) -> ImportRow:
        cells = {name: text for name, text in row.cells.items() if text}
        judged = ImportRow(source=self.import_, number=row.number, cells=cells, outcome=Outcome.NEW, key=identity.key, problems=[])
        problem = note_of(row.problem) if row.problem else identity.problem
        if problem:
            return reject(judged, problem)
        counting = self.index.counting_row(identity)
        if counting is None:
            return reject(judged, note(WHOSE_MAIL, mail=identity.mail))
        if counting != row.number:
            judged.outcome = Outcome.DUPLICATE
            judged.problems = [note(REPEATS, row=counting)]
            return judged
        shared = self.index.shares_mail(identity)
        judged.participant_id, problem = self.known.match(identity, shared_mail=shared)
        if problem:
            return reject(judged, problem)
        judged.problems = [note(SHARED_MAIL)] if shared else []
        return judged


def reject(row: ImportRow, problem: Note) -> ImportRow:
    row.outcome, row.problems, row.participant_id = Outcome.REJECTED, [problem], None
    return row


def _as_json(table: Table) -> dict[str, Any]:
    """How the file was understood, for showing and for changing it."""
    columns = {field: table.header[index] for field, index in table.columns.items()}
    found = {"encoding": table.encoding, "delimiter": table.delimiter, "sheet": table.sheet}
    return {**found, "columns": columns, "unknown": list(table.unknown)}
