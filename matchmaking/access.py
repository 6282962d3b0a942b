"""May this person see or do this? The only answer: pages, API and commands on behalf of a person ask here.

A stranger's row reads exactly like a row that never existed (NotFound). A known function without the right to it
is NotAllowed. Roles hold in their programme, or in their event where they name one. The operator (is_staff) runs
the server and has no standing right to content.
"""

from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from matchmaking.errors import NotAllowed, NotFound
from matchmaking.models import (
    Block,
    Event,
    Idea,
    Import,
    Introduction,
    Organisation,
    Participant,
    Programme,
    Project,
    Registration,
    Role,
    Run,
    Suggestion,
    User,
)

R = TypeVar("R", bound=Model)
Viewer = User | AnonymousUser
ORGANISER, FACILITATOR = Role.Name.ORGANISER, Role.Name.FACILITATOR
STAFF_ROLES = (ORGANISER, FACILITATOR)


# --- roles -----------------------------------------------------------------------------------------------------------
def _roles(user: Viewer, names: tuple[str, ...]) -> QuerySet[Role]:
    return Role.objects.filter(user_id=user.pk, name__in=names)


def has_role(user: Viewer, *names: str) -> bool:
    """Whether `user` has one of these roles anywhere: for telling 'not yours' from 'not for you'."""
    return _roles(user, names or STAFF_ROLES).exists()


def events_with_role(user: Viewer, *names: str) -> QuerySet[Event]:
    """Events in which `user` has one of the roles, through the event itself or its whole programme."""
    roles = _roles(user, names)
    whole = roles.filter(event__isnull=True).values("programme_id")
    return Event.objects.filter(Q(pk__in=roles.filter(event__isnull=False).values("event_id")) | Q(programme__in=whole))


def programmes_with_role(user: Viewer, *names: str) -> QuerySet[Programme]:
    """Programmes in which `user` has one of the roles for the whole programme."""
    return Programme.objects.filter(pk__in=_roles(user, names).filter(event__isnull=True).values("programme_id"))


def own_participants(user: Viewer) -> QuerySet[Participant]:
    return Participant.objects.filter(user_id=user.pk) if user.pk else Participant.objects.none()


# --- programmes and events --------------------------------------------------------------------------------------------
def programmes_visible_to(user: Viewer) -> QuerySet[Programme]:
    """Programmes a person has a role in or takes part in."""
    by_role = _roles(user, STAFF_ROLES).values("programme_id")
    return Programme.objects.filter(Q(pk__in=by_role) | Q(pk__in=own_participants(user).values("programme_id")))


def events_visible_to(user: Viewer) -> QuerySet[Event]:
    """Events a person has a role in, or whose programme they take part in."""
    mine = Q(programme__in=own_participants(user).values("programme_id"))
    return Event.objects.filter(mine | Q(pk__in=events_with_role(user, *STAFF_ROLES).values("pk")))


def event_for(user: Viewer, event_id: int) -> Event:
    return _one(events_visible_to(user).select_related("programme"), event_id, "There is no such event.")


def event_to_organise(user: Viewer, event_id: int) -> Event:
    """The event, if `user` organises it."""
    return _with_role(user, event_id, ORGANISER)


def event_to_facilitate(user: Viewer, event_id: int) -> Event:
    """The event, if `user` organises or facilitates it."""
    return _with_role(user, event_id, *STAFF_ROLES)


def _with_role(user: Viewer, event_id: int, *names: str) -> Event:
    event = events_with_role(user, *names).select_related("programme").filter(pk=event_id).first()
    if event is None:
        event_for(user, event_id)
        raise NotAllowed("Only {roles} of this event can do this.", roles=" or ".join(f"{name}s" for name in names))
    return event


def programme_for(user: Viewer, programme_id: int) -> Programme:
    return _one(programmes_visible_to(user), programme_id, "There is no such programme.")


def programme_to_organise(user: Viewer, programme_id: int) -> Programme:
    """The programme, if `user` organises the whole of it."""
    programme = programmes_with_role(user, ORGANISER).filter(pk=programme_id).first()
    if programme is None:
        programme_for(user, programme_id)
        raise NotAllowed("Only organisers of this programme can do this.")
    return programme


# --- participants -----------------------------------------------------------------------------------------------------
def own_participant(user: Viewer, participant_id: int) -> Participant:
    """The participant, if it is the person's own."""
    return _one(own_participants(user), participant_id, "There is no such participant.")


def participants_in_care_of(user: Viewer, *names: str) -> QuerySet[Participant]:
    """Participants of the programmes and events in which `user` has one of the roles."""
    events = events_with_role(user, *names).values("pk")
    registered = Registration.objects.filter(event__in=events).values("participant_id")
    whole = programmes_with_role(user, *names).values("pk")
    return Participant.objects.filter(Q(programme__in=whole) | Q(pk__in=registered))


def participants_visible_to(user: Viewer) -> QuerySet[Participant]:
    """Oneself; those in one's care; those suggested to one; those of a shared event who chose to be listed."""
    mine = own_participants(user).values("pk")
    shown = suggestions_visible_to(user)
    my_events = Registration.objects.filter(participant__in=mine, state=Registration.State.APPROVED).values("event_id")
    beside = Registration.objects.filter(event__in=my_events, state=Registration.State.APPROVED).values("participant_id")
    others = Q(pk__in=shown.values("pair__a")) | Q(pk__in=shown.values("pair__b")) | Q(listed=True, pk__in=beside)
    unblocked = ~Exists(_blocks_between(OuterRef("pk"), mine))
    in_care = Q(pk__in=participants_in_care_of(user, *STAFF_ROLES).values("pk"))
    return Participant.objects.filter(Q(pk__in=mine) | in_care | (others & unblocked))


