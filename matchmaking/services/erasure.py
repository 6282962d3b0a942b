"""Erasure: a person leaves every table, staged result, stored answer and cache in one transaction; the audit keeps ids.

What belongs to others stays without the person: projects keep a nameless outsider, runs keep their sums.
"""

import io
import json
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import OperationalError, connection, models, transaction
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast, Now

from matchmaking.errors import Conflict, MatchmakingError, NotFound
from matchmaking.models import (
    FROZEN,
    Artefact,
    AuditEntry,
    Event,
    IdempotencyKey,
    Import,
    ImportFile,
    ImportRow,
    Intent,
    Invitation,
    Membership,
    Pair,
    Participant,
    Registration,
    Role,
    Run,
    SignInRequest,
    User,
)
from matchmaking.services import (
    caches,
    captured_mail,
    change_requests,
    participants,
    rosters,
    runs,
    sessions,
    team_rules,
    top_up,
    trail,
    walls,
)
from matchmaking.services.spreadsheets import read_table

LEFT_OUT = "…"
TELLING_CHARS = 5  # a shorter name or number stands in too many texts that are about somebody else
WORDS_AT_ONCE = 50  # SQLite reads at most 1,000 conditions in a row
GONE = json.dumps({"type": "about:blank", "title": "Gone", "status": 410, "detail": "What this answered about has been erased."})
Report = Counter[str]


@dataclass(frozen=True)
class Traces:
    """By what somebody is found where no foreign key leads. Ids are random and long: as text they mean nobody else."""

    ids: tuple[int, ...]
    pairs: tuple[int, ...]
    texts: tuple[str, ...]
    key: str
    external_id: str
    mail: str
    name: str

    @property
    def words(self) -> tuple[str, ...]:
        """Texts that show the person wherever they stand."""
        return (*map(str, (*self.ids, *self.pairs)), *self.texts)


def traces_of(participant: Participant) -> Traces:
    pairs = Pair.objects.filter(Q(a=participant) | Q(b=participant)).values_list("pk", flat=True)
    told = (participant.mail, participant.phone, participant.telegram, participant.key, participant.name)
    texts = {text for text in told if len(text) >= TELLING_CHARS}
    return Traces(
        ids=(participant.pk,),
        pairs=tuple(pairs),
        texts=tuple(sorted(texts, key=len, reverse=True)),
        key=participant.key,
        external_id=participant.external_id,
        mail=participant.mail,
        name=participant.name,
    )


# --- the two decisions ------------------------------------------------------------------------------------------------
def erase(*, participant: Participant, by: User | None) -> Report:
    """Remove a participant from everything; how many rows went, by table. A login that is left with nothing goes too."""
    with transaction.atomic():
        report = _erase(participant, by)
        user = participant.user
        if user is not None and not Participant.objects.filter(user=user).exists() and not Role.objects.filter(user=user).exists():
            report += _erase_login(user)
    return report


def erase_login(*, user: User, by: User | None) -> Report:
    """Remove everything a person is here: participants in all programmes, roles, the login. A programme keeps an organiser."""
    with transaction.atomic():
        _refuse_if_last_organiser(user)
        report: Report = Counter()
        for participant in Participant.objects.filter(user=user).order_by("pk"):
            report += _erase(participant, by)
        report += _erase_login(user)
    return report


def _refuse_if_last_organiser(user: User) -> None:
    whole = Role.objects.filter(name=Role.Name.ORGANISER, event__isnull=True)
    for role in whole.filter(user=user).select_related("programme"):
        if not whole.filter(programme=role.programme_id).exclude(user=user).exists():
            raise Conflict("{programme} has no other organiser. Invite one first.", programme=role.programme.name)


def _erase(participant: Participant, by: User | None) -> Report:
    # Runs are locked before any other row: the same order as in a worker that publishes.
    restarted = runs.restart_runs_of(participant)
    seats = rosters.leave(participant)  # registrations and rosters before the person: the order in which they are moved and published
    fresh = Participant.objects.select_for_update(of=("self",)).select_related("programme").filter(pk=participant.pk).first()
    if fresh is None:
        raise NotFound("There is no such participant.")
    traces, programme = traces_of(fresh), fresh.programme
    rules = team_rules.forget(fresh)
    report, blotted = _projects(fresh, traces)
    hide = lambda text: str(_blotted(text, traces.texts))  # noqa: E731
    written = {"team": rosters.reword(programme.pk, hide), "changerequest": change_requests.reword(programme.pk, hide)}
    report += Counter(left=seats, teamrules=rules, wall=walls.forget(fresh, hide), **written)
    report += _imports(programme.pk, traces)
    report += _runs(fresh, traces)
    report += _mentions(programme.pk, traces)
    report += _deleted(Invitation.objects.filter(programme=programme, mail__iexact=fresh.mail).exclude(mail=""))
    report += _deleted(SignInRequest.objects.filter(mail__iexact=fresh.mail).exclude(mail=""))
    organisation_id = fresh.organisation_id
    report += _deleted(Participant.objects.filter(pk=fresh.pk))
    report["organisation"] += participants.drop_if_empty(organisation_id)
    trail.record("participant.erased", participant, actor=by, programme=programme, rows=dict(+report), restarted=restarted)
    _forget_after_commit(traces.words, blotted)
    return +report


