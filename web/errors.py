"""Errors as pages: what happened, what to do now, and the id to tell the operator."""

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from matchmaking import errors

STATUS = {
    errors.NotFound: 404,
    errors.NotAllowed: 403,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.Infeasible: 409,
    errors.BadInput: 400,
    errors.TooOften: 429,
    errors.Unavailable: 503,
}
REFUSALS = (errors.MatchmakingError, OperationalError)


def page(request: HttpRequest, status: int) -> HttpResponse:
    """A plain page; it asks neither the database nor the session, which may be what failed."""
    titles = {
        400: _("The request cannot be used."),
        403: _("You cannot do this."),
        404: _("There is nothing here."),
        500: _("Something went wrong on our side."),
    }
    return _answer(request, status, titles[status], "")


def refusal(request: HttpRequest, error: Exception) -> HttpResponse:
    """One of `REFUSALS` as a page, or as a note where htmx asked."""
    if isinstance(error, errors.MatchmakingError):
        status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
        return _answer(request, status, sentence(error), _advice(status))
    return _answer(request, 503, _("The service is busy. Try again in a moment."), "")


def sentence(error: errors.MatchmakingError) -> str:
    """The error's sentence in the active language."""
    text = _(error.template)
    return text.format_map(error.params) if error.params else text


def by_field(error: errors.BadInput) -> dict[str, str]:
    """What is wrong with each field, in the active language."""
    told = error.fields.items()
    return {name: sentence(wrong) if isinstance(wrong, errors.MatchmakingError) else _(wrong) for name, wrong in told}


def _advice(status: int) -> str:
    return _("Open the page again to see how things stand now.") if status in (409, 412) else ""


def _answer(request: HttpRequest, status: int, title: str, advice: str) -> HttpResponse:
    context = {"title": title, "advice": advice, "status": status, "request_id": getattr(request, "id", "")}
    template = "web/refusal.html" if request.headers.get("HX-Request") else "web/error.html"
    return HttpResponse(render_to_string(template, context), status=status)
