"""Everything that comes in from a page's form is checked here first; the services check again what it means."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from matchmaking.errors import BadInput
from matchmaking.models import CONTACT_FIELDS, Consent
from matchmaking.services.languages import codes_in

CONTACTS = {"mail": _("Mail"), "phone": _("Phone"), "telegram": _("Telegram")}
NOT_BECAUSE = {  # what is kept with a no, and how the page says it
    "topic": _("the topic is not mine"),
    "known": _("we know each other already"),
    "far": _("it is too far away"),
    "later": _("I have no time for it now"),
    "other": _("another reason"),
}
TEXTS = ("name", "organisation", "sector", "city", "phone", "telegram", "offer_text", "need_text", "about", "private_answers")
FLAGS = ("same_sector", "listed")
TERMS = ("offers", "needs", "interests")
LISTS = (*TERMS, "languages")
LOCAL_TIME = "%Y-%m-%dT%H:%M"  # what a browser's field for date and time sends


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(choices=[(name, name) for name in ("accept", "decline", "undo")])
    reason = forms.ChoiceField(choices=list(NOT_BECAUSE.items()), required=False)
    choosing = forms.BooleanField(required=False)
    shares = forms.MultipleChoiceField(choices=[(name, name) for name in CONTACT_FIELDS], required=False)


class SharesForm(forms.Form):
    shares = forms.MultipleChoiceField(choices=[(name, name) for name in CONTACT_FIELDS], required=False)


class ConsentForm(forms.Form):
    purpose = forms.ChoiceField(choices=Consent.Purpose.choices)
    give = forms.BooleanField(required=False)
    text_version = forms.CharField(max_length=40)


class NewLoginForm(forms.Form):
    """The log-in of a new person, where no mail can prove the address."""

    mail = forms.EmailField(label=_("Mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label=_("Choose a password of 10 characters or more"),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class JoinForm(NewLoginForm):
    """What a new person says first; the rest of the profile follows when they are in."""

    field_order = ("name", "organisation", "sector")
    name = forms.CharField(label=_("Name"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    organisation = forms.CharField(
        label=_("Organisation"), max_length=300, required=False, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    sector = forms.ChoiceField(label=_("Sector"))

    def __init__(self, data: QueryDict | None, *, sectors: dict[str, str], known: bool) -> None:
        super().__init__(data)
        self.fields["sector"].choices = sectors.items()  # type: ignore[attr-defined]
        self.initial["sector"] = "other"
        if known:  # the log-in has these
            del self.fields["mail"], self.fields["password"]


class PasswordForm(forms.Form):
    password = forms.CharField(max_length=1000, strip=False)


def checked(form: forms.Form) -> dict[str, Any]:
    """The form's clean values; BadInput where it cannot be used."""
    if not form.is_valid():
        raise BadInput("The request cannot be used.")
    return form.cleaned_data


def noted(post: QueryDict, zone: str) -> dict[str, Any]:
    """What is said of an introduction; times are those of the event's place."""
    said: dict[str, Any] = {}
    if "met" in post:
        said["met"] = post["met"] == "1"
    if "next_step" in post:
        said["next_step"] = post["next_step"]
    if "meets_at" in post:
        said["meets_at"] = _local_time(post["meets_at"], zone)
    return said


def _local_time(text: str, zone: str) -> datetime | None:
    if not text:
        return None
    try:
        return timezone.make_aware(datetime.strptime(text, LOCAL_TIME), ZoneInfo(zone))
    except (ValueError, OverflowError) as error:
        raise BadInput("This is not a time.", fields={"meets_at": "This is not a time."}) from error


def told(post: QueryDict) -> dict[str, Any]:
    """What the profile form says, by the names of `participants.OWN_FIELDS`; only what its `parts` names were on the page."""
    parts = set(post.getlist("parts"))
    said: dict[str, Any] = {name: post[name] for name in TEXTS if name in parts and name in post}
    said |= {name: name in post for name in FLAGS if name in parts}
    said |= {name: _listed(post, name) for name in LISTS if name in parts}
    return said


def _listed(post: QueryDict, name: str) -> list[str]:
    """What is ticked, what was picked, and what was typed beside it."""
    typed = post.get(f"{name}_new", "")
    added = codes_in(typed)[0] if name == "languages" else _pieces(typed)
    return [*post.getlist(name), *post.getlist(f"{name}_add"), *added]


def _pieces(text: str) -> Sequence[str]:
    return [piece.strip() for line in text.splitlines() for piece in line.replace(";", ",").split(",") if piece.strip()]
