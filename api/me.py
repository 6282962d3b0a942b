"""Oneself: login, profiles, registrations, consents, proposals; all of one's data; the way out."""

from typing import Any

from django.contrib.auth import logout
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api import etags
from api.participants import ProfilePart
from api.serializers import Id, Strict, Text, Words
from api.views import SignedIn, View
from matchmaking import access
from matchmaking.models import CONTACT_FIELDS, Consent, Language, Participant, Registration, User
from matchmaking.selectors import own_data
from matchmaking.services import consents, erasure, joining, participants
from matchmaking.services.throttles import take

ID = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH)
PURPOSE = serializers.ChoiceField(Consent.Purpose.choices)


class Named(serializers.Serializer):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()


class LoginOut(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "mail", "name", "language"]


class LoginIn(Strict):
    name = Text(max_length=200, required=False, allow_blank=True)
    language = serializers.ChoiceField(Language.choices, required=False)


class ProfileIn(Strict):
    """What a person tells of themselves. Needed is the name; the rest makes suggestions better."""

    name = Text(max_length=300)
    organisation = Text(max_length=300, required=False, allow_blank=True)
    sector = Text(max_length=40, required=False, help_text="A key of the programme's sectors.")
    offers = Words(required=False)
    needs = Words(required=False)
    interests = Words(required=False)
    offer_text = Text(max_length=20_000, required=False, allow_blank=True)
    need_text = Text(max_length=20_000, required=False, allow_blank=True)
    about = Text(max_length=20_000, required=False, allow_blank=True)
    industries = Words(required=False)
    city = Text(max_length=120, required=False, allow_blank=True)
    country = Text(max_length=120, required=False, allow_blank=True)
    languages = Words(required=False, length=12)
    phone = Text(max_length=60, required=False, allow_blank=True)
    telegram = Text(max_length=80, required=False, allow_blank=True)
    shares = serializers.ListField(child=serializers.ChoiceField(CONTACT_FIELDS), required=False, max_length=len(CONTACT_FIELDS))
    private_answers = Text(
        max_length=5_000, required=False, allow_blank=True, help_text="Limits and accessibility needs; never matched on."
    )
    same_sector = serializers.BooleanField(required=False)
    listed = serializers.BooleanField(required=False)


class ProfileOut(ProfilePart):
    id = serializers.IntegerField()
    programme = Named()
    version = serializers.IntegerField()
    confirmed_at = serializers.DateTimeField(source="claimed_at", allow_null=True)
    name = serializers.CharField()
    mail = serializers.EmailField()
    phone = serializers.CharField()
    telegram = serializers.CharField()
    shares = serializers.ListField(child=serializers.ChoiceField(CONTACT_FIELDS))
    listed = serializers.BooleanField()
    organisation = serializers.CharField(source="organisation.name", default="")
    private_answers = serializers.CharField(source="profile.private_answers")
    same_sector = serializers.BooleanField(source="profile.same_sector")


class OwnRegistrationOut(serializers.Serializer):
    id = serializers.IntegerField()
    event = Named()
    state = serializers.ChoiceField(Registration.State.choices)
    slots = serializers.ListField(child=serializers.IntegerField())
    wishes = serializers.CharField()
    checked_in_at = serializers.DateTimeField(allow_null=True)


class RegistrationIn(serializers.Serializer):
    """What one may say for an event; anything else in the body is ignored, a check-in above all (T31)."""

    slots = serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=1000), required=False, max_length=1000)
    wishes = Text(max_length=2000, required=False, allow_blank=True)


class ConsentOut(serializers.Serializer):
    purpose = PURPOSE
    source = serializers.CharField(help_text="'own', or where the organiser says it was given.")
    text_version = serializers.CharField()
    given_at = serializers.DateTimeField(source="created_at")


class ProposalOut(serializers.Serializer):
    id = serializers.IntegerField()
    changes = serializers.DictField()
    created_at = serializers.DateTimeField()


