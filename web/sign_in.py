"""Signing in and out on a page, with the same counts of wrong guesses as the API."""

from django import forms
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from matchmaking.errors import TooOften
from matchmaking.services.sign_in import count_guess, login_of
from web.start import local_path, signed_in_as


class SignInForm(forms.Form):
    """What one signs in with."""

    mail = forms.EmailField(
        label=gettext_lazy("Mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form; whoever is signed in already goes on."""
    onward = _onward(request)
    if request.user.is_authenticated:
        return redirect(onward or settings.LOGIN_REDIRECT_URL)
    form, status = SignInForm(request.POST if request.method == "POST" else None), 200
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
            form.add_error(None, _(error.template).format_map(error.params))
            status = 429
    return render(request, "web/sign_in.html", {"form": form, "next": onward}, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("start")


def _onward(request: HttpRequest) -> str:
    """The path of ours to go to afterwards; never another site, nor this page."""
    path = local_path(request, request.POST.get("next") or request.GET.get("next") or "")
    return "" if path.startswith(settings.LOGIN_URL) else path


sign_in.permits = "anyone"  # type: ignore[attr-defined]
sign_in.operations = ("get", "post")  # type: ignore[attr-defined]
sign_out.operations = ("post",)  # type: ignore[attr-defined]
sign_out.permits = "anyone"  # type: ignore[attr-defined]
