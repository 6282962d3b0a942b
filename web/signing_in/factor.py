"""The second factor: shown at the sign-in of those who need one; set up, replaced, and its recovery codes."""

import time

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import login as otp_login
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice

from matchmaking import access
from matchmaking.errors import NotFound, TooOften
from matchmaking.models import User
from matchmaking.services import second_factor
from web import errors
from web.codes import picture
from web.pages import FIRST_FACTOR, page, render, rooms_of
from web.signing_in.forms import FactorForm, FirstCodeForm
from web.signing_in.mailed import onward_of

SHOWN_AT = "second_factor_at"  # in the session: when it was shown, in seconds of the clock
FRESH_S = 600  # so long after showing it, it can be replaced
WRONG = "This code is wrong, or it was used already. Take the next one your app shows."


@sensitive_post_parameters("code")
@page("get", "post", permits=FIRST_FACTOR)
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Shows how things stand; asks for a code where one is set up and was not shown yet."""
    user = _who(request)
    onward = "" if onward_of(request).startswith(reverse("second-factor")) else onward_of(request)
    device = second_factor.device_of(user)
    left = second_factor.recovery_codes_left(user)
    shown = {"next": onward, "device": device, "fresh": _fresh(request), "asked_for": settings.SECOND_FACTOR, "left": left}
    form, status = FactorForm(request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        found, status = _tried(user, form)
        if found is not None:
            _show(request, found)
            return _after(request, user, found, onward)
    return render(request, "web/second_factor.html", {"form": form, **shown}, status=status)


@page("get", "post", permits=FIRST_FACTOR)
def set_up(request: HttpRequest) -> HttpResponse:
    """A POST begins; the page shows the secret as a picture and as text until its first code comes."""
    user = _who(request)
    if second_factor.device_of(user) is not None and not _fresh(request):
        return _ask_first(request)
    if request.method == "POST":
        second_factor.begin(user)
        return redirect("second-factor-set-up")
    return _set_up_page(request, second_factor.begun(user), FirstCodeForm(), 200)


@sensitive_post_parameters("code")
@page("get", "post", permits=FIRST_FACTOR)
def confirm(request: HttpRequest) -> HttpResponse:
    """The first code of the app: from now on it is the second factor. Its recovery codes stand on the answer alone."""
    user, form = _who(request), FirstCodeForm(request.POST)
    if request.method != "POST":  # the page was loaded again, or its language changed
        return redirect("second-factor")
    if second_factor.device_of(user) is not None and not _fresh(request):
        return _ask_first(request)
    confirmed = second_factor.confirm(user=user, code=form.cleaned_data["code"]) if form.is_valid() else None
    if confirmed is None:
        if form.is_valid():
            form.add_error("code", _("This is not what the app should show. Compare the secret and the clock of your phone."))
        return _set_up_page(request, second_factor.begun(user), form, 400)
    device, codes = confirmed
    _show(request, device)
    return _codes_page(request, codes)


@page("get", "post", permits=FIRST_FACTOR)
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes; the earlier ones end."""
    user = _who(request)
    if request.method != "POST":
        return redirect("second-factor")
    if not _fresh(request):
        return _ask_first(request)
    return _codes_page(request, second_factor.new_recovery_codes(user=user))


def _who(request: HttpRequest) -> User:
    """Only those who need a second factor have these pages."""
    if not access.needs_second_factor(request.user):
        raise NotFound("There is nothing here.")
    return request.user


def _tried(user: User, form: FactorForm) -> tuple[Device | None, int]:
    if not form.is_valid():
        return None, 400
    try:
        found = second_factor.verify(user=user, typed=form.cleaned_data["code"])
    except TooOften as error:
        form.add_error(None, errors.sentence(error))
        return None, 429
    if found is None:
        form.add_error("code", _(WRONG))
    return found, 400


def _show(request: HttpRequest, device: Device) -> None:
    """Mark the session, under a new key: what was known of it before opens less."""
    otp_login(request, device)
    request.session[SHOWN_AT] = int(time.time())
    request.session.cycle_key()


def _after(request: HttpRequest, user: User, device: Device, onward: str) -> HttpResponse:
    if not isinstance(device, TOTPDevice):
        left = second_factor.recovery_codes_left(user)
        messages.warning(request, _("Recovery codes left: {left}. Set up your app anew if it is lost.").format(left=left))
        return redirect("second-factor")
    rooms = rooms_of(request, "")
    return redirect(onward or (rooms[0]["address"] if rooms else "start"))


def _fresh(request: HttpRequest) -> bool:
    return request.user.is_verified() and time.time() - request.session.get(SHOWN_AT, 0) < FRESH_S


def _ask_first(request: HttpRequest) -> HttpResponse:
    messages.info(request, _("Show your second factor again first: it was shown more than ten minutes ago."))
    return redirect("second-factor")


def _set_up_page(request: HttpRequest, device: TOTPDevice | None, form: FirstCodeForm, status: int) -> HttpResponse:
    if device is None:
        return redirect("second-factor")
    # The picture holds the secret: it is drawn anew each time, not kept with those of the addresses.
    secret = device.config_url.partition("secret=")[2].partition("&")[0]
    spelled = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    context = {"form": form, "qr": picture.__wrapped__(device.config_url), "address": device.config_url, "secret": spelled}
    return render(request, "web/second_factor_set_up.html", context, status=status)


def _codes_page(request: HttpRequest, codes: list[str]) -> HttpResponse:
    rooms = rooms_of(request, "")
    return render(request, "web/recovery_codes.html", {"codes": codes, "onward": rooms[0]["address"] if rooms else reverse("start")})
