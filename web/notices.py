"""Notices: what happened, newest first; how one wants to be told; and the end of all mails with one click."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import activate, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from matchmaking import access
from matchmaking.models import Consent, User
from matchmaking.selectors import notices
from matchmaking.services import consents, notice_choices
from web.names import moment
from web.pages import ANYONE, NOTICES, page, render

SHOWN = 50
WAYS = {
    notice_choices.AT_ONCE: (
        gettext_lazy("At once"),
        gettext_lazy("when both of you said yes, or your event changes; the rest once a day"),
    ),
    notice_choices.GATHERED: (gettext_lazy("Once a day"), gettext_lazy("everything in one mail")),
    notice_choices.NOTHING: (gettext_lazy("No mails"), gettext_lazy("notices stay on these pages")),
}
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class ChoicesForm(forms.Form):
    way = forms.ChoiceField(choices=[(way, way) for way in WAYS])
    quiet_from = forms.TimeField(widget=CLOCK)
    quiet_until = forms.TimeField(widget=CLOCK)


@page("get")
def overview(request: HttpRequest) -> HttpResponse:
    """What the person was told; it counts as read once it is shown."""
    rows = list(access.notices_visible_to(request.user).select_related("event").order_by("-created_at", "pk")[: SHOWN + 1])
    told = notices.told(rows[:SHOWN], request.user.language)
    if request.method == "GET":
        notice_choices.saw(user=request.user, intents=[one.id for one in told if one.unread])
    shown = [(one, moment(one.at, row.event.time_zone if row.event else "UTC")) for one, row in zip(told, rows, strict=False)]
    return render(request, "web/notices.html", {"notices": shown, "more": len(rows) > SHOWN}, room=NOTICES)


@page("get", "post")
def choices(request: HttpRequest) -> HttpResponse:
    """By mail at once, gathered or not at all; and the quiet hours."""
    user, status = request.user, 200
    form = ChoicesForm(request.POST or None, initial=_chosen(user))
    if request.method == "POST":
        if form.is_valid():
            notice_choices.choose(user=user, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("notice-settings")
        status = 400
    own = list(access.own_participants(user).select_related("programme"))
    sentences = {one["purpose"]: one["text"] for one in consents.purposes(user.language)}
    ways = [(way, name, told, form["way"].value() == way) for way, (name, told) in WAYS.items()]
    context = {"form": form, "ways": ways, "own": own, "agreement": sentences[Consent.Purpose.MAIL]}
    return render(request, "web/notice_settings.html", context, room=NOTICES, status=status)


@csrf_exempt  # the signed address is the right to do this: mail programs send no cookie (RFC 8058)
@page("get", "post", permits=ANYONE)
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """End all mails to the person this address was mailed to: asked on GET, done on POST."""
    user = notice_choices.whose_stop(token)
    if user is not None:
        activate(user.language)
    if request.method == "POST" and user is not None:
        notice_choices.stop(user)
    return render(request, "web/stop_mail.html", {"stopped": request.method == "POST" or user is None})


def _chosen(user: User) -> dict[str, object]:
    row = notice_choices.settings_of(user)
    return {"way": notice_choices.way_of(user), "quiet_from": row.quiet_from, "quiet_until": row.quiet_until}
