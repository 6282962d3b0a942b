"""How a person wants to be told: chosen on a page, or ended by one click in a mail."""

from collections.abc import Sequence
from datetime import time

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from matchmaking.errors import BadInput, NotFound
from matchmaking.models import Consent, Intent, NoticeSettings, Participant, User
from matchmaking.services import consents, mailing, trail

AT_ONCE, GATHERED, NOTHING = "at once", "gathered", "nothing"
WAYS = (AT_ONCE, GATHERED, NOTHING)
MAIL = Consent.Purpose.MAIL


def settings_of(user: User) -> NoticeSettings:
    """What was chosen, or what holds where nothing was."""
    return NoticeSettings.objects.filter(user=user).first() or NoticeSettings(user=user)


def way_of(user: User) -> str:
    """By mail at once, gathered, or not at all: the consent to mail decides, in any programme."""
    if not _agreed(user).exists():
        return NOTHING
    return GATHERED if settings_of(user).gathered else AT_ONCE


@transaction.atomic
def choose(*, user: User, way: str, quiet_from: time, quiet_until: time) -> None:
    """Choose the way and the quiet hours. `nothing` withdraws the consent to mail; the others give it where none stands."""
    if way not in WAYS:
        raise BadInput("Choose one of these.", fields={"way": "Choose one of these."})
    values = {"gathered": way == GATHERED, "quiet_from": quiet_from, "quiet_until": quiet_until}
    row, _new = NoticeSettings.objects.update_or_create(user=user, defaults=values)
    trail.record("notices.chosen", row, actor=user, way=way)
    if way == NOTHING:
        _withdraw(user)
    elif not _agreed(user).exists():
        for participant in Participant.objects.filter(user=user).order_by("pk"):
            consents.give(participant=participant, purpose=MAIL, by=user)
    waiting = Intent.objects.filter(recipient__user=user, state=Intent.State.WAITING, attempts=0)
    waiting.update(due_at=None)  # to be looked at anew


def saw(*, user: User, intents: Sequence[int]) -> None:
    """These notices have been shown to the person."""
    if intents:
        Intent.objects.filter(pk__in=intents, recipient__user=user, seen_at__isnull=True).update(seen_at=Now())


def _agreed(user: User) -> QuerySet[Consent]:
    return Consent.objects.filter(participant__user=user, purpose=MAIL, withdrawn_at__isnull=True)


def _withdraw(user: User) -> None:
    for participant in Participant.objects.filter(user=user).order_by("pk"):
        consents.withdraw(participant=participant, purpose=MAIL, by=user)


# --- one click --------------------------------------------------------------------------------------------------------
def _signer() -> Signer:
    return Signer(salt="matchmaking.mail.stop")


def stop_address(user: User) -> str:
    """Where mails to this person are ended with one click (RFC 8058); whoever has the mail may, signed in or not."""
    return mailing.address(f"/mail/stop/{_signer().sign(str(user.pk))}/")


def whose_stop(token: str) -> User | None:
    """The person a stop address belongs to; None once they are erased. A forged one reads like none."""
    try:
        number = int(_signer().unsign(token))
    except (BadSignature, ValueError):
        raise NotFound("There is nothing here.") from None
    return User.objects.filter(pk=number).first()


@transaction.atomic
def stop(user: User) -> None:
    """No more mails: the consent is withdrawn everywhere. Again changes nothing."""
    _withdraw(user)