class ParticipantOut(ProfileOut):
    registrations = OwnRegistrationOut(many=True, source="registrations.all")
    consents = ConsentOut(many=True, source="consents.all")
    proposals = ProposalOut(many=True, source="proposals.all")


class RoleOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.ChoiceField(["organiser", "facilitator"])
    programme = Named()
    event = Named(allow_null=True)


class MeOut(serializers.Serializer):
    login = LoginOut()
    roles = RoleOut(many=True)
    participants = ParticipantOut(many=True)


class PurposeOut(serializers.Serializer):
    purpose = PURPOSE
    text = serializers.CharField()
    version = serializers.CharField()


class ConsentIn(Strict):
    participant = Id()
    purpose = PURPOSE
    text_version = serializers.CharField(max_length=40, required=False, help_text="Of the words that were shown.")


class ConsentsOut(serializers.Serializer):
    notice = serializers.CharField()
    purposes = PurposeOut(many=True)
    given = serializers.DictField(child=ConsentOut(many=True), help_text="By the participant's id.")


class PasswordIn(Strict):
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


def read(serializer: type[serializers.Serializer], request: Request, **options: Any) -> dict[str, Any]:
    """The body's checked values."""
    body = serializer(data=request.data, **options)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


class Me(View):
    permits = {"get": SignedIn, "patch": SignedIn}
    tagged = ("get",)

    @extend_schema(operation_id="me_retrieve", responses=MeOut)
    def get(self, request: Request) -> Response:
        """The login, its roles, and the person's participants with all that belongs to them."""
        own = own_data.at_a_glance(access.own_participants(request.user))
        return etags.answer(request, MeOut({"login": request.user, "roles": own_data.roles_of(request.user), "participants": own}).data)

    @extend_schema(operation_id="me_partial_update", request=LoginIn, responses=LoginOut)
    def patch(self, request: Request) -> Response:
        """Change how the login is called and the language it reads."""
        return Response(LoginOut(participants.change_login(user=request.user, **read(LoginIn, request))).data)


class MyProfile(View):
    permits = {"get": SignedIn, "patch": SignedIn}
    tagged = ("get", "patch")

    def own(self, request: Request, pk: str) -> Participant:
        return access.own_participant(request.user, int(pk))

    @extend_schema(operation_id="me_profile_retrieve", parameters=[ID], responses=ProfileOut)
    def get(self, request: Request, pk: str) -> Response:
        own = self.own(request, pk)
        return etags.answer(request, ProfileOut(own).data, own.version)

    @extend_schema(operation_id="me_profile_partial_update", request=ProfileIn, responses=ProfileOut, parameters=[ID])
    def patch(self, request: Request, pk: str) -> Response:
        """Change what one tells; saving confirms the profile as one's own."""
        own = self.own(request, pk)
        data = read(ProfileIn, request, partial=True)
        changed = participants.change(participant=own, data=data, by=request.user, version=etags.matched(request, own.version))
        return etags.answer(request, ProfileOut(changed).data, changed.version)


class MyRegistration(View):
    permits = {"patch": SignedIn}

    @extend_schema(operation_id="me_registration_partial_update", request=RegistrationIn, responses=OwnRegistrationOut, parameters=[ID])
    def patch(self, request: Request, pk: str) -> Response:
        """Say when one is free during the event, and what one wishes."""
        registration = access.own_registration(request.user, int(pk))
        told = joining.tell(registration=registration, by=request.user, **read(RegistrationIn, request))
        return Response(OwnRegistrationOut(told).data)


class MyWithdrawal(View):
    permits = {"post": SignedIn}

    @extend_schema(operation_id="me_registration_withdraw", request=None, responses=OwnRegistrationOut, parameters=[ID])
    def post(self, request: Request, pk: str) -> Response:
        """Leave the event: suggestions go at once, introductions close."""
        self.take_nothing(request)
        registration = access.own_registration(request.user, int(pk))
        return Response(OwnRegistrationOut(joining.withdraw(registration=registration, by=request.user)).data)


