"""A second factor for tests: an app that is set up, and the codes it shows."""

from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import hotp, totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from matchmaking.models import User


def set_up(user: User) -> TOTPDevice:
    return TOTPDevice.objects.create(user=user, name="app", confirmed=True)


def next_code(device: TOTPDevice) -> str:
    """A code that the app shows and that was not used yet."""
    device.refresh_from_db()
    number = totp(device.bin_key) if device.last_t < 0 else hotp(device.bin_key, device.last_t + 1)
    return f"{number:06}"


def show(client: Client, device: TOTPDevice) -> None:
    """The client's session has shown its second factor."""
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session.save()