def participant_for(user: Viewer, participant_id: int) -> Participant:
    """The participant, of whom `user` may see the public part."""
    rows = participants_visible_to(user).select_related("profile", "organisation")
    return _one(rows, participant_id, "There is no such participant.")


def participant_to_organise(user: Viewer, participant_id: int) -> Participant:
    """The participant, if `user` organises an event or the programme they are in."""
    participant = participants_in_care_of(user, ORGANISER).filter(pk=participant_id).first()
    if participant is None:
        participant_for(user, participant_id)
        raise NotAllowed("Only organisers can do this.")
    return participant


def organisations_visible_to(user: Viewer) -> QuerySet[Organisation]:
    """Organisations of the participants a person may see."""
    return Organisation.objects.filter(pk__in=participants_visible_to(user).values("organisation_id"))


def projects_visible_to(user: Viewer) -> QuerySet[Project]:
    """The track record: one's own projects, and all of the programmes one organises or facilitates."""
    own = Q(memberships__participant__in=own_participants(user))
    return Project.objects.filter(own | Q(programme__in=programmes_with_role(user, *STAFF_ROLES))).distinct()


def ideas_visible_to(user: Viewer) -> QuerySet[Idea]:
    """Ideas seek partners: all of the programmes a person is in or has a role in may read them."""
    return Idea.objects.filter(programme__in=programmes_visible_to(user).values("pk"))


def idea_to_edit(user: Viewer, idea_id: int) -> Idea:
    """The idea, if `user` leads it."""
    idea = _one(ideas_visible_to(user).select_related("lead"), idea_id, "There is no such idea.")
    if idea.lead.user_id != user.pk:
        raise NotAllowed("Only the lead of an idea can change it.")
    return idea


# --- suggestions, introductions ---------------------------------------------------------------------------------------
def _blocks_between(one: object, others: object) -> QuerySet[Block]:
    return Block.objects.filter(Q(by=one, whom__in=others) | Q(whom=one, by__in=others))


def published_suggestions() -> QuerySet[Suggestion]:
    """Suggestions of the runs that are published now, held and dropped ones left out."""
    return Suggestion.objects.filter(run__publications__isnull=False, held_at__isnull=True, dropped_at__isnull=True)


def suggestions_visible_to(user: Viewer) -> QuerySet[Suggestion]:
    """One's own side of what is published: open, or answered by oneself; never past a block."""
    mine = own_participants(user).values("pk")
    sides = Q(pair__a__in=mine) | Q(pair__b__in=mine)
    blocked = Block.objects.filter(
        Q(by=OuterRef("pair__a"), whom=OuterRef("pair__b")) | Q(by=OuterRef("pair__b"), whom=OuterRef("pair__a"))
    )
    return published_suggestions().filter(sides).exclude(Exists(blocked))


def suggestion_for(user: Viewer, suggestion_id: int) -> Suggestion:
    """The suggestion, if it is the person's own side of a published pair."""
    rows = suggestions_visible_to(user).select_related("pair__event")
    return _one(rows, suggestion_id, "There is no such suggestion.")


def still_open(suggestions: QuerySet[Suggestion]) -> QuerySet[Suggestion]:
    """Those whose time to answer has not run out."""
    return suggestions.filter(Q(pair__expires_at__isnull=True) | Q(pair__expires_at__gt=Now()))


def introductions_visible_to(user: Viewer) -> QuerySet[Introduction]:
    """One's own introductions that nobody closed."""
    mine = own_participants(user).values("pk")
    return Introduction.objects.filter(Q(pair__a__in=mine) | Q(pair__b__in=mine), closed_at__isnull=True)


def introduction_for(user: Viewer, introduction_id: int) -> Introduction:
    rows = introductions_visible_to(user).select_related("pair__event", "pair__a", "pair__b")
    return _one(rows, introduction_id, "There is no such introduction.")


# --- runs and imports -------------------------------------------------------------------------------------------------
def runs_visible_to(user: Viewer) -> QuerySet[Run]:
    """Status is for everybody of the event; the operator sees the status of all."""
    if isinstance(user, User) and user.is_staff:
        return Run.objects.all()
    return Run.objects.filter(event__in=events_visible_to(user).values("pk"))


def run_for(user: Viewer, run_id: int) -> Run:
    return _one(runs_visible_to(user).select_related("event"), run_id, "There is no such run.")


def run_to_steer(user: Viewer, run_id: int) -> Run:
    """The run, if `user` organises its event."""
    run = run_for(user, run_id)
    event_to_organise(user, run.event_id)
    return run


def imports_visible_to(user: Viewer) -> QuerySet[Import]:
    """Imports of the programmes, or of the events, that `user` organises."""
    whole = Q(programme__in=programmes_with_role(user, ORGANISER))
    return Import.objects.filter(whole | Q(event__in=events_with_role(user, ORGANISER).values("pk")))


def import_for(user: Viewer, import_id: int) -> Import:
    return _one(imports_visible_to(user).select_related("programme", "event"), import_id, "There is no such import.")


def _one(rows: "QuerySet[R]", row_id: int, sentence: str) -> R:
    row = rows.filter(pk=row_id).first()
    if row is None:
        raise NotFound(sentence)
    return row
