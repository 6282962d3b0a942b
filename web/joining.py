"""S1: the way into an event by its link or code: what it is, what one agrees to, and a few fields."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.errors import BadInput, TooOften
from matchmaking.models import Event, Registration
from matchmaking.selectors.labels import event_name
from matchmaking.services import consents, joining
from matchmaking.services.throttles import address_of, take
from web import errors
from web.forms import JoinForm
from web.names import moment, sectors_of
from web.pages import ANYONE, page, render
from web.signing_in.forms import MailForm
from web.signing_in.mailed import asked_for

PROFILE = ("name", "organisation", "sector")


@page("get", "post", permits=ANYONE)
def join(request: HttpRequest, code: str) -> HttpResponse:
    """Ask to take part. Whoever stands in the programme already needs one click; nobody learns whether an address is known."""
    event, user = access.event_of_link(code), request.user
    if not user.is_authenticated and settings.MAIL_ON:
        return _by_mail(request, event)
    if request.method != "POST" and access.own_participants(user).filter(registrations__in=_taking_part(event)).exists():
        return redirect("suggestions")
    stands = access.own_participants(user).filter(programme=event.programme_id).exists()
    posted = request.POST if request.method == "POST" else None
    form = JoinForm(posted, sectors=sectors_of(event.programme), known=user.is_authenticated)
    if posted is None:
        return _shown(request, event, form, stands)
    take("sign-in-address", address_of(request))
    if not stands and not form.is_valid():
        return _shown(request, event, form, stands, status=400)
    try:
        return _asked(request, event, {} if stands else form.cleaned_data)
    except BadInput as error:
        for name, text in errors.by_field(error).items():
            form.add_error(name if name in form.fields else None, text)
        return _shown(request, event, form, stands, status=400)


def _by_mail(request: HttpRequest, event: Event) -> HttpResponse:
    """Who is not signed in gives an address and proves it; the rest follows when they are in. New and known ones read alike."""
    form, status = MailForm(request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        joining.refuse_if_over(event)
        status = 400
        try:
            if form.is_valid():
                return asked_for(request, form.cleaned_data["mail"], request.path, event)
        except TooOften as error:
            form.add_error(None, errors.sentence(error))
            status = 429
    notice = consents.notice(get_language() or "en")
    return render(request, "web/join_by_mail.html", {"event": _told(event), "form": form, "notice": notice}, status=status)


def _taking_part(event: Event) -> "QuerySet[Registration]":
    return Registration.objects.filter(event=event, state=Registration.State.APPROVED)


def _asked(request: HttpRequest, event: Event, said: dict[str, Any]) -> HttpResponse:
    data = {name: said[name] for name in PROFILE if name in said}
    agreed = {"ticked": request.POST.getlist("consents"), "text_version": request.POST.get("text_version", "")}
    if request.user.is_authenticated:
        registration = joining.join(event=event, user=request.user, data=data, **agreed)
        takes_part = registration.state == Registration.State.APPROVED
        messages.success(request, _("You take part.") if takes_part else _("You have asked to take part. The organisers decide about it."))
        return redirect("profile")
    language = (get_language() or "en")[:2]
    joining.ask_to_join(event=event, mail=said["mail"], password=said["password"], language=language, data=data, **agreed)
    return render(request, "web/asked.html", {"event": _told(event)}, status=202)


def _shown(request: HttpRequest, event: Event, form: JoinForm, stands: bool, status: int = 200) -> HttpResponse:
    language = get_language() or "en"
    words = {"notice": consents.notice(language), "purposes": consents.purposes(language)}
    ticked = request.POST.getlist("consents")
    context = {"event": _told(event), "form": form, "stands": stands, "ticked": ticked, "code": event.join_code, **words}
    return render(request, "web/join.html", context, status=status)


def _told(event: Event) -> dict[str, Any]:
    language = get_language() or "en"
    return {
        "name": event_name(event, language),
        "programme": event_name(event.programme, language),
        "description": event.descriptions.get(language, event.description),
        "city": event.city,
        "starts": moment(event.starts_at, event.time_zone) if event.starts_at else None,
    }
