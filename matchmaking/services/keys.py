"""First answers to requests that change state: kept for a day, found again by their key, one request per key at a time."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone
from knox.models import AuthToken

from matchmaking.errors import Conflict
from matchmaking.models import IdempotencyKey, SignInRequest, ThrottleCount, User

KEPT = timedelta(hours=24)
RUNNING = "The first request with this key is still running. Ask again in a moment."


@dataclass(frozen=True, slots=True)
class Answer:
    """What the first request was answered; `body` is JSON text, kept as text so that its order stays."""

    status: int
    body: str
    headers: dict[str, str]


def answer_to(user: User, key: str, request_hash: str) -> Answer | None:
    """The first answer under this key; None where there is none yet. Another request under the key is a Mismatch."""
    row = IdempotencyKey.objects.filter(user=user, key=key, created_at__gt=timezone.now() - KEPT).first()
    if row is None or row.status is None:
        return None
    if row.request_hash != request_hash:
        raise Mismatch
    return Answer(row.status, str(row.body), row.headers)


class Mismatch(Exception):
    """The key was used for another request."""


def keep(user: User, key: str, request_hash: str, answer: Answer) -> None:
    """Store the first answer; to be called in the transaction of its effect."""
    IdempotencyKey.objects.filter(user=user, key=key).delete()
    IdempotencyKey.objects.create(
        user=user, key=key, request_hash=request_hash, status=answer.status, body=answer.body, headers=answer.headers
    )


@contextmanager
def one_at_a_time(user: User, key: str) -> Iterator[None]:
    """A transaction that only one request per key is in; the others are told to wait, at once.

    Both locks go away with their holder: PostgreSQL's advisory lock with the transaction, the file's with the process.
    """
    name = hashlib.sha256(f"{user.pk}:{key}".encode()).digest()
    if connection.vendor == "sqlite":
        with _file_lock(name.hex()[:32]), transaction.atomic():
            yield
    else:
        with transaction.atomic():
            _advisory_lock(int.from_bytes(name[:8], "big", signed=True))
            yield


def _advisory_lock(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise Conflict(RUNNING)


@contextmanager
def _file_lock(name: str) -> Iterator[None]:
    """SQLite lets one writer in at a time and the others wait blindly; a file lock tells them apart by key."""
    folder = settings.VAR_DIR / "keys"
    folder.mkdir(exist_ok=True)
    path = folder / f"{settings.DATABASE_KEY}-{name}"
    handle = _locked(str(path))
    try:
        yield
    finally:
        os.unlink(path)
        os.close(handle)


def _locked(path: str) -> int:
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle
        except BlockingIOError:
            os.close(handle)
            raise Conflict(RUNNING) from None
        except FileNotFoundError:
            pass
        os.close(handle)  # the holder before us removed the file between our open and our lock: take the new one


def tidy() -> int:
    """Drop what has had its day: first answers, throttle counts, sessions, tokens; how many rows."""
    now = timezone.now()
    old = (
        IdempotencyKey.objects.filter(created_at__lte=now - KEPT),
        ThrottleCount.objects.filter(window_ends_at__lt=now),
        SignInRequest.objects.filter(created_at__lt=now - timedelta(seconds=settings.SIGN_IN_KEPT_S)),
        Session.objects.filter(expire_date__lt=now),
        AuthToken.objects.filter(expiry__lt=now),
    )
    return sum(rows.delete()[0] for rows in old if rows.exists())  # looked for first: most times there is nothing to write
