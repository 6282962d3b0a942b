"""Imports of spreadsheets and track records: from the upload over the preview to what is saved, and back.

One road for the command line and the API. A worker (or the command itself) calls `read` and `save`; people decide the rest.
"""

import hashlib
from datetime import timedelta
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from matchmaking import jobs
from matchmaking.errors import BadInput, Conflict
from matchmaking.jobs import Job
from matchmaking.models import Event, Import, ImportFile, ImportRow, Programme, User
from matchmaking.services import import_lease as lease
from matchmaking.services import trail
from matchmaking.services.cells import clean
from matchmaking.services.delimited import check_choice
from matchmaking.services.import_fixing import fix_row
from matchmaking.services.import_reading import read
from matchmaking.services.import_saving import save
from matchmaking.services.import_undo import take_back

__all__ = ["begin", "cancel", "confirm", "fix_row", "read", "read_again", "remove", "resend", "save", "take_back"]

State = Import.State
CHUNK = 1 << 20
JOB = {State.READING: Job.READ_IMPORT, State.SAVING: Job.SAVE_IMPORT}
OPEN = (State.READING, State.PREVIEW, State.SAVING)


@transaction.atomic
def begin(
    *,
    programme: Programme,
    event: Event | None,
    file: BinaryIO,
    name: str,
    kind: str = Import.Kind.PARTICIPANTS,
    consent: str = "",
    by: User | None,
    encoding: str | None = None,
    delimiter: str | None = None,
    stored: bool = True,
) -> Import:
    """Take in a file and ask for its reading. Unless `stored`, the caller reads it itself, right away, from where it lies."""
    if event is not None and event.programme_id != programme.pk:
        raise BadInput("The event belongs to another programme.", fields={"event": "The event belongs to another programme."})
    if kind not in Import.Kind.values:
        raise BadInput("An import holds participants or projects.", fields={"kind": "An import holds participants or projects."})
    check_choice(encoding, delimiter)
    asked = {name: value for name, value in {"encoding": encoding, "delimiter": delimiter}.items() if value}
    import_ = Import.objects.create(
        programme=programme, event=event, kind=kind, consent=clean(consent)[:500], file_name=clean(name)[:200] or "?",
        sha256=_sha256(file), table={"asked": asked}, requested_by=by, asked_at=Now(),
    )  # fmt: skip
    if stored:
        file.seek(0)
        data = file.read(settings.UPLOAD_LIMIT_BYTES + 1)
        if len(data) > settings.UPLOAD_LIMIT_BYTES:
            raise BadInput("The file is larger than {limit} MB.", limit=settings.UPLOAD_LIMIT_BYTES // 1_000_000)
        ImportFile.objects.create(source=import_, data=data)
        jobs.enqueue(Job.READ_IMPORT, import_id=import_.pk)
    _record("begun", import_, by)
    return import_


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


@transaction.atomic
def read_again(*, import_: Import, by: User, encoding: str | None = None, delimiter: str | None = None) -> Import:
    """Read the same file with another encoding or delimiter; None means: recognise it."""
    check_choice(encoding, delimiter)
    asked = {name: value for name, value in {"encoding": encoding, "delimiter": delimiter}.items() if value}
    if not ImportFile.objects.filter(source=import_).exists():
        raise Conflict("The file is no longer here. Import it again.")
    _move(
        import_, (State.PREVIEW, State.FAILED), State.READING, "This import can no longer be read again.",
        table={"asked": asked}, counts={}, failure={}, rows_read=0, finished_at=None,
    )  # fmt: skip
    ImportRow.objects.filter(source=import_).delete()
    jobs.enqueue(Job.READ_IMPORT, import_id=import_.pk)
    _record("read again", import_, by)
    return import_


@transaction.atomic
def confirm(*, import_: Import, by: User | None, skip_bad_rows: bool = False, queued: bool = True) -> Import:
    """Ask for the saving of what the preview shows. Doing it again while it is saved, or after, changes nothing."""
    import_.refresh_from_db()
    if import_.state in (State.SAVING, State.DONE):
        return import_
    _move(import_, (State.PREVIEW,), State.SAVING, "Only an import with a preview can be confirmed; this one is “{state}”.", failure={})
    rejected = ImportRow.objects.filter(source=import_, outcome=ImportRow.Outcome.REJECTED).count()
    if rejected and not skip_bad_rows:
        raise Conflict("{count} rows cannot be imported as they are. Fix them, or confirm without them.", count=rejected)
    if queued:
        jobs.enqueue(Job.SAVE_IMPORT, import_id=import_.pk)
    _record("confirmed", import_, by, skipped=rejected)
    return import_


@transaction.atomic
def cancel(*, import_: Import, by: User | None) -> Import:
    """Stop an import that is not saved yet; its rows and its file go. Doing it again changes nothing."""
    import_.refresh_from_db()
    if import_.state == State.CANCELLED:
        return import_
    _move(
        import_, (*OPEN, State.FAILED), State.CANCELLED,
        "This import can no longer be cancelled; it is “{state}”. What it saved can be taken back.", finished_at=Now(),
    )  # fmt: skip
    ImportRow.objects.filter(source=import_).delete()
    ImportFile.objects.filter(source=import_).delete()
    _record("cancelled", import_, by)
    return import_


@transaction.atomic
def remove(*, import_: Import, by: User | None) -> None:
    """Delete the import itself: its rows, its file, its notes. What it saved stays, and can no longer be taken back."""
    import_.refresh_from_db()
    if import_.state in (State.READING, State.SAVING):
        raise Conflict("The import is being worked on. Cancel it first.")
    _record("removed", import_, by)
    ImportRow.objects.filter(source=import_).delete()
    import_.delete()


def resend() -> int:
    """Ask again for reading and saving that lost its message or its worker; how much."""
    return sum(_ask(import_id, state) for import_id, state in _waiting().values_list("pk", "state"))


def _waiting() -> Any:
    long_ago = Now() - timedelta(seconds=settings.RESEND_AFTER_S)
    unasked = Q(asked_at__isnull=True) | Q(asked_at__lt=long_ago)
    return Import.objects.filter(lease.free(), unasked, state__in=list(JOB))


def _ask(import_id: int, state: str) -> bool:
    if _waiting().filter(pk=import_id, state=state).update(asked_at=Now()) != 1:
        return False
    return jobs.publish(JOB[State(state)], {"import_id": import_id})


def _move(import_: Import, froms: tuple[str, ...], to: str, refusal: str, **values: Any) -> None:
    """Change the state in one filtered update; whoever works on the import loses the right to write."""
    rows = Import.objects.filter(pk=import_.pk, state__in=froms)
    if rows.update(state=to, epoch=F("epoch") + 1, lease_until=None, asked_at=Now(), **values) != 1:
        import_.refresh_from_db()
        raise Conflict(refusal, state=import_.state)
    import_.refresh_from_db()


def _record(action: str, import_: Import, by: User | None, **data: Any) -> None:
    trail.record(action, import_, actor=by, programme=import_.programme_id, event=import_.event, **data)
