"""What a person sees of themselves: the account at a glance, and all of it as a download."""

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django_otp.plugins.otp_totp.models import TOTPDevice

from matchmaking.models import (
    AuditEntry,
    Block,
    ChangeRequest,
    Consent,
    FollowUp,
    Habit,
    Idea,
    IdeaSuggestion,
    ImportRow,
    Intent,
    Introduction,
    Invitation,
    Membership,
    NoticeSettings,
    Pair,
    Participant,
    Profile,
    Proposal,
    Registration,
    Response,
    Role,
    Roster,
    Seat,
    Shortfall,
    SignInRequest,
    TablePlan,
    TableSeat,
    User,
)

KEPT_BACK = {"password", "token_hash", "is_staff", "is_superuser"}  # secrets of the sign-in; they tell nothing of the person


def at_a_glance(participants: QuerySet[Participant]) -> QuerySet[Participant]:
    """Participants with profile, programme, registrations, live consents and open proposals: five queries."""
    return (
        participants.select_related("profile", "organisation", "programme")
        .prefetch_related(
            Prefetch("registrations", Registration.objects.select_related("event").order_by("created_at", "pk")),
            Prefetch("consents", Consent.objects.filter(withdrawn_at__isnull=True).order_by("purpose")),
            Prefetch("proposals", Proposal.objects.filter(decided_at__isnull=True)),
        )
        .order_by("created_at", "pk")
    )


def roles_of(user: User) -> QuerySet[Role]:
    return Role.objects.filter(user=user).select_related("programme", "event").order_by("created_at", "pk")


def with_twins(registrations: QuerySet[Registration]) -> QuerySet[Registration]:
    """Registrations with their people, and whether an unclaimed participant has the same address (`same_address`)."""
    same = Participant.objects.filter(
        programme=OuterRef("participant__programme"), mail=OuterRef("participant__mail"), user__isnull=True
    ).exclude(Q(pk=OuterRef("participant_id")) | Q(mail=""))
    rows = registrations.select_related("event", "participant__profile", "participant__organisation")
    return rows.annotate(same_address=Exists(same))


def everything(user: User) -> dict[str, list[dict[str, Any]]]:
    """Every row about the person, by table. Of the other side of a pair only what the person may see: their own part."""
    own = list(Participant.objects.filter(user=user).values_list("pk", flat=True))
    mine = Q(participant__in=own)
    sides = Q(pair__a__in=own) | Q(pair__b__in=own)
    tables: dict[str, QuerySet[Any]] = {
        "login": User.objects.filter(pk=user.pk),
        "roles": Role.objects.filter(user=user),
        "participants": Participant.objects.filter(pk__in=own),
        "profiles": Profile.objects.filter(mine),
        "registrations": Registration.objects.filter(mine),
        "consents": Consent.objects.filter(mine),
        "invitations": Invitation.objects.filter(mine | Q(mail__iexact=user.mail)),
        "proposals": Proposal.objects.filter(mine),
        "import_rows": ImportRow.objects.filter(mine),
        "responses": Response.objects.filter(mine),
        "follow_ups": FollowUp.objects.filter(mine),
        "blocks": Block.objects.filter(by__in=own),
        "ideas": Idea.objects.filter(lead__in=own),
        "notifications": Intent.objects.filter(recipient__in=own),
        "notice_settings": NoticeSettings.objects.filter(user=user),
        "shortfalls": Shortfall.objects.filter(mine),
    }
    told = {name: [_told(row) for row in rows.order_by("pk").values()] for name, rows in tables.items()}
    told["projects"] = _projects(own)
    pairs = Pair.objects.filter(Q(a__in=own) | Q(b__in=own), shown_at__isnull=False)
    told["suggestions"] = _plain(pairs, "id", "event_id", "shown_at", "expires_at")
    joins = IdeaSuggestion.objects.filter(participant__in=own, run__published_at__isnull=False)
    told["idea_suggestions"] = _plain(joins, "id", "created_at", "run__event_id", "idea_id")
    # `draws` is made of what others answered, which is theirs: who declined is never told
    told["habits"] = _plain(Habit.objects.filter(mine), "id", "created_at", "learned__version", "learned__active", "opens")
    seats = Seat.objects.filter(participant__in=own, roster__state=Roster.State.PUBLISHED)
    told["teams"] = _plain(seats, "id", "roster__event_id", "team__number", "team__name", "team__place", "team__task", "team__idea_id")
    places = TableSeat.objects.filter(participant__in=own, plan__state=TablePlan.State.PUBLISHED)
    asked = ChangeRequest.objects.filter(mine)
    told["change_requests"] = _plain(asked, "id", "created_at", "event_id", "text", "state", "answer", "decided_at")
    told["tables"] = _plain(places, "id", "plan__event_id", "round", "table")
    told["introductions"] = [_introduction(row, own) for row in Introduction.objects.filter(sides).select_related("pair").order_by("pk")]
    told["second_factor"] = _plain(TOTPDevice.objects.filter(user=user), "id", "created_at", "last_used_at", "confirmed")
    told["sign_in_mails"] = _plain(SignInRequest.objects.filter(mail=user.mail), "id", "created_at", "sent_at", "used_at")
    told["contact_views"] = contact_views(own)
    told["actions"] = _plain(AuditEntry.objects.filter(actor_id=user.pk), "id", "created_at", "action", "noun", "noun_id", "event_id")
    return told


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in KEPT_BACK}


def _plain(rows: QuerySet[Any], *fields: str) -> list[dict[str, Any]]:
    return list(rows.order_by("pk").values(*fields))


def _projects(own: list[int]) -> list[dict[str, Any]]:
    told = ("external_id", "held_on", "group", "tags", "text")
    return _plain(Membership.objects.filter(participant__in=own), "external_id", "lead", *(f"project__{name}" for name in told))


def _introduction(row: Introduction, own: list[int]) -> dict[str, Any]:
    shares = row.a_shares if row.pair.a_id in own else row.b_shares
    return {"id": row.pk, "event_id": row.pair.event_id, "since": row.created_at, "my_shares": shares, "closed_at": row.closed_at}


def contact_views(own: list[int]) -> list[dict[str, Any]]:
    """Who among the staff looked at the person's contacts or took them out, when and what for."""
    rows = AuditEntry.objects.filter(noun="participant", noun_id__in=own, action__in=CONTACTS_SEEN).order_by("created_at", "pk")
    entries: list[dict[str, Any]] = [dict(row) for row in rows.values("created_at", "action", "actor_id", "event_id", "data")]
    names = dict(User.objects.filter(pk__in={entry["actor_id"] for entry in entries}).values_list("pk", "name"))
    return [{**entry, "by": names.get(entry["actor_id"], "")} for entry in entries]


CONTACTS_SEEN = ("participant.contacts_seen", "participant.contacts_exported")
