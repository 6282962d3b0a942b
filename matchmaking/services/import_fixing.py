"""Repairing the cells of a row in place, before the import is confirmed."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import F, Q

from matchmaking.errors import BadInput, Conflict, MatchmakingError
from matchmaking.models import Import, ImportRow, User
from matchmaking.services import trail
from matchmaking.services.cells import clean
from matchmaking.services.columns import FIELDS
from matchmaking.services.import_cells import REPEATS, Identity, identity_of, note
from matchmaking.services.import_people import People, reject
from matchmaking.services.import_reading import counts_of
from matchmaking.services.tables import DEFAULT

Outcome = ImportRow.Outcome


@transaction.atomic
def fix_row(*, row: ImportRow, cells: Mapping[str, str], by: User) -> ImportRow:
    """Change cells of a rejected or repeated row and judge it again."""
    import_ = _locked(row)
    if import_.kind != Import.Kind.PARTICIPANTS:
        raise Conflict("Rows of track records are repaired in the file; import it again.")
    row = ImportRow.objects.get(pk=row.pk)
    if row.outcome not in (Outcome.REJECTED, Outcome.DUPLICATE):
        raise Conflict("Only rows that cannot be imported, or repeat another one, are repaired here.")
    row.cells = {name: text for name, text in {**row.cells, **_checked(cells)}.items() if text}
    _judge(import_, row)
    row.save(update_fields=["cells", "outcome", "key", "problems", "participant"])
    Import.objects.filter(pk=import_.pk).update(counts={**import_.counts, **counts_of(import_)})
    trail.record("fixed", row, actor=by, programme=import_.programme_id, event=import_.event, cells=sorted(cells))
    return row


def _locked(row: ImportRow) -> Import:
    """The import, while it still shows its preview; nobody confirms it meanwhile."""
    if Import.objects.filter(pk=row.source_id, state=Import.State.PREVIEW).update(epoch=F("epoch") + 1) != 1:
        raise Conflict("Rows can be repaired while the import shows its preview, before it is confirmed.")
    return Import.objects.select_related("programme", "event").get(pk=row.source_id)


def _checked(cells: Mapping[str, str]) -> dict[str, str]:
    wrong: dict[str, str | MatchmakingError] = {name: "There is no such column." for name in cells if name not in FIELDS}
    for name, text in cells.items():
        if not isinstance(text, str) or len(text) > DEFAULT.cell_chars:
            wrong[name] = BadInput("This is a text of at most {limit} signs.", limit=DEFAULT.cell_chars)
    if wrong:
        raise BadInput("Some cells cannot be used as they are.", fields=wrong)
    return {name: clean(text) for name, text in cells.items()}


def _judge(import_: Import, row: ImportRow) -> None:
    identity = identity_of(row.cells)
    row.key, row.outcome, row.problems, row.participant_id = identity.key, Outcome.NEW, [], None
    if identity.problem:
        reject(row, identity.problem)
        return
    other = _same_in_file(row, identity)
    if other is not None:
        row.outcome, row.problems = Outcome.DUPLICATE, [note(REPEATS, row=other)]
        return
    people = People(import_)
    row.participant_id, problem = people.known.match(identity, shared_mail=False)
    if problem:
        reject(row, problem)
        return
    people.decide([(row, identity)])


def _same_in_file(row: ImportRow, identity: Identity) -> int | None:
    """The number of the row that counts and is about the same one."""
    about = Q(key__iexact=identity.key)
    if identity.mail:
        about |= Q(cells__mail__icontains=identity.mail)
    rows = ImportRow.objects.filter(about, source=row.source_id).exclude(outcome__in=[Outcome.REJECTED, Outcome.DUPLICATE])
    for number, cells, key in rows.exclude(pk=row.pk).order_by("number").values_list("number", "cells", "key"):
        theirs = identity_of(cells)
        one_without_id = not (identity.external_id and theirs.external_id)
        if theirs.folded == identity.folded or key == identity.key or (identity.mail and theirs.mail == identity.mail and one_without_id):
            return int(number)
    return None
