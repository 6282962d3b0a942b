"""The one place where errors become HTTP: RFC 9457 problem details, in the reader's language."""

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from api.rendering import to_json
from matchmaking import errors
from matchmaking.selectors.sentences import by_field, sentence, status_of

TITLES = {400: "Bad input", 401: "Sign in first", 403: "Not allowed", 404: "Not found", 405: "Method not allowed", 406: "Not acceptable",
          409: "Conflict", 410: "Gone", 412: "Changed since", 413: "Too large", 415: "Unsupported media type", 422: "Unusable",
          428: "Precondition required", 429: "Too many requests", 500: "Error", 503: "Unavailable"}  # fmt: skip


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """An answer of type application/problem+json."""
    body = {"type": "about:blank", "title": TITLES.get(status, "Error"), "status": status, "detail": detail, **more}
    return Response(body, status=status, content_type="application/problem+json", headers=headers)


def handle(error: Exception, context: Any) -> Response | None:
    """DRF's exception handler: our errors, DRF's own, and a database that is busy; anything else stays a 500."""
    set_rollback()
    if isinstance(error, errors.MatchmakingError):
        fields: dict[str, Any] = {"errors": by_field(error)} if isinstance(error, errors.BadInput) and error.fields else {}
        fields |= {"present": error.present} if isinstance(error, errors.Moved) else {}
        headers = retry_after(error.wait_s) if isinstance(error, errors.TooOften) else None
        return problem(status_of(error), sentence(error), headers=headers, **fields)
    if isinstance(error, Http404):
        return problem(404, gettext("There is nothing here."))
    if isinstance(error, PermissionDenied):
        return problem(403, gettext("You cannot do this."))
    if isinstance(error, OperationalError):
        return problem(503, gettext("The service is busy. Try again in a moment."), headers={"Retry-After": "2"})
    if isinstance(error, SuspiciousOperation):
        return problem(413 if isinstance(error, RequestDataTooBig) else 400, gettext("The request cannot be used."))
    return from_drf(error) if isinstance(error, exceptions.APIException) else None


def retry_after(wait_s: float) -> dict[str, str]:
    return {"Retry-After": str(int(wait_s + 1))}


def from_drf(error: exceptions.APIException) -> Response:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    if getattr(error, "wait", None):
        headers |= retry_after(error.wait)
    if isinstance(error, exceptions.ValidationError):
        return problem(400, gettext("Some fields cannot be used as they are."), headers=headers, errors=error.detail)
    return problem(error.status_code, str(error.detail), headers=headers)


def problem_outside_views(request: HttpRequest, status: int) -> HttpResponse:
    """The same for errors that no view of ours answers; the request's id is what to tell the operator."""
    details = {
        400: gettext("The request cannot be used."),
        403: gettext("You cannot do this."),
        404: gettext("There is nothing here."),
        500: gettext("Something went wrong on our side. Tell the operator this id."),
    }
    body = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": details[status]}
    if status == 500:
        body["request_id"] = getattr(request, "id", "")
    return HttpResponse(to_json(body), status=status, content_type="application/problem+json", headers={"Cache-Control": "no-store"})
