"""Signing in with a password, with the same counts of wrong guesses as the API; and signing out."""

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from matchmaking.errors import TooOften
from matchmaking.services import sessions
from matchmaking.services.sign_in import count_guess, login_of
from web import errors
from web.pages import ANYONE, page, render
from web.signing_in.forms import PasswordSignInForm
from web.signing_in.mailed import onward_of
from web.start import signed_in_as


@sensitive_post_parameters("password")
@page("get", "post", permits=ANYONE)
def sign_in_with_password(request: HttpRequest) -> HttpResponse:
    """Address and password; whoever is signed in already goes on."""
    onward = onward_of(request)
    if request.user.is_authenticated:
        return redirect(onward or settings.LOGIN_REDIRECT_URL)
    form, status = PasswordSignInForm(request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        status = 400
        try:
            count_guess(request)
            if form.is_valid():
                user = login_of(request, form.cleaned_data["mail"], form.cleaned_data["password"])
                if user is not None:
                    return signed_in_as(request, user, onward)
                form.add_error(None, _("This mail address and this password do not fit together."))
        except TooOften as error:
            form.add_error(None, errors.sentence(error))
            status = 429
    return render(request, "web/sign_in_password.html", {"form": form, "next": onward, "mails": settings.MAIL_ON}, status=status)


@page("post", permits=ANYONE)
def sign_out(request: HttpRequest) -> HttpResponse:
    """End all sessions of the person, on every device; tokens of programs stay."""
    if request.user.is_authenticated:
        sessions.end_sessions(request.user)
    logout(request)
    return redirect("start")