def _erase_login(user: User) -> Report:
    report: Report = Counter(sessions=sessions.end_all(user))
    report += _answers((str(user.pk), user.mail))
    report += _deleted(Invitation.objects.filter(mail__iexact=user.mail))
    report += _deleted(SignInRequest.objects.filter(mail__iexact=user.mail))
    words = (str(user.pk), user.mail, *([user.name] if user.name else []))
    report += _deleted(User.objects.filter(pk=user.pk))
    trail.record("login.erased", user, actor=None)
    _forget_after_commit(words)
    return +report


# --- where people stand -----------------------------------------------------------------------------------------------
def _deleted(rows: "QuerySet[Any]") -> Report:
    return Counter({label.rpartition(".")[2].lower(): count for label, count in rows.delete()[1].items()})


def _projects(participant: Participant, traces: Traces) -> tuple[Report, list[str]]:
    """Projects stay; the person becomes an outsider under a new random id in each, so that nothing ties them together.

    Also gives the ids of projects whose text named them.
    """
    known = Q(participant=participant)
    if traces.external_id:
        known |= Q(participant__isnull=True, external_id=traces.external_id)
    report: Report = Counter()
    blotted: list[str] = []
    for membership in Membership.objects.filter(known, project__programme=participant.programme_id).select_related("project"):
        project = membership.project
        text, tags = _blotted(project.text, traces.texts), _blotted(project.tags, traces.texts)
        if (text, tags) != (project.text, project.tags):
            project.text, project.tags = text, tags
            project.save(update_fields=["text", "tags"])
            blotted.append(project.external_id)
            report["project"] += 1
        Membership.objects.filter(pk=membership.pk).update(participant=None, external_id=f"erased-{secrets.token_hex(8)}")
        report["membership"] += 1
    return report, blotted


def _imports(programme_id: int, traces: Traces) -> Report:
    """Rows about the person, saved or not, and uploads nobody has read yet that hold them."""
    rows = ImportRow.objects.filter(source__programme=programme_id).annotate(text=Cast("cells", TextField()))
    about = Q(key=traces.key) | Q(cells__name=traces.name)
    if traces.mail:
        about |= _holding("text", [traces.mail])
    if traces.external_id:
        about |= Q(cells__external_id=traces.external_id)
    mine = rows.filter(Q(participant=traces.ids[0]) | (Q(participant__isnull=True) & about))
    report = _deleted(ImportRow.objects.filter(pk__in=list(mine.values_list("pk", flat=True))))
    for file in ImportFile.objects.filter(source__programme=programme_id).select_related("source"):
        if _file_holds(file, traces):
            report += _drop_file(file)
    for source in Import.objects.filter(programme=programme_id).exclude(failure={}):
        if (told := _blotted(source.failure, traces.texts)) != source.failure:
            Import.objects.filter(pk=source.pk).update(failure=told)
    return report


def _drop_file(file: ImportFile) -> Report:
    """End an import whose upload holds the person, and its worker's right to write (epoch)."""
    failure = {"template": "Somebody in this file has been erased. Upload it again without them.", "params": {}}
    Import.objects.filter(pk=file.pk).update(
        state=Import.State.FAILED, failure=failure, finished_at=Now(), epoch=models.F("epoch") + 1, lease_until=None
    )
    return _deleted(ImportFile.objects.filter(pk=file.pk))


def _file_holds(file: ImportFile, traces: Traces) -> bool:
    """Whether an unread upload names the person; one that cannot be read is taken to."""
    wanted = {text.casefold() for text in (traces.mail, traces.external_id, traces.name) if text}
    try:
        _table, rows = read_table(io.BytesIO(bytes(file.data)), name=file.source.file_name)
        return any(any(word in cell.casefold() for word in wanted) for row in rows for cell in row.cells.values())
    except MatchmakingError:
        return True


