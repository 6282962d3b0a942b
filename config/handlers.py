"""Answers for errors outside any view: problem details under /api/, a plain page elsewhere."""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse

from api.errors import problem_outside_views
from web.errors import page

log = logging.getLogger("matchmaking.requests")


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return answer(request, 400)


def forbidden(request: HttpRequest, exception: Any = None, reason: str = "") -> HttpResponse:
    return answer(request, 403)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return answer(request, 404)


def failed(request: HttpRequest) -> HttpResponse:
    log.error("request %s failed", getattr(request, "id", ""))
    return answer(request, 500)


def answer(request: HttpRequest, status: int) -> HttpResponse:
    return problem_outside_views(request, status) if request.path.startswith("/api/") else page(request, status)
