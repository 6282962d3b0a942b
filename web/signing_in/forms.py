"""What one signs in with."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

ADDRESS = {"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
NUMBERS = {"inputmode": "numeric", "autofocus": True, "class": "code"}


class CodeInput(forms.TextInput):
    """A code is typed anew after a wrong one."""

    def format_value(self, value: Any) -> None:
        return None


class MailForm(forms.Form):
    mail = forms.EmailField(label=_("Mail address"), max_length=254, widget=forms.EmailInput(attrs=ADDRESS))


class PasswordSignInForm(MailForm):
    password = forms.CharField(
        label=_("Password"), max_length=1000, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class CodeForm(forms.Form):
    """The code of the mail."""

    code = forms.CharField(
        label=_("Code from the mail"), max_length=20, widget=CodeInput(attrs={**NUMBERS, "autocomplete": "one-time-code"})
    )


class CheckForm(forms.Form):
    """The code that stands where the mail was asked for."""

    code = forms.CharField(label=_("Check code"), max_length=20, widget=CodeInput(attrs={**NUMBERS, "autocomplete": "off"}))


class FactorForm(forms.Form):
    """The code of the app, or one of the recovery codes."""

    code = forms.CharField(
        label=_("Code of your app, or a recovery code"),
        max_length=40,
        widget=CodeInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "autofocus": True, "class": "code"}),
    )


class FirstCodeForm(forms.Form):
    """The first code of an app that is being set up."""

    code = forms.CharField(
        label=_("The six digits your app shows now"),
        max_length=20,
        widget=CodeInput(attrs={**NUMBERS, "autocomplete": "one-time-code", "autofocus": False}),
    )
