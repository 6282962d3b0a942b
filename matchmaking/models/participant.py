"""Organisations, participants with their profile, registrations, consents, invitations."""

from django.db import models
from django.db.models import Q

from matchmaking.models.base import Row, one_of
from matchmaking.models.programme import Event, Programme

CONTACT_FIELDS = ("mail", "phone", "telegram")


class Organisation(Row):
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="organisations")
    name = models.CharField(max_length=300)
    key = models.CharField(max_length=300, help_text="The name, folded: what makes two spellings one organisation.")
    sector = models.CharField(max_length=40, default="other")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["programme", "key"], name="organisation_once_per_programme")]


class Participant(Row):
    """A person (or an organisation acting as one) in a programme: who they are and how to reach them.

    `key` is the content key: `x:` external id, else `m:` hash of the mail; it survives a new database.
    A participant with `claimed_at` has confirmed the profile: imports only propose changes.
    """

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="participants")
    user = models.ForeignKey("matchmaking.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="participants")
    organisation = models.ForeignKey(Organisation, on_delete=models.SET_NULL, null=True, blank=True, related_name="participants")
    key = models.CharField(max_length=200)
    external_id = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=300)
    mail = models.EmailField(blank=True)
    phone = models.CharField(max_length=60, blank=True)
    telegram = models.CharField(max_length=80, blank=True)
    shares = models.JSONField(default=list, blank=True, help_text="Contacts opened at an introduction: of mail, phone, telegram.")
    listed = models.BooleanField(default=False, help_text="Own choice: others of the event may see the public part.")
    claimed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["programme", "key"], name="participant_once_per_programme"),
            models.UniqueConstraint(fields=["programme", "user"], condition=Q(user__isnull=False), name="participant_one_per_login"),
        ]
        indexes = [models.Index(fields=["programme", "mail"])]


class Profile(models.Model):
    """What a participant tells once for all events; the whole of what matching reads, contacts apart."""

    participant = models.OneToOneField(Participant, on_delete=models.CASCADE, primary_key=True, related_name="profile")
    sector = models.CharField(max_length=40, default="other")
    industries = models.JSONField(default=list, blank=True)
    city = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=120, blank=True)
    languages = models.JSONField(default=list, blank=True)
    offers = models.JSONField(default=list, blank=True)
    needs = models.JSONField(default=list, blank=True)
    interests = models.JSONField(default=list, blank=True)
    offer_text = models.TextField(blank=True, max_length=20_000)
    need_text = models.TextField(blank=True, max_length=20_000)
    about = models.TextField(blank=True, max_length=20_000)
    private_answers = models.TextField(blank=True, max_length=5_000, help_text="Limits and accessibility needs; never matched on.")
    same_sector = models.BooleanField(default=False, help_text="Asks for partners of the own sector too.")
    changed_at = models.DateTimeField(auto_now=True)


class Proposal(Row):
    """A change that an import would make to a claimed profile: its owner decides."""

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="proposals")
    source = models.ForeignKey("matchmaking.Import", on_delete=models.CASCADE, related_name="proposals")
    changes = models.JSONField()
    decided_at = models.DateTimeField(null=True, blank=True)
    taken = models.BooleanField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["participant"], condition=Q(decided_at__isnull=True), name="proposal_one_open")]


class RegistrationState(models.TextChoices):
    INVITED = "invited"
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Registration(Row):
    State = RegistrationState

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="registrations")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="registrations")
    state = models.CharField(max_length=20, choices=State.choices, default=State.INVITED)
    slots = models.JSONField(default=list, blank=True, help_text="Numbers of the event's half hours the person is free in.")
    wishes = models.TextField(blank=True, max_length=2000)
    checked_in_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "participant"], name="registration_once_per_event"),
            one_of("state", RegistrationState, "registration_state_known"),
        ]


class ConsentPurpose(models.TextChoices):
    SUGGESTIONS = "suggestions"
    CONTACTS = "contacts"
    MAIL = "mail"
    TELEGRAM = "telegram"
    STATISTICS = "statistics"


class Consent(Row):
    """One purpose a person agreed to: where, in which words' version, until withdrawn."""

    Purpose = ConsentPurpose

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    source = models.CharField(max_length=500, help_text="Where it was given: 'own', or the organiser's statement.")
    text_version = models.CharField(max_length=40, default="1")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("purpose", ConsentPurpose, "consent_purpose_known"),
            models.UniqueConstraint(
                fields=["participant", "purpose"], condition=Q(withdrawn_at__isnull=True), name="consent_one_live_per_purpose"
            ),
        ]


class InvitedRole(models.TextChoices):
    PARTICIPANT = "participant"
    FACILITATOR = "facilitator"
    ORGANISER = "organiser"


class Invitation(Row):
    """A single-use link: to claim an imported profile, or to become organiser or facilitator. Only its hash is stored."""

    Role = InvitedRole

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="invitations")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations")
    role = models.CharField(max_length=20, choices=Role.choices)
    mail = models.EmailField(blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey("matchmaking.User", on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [one_of("role", InvitedRole, "invitation_role_known")]
