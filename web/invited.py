"""Invitations: to take over a profile that organisers entered, or to become facilitator or organiser."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from matchmaking.errors import BadInput, TooOften
from matchmaking.models import Event, Invitation, User
from matchmaking.selectors.labels import event_name
from matchmaking.services import consents, invitations, participants
from matchmaking.services.cells import clean
from matchmaking.services.throttles import address_of, take
from web import errors
from web.forms import NewLoginForm
from web.names import moment
from web.pages import ANYONE, page, render
from web.signing_in.forms import MailForm
from web.signing_in.mailed import asked_for
from web.start import signed_in_as

INVITED = "invited"  # in the session: the invitation whose link was opened
Role = Invitation.Role
ROOMS = {Role.PARTICIPANT: "profile", Role.FACILITATOR: "facilitate", Role.ORGANISER: "organise"}


@page("get", permits=ANYONE)
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """The link leads on without its token, so that neither history nor `Referer` keeps that; opening it uses nothing up."""
    request.session[INVITED] = invitations.of_token(token).pk
    answer = redirect("invitation")
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@page("get", "post", permits=ANYONE)
def invitation(request: HttpRequest) -> HttpResponse:
    """What one is invited to. Whoever is signed in accepts; others come in first."""
    found = invitations.open_one(request.session.get(INVITED, 0))
    if request.user.is_authenticated:
        return _accepted(request, found, signed_in=request.user) if request.method == "POST" else _shown(request, found)
    return _by_mail(request, found) if settings.MAIL_ON else _by_password(request, found)


def _by_mail(request: HttpRequest, found: Invitation) -> HttpResponse:
    """The address is proved by a code; then one is back here."""
    form = MailForm(request.POST if request.method == "POST" else None, initial={"mail": found.mail})
    if form.is_valid():
        try:
            return asked_for(request, form.cleaned_data["mail"], request.path, _event(found))
        except TooOften as error:
            form.add_error(None, errors.sentence(error))
            return _shown(request, found, form, status=429)
    return _shown(request, found, form, status=400 if form.is_bound else 200)


def _by_password(request: HttpRequest, found: Invitation) -> HttpResponse:
    form = NewLoginForm(request.POST if request.method == "POST" else None)
    if found.mail:
        del form.fields["mail"]
    if not form.is_valid():
        return _shown(request, found, form, status=400 if form.is_bound else 200)
    take("sign-in-address", address_of(request))
    take("sign-in", participants.clean_mail(found.mail or form.cleaned_data["mail"]))
    said = {"mail": form.cleaned_data.get("mail", ""), "password": form.cleaned_data["password"]}
    try:
        return _accepted(request, found, **said, language=(get_language() or "en")[:2])
    except BadInput as error:
        for name, text in errors.by_field(error).items():
            form.add_error(name if name in form.fields else None, text)
        return _shown(request, found, form, status=400)


def _accepted(request: HttpRequest, found: Invitation, **who: Any) -> HttpResponse:
    name = clean(request.POST.get("name", ""))[:200]
    if name and request.user.is_authenticated and not request.user.name:
        participants.change_login(user=request.user, name=name)
    agreed = {"ticked": request.POST.getlist("consents"), "text_version": request.POST.get("text_version")}
    invitations.claim(invitation=found, **who, **agreed)
    del request.session[INVITED]
    messages.success(request, _("You have accepted the invitation."))
    if not request.user.is_authenticated:
        return signed_in_as(request, User.objects.get(mail=participants.clean_mail(found.mail or who["mail"])), "")
    return redirect(ROOMS[Role(found.role)])


def _shown(request: HttpRequest, found: Invitation, form: Any = None, status: int = 200) -> HttpResponse:
    language, event = get_language() or "en", _event(found)
    context = {
        "invited": found, "form": form, "programme": event_name(found.programme, language),
        "event": event_name(event, language) if event else "", "city": event.city if event else "",
        "starts": moment(event.starts_at, event.time_zone) if event and event.starts_at else None,
        "asks_mail": isinstance(form, MailForm),
        "asks_name": found.participant is None and request.user.is_authenticated and not request.user.name,
        "other_address": found.participant is None and request.user.is_authenticated and request.user.mail != found.mail,
        "notice": consents.notice(language), "purposes": consents.purposes(language), "ticked": request.POST.getlist("consents"),
    }  # fmt: skip
    return render(request, "web/invitation.html", context, status=status)


def _event(found: Invitation) -> Event | None:
    """What the invitation is for: its own event, or the first one that the person is entered for."""
    if found.event is not None or found.participant is None:
        return found.event
    registration = found.participant.registrations.select_related("event").order_by("created_at", "pk").first()
    return registration.event if registration else None