def _runs(participant: Participant, traces: Traces) -> Report:
    """What runs of the person's events keep beside their rows: vectors and tables, and sums, which must name nobody."""
    registered = Registration.objects.filter(participant=participant).values("event_id")
    paired = Pair.objects.filter(pk__in=traces.pairs).values("event_id")
    own = Run.objects.filter(event__in=Event.objects.filter(Q(pk__in=registered) | Q(pk__in=paired)))
    named = {*traces.ids, *traces.words}
    for run in own.only("measures", "parameters", "failure"):
        told = {"measures": _without(run.measures, named), "parameters": _without(run.parameters, named)}
        told["failure"] = _blotted(run.failure, traces.texts)
        if any(value != getattr(run, name) for name, value in told.items()):
            Run.objects.filter(pk=run.pk).update(**told)
    top_up.forget(own, participant.key)
    return _deleted(Artefact.objects.filter(run__in=own).exclude(stage=FROZEN))


def _mentions(programme_id: int, traces: Traces) -> Report:
    """Notifications to others, stored answers, the operator's log and what staff wrote beside a look at the contacts."""
    intents = Intent.objects.filter(recipient__programme=programme_id).annotate(text=Cast("data", TextField()))
    named = _found(intents, ("text", "dedupe_key"), map(str, (*traces.ids, *traces.pairs)))
    report = _deleted(Intent.objects.filter(pk__in=named))
    report += _deleted(LogEntry.objects.filter(object_id=str(traces.ids[0])))
    for entry in AuditEntry.objects.filter(noun="participant", noun_id=traces.ids[0], data__has_key="purpose"):
        AuditEntry.objects.filter(pk=entry.pk).update(data=entry.data | {"purpose": LEFT_OUT})
    return report + _answers(traces.words)


def _answers(words: Iterable[str]) -> Report:
    """Blot out stored first answers that name the person; their keys stay, so that a repeat does not do it all again."""
    rows = IdempotencyKey.objects.annotate(text=Cast("body", TextField()), more=Cast("headers", TextField()))
    found = IdempotencyKey.objects.filter(pk__in=_found(rows, ("text", "more"), words))
    return Counter({"idempotencykey": found.update(status=410, body=GONE, headers={})})


# --- finding and blotting out -----------------------------------------------------------------------------------------
def _found(rows: "QuerySet[Any]", fields: Iterable[str], words: Iterable[str]) -> list[int]:
    """The ids of rows in which one of `words` stands in one of `fields`."""
    left, found = list(words), set[int]()
    fields = tuple(fields)
    while left:
        some, left = left[:WORDS_AT_ONCE], left[WORDS_AT_ONCE:]
        condition = Q(pk__in=[])
        for field in fields:
            condition |= _holding(field, some)
        found.update(rows.filter(condition).values_list("pk", flat=True))
    return sorted(found)


def _holding(field: str, words: Iterable[str]) -> Q:
    """Rows whose `field` holds one of `words`, as they are or as JSON writes them, once or twice over."""
    found = Q(pk__in=[])
    for word in words:
        for spelling in _spellings(word):
            found |= Q(**{f"{field}__icontains": spelling})
    return found


def _spellings(word: str) -> set[str]:
    spellings = {word}
    for ascii_only in (True, False):
        once = json.dumps(word, ensure_ascii=ascii_only)[1:-1]
        spellings |= {once, json.dumps(once, ensure_ascii=ascii_only)[1:-1]}
    return spellings


def _blotted(value: Any, texts: Iterable[str]) -> Any:
    """`value` with these texts left out of every text in it, where they stand as words of their own."""
    words = "|".join(map(re.escape, texts))
    wanted = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    return _mapped(value, lambda text: wanted.sub(LEFT_OUT, text)) if words else value


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _without(value: Any, named: set[Any]) -> Any:
    """`value` without entries that are, or are filed under, one of `named`; of a list the whole item goes."""
    if isinstance(value, dict):
        return {key: _without(item, named) for key, item in value.items() if key not in named and not _is_named(item, named)}
    if isinstance(value, list):
        return [_without(item, named) for item in value if not _mentions_one(item, named)]
    return value


def _is_named(value: Any, named: set[Any]) -> bool:
    return isinstance(value, (int, str)) and value in named


def _mentions_one(value: Any, named: set[Any]) -> bool:
    if isinstance(value, dict):
        return any(key in named or _mentions_one(item, named) for key, item in value.items())
    if isinstance(value, list):
        return any(_mentions_one(item, named) for item in value)
    return _is_named(value, named)


def _forget_after_commit(words: Iterable[str], owners: Iterable[str] = ()) -> None:
    words, owners = tuple(words), tuple(owners)
    transaction.on_commit(lambda: caches.forget(words, owners), robust=True)
    transaction.on_commit(lambda: captured_mail.forget(words), robust=True)
    if connection.vendor == "sqlite":
        transaction.on_commit(_empty_the_log_of_writes, robust=True)


def _empty_the_log_of_writes() -> None:
    """SQLite keeps pages as they were in its write-ahead log: move it into the file, which is overwritten (secure_delete)."""
    with suppress(OperationalError), connection.cursor() as cursor:  # somebody reads: the next checkpoint does it
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
