"""One mail: its words from a template in the reader's language, and its way to the mail server.

Nothing of it is stored or logged: words are made when it is sent, and an erased person stands in no outbox.
"""

import smtplib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template import Context
from django.template.loader import get_template
from django.utils.translation import override

from matchmaking.services.cells import clean

TEMPLATES = "matchmaking/mail"
SUBJECT_CHARS = 150
PERMANENT = 500  # SMTP replies from here on: asking again will not help


class NotSent(Exception):
    """The mail server took nothing; `again`: whether it may do so later; `away`: whether it takes no connection at all."""

    def __init__(self, *, again: bool, away: bool = False) -> None:
        super().__init__(again, away)
        self.again, self.away = again, away


class Unsure(Exception):
    """The connection broke while the mail was handed over: the server may have taken it, or not."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in words. `key` names what it tells of: the same key, the same Message-ID."""

    to: str
    subject: str
    text: str
    key: str
    stop: str = ""


def address(path: str) -> str:
    """Where a path of ours is found from outside: made of PUBLIC_URL, never of a request."""
    return f"{settings.PUBLIC_URL}{path}"


def compose(template: str, context: Mapping[str, Any], *, to: str, language: str, key: str, stop: str = "") -> Mail:
    """A mail in a language, from `mail/TEMPLATE.txt`: its first line is the subject, the rest the text.

    `stop` is the whole address where its reader ends such mails with one click; mails that are asked for have none. Texts of the
    context come from people: each is put on one line, so that none makes a header or a paragraph of its own.
    """
    values = {name: one_line(value) if isinstance(value, str) else value for name, value in context.items()}
    with override(language):
        told = get_template(f"{TEMPLATES}/{template}.txt").template.render(  # type: ignore[attr-defined]
            Context({**values, "stop": stop, "home": address("/")}, autoescape=False)
        )
    subject, _, text = told.strip().partition("\n")
    return Mail(to=to, subject=one_line(subject)[:SUBJECT_CHARS], text=_even(text), key=key, stop=stop)


def one_line(text: str) -> str:
    """`text` as it may stand in a header or in a sentence: no line ends, no control signs."""
    return " ".join(clean(text).split())


def _even(text: str) -> str:
    """Templates leave holes where something was not to be said: one empty line between paragraphs at most."""
    lines: list[str] = []
    for line in map(str.strip, clean(text).split("\n")):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip() + "\n"


def message_id(key: str) -> str:
    """The same for the same thing told: a server or a reader who sees it twice can tell."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return f"<{sha256(key.encode()).hexdigest()[:32]}@{host}>"


def send(mail: Mail) -> None:
    """Hand a mail over, once. NotSent: nothing was taken. Unsure: nobody knows; it must not be sent again by itself."""
    headers = {"Message-ID": message_id(mail.key), "Auto-Submitted": "auto-generated"}
    if mail.stop:
        headers |= {"List-Unsubscribe": f"<{mail.stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    connection = get_connection()
    message = EmailMessage(mail.subject, mail.text, to=[mail.to], headers=headers, connection=connection)
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(again=True, away=True) from error
    try:
        connection.send_messages([message])
    except smtplib.SMTPResponseException as error:
        raise NotSent(again=error.smtp_code < PERMANENT) from error
    except smtplib.SMTPRecipientsRefused as error:
        raise NotSent(again=all(code < PERMANENT for code, _reason in error.recipients.values())) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unsure from error
    finally:
        with suppress(OSError, smtplib.SMTPException):  # what was handed over stays so, however the goodbye goes
            connection.close()
