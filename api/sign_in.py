"""Signing in: a session for browsers, tokens for programs."""

from typing import Any

from django.contrib.auth import login, logout
from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.translation import gettext as _
from django_otp import login as otp_login
from django_otp.models import Device
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from knox.settings import knox_settings
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from api.serializers import Strict
from api.views import Anyone, FirstFactor, SignedIn, View
from matchmaking import access
from matchmaking.errors import Conflict, NotAllowed, NotFound
from matchmaking.models import User
from matchmaking.services import second_factor, sessions
from matchmaking.services.sign_in import count_guess, login_of

PASSWORD_LIMIT = 1000


class Credentials(Strict):
    mail = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=PASSWORD_LIMIT, trim_whitespace=False, write_only=True)
    code = serializers.CharField(
        max_length=40, required=False, write_only=True, help_text="Of the second factor, where one is set up: its app's or a recovery code."
    )


class Person(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "mail", "name", "language"]


class HeldRole(serializers.Serializer):
    name = serializers.ChoiceField(["organiser", "facilitator"])
    programme = serializers.IntegerField()
    event = serializers.IntegerField(allow_null=True)


class OwnProfile(serializers.Serializer):
    id = serializers.IntegerField()
    programme = serializers.IntegerField()


class Who(serializers.Serializer):
    """Who is signed in; `csrf` goes into the header X-CSRFToken of every unsafe request of a session."""

    user = Person(allow_null=True)
    operator = serializers.BooleanField()
    roles = HeldRole(many=True)
    participants = OwnProfile(many=True)
    csrf = serializers.CharField()


class TokenSerializer(serializers.Serializer):
    id = serializers.CharField(source="token_key")
    created_at = serializers.DateTimeField(source="created")
    expires_at = serializers.DateTimeField(source="expiry")


class NewToken(TokenSerializer):
    token = serializers.CharField(help_text="Shown this once: send it as `Authorization: Token ...`.")


class TokenList(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = TokenSerializer(many=True)


def who(request: Request) -> dict[str, Any]:
    user = request.user if request.user.is_authenticated else None
    roles = user.roles.order_by("pk").values("name", "programme", "event") if user else []
    own = user.participants.order_by("pk").values("id", "programme") if user else []
    return {
        "user": Person(user).data if user else None,
        "operator": bool(user and user.is_staff),
        "roles": list(roles),
        "participants": list(own),
        "csrf": get_token(request._request),
    }


def checked_user(request: Request) -> tuple[User, Device | None]:
    """The login that the request's credentials open, and the device whose code came with them."""
    count_guess(request._request)
    form = Credentials(data=request.data)
    form.is_valid(raise_exception=True)
    user = login_of(request._request, form.validated_data["mail"], form.validated_data["password"])
    if user is None:
        raise AuthenticationFailed(_("This mail address and this password do not fit together."))
    code = form.validated_data.get("code")
    device = second_factor.verify(user=user, typed=code) if code else None
    if code and device is None:
        raise AuthenticationFailed(_("This code of the second factor is wrong."))
    return user, device


class SessionView(View):
    permits = {"get": Anyone, "post": Anyone, "delete": FirstFactor}
    counts_itself = ("post",)
    idempotent = False

    @extend_schema(operation_id="session_retrieve", responses=Who)
    def get(self, request: Request) -> Response:
        """Who is signed in."""
        return Response(who(request))

    @extend_schema(operation_id="session_create", request=Credentials, responses=Who)
    def post(self, request: Request) -> Response:
        """Sign in: sets the session's cookie."""
        user, device = checked_user(request)
        login(request._request, user)
        otp_login(request._request, device)
        request.user = user
        return Response(who(request))

    @extend_schema(operation_id="session_destroy", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Sign out, on every device."""
        sessions.end_sessions(request.user)
        logout(request._request)
        return Response(status=204)


class Tokens(View):
    permits = {"get": SignedIn, "post": Anyone}
    counts_itself = ("post",)
    idempotent = False  # a stored answer would hold the token

    @extend_schema(
        operation_id="tokens_list",
        responses=TokenList,
    )
    def get(self, request: Request) -> Response:
        """Your own tokens, without what opens them."""
        rows = AuthToken.objects.filter(user=request.user, expiry__gt=timezone.now()).order_by("-created", "token_key")
        return Response({"next": None, "previous": None, "results": TokenSerializer(rows, many=True).data})

    @extend_schema(operation_id="tokens_create", request=Credentials, responses={201: NewToken})
    def post(self, request: Request) -> Response:
        """Make a token: for programs that use the API. Where the login has a second factor, or needs one, its code is asked for."""
        user, device = checked_user(request)
        if device is None and second_factor.device_of(user) is not None:
            raise NotAllowed("Say the code of your second factor too.")
        if device is None and access.lacks_second_factor(user):
            raise NotAllowed("Set up your second factor on the pages first.")
        if AuthToken.objects.filter(user=user, expiry__gt=timezone.now()).count() >= knox_settings.TOKEN_LIMIT_PER_USER:
            raise Conflict("You have {count} tokens already. Delete one first.", count=knox_settings.TOKEN_LIMIT_PER_USER)
        row, token = AuthToken.objects.create(user=user)
        row.token = token
        return Response(NewToken(row).data, status=201)


class TokenView(View):
    permits = {"delete": SignedIn}

    @extend_schema(operation_id="tokens_destroy", responses={204: None})
    def delete(self, request: Request, token_id: str) -> Response:
        """Delete one of your tokens: it opens nothing any more."""
        if not AuthToken.objects.filter(user=request.user, token_key=token_id).delete()[0]:
            raise NotFound("There is no such token.")
        return Response(status=204)
