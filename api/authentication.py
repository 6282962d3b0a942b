"""Who is asking: a token in the Authorization header, or the session's cookie with its CSRF token."""

from functools import cache
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.authentication import CSRFCheck, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from matchmaking.services import second_factor


class Token(TokenAuthentication):
    """Knox's tokens: stored hashed, with an end."""

    def authenticate_credentials(self, token: bytes) -> Any:
        if not token.isascii():
            raise AuthenticationFailed(_("Invalid token."))
        user, row = super().authenticate_credentials(token)
        # A token is given to somebody with a second factor for its code alone, and earlier ones end when it is set up.
        user.is_verified = cache(lambda: second_factor.device_of(user) is not None)
        return user, row

    def _cleanup_token(self, auth_token: Any) -> bool:
        """Whether this token's time is over. The sweep deletes old ones; a request looks at its own alone."""
        return auth_token.expiry is not None and auth_token.expiry < timezone.now()


class Session(SessionAuthentication):
    """Django's session; unsafe requests need its CSRF token."""


def refuse_foreign_origin(request: Request) -> None:
    """Requests without a session have nothing to forge, except a sign-in; other sites' pages may not send one either."""
    check = CSRFCheck(lambda _request: None)
    foreign = "Origin" in request.headers and not check._origin_verified(request._request)
    if foreign or request.headers.get("Sec-Fetch-Site", "same-origin") == "cross-site":
        raise PermissionDenied(_("Requests from other sites are refused."))


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "api.authentication.Token"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token` and a token from `POST /api/v1/tokens/`"}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "api.authentication.Session"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
