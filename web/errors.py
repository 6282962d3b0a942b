"""Errors as pages: what happened, what to do now, and the id to tell the operator."""

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from matchmaking import errors
from matchmaking.selectors.sentences import by_field as by_field
from matchmaking.selectors.sentences import sentence, status_of

REFUSALS = (errors.MatchmakingError, OperationalError)


def page(request: HttpRequest, status: int) -> HttpResponse:
    """A plain page; it asks neither the database nor the session, which may be what failed."""
    titles = {
        400: _("The request cannot be used."),
        403: _("You cannot do this."),
        404: _("There is nothing here."),
        413: _("The request is too large."),
        500: _("Something went wrong on our side."),
    }
    return _answer(request, status, titles[status], "")


def refusal(request: HttpRequest, error: Exception) -> HttpResponse:
    """One of `REFUSALS` as a page, or as a note where htmx asked."""
    if isinstance(error, errors.MatchmakingError):
        status = status_of(error)
        return _answer(request, status, sentence(error), _advice(status))
    return _answer(request, 503, _("The service is busy. Try again in a moment."), "")


def _advice(status: int) -> str:
    return _("Open the page again to see how things stand now.") if status in (409, 412) else ""


def _answer(request: HttpRequest, status: int, title: str, advice: str) -> HttpResponse:
    context = {"title": title, "advice": advice, "status": status, "request_id": getattr(request, "id", "")}
    template = "web/refusal.html" if request.headers.get("HX-Request") else "web/error.html"
    return HttpResponse(render_to_string(template, context), status=status)
