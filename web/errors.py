"""Errors as pages: what happened, what to do now, and the id to tell the operator."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _


def page(request: HttpRequest, status: int) -> HttpResponse:
    """A plain page; it asks neither the database nor the session, which may be what failed."""
    titles = {
        400: _("The request cannot be used."),
        403: _("You cannot do this."),
        404: _("There is nothing here."),
        500: _("Something went wrong on our side."),
    }
    context = {"title": titles[status], "status": status, "request_id": getattr(request, "id", "")}
    return HttpResponse(render_to_string("web/error.html", context), status=status)
