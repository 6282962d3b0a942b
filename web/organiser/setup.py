"""S11: an event is set up: name, date, limits; a facilitator is invited."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matchmaking import access
from matchmaking.engine.parameters import LIMITS
from matchmaking.errors import BadInput
from matchmaking.models import Event, Role
from matchmaking.selectors.labels import event_name
from matchmaking.services import invitations, programmes
from web import errors
from web.names import day
from web.organiser.home import ROOM, render_event
from web.organiser.words import known
from web.pages import page, render

HERE = "organise-settings"
LOCAL_TIME = "%Y-%m-%dT%H:%M"
KINDS = {
    Event.Kind.DISCUSSION: gettext_lazy("discussion"),
    Event.Kind.HACKATHON: gettext_lazy("hackathon"),
    Event.Kind.TRAINING: gettext_lazy("training"),
}


class EventForm(forms.Form):
    name = forms.CharField(max_length=200)
    kind = forms.ChoiceField(choices=list(KINDS.items()))
    city = forms.CharField(max_length=120, required=False)
    time_zone = forms.CharField(max_length=60)
    starts_at = forms.DateTimeField(input_formats=[LOCAL_TIME], required=False)
    ends_at = forms.DateTimeField(input_formats=[LOCAL_TIME], required=False)
    cap = forms.IntegerField(min_value=LIMITS["cap"][0], max_value=LIMITS["cap"][1])
    floor = forms.IntegerField(min_value=LIMITS["floor"][0], max_value=LIMITS["floor"][1])
    same_sector = forms.BooleanField(required=False)
    met_again = forms.BooleanField(required=False)

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"]
        if name not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone; write it like Europe/Minsk."))
        return name

    def changes(self) -> dict[str, Any]:
        """What the form says, times as those of the event's place."""
        said = dict(self.cleaned_data)
        zone = ZoneInfo(said["time_zone"])
        for name in ("starts_at", "ends_at"):
            if said[name]:
                said[name] = said[name].replace(tzinfo=zone)
        return said


@page("get", "post")
def settings(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what was set up."""
    event = access.event_to_organise(request.user, known(pk))
    if request.method != "POST":
        return _shown(request, event, EventForm(initial=_initial(event)))
    form = EventForm(request.POST)
    version = request.POST.get("version", "")
    if form.is_valid() and version.isascii() and version.isdecimal() and len(version) < 10:
        try:
            programmes.change_event(event=event, by=request.user, version=int(version), changes=_named(event, form.changes()))
        except BadInput as error:
            _blame(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect(HERE, pk=event.pk)
    return _shown(request, access.event_to_organise(request.user, event.pk), form, status=400)


@page("get", "post")
def new_event(request: HttpRequest, pk: int) -> HttpResponse:
    """Set an event up: a name is enough, all else has a default that works."""
    programme = access.programme_to_organise(request.user, known(pk))
    form = EventForm(request.POST or None, initial=_initial(Event(programme=programme)))
    if request.method == "POST" and form.is_valid():
        said = form.changes()
        slug = f"{slugify(said['name'])[:60] or 'event'}-{get_random_string(6).lower()}"
        try:
            event = programmes.create_event(programme=programme, by=request.user, slug=slug, **said)
        except BadInput as error:
            _blame(form, error)
        else:
            return redirect("organise-imports", pk=event.pk)
    context = {"form": form, "fields": fields(form), "programme": programme, "programme_name": event_name(programme, request.user.language)}
    return render(request, "web/organiser/new_event.html", context, room=ROOM, status=400 if form.errors else 200)


@page("post")
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Invite a facilitator of the event; the link is shown this once."""
    event = access.event_to_organise(request.user, known(pk))
    form = EventForm(initial=_initial(event))
    try:
        made = invitations.invite_to_role(
            programme=event.programme, event=event, role=Role.Name.FACILITATOR, mail=request.POST.get("mail", ""), by=request.user
        )
    except BadInput as error:
        return _shown(request, event, form, status=400, wrong_mail=errors.sentence(error))
    told = {"link": invitations.link(made.token), "until": day(made.invitation.expires_at, event.time_zone), "mail": made.invitation.mail}
    return _shown(request, event, form, invited=told)


def fields(form: EventForm) -> list[dict[str, Any]]:
    """The fields of the form with their labels, in their order."""
    labels: dict[str, Any] = {
        "name": _("Name"),
        "kind": _("Kind"),
        "city": _("City"),
        "time_zone": _("Time zone"),
        "starts_at": _("Begins"),
        "ends_at": _("Ends"),
        "cap": _("At most so many suggestions per person"),
        "floor": _("At least so many, where possible"),
        "same_sector": _("Suggest people of the same sector too"),
        "met_again": _("Suggest people who have worked together before"),
    }
    kinds = {"starts_at": "datetime-local", "ends_at": "datetime-local", "cap": "number", "floor": "number"}
    flags = ("same_sector", "met_again")
    return [
        {
            "name": name, "label": label, "value": _value(form, name), "wrong": " ".join(form.errors.get(name, [])),
            "type": kinds.get(name, "checkbox" if name in flags else "text"), "choices": KINDS.items() if name == "kind" else None,
            "limits": LIMITS.get(name),
        }
        for name, label in labels.items()
    ]  # fmt: skip


def _value(form: EventForm, name: str) -> Any:
    value = form[name].value()
    return value.strftime(LOCAL_TIME) if isinstance(value, datetime) else "" if value is None else value


def _initial(event: Event) -> dict[str, Any]:
    initial = {name: getattr(event, name) for name in EventForm.base_fields}
    for name in ("starts_at", "ends_at"):
        if initial[name]:
            initial[name] = timezone.make_naive(initial[name], ZoneInfo(event.time_zone))
    return initial


def _named(event: Event, said: dict[str, Any]) -> dict[str, Any]:
    """A changed name takes the place of the translated ones, which nobody would see changed otherwise."""
    return said | ({"names": {}} if event.names and said["name"] != event.name else {})


def _blame(form: EventForm, error: BadInput) -> None:
    for name, sentence in errors.by_field(error).items():
        form.add_error(name if name in form.fields else None, sentence)


def _shown(request: HttpRequest, event: Event, form: EventForm, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"form": form, "fields": fields(form), "version": event.version, **more}
    return render_event(request, event, "web/organiser/settings.html", context, here=HERE, status=status)
