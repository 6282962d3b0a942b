"""S6: everything that is stored about a person, who saw it, and every way out of it."""

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matchmaking import access
from matchmaking.errors import BadInput
from matchmaking.models import Participant
from matchmaking.selectors import own_data
from matchmaking.selectors.introductions import told, with_sides
from matchmaking.selectors.labels import event_name, term_label
from matchmaking.services import consents, erasure, joining
from matchmaking.services.throttles import take
from web import errors
from web.forms import CONTACTS, TERMS, PasswordForm, checked
from web.names import LABELS, day, language_name, sectors_of, value_of
from web.pages import page, render
from web.start import signed_in_just_now

ROOM = "own-data"
TABLES = {
    "login": gettext_lazy("Log-in"),
    "roles": gettext_lazy("Roles"),
    "participants": gettext_lazy("Programmes I take part in"),
    "profiles": gettext_lazy("Profiles"),
    "registrations": gettext_lazy("Events"),
    "consents": gettext_lazy("Consents"),
    "invitations": gettext_lazy("Invitations"),
    "proposals": gettext_lazy("Proposed changes"),
    "import_rows": gettext_lazy("Imported rows"),
    "responses": gettext_lazy("Answers"),
    "follow_ups": gettext_lazy("My notes on contacts"),
    "blocks": gettext_lazy("Blocks"),
    "ideas": gettext_lazy("Ideas"),
    "notifications": gettext_lazy("Notices"),
    "notice_settings": gettext_lazy("How I am told"),
    "shortfalls": gettext_lazy("Missing suggestions"),
    "projects": gettext_lazy("Past projects"),
    "suggestions": gettext_lazy("Suggestions"),
    "idea_suggestions": gettext_lazy("Ideas I was suggested for"),
    "introductions": gettext_lazy("Introductions"),
    "teams": gettext_lazy("Teams"),
    "change_requests": gettext_lazy("Changes of my team I asked for"),
    "tables": gettext_lazy("Tables of working groups"),
    "habits": gettext_lazy("What was learned from my answers"),
    "second_factor": gettext_lazy("Second factor"),
    "sign_in_mails": gettext_lazy("Mails to sign in with"),
    "contact_views": gettext_lazy("Who saw my contacts"),
    "actions": gettext_lazy("What I did here"),
}
STATES = {
    "invited": gettext_lazy("invited"),
    "waiting": gettext_lazy("waiting for the organisers"),
    "approved": gettext_lazy("taking part"),
    "refused": gettext_lazy("not accepted"),
    "withdrawn": gettext_lazy("withdrawn"),
}
OVER = ("refused", "withdrawn")


@page("get")
def overview(request: HttpRequest) -> HttpResponse:
    user, language = request.user, request.user.language
    own = list(own_data.at_a_glance(access.own_participants(user)))
    seen_by = [told(row, user.pk, language) for row in with_sides(access.introductions_visible_to(user), user.pk)]
    context = {
        "own": [_own(one, language) for one in own],
        "partners": [{**row, "shared": [CONTACTS[name] for name in row["my_shares"]]} for row in seen_by if row["my_shares"]],
        "views": [{**view, "day": day(view["created_at"])} for view in own_data.contact_views([one.pk for one in own])],
        "blocks": list(access.own_blocks(user).select_related("whom").order_by("created_at")),
    }
    return render(request, "web/my_data.html", context, room=ROOM)


@page("get")
def download(request: HttpRequest, kind: str) -> HttpResponse:
    """All of it as a file: JSON for programs, HTML for people."""
    everything = own_data.everything(request.user)
    if kind == "json":
        text = json.dumps({"as_of": timezone.now(), **everything}, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
        return _file(text, "application/json", "my-data.json")
    tables = [(TABLES.get(name, name), [_readable(row) for row in rows]) for name, rows in everything.items() if rows]
    text = render_to_string("web/my_data_file.html", {"tables": tables, "as_of": timezone.now(), "name": request.user.name})
    return _file(text, "text/html; charset=utf-8", "my-data.html")


@page("post")
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave an event: what was suggested goes at once, introductions close."""
    registration = access.own_registration(request.user, pk)
    joining.withdraw(registration=registration, by=request.user)
    messages.success(request, _("You have left the event."))
    return redirect("own-data")


@page("get", "post")
def erase(request: HttpRequest) -> HttpResponse:
    """Erase oneself, after the password, or a sign-in of just now where there is none; it cannot be undone."""
    user = request.user
    if request.method != "POST":
        return render(request, "web/erase.html", {"proven": _without_password(request)}, room=ROOM)
    if not _without_password(request):
        said = checked(PasswordForm(request.POST))
        take("sign-in", user.mail)
        if not user.check_password(said["password"]):
            wrong = errors.sentence(BadInput("This is not your password."))
            return render(request, "web/erase.html", {"proven": False, "wrong": wrong}, room=ROOM, status=400)
    removed = erasure.erase_login(user=user, by=user)
    logout(request)
    return render(request, "web/erased.html", {"rows": sum(removed.values())})


def _without_password(request: HttpRequest) -> bool:
    return not request.user.has_usable_password() and signed_in_just_now(request)


def _own(one: Participant, language: str) -> dict[str, Any]:
    programme = event_name(one.programme, language)
    told_here = {"fields": _fields(one, language), "events": _events(one, language), **_consents(one, language)}
    return {"one": one, "programme": programme, **told_here}


def _fields(one: Participant, language: str) -> list[tuple[Any, Any]]:
    """What one told, field by field; concepts and languages by their names."""
    named = {"languages": language_name} | dict.fromkeys(TERMS, lambda term: term_label(term, language))
    told_here = {name: value_of(one, name) for name in LABELS}
    told_here["sector"] = sectors_of(one.programme).get(one.profile.sector, one.profile.sector)
    told_here |= {name: ", ".join(map(name_of, told_here[name])) for name, name_of in named.items()}
    return [(label, told_here[name]) for name, label in LABELS.items() if told_here[name]]


def _events(one: Participant, language: str) -> list[dict[str, Any]]:
    return [
        {"pk": row.pk, "name": event_name(row.event, language), "state": STATES[row.state], "open": row.state not in OVER}
        for row in one.registrations.all()
    ]


def _consents(one: Participant, language: str) -> dict[str, Any]:
    given = {consent.purpose: consent for consent in one.consents.all()}
    return {"purposes": [{**purpose, "given": given.get(purpose["purpose"])} for purpose in consents.purposes(language)]}


def _readable(row: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in row.items() if value not in ("", None, [], {})]


def _file(text: str, kind: str, name: str) -> HttpResponse:
    return HttpResponse(text, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
