"""Who may ask how often, for DRF."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from matchmaking.services.throttles import address_of, take


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
