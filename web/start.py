"""The start page: what this is, and where to go on."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    user = request.user
    greeting = _("You are signed in as {name}.").format(name=user.name or user.mail) if user.is_authenticated else ""
    return render(request, "web/start.html", {"greeting": greeting})


start.permits = "anyone"  # type: ignore[attr-defined]
