"""The demo sends no mail: it keeps what it would have sent in a folder of its own, to be read on a page."""

import mailbox
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage as Parsed
from email.parser import BytesParser
from email.policy import default
from itertools import islice
from typing import NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

KEPT = 500  # the newest; a demo that runs for weeks does not fill the disk


class Captured(NamedTuple):
    """A mail as its reader would have seen it."""

    to: str
    subject: str
    at: datetime
    text: str


class Backend(BaseEmailBackend):
    """Keeps mails instead of sending them; one file each, whole or not at all."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        box = _box()
        for message in email_messages:
            box.add(message.message().as_bytes())
        for key in _newest(box)[KEPT:]:
            box.discard(key)
        return len(email_messages)


def newest(most: int) -> list[Captured]:
    """The last mails, the newest first."""
    return [told for _, told in islice(_mails(_box()), most)]


def forget(words: Iterable[str]) -> int:
    """Remove every mail in which one of these texts stands; how many."""
    if not settings.MAIL_DIR.exists():
        return 0
    box, gone = _box(), 0
    wanted = [word.casefold() for word in words]
    for key, told in _mails(box):
        whole = f"{told.to}\n{told.subject}\n{told.text}".casefold()
        if any(word in whole for word in wanted):
            box.discard(key)
            gone += 1
    return gone


def _mails(box: "mailbox.Maildir") -> Iterator[tuple[str, Captured]]:
    """Those that are there, the newest first, by their keys."""
    for key in _newest(box):
        with suppress(KeyError):  # discarded meanwhile
            yield key, _read(box, key)


def _box() -> "mailbox.Maildir":
    return mailbox.Maildir(settings.MAIL_DIR)


def _newest(box: "mailbox.Maildir") -> list[str]:
    """A key begins with the second it was made in, and the fraction of it: `1795537.M20041P...`."""
    return sorted(box.iterkeys(), key=lambda key: tuple(map(int, re.findall(r"\d+", key)[:2])), reverse=True)


def _read(box: "mailbox.Maildir", key: str) -> Captured:
    mail: Parsed = BytesParser(policy=default).parsebytes(box.get_bytes(key))
    body = mail.get_body(("plain",))
    at = mail["Date"].datetime.replace(tzinfo=UTC)
    return Captured(str(mail["To"]), str(mail["Subject"]), at, str(body.get_content()) if body is not None else "")
