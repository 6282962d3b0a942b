"""Who may ask how often, for DRF."""

from typing import Any

from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from matchmaking.errors import TooOften
from matchmaking.services import throttles
from matchmaking.services.throttles import address_of


def take(scope: str, who: str) -> None:
    """Count one request of `who`, or raise Throttled."""
    try:
        throttles.take(scope, who)
    except TooOften as error:
        raise Throttled(wait=error.wait_s) from error


def caller(request: Request) -> tuple[str, str]:
    """The scope that counts this caller, and the caller."""
    if request.user and request.user.is_authenticated:
        return "user", str(request.user.pk)
    return "anon", address_of(request)


class Throttle(BaseThrottle):
    """One count for all requests of a caller, one more for operations with a stricter rate of their own."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if getattr(view, "operation", "") not in getattr(view, "counts_itself", ()):
            take(*caller(request))
        stricter = getattr(view, "scopes", {}).get(getattr(view, "operation", ""))
        if stricter:
            take(stricter, caller(request)[1])
        return True