class MyProposal(View):
    """An import's change of a confirmed profile: take it or leave it."""

    permits = {"post": SignedIn}

    @extend_schema(
        operation_id="me_proposal_decide",
        request=None,
        responses=ProfileOut,
        parameters=[ID, OpenApiParameter("decision", str, OpenApiParameter.PATH, enum=["take", "leave"])],
    )
    def post(self, request: Request, pk: str, decision: str) -> Response:
        self.take_nothing(request)
        proposal = access.own_proposal(request.user, int(pk))
        decide = participants.take_proposal if decision == "take" else participants.leave_proposal
        decide(proposal=proposal, by=request.user)
        return Response(ProfileOut(access.own_participant(request.user, proposal.participant_id)).data)


class MyConsents(View):
    permits = {"get": SignedIn, "post": SignedIn}

    @extend_schema(operation_id="me_consents_retrieve", responses=ConsentsOut)
    def get(self, request: Request) -> Response:
        """What consent is asked for, in the reader's language, and what is given now."""
        language = get_language() or "en"
        own = own_data.at_a_glance(access.own_participants(request.user))
        given = {str(one.pk): ConsentOut(one.consents.all(), many=True).data for one in own}
        return Response({"notice": consents.notice(language), "purposes": consents.purposes(language), "given": given})

    @extend_schema(operation_id="me_consents_create", request=ConsentIn, responses={201: ConsentOut})
    def post(self, request: Request) -> Response:
        """Open one purpose."""
        data = read(ConsentIn, request)
        own = access.own_participant(request.user, data["participant"])
        consents.check([data["purpose"]], data.get("text_version"))
        return Response(ConsentOut(consents.give(participant=own, purpose=data["purpose"], by=request.user)).data, status=201)


class MyConsent(View):
    permits = {"delete": SignedIn}
    parameters = {"delete": ("participant",)}

    @extend_schema(
        operation_id="me_consents_destroy",
        parameters=[
            OpenApiParameter("participant", OpenApiTypes.INT64, description="Needed by who is in several programmes."),
        ],
        responses={204: None},
    )
    def delete(self, request: Request, purpose: str) -> Response:
        """Withdraw: everything that rests on it ends at once. Withdrawing again changes nothing."""
        consents.withdraw(participant=self.own(request), purpose=purpose, by=request.user)
        return Response(status=204)

    def own(self, request: Request) -> Participant:
        wanted = request.query_params.get("participant")
        if wanted is not None:
            if not (wanted.isascii() and wanted.isdecimal() and len(wanted) <= 16):
                raise ValidationError({"participant": [_("The id of a participant.")]})
            return access.own_participant(request.user, int(wanted))
        found = list(access.own_participants(request.user)[:2])
        if len(found) != 1:
            raise ValidationError({"participant": [_("Say which of your participants this is about.")]})
        return found[0]


class MyData(View):
    permits = {"get": SignedIn}

    @extend_schema(operation_id="me_data_retrieve", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Everything that is stored about the person, by table, and who saw their contacts; as a file."""
        data = {"as_of": timezone.now(), **own_data.everything(request.user)}
        return Response(data, headers={"Content-Disposition": 'attachment; filename="my-data.json"'})


class MyErasure(View):
    permits = {"post": SignedIn}
    idempotent = False  # the keys go with the person

    @extend_schema(operation_id="me_erase", request=PasswordIn, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """Erase oneself: participants in all programmes, roles, the login. It cannot be undone."""
        data = read(PasswordIn, request)
        user = request.user
        take("sign-in", user.mail)
        if not user.check_password(data["password"]):
            raise ValidationError({"password": [_("This is not your password.")]})
        removed = erasure.erase_login(user=user, by=user)
        logout(request._request)
        return Response({"removed": dict(sorted(removed.items()))})
