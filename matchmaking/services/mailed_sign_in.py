"""Signing in by a mail: a link and a six-digit code, and a check code that the asking browser shows.

- The link carries django-sesame's signed token of the request's id, with its own end. The codes are made of that id with the
  secret key. So nothing that opens a door is stored, queued or logged, and a mail sent twice says the same.
- Asking looks nobody up: the answer to a known, an unknown and an inactive address is the same work. The worker looks.
- A request is used once, tried `TRIES` times, and ends after `SIGN_IN_MAIL_S`.
"""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from sesame.tokens import create_token, parse_token

from matchmaking import jobs
from matchmaking.errors import Conflict
from matchmaking.jobs import Job
from matchmaking.models import Event, SignInRequest, User
from matchmaking.selectors.labels import event_name
from matchmaking.services import invitations, mailing, trail
from matchmaking.services.sign_in import count_guess, forgive_guess
from matchmaking.services.throttles import address_of, take

log = logging.getLogger(__name__)

TRIES = 5
MAILED, SHOWN = "mailed code", "check code"
DIGITS = {MAILED: 6, SHOWN: 4}
SCOPE = "sign-in"
USED_UP = "This link and its code cannot be used any more. Ask for a new mail."


# --- what opens the door ----------------------------------------------------------------------------------------------
def code_of(asked: SignInRequest, kind: str) -> str:
    """The code of this kind, made of the request's id and the secret key."""
    number = int.from_bytes(salted_hmac(f"matchmaking.{kind}", str(asked.pk), algorithm="sha256").digest()[:8])
    return f"{number % 10 ** DIGITS[kind]:0{DIGITS[kind]}}"


def link_of(asked: SignInRequest) -> str:
    """The address in the mail; its host comes from the settings, its token is a parameter, which no log line of ours holds."""
    return f"{settings.PUBLIC_URL}/sign-in/link/?token={create_token(asked, SCOPE)}"


def of_token(token: str) -> SignInRequest | None:
    """The request whose link this is, while it can be used; reading it uses nothing up."""
    found = parse_token(token, lambda pk: SignInRequest.objects.filter(pk=pk).first(), SCOPE) if token.isascii() else None
    return found if isinstance(found, SignInRequest) and is_open(found) else None


def is_open(asked: SignInRequest) -> bool:
    return asked.used_at is None and asked.tries < TRIES and asked.expires_at > timezone.now()


def _open() -> "QuerySet[SignInRequest]":
    return SignInRequest.objects.filter(used_at__isnull=True, expires_at__gt=timezone.now())


# --- asking -----------------------------------------------------------------------------------------------------------
def ask(request: Any, *, mail: str, language: str, onward: str = "", event: Event | None = None) -> SignInRequest:
    """Ask for a mail to this address; raises TooOften. The same for every address: a worker finds out whose it is."""
    take("sign-in-mail-address", address_of(request))
    take("sign-in-mail-all", "")
    take("sign-in-mail", mail)
    return _ask(SignInRequest(mail=mail, language=language, onward=onward, event=event))


def ask_again(request: Any, earlier: SignInRequest, language: str) -> SignInRequest:
    """A new mail in place of a lost one, which ends; raises TooOften."""
    asked = ask(request, mail=earlier.mail, language=language, onward=earlier.onward, event=earlier.event)
    SignInRequest.objects.filter(pk=earlier.pk, used_at__isnull=True).update(used_at=Now())
    return asked


@transaction.atomic
def _ask(asked: SignInRequest) -> SignInRequest:
    now = timezone.now()
    asked.expires_at, asked.asked_at = now + timedelta(seconds=settings.SIGN_IN_MAIL_S), now
    asked.save(force_insert=True)
    jobs.enqueue(Job.MAIL_SIGN_IN, request_id=asked.pk)
    return asked


# --- sending ----------------------------------------------------------------------------------------------------------
def send(*, request_id: int) -> bool:
    """Send the mail that was asked for, once; whether it went out. Only a worker calls this.

    Where the mail server took nothing, the sweep asks again; where nobody knows, the person does.
    """
    if _open().filter(pk=request_id, sent_at__isnull=True).update(sent_at=Now()) != 1:
        return False
    asked = SignInRequest.objects.select_related("event").get(pk=request_id)
    if not _may_come_in(asked):
        return False
    try:
        mailing.send(_letter(asked))
    except (mailing.NotSent, mailing.Unsure) as error:
        log.warning("sign-in request %s: its mail was not sent for sure (%s)", asked.pk, type(error).__name__)
        if isinstance(error, mailing.NotSent) and error.again:
            SignInRequest.objects.filter(pk=asked.pk).update(sent_at=None)
        return False
    return True


def _letter(asked: SignInRequest) -> mailing.Mail:
    """In the language of the page it was asked on. The code stands first: previews on a phone show it."""
    told = {"code": code_of(asked, MAILED), "link": link_of(asked), "minutes": settings.SIGN_IN_MAIL_S // 60}
    told["event"] = mailing.one_line(event_name(asked.event, asked.language)) if asked.event is not None else ""
    return mailing.compose("sign_in", told, to=asked.mail, language=asked.language, key=f"sign-in:{asked.pk}")


def _may_come_in(asked: SignInRequest) -> bool:
    user = User.objects.filter(mail=asked.mail).first()
    if user is not None:
        return user.is_active
    return asked.event_id is not None or invitations.is_open_for(asked.mail)


def resend() -> int:
    """Ask again for mails whose message was lost, or that could not be sent; how many."""
    long_ago = Now() - timedelta(seconds=settings.RESEND_AFTER_S)
    waiting = _open().filter(Q(asked_at__isnull=True) | Q(asked_at__lt=long_ago), sent_at__isnull=True)
    return sum(
        jobs.publish(Job.MAIL_SIGN_IN, {"request_id": pk})
        for pk in list(waiting.values_list("pk", flat=True))
        if waiting.filter(pk=pk).update(asked_at=Now()) == 1
    )


# --- coming in --------------------------------------------------------------------------------------------------------
def enter_by_code(request: Any, asked: SignInRequest, kind: str, typed: str) -> User | None:
    """The login that this code of the request opens, or None where it is wrong; raises TooOften, and Conflict when it is used up.

    Counted by request, by account, by client and for all, before anything is compared; what is right does not count for the client.
    """
    count_guess(request)
    take("sign-in", asked.mail)
    if _open().filter(pk=asked.pk, tries__lt=TRIES).update(tries=F("tries") + 1) != 1:
        raise Conflict(USED_UP)
    if not constant_time_compare("".join(typed.split()), code_of(asked, kind)):
        return None
    user = _enter(asked)
    if user is not None:
        forgive_guess(request)
    return user


def enter_by_link(asked: SignInRequest) -> User | None:
    """The login whose link was opened in the browser that asked for it; raises Conflict when it is used up."""
    return _enter(asked)


@transaction.atomic
def _enter(asked: SignInRequest) -> User | None:
    """Use the request up, once. A new address gets a login where an event's link brought it or it was invited, without a password."""
    if not _may_come_in(asked):
        return None
    if _open().filter(pk=asked.pk).update(used_at=Now()) != 1:
        raise Conflict(USED_UP)
    user, new = User.objects.get_or_create(mail=asked.mail, defaults={"password": make_password(None), "language": asked.language})
    if new:
        trail.record("login.made", user, actor=user, event=asked.event)
    trail.record("login.entered", user, actor=user)
    return user
