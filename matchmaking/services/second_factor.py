"""The second factor of those who may see others' data: an authenticator app (TOTP), and recovery codes for when it is lost.

django-otp keeps the devices and checks the codes, each once. Recovery codes are stored hashed: its table holds what it would
otherwise hold in clear. Whether somebody needs a second factor is answered by `matchmaking.access`.
"""

import re
import secrets
from base64 import b32encode, urlsafe_b64encode

from django.db import transaction
from django.utils.crypto import salted_hmac
from django_otp import verify_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from matchmaking.errors import Conflict
from matchmaking.models import User
from matchmaking.services import sessions, trail
from matchmaking.services.throttles import give_back, take

RECOVERY_CODES, RECOVERY_BYTES = 10, 8
SCOPE = "second-factor"


def device_of(user: User) -> TOTPDevice | None:
    """The app that was set up and confirmed."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


def recovery_codes_left(user: User) -> int:
    return int(StaticToken.objects.filter(device__user=user).count())


# --- setting up -------------------------------------------------------------------------------------------------------
def begin(user: User) -> TOTPDevice:
    """An app to be set up, in place of one that was begun and not confirmed; an earlier app works until this one is confirmed."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        TOTPDevice.objects.filter(user=user, confirmed=False).delete()
        return TOTPDevice.objects.create(user=user, name="app", confirmed=False)


def begun(user: User) -> TOTPDevice | None:
    return TOTPDevice.objects.filter(user=user, confirmed=False).first()


@transaction.atomic
def confirm(*, user: User, code: str) -> tuple[TOTPDevice, list[str]] | None:
    """Take the app into use with its first code; its recovery codes, which are told this once. None where the code is wrong.

    An earlier app and its recovery codes end, and so do tokens that were given without a second factor.
    """
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
    if device is None:
        raise Conflict("Begin again: there is no app to confirm.")
    if not device.verify_token(_plain(code)):
        return None
    TOTPDevice.objects.filter(user=user, confirmed=True).delete()
    StaticDevice.objects.filter(user=user).delete()
    TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
    device.confirmed = True
    ended = sessions.end_tokens(user)
    trail.record("second_factor.set_up", user, actor=user, tokens_ended=ended)
    return device, _fresh_codes(user)


@transaction.atomic
def new_recovery_codes(*, user: User) -> list[str]:
    """Recovery codes in place of the earlier ones; told this once."""
    if device_of(user) is None:
        raise Conflict("Set up an app first.")
    trail.record("second_factor.codes_made", user, actor=user)
    return _fresh_codes(user)


def _fresh_codes(user: User) -> list[str]:
    device, _new = StaticDevice.objects.get_or_create(user=user, defaults={"name": "recovery"})
    device.token_set.all().delete()
    codes = [b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().rstrip("=").lower() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_hashed(code)) for code in codes)
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def _plain(typed: str) -> str:
    return re.sub(r"[\s-]", "", typed).lower()


def _hashed(code: str) -> str:
    """A recovery code as it is stored: the codes are random and long enough for one round of hashing."""
    return urlsafe_b64encode(salted_hmac("matchmaking.recovery", code, algorithm="sha256").digest()[:12]).decode()


# --- asking -----------------------------------------------------------------------------------------------------------
def verify(*, user: User, typed: str) -> Device | None:
    """The device that this code belongs to, used up by this; None where it is wrong. Raises TooOften after too many wrong ones."""
    take(SCOPE, str(user.pk))
    code = _plain(typed)
    recovery = StaticDevice.objects.filter(user=user).first()
    candidates = ((device_of(user), code), (recovery, _hashed(code)))
    for device, token in candidates if code.isascii() else ():
        if device is not None and _verified(user, device, token, recovery=device == recovery):
            give_back(SCOPE, str(user.pk))
            return device
    return None


@transaction.atomic
def _verified(user: User, device: Device, token: str, *, recovery: bool) -> bool:
    """Whether the token is right; it is used up with the entry that says so."""
    right = bool(verify_token(user, device.persistent_id, token))
    if right and recovery:
        trail.record("second_factor.recovered", user, actor=user, left=recovery_codes_left(user))
    return right


# --- taking away ------------------------------------------------------------------------------------------------------
@transaction.atomic
def remove(*, user: User, by: User | None) -> bool:
    """Take the second factor away from somebody who lost it, after the operator made sure who asks; whether there was one.

    Every session and token of the login ends: it has to be set up anew at the next sign-in.
    """
    apps, _ = TOTPDevice.objects.filter(user=user).delete()
    codes, _ = StaticDevice.objects.filter(user=user).delete()
    ended = sessions.end_all(user)
    trail.record("second_factor.removed", user, actor=by, sessions_ended=ended)
    return bool(apps or codes)
