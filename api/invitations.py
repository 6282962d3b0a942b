"""Invitations: single-use links; and the roles they give."""

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.joining import JoinFields
from api.me import Named, read
from api.serializers import Id, Strict, Text
from api.views import Anyone, Nouns, SignedIn, View
from matchmaking import access
from matchmaking.models import Invitation, Language, Role
from matchmaking.services import invitations
from matchmaking.services.participants import clean_mail
from matchmaking.services.throttles import take


class InvitationIn(Strict):
    """Either `participant`; or `mail` and `role` with `programme` or `event`."""

    participant = Id(required=False)
    mail = serializers.EmailField(max_length=254, required=False)
    role = serializers.ChoiceField(["facilitator", "organiser"], required=False)
    programme = Id(required=False)
    event = Id(required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if set(data) not in ({"participant"}, {"mail", "role", "programme"}, {"mail", "role", "event"}):
            raise ValidationError(_("Say either whose profile, or mail, role and the programme or event."))
        return data


class InvitationOut(serializers.Serializer):
    id = serializers.IntegerField()
    role = serializers.ChoiceField(Invitation.Role.choices)
    participant = serializers.IntegerField(source="participant_id", allow_null=True)
    programme = serializers.IntegerField(source="programme_id")
    event = serializers.IntegerField(source="event_id", allow_null=True)
    expires_at = serializers.DateTimeField()


class NewInvitationOut(InvitationOut):
    token = serializers.CharField(help_text="Shown this once, stored nowhere.")
    link = serializers.CharField(help_text="The address to send to the person.")


class ClaimIn(Strict, JoinFields):
    token = serializers.CharField(max_length=200)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, required=False, default="")
    mail = serializers.EmailField(max_length=254, required=False, help_text="Where the invitation names none.")
    name = Text(max_length=200, required=False, allow_blank=True)
    language = serializers.ChoiceField(Language.choices, required=False)


class ClaimedOut(serializers.Serializer):
    role = serializers.ChoiceField(Invitation.Role.choices)
    participant = serializers.IntegerField(source="participant_id", allow_null=True)
    programme = serializers.IntegerField(source="programme_id")
    event = serializers.IntegerField(source="event_id", allow_null=True)


class Invitations(View):
    permits = {"post": SignedIn}
    idempotent = False  # a stored answer would hold the token; a repeat makes a new link and ends the earlier one

    @extend_schema(operation_id="invitations_create", request=InvitationIn, responses={201: NewInvitationOut})
    def post(self, request: Request) -> Response:
        """Make a link for somebody to take over a profile, or to become facilitator or organiser."""
        data = read(InvitationIn, request)
        made = self.invite(request, data)
        told = {**InvitationOut(made.invitation).data, "token": made.token, "link": invitations.link(made.token)}
        return Response(told, status=201)

    def invite(self, request: Request, data: dict[str, Any]) -> invitations.Invited:
        user = request.user
        if "participant" in data:
            return invitations.invite_participant(participant=access.participant_to_organise(user, data["participant"]), by=user)
        event = access.event_to_organise(user, data["event"]) if "event" in data else None
        programme = event.programme if event else access.programme_to_organise(user, data["programme"])
        return invitations.invite_to_role(programme=programme, event=event, role=data["role"], mail=data["mail"], by=user)


class Claim(View):
    """Only this POST uses an invitation: opening its link does not."""

    permits = {"post": Anyone}
    scopes = {"post": "sign-in-address"}
    idempotent = False  # used once by itself

    @extend_schema(operation_id="invitations_claim", request=ClaimIn, responses={201: ClaimedOut})
    def post(self, request: Request) -> Response:
        data = read(ClaimIn, request)
        found = invitations.of_token(data["token"])
        if not request.user.is_authenticated:
            take("sign-in", clean_mail(found.mail or data.get("mail", "")))  # a guess of a password, as at sign-in
        invitation = invitations.claim(
            invitation=found,
            signed_in=request.user if request.user.is_authenticated else None,
            password=data["password"],
            mail=data.get("mail", ""),
            name=data.get("name", ""),
            language=data.get("language") or (get_language() or "en")[:2],
            ticked=data.get("consents", ()),
            text_version=data.get("text_version"),
        )
        return Response(ClaimedOut(invitation).data, status=201)


class HolderOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.ChoiceField(Role.Name.choices)
    holder = serializers.CharField(source="user.name")
    programme = Named()
    event = Named(allow_null=True)


class Roles(Nouns):
    """Organisers and facilitators."""

    permits = {"list": SignedIn, "destroy": SignedIn}
    ordering = ("created_at", "id")
    queryset = Role.objects.none()

    @extend_schema(operation_id="roles_list", responses=HolderOut(many=True))
    def list(self, request: Request) -> Response:
        return self.page(access.roles_visible_to(request.user).select_related("user", "programme", "event"), HolderOut)

    @extend_schema(operation_id="roles_destroy", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take a role away: every session of its holder ends."""
        invitations.remove_role(role=access.role_to_remove(request.user, int(pk)), by=request.user)
        return Response(status=204)
