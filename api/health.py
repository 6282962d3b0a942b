"""For machines that watch this one: alive, ready, measures."""

import hmac
from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from api.metrics import exposition
from matchmaking.selectors import health

View = Callable[[HttpRequest], HttpResponse]
LOOPBACK = ("127.0.0.1", "::1", "")


def permits(who: str) -> Callable[[View], View]:
    """Declares who may call a plain view: a test fails where this is missing."""

    def declared(view: View) -> View:
        view.permits = who  # type: ignore[attr-defined]
        return view

    return declared


@permits("anyone")
@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "live"})


@permits("anyone")
@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 while the service can do its work, if need be without a part of it; 503 without its database."""
    parts = health.parts()
    status = next((level for level in (health.DOWN, health.DEGRADED) if level in parts.values()), health.READY)
    return JsonResponse({"status": status, "parts": parts}, status=503 if status == health.DOWN else 200)


@permits("loopback or token, in production")
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if settings.PRODUCTION and not may_read_metrics(request):
        raise Http404
    return HttpResponse(exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def may_read_metrics(request: HttpRequest) -> bool:
    """From this machine itself, past no proxy; or with METRICS_TOKEN as bearer."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return True
    direct = not settings.BEHIND_PROXY and "X-Forwarded-For" not in request.headers
    return direct and request.META.get("REMOTE_ADDR", "") in LOOPBACK
