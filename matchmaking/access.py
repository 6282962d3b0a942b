"""May this person see or do this? The only answer: pages, API and commands on behalf of a person ask here.

A stranger's row reads exactly like a row that never existed (NotFound). A known function without the right to it
is NotAllowed. Roles hold in their programme, or in their event where they name one. The operator (is_staff) runs
the server and has no standing right to content.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import BigIntegerField, CharField, Count, Exists, IntegerField, Model, OuterRef, Q, QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Now

from matchmaking.errors import NotAllowed, NotFound
from matchmaking.models import (
    AuditEntry,
    Block,
    ChangeRequest,
    Event,
    Idea,
    IdeaSuggestion,
    Import,
    Intent,
    Introduction,
    LearnedWeights,
    Organisation,
    Participant,
    Programme,
    Project,
    Proposal,
    Registration,
    Role,
    Roster,
    Run,
    RunKind,
    Seat,
    Shortfall,
    Suggestion,
    TablePlan,
    TableSeat,
    Team,
    User,
    Wall,
)
from matchmaking.selectors.learning import versions_of
from matchmaking.selectors.own_data import CONTACTS_SEEN
from matchmaking.selectors.prepared import Prepared
from matchmaking.selectors.records import live_consent, taking_part
from matchmaking.selectors.suggestions import Reader
from matchmaking.selectors.team_cases import rules_now
from matchmaking.selectors.walls import Member, initials, live, short

R = TypeVar("R", bound=Model)
Viewer = User | AnonymousUser
ORGANISER, FACILITATOR = Role.Name.ORGANISER, Role.Name.FACILITATOR
STAFF_ROLES = (ORGANISER, FACILITATOR)
PARTICIPANT = "participant"
UNREAD = "unread"


# --- the second factor ------------------------------------------------------------------------------------------------
def needs_second_factor(user: Viewer) -> bool:
    """Whether others' data, or the server, is open to this person: a role anywhere, or the operator."""
    return user.pk is not None and (bool(getattr(user, "is_staff", False)) or Role.objects.filter(user_id=user.pk).exists())


def lacks_second_factor(user: Viewer) -> bool:
    """Whether `user` needs a second factor and has not shown it in this session, or with the token they came with."""
    return not _verified(user) and needs_second_factor(user)


def _verified(user: Viewer) -> bool:
    """The doors put `is_verified` on who comes in; whoever has none has shown nothing."""
    return not settings.SECOND_FACTOR or bool(getattr(user, "is_verified", bool)())


# --- roles -----------------------------------------------------------------------------------------------------------
def _roles(user: Viewer, names: tuple[str, ...]) -> QuerySet[Role]:
    """Roles open nothing without the second factor, whichever door forgot to ask for it."""
    return Role.objects.filter(user_id=user.pk or 0, name__in=names) if _verified(user) else Role.objects.none()


def operates(user: Viewer) -> bool:
    """Whether `user` is the operator, with the second factor where one is asked for."""
    return isinstance(user, User) and user.is_staff and _verified(user)


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


@dataclass(frozen=True, slots=True)
class Held:
    """All roles of a person, read once: for telling row by row what they may see."""

    roles: frozenset[tuple[str, int, int | None]]  # name, programme, event or None for the whole programme

    def over_programme(self, programme_id: int) -> str:
        """`organiser`, `facilitator` or nothing: the role over the whole programme."""
        return next((name for name in STAFF_ROLES if (name, programme_id, None) in self.roles), "")

    def over_event(self, event: Event) -> str:
        """The strongest role in an event, through the event itself or its programme."""
        for name in STAFF_ROLES:
            if {(name, event.programme_id, None), (name, event.programme_id, event.pk)} & self.roles:
                return name
        return ""


def roles_of(user: Viewer) -> Held:
    rows = _roles(user, STAFF_ROLES).values_list("name", "programme_id", "event_id")
    return Held(frozenset(rows))


def audiences_of(user: Viewer) -> set[str]:
    """`participant` and the names of the roles a person has anywhere: whose pages are theirs."""
    return heading_of(user)[0]


def heading_of(user: Viewer) -> tuple[set[str], int]:
    """What stands above every page, in one query: whose pages are the person's (see `audiences_of`), and how many notices are unread."""
    found = dict(_HEADING.rows(user.pk or 0))
    closed = {UNREAD} if _verified(user) else {UNREAD, *STAFF_ROLES}
    return found.keys() - closed, found.get(UNREAD, 0)


def _heading(user: User) -> "QuerySet[Any, Any]":
    none, what = Value(0, output_field=IntegerField()), CharField()
    own = own_participants(user).annotate(what=Value(PARTICIPANT, output_field=what), number=none).values_list("what", "number")
    # the query is prepared for everybody: whether roles count for this person now is for `heading_of` to say
    roles = Role.objects.filter(user_id=user.pk, name__in=STAFF_ROLES).annotate(number=none).values_list("name", "number")
    unread = notices_visible_to(user).filter(seen_at__isnull=True).annotate(what=Value(UNREAD, output_field=what))
    counted: QuerySet[Any, Any] = own.union(roles, unread.values("what").annotate(number=Count("pk")).values_list("what", "number"))
    return counted


_HEADING = Prepared(lambda user: _heading(User(pk=user)), 1)


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


def event_of_link(code: str) -> Event:
    """The event this link asks to join: the code is all it takes to read what is public of it."""
    return _found(Event.objects.select_related("programme").filter(join_code=code).first(), "There is no such event.")


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
        if FACILITATOR in names:
            raise NotAllowed("Only organisers and facilitators of this event can do this.")
        raise NotAllowed("Only organisers of this event can do this.")
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


def programme_without_organiser(user: Viewer, programme_id: int) -> Programme:
    """The programme, if `user` is the operator and nobody organises it yet."""
    if not operates(user):
        raise NotAllowed("Only operators can do this.")
    organised = Role.objects.filter(name=ORGANISER, event__isnull=True).values("programme_id")
    return _one(Programme.objects.exclude(pk__in=organised), programme_id, "There is no such programme without an organiser.")


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
    """Organisations of the participants a person may see, and all of the programmes one organises or facilitates."""
    seen = Q(pk__in=participants_visible_to(user).values("organisation_id"))
    return Organisation.objects.filter(seen | Q(programme__in=programmes_with_role(user, *STAFF_ROLES).values("pk")))


def projects_visible_to(user: Viewer) -> QuerySet[Project]:
    """The track record: one's own projects, and all of the programmes one organises or facilitates."""
    own = Q(memberships__participant__in=own_participants(user))
    return Project.objects.filter(own | Q(programme__in=programmes_with_role(user, *STAFF_ROLES))).distinct()


def _let_in(participants: QuerySet[Participant]) -> QuerySet[Participant]:
    """Those whom an organiser brought in or approved somewhere: who came by a link alone sees nobody and is seen by nobody."""
    registered = Registration.objects.filter(participant=OuterRef("pk"))
    brought = registered.filter(state__in=[Registration.State.APPROVED, Registration.State.INVITED])
    return participants.filter(Exists(brought) | ~Exists(registered))


def ideas_visible_to(user: Viewer) -> QuerySet[Idea]:
    """Ideas seek partners: all of the programmes a person is in or has a role in may read them; never past a block."""
    own = own_participants(user)
    blocked = _blocks_between(OuterRef("lead"), own.values("pk"))
    in_care = Q(programme__in=_roles(user, STAFF_ROLES).values("programme_id"))
    among = Q(programme__in=_let_in(own).values("programme_id")) & Exists(_let_in(Participant.objects.filter(pk=OuterRef("lead_id"))))
    return Idea.objects.filter(in_care | Q(lead__in=own.values("pk")) | among).exclude(Exists(blocked))


def idea_for(user: Viewer, idea_id: int) -> Idea:
    return _one(ideas_visible_to(user).select_related("lead", "event"), idea_id, "There is no such idea.")


def idea_to_edit(user: Viewer, idea_id: int) -> Idea:
    """The idea, if `user` leads it."""
    idea = idea_for(user, idea_id)
    if idea.lead.user_id != user.pk:
        raise NotAllowed("Only the lead of an idea can change it.")
    return idea


def idea_with_joiners(user: Viewer, idea_id: int) -> Idea:
    """The idea, if `user` leads it, or organises or facilitates its event: its list reads to all others like one that never was."""
    in_care = Q(event__in=events_with_role(user, *STAFF_ROLES).values("pk"))
    own = Q(lead__in=own_participants(user).values("pk"))
    return _one(ideas_visible_to(user).filter(in_care | own).select_related("lead", "event"), idea_id, "There is no such idea.")


def joiners_visible_to(user: Viewer, idea_id: int) -> QuerySet[IdeaSuggestion]:
    """Who should join an idea, the best first, as published for its event; never past a block, nor past a withdrawal of either side."""
    idea = idea_with_joiners(user, idea_id)
    rows = IdeaSuggestion.objects.filter(idea=idea, run__event=idea.event_id, run__publications__isnull=False)
    for side in ("participant", "idea__lead"):
        here = Registration.objects.filter(event=OuterRef("run__event"), participant=OuterRef(side), state=Registration.State.APPROVED)
        rows = rows.filter(Exists(here), live_consent(side))
    return rows.exclude(Exists(_blocks_of(OuterRef("participant"), OuterRef("idea__lead")))).order_by("rank", "pk")


def own_participant_in(user: Viewer, programme_id: int) -> Participant:
    """Who `user` is in a programme that they can see."""
    programme_for(user, programme_id)
    participant = own_participants(user).select_related("user").filter(programme_id=programme_id).first()
    if participant is None:
        raise NotAllowed("Only participants of this programme can do this.")
    return participant


# --- registrations, invitations, roles, one's own things ----------------------------------------------------------------
def registrations_visible_to(user: Viewer) -> QuerySet[Registration]:
    """All of the events in one's care; those who take part beside oneself."""
    approved = Registration.State.APPROVED
    my_events = Registration.objects.filter(participant__in=own_participants(user), state=approved).values("event_id")
    in_care = Q(event__in=events_with_role(user, *STAFF_ROLES).values("pk"))
    return Registration.objects.filter(in_care | Q(state=approved, event__in=my_events))


def registrations_of(user: Viewer, event_id: int) -> QuerySet[Registration]:
    """Who asked, was invited or takes part: for those who organise or facilitate the event."""
    return Registration.objects.filter(event=event_to_facilitate(user, event_id))


def registration_to_decide(user: Viewer, registration_id: int) -> Registration:
    """The registration, if `user` organises its event."""
    seen = Q(event__in=events_with_role(user, *STAFF_ROLES).values("pk")) | Q(participant__in=own_participants(user).values("pk"))
    rows = Registration.objects.filter(seen).select_related("event__programme", "participant__profile", "participant__organisation")
    registration = _one(rows, registration_id, "There is no such registration.")
    event_to_organise(user, registration.event_id)
    return registration


def own_registration(user: Viewer, registration_id: int) -> Registration:
    rows = Registration.objects.filter(participant__in=own_participants(user)).select_related("event", "participant")
    return _one(rows, registration_id, "There is no such registration.")


def own_proposal(user: Viewer, proposal_id: int) -> Proposal:
    rows = Proposal.objects.filter(participant__in=own_participants(user)).select_related("participant__programme", "participant__profile")
    return _one(rows, proposal_id, "There is no such proposal.")


def participant_to_erase(user: Viewer, participant_id: int) -> Participant:
    """The participant, if it is the person's own, or `user` organises the whole programme."""
    own = own_participants(user).filter(pk=participant_id).select_related("user").first()
    if own is not None:
        return own
    participant = participant_for(user, participant_id)
    programme_to_organise(user, participant.programme_id)
    return participant


def roles_visible_to(user: Viewer) -> QuerySet[Role]:
    """The organisers and facilitators of the programmes and events in which one is one of them."""
    whole = Q(programme__in=programmes_with_role(user, *STAFF_ROLES).values("pk"))
    return Role.objects.filter(whole | Q(event__in=events_with_role(user, *STAFF_ROLES).values("pk")))


def role_to_remove(user: Viewer, role_id: int) -> Role:
    """The role, if it is one's own, or `user` organises what it is for."""
    role = _one(roles_visible_to(user).select_related("user", "event"), role_id, "There is no such role.")
    if role.user_id == user.pk:
        return role
    if role.event_id is not None:
        event_to_organise(user, role.event_id)
    else:
        programme_to_organise(user, role.programme_id)
    return role


# --- suggestions, introductions ---------------------------------------------------------------------------------------
def _blocks_of(one: object, other: object) -> QuerySet[Block]:
    """A block between two people, whoever made it."""
    return Block.objects.filter(Q(by=one, whom=other) | Q(by=other, whom=one))


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


def own_sides(user: Viewer) -> tuple[QuerySet[Suggestion], QuerySet[Suggestion]]:
    """`suggestions_visible_to` in two halves, where one is `a` and where one is `b`: each has an index to go by."""
    unblocked = published_suggestions().exclude(Exists(_blocks_of(OuterRef("pair__a"), OuterRef("pair__b"))))
    mine = own_participants(user)
    return unblocked.filter(pair__a__in=mine), unblocked.filter(pair__b__in=mine)


SUGGESTIONS = Reader(own_sides)


def own_shortfalls(user: Viewer) -> QuerySet[Shortfall]:
    """Where what is published holds less than the floor for the person."""
    return Shortfall.objects.filter(participant__in=own_participants(user), run__publications__isnull=False)


def suggestion_for(user: Viewer, suggestion_id: int) -> Suggestion:
    """The suggestion, if it is the person's own side of a published pair; the id of an earlier run leads to the present one."""
    rows = suggestions_visible_to(user).filter(pair__suggestions=suggestion_id).select_related("pair__event")
    return _found(rows.first(), "There is no such suggestion.")


def suggestion_to_answer(user: Viewer, suggestion_id: int) -> tuple[Suggestion, Participant]:
    """The suggestion and the person's own side of it, once it was shown: why it can no longer be answered is the service's to say."""
    now = Suggestion.objects.filter(pair=OuterRef("pair"), run__publications__isnull=False)
    shown = Exists(now) | Q(run__published_at__isnull=False)
    mine = own_participants(user).values("pk")
    rows = Suggestion.objects.filter(shown, Q(pair__a__in=mine) | Q(pair__b__in=mine), pk=suggestion_id).select_related(
        "run", "pair__event", "pair__a__user", "pair__b__user"
    )
    suggestion = _found(rows.first(), "There is no such suggestion.")
    pair = suggestion.pair
    return suggestion, pair.a if pair.a.user_id == user.pk else pair.b


def still_open(suggestions: QuerySet[Suggestion]) -> QuerySet[Suggestion]:
    """Those whose time to answer has not run out."""
    return suggestions.filter(Q(pair__expires_at__isnull=True) | Q(pair__expires_at__gt=Now()))


def introductions_visible_to(user: Viewer) -> QuerySet[Introduction]:
    """One's own introductions that nobody closed, blocked or left the event of."""
    mine = own_participants(user).values("pk")
    left = Registration.objects.filter(
        Q(participant=OuterRef("pair__a")) | Q(participant=OuterRef("pair__b")), event=OuterRef("pair__event"), state="withdrawn"
    )
    blocked = _blocks_of(OuterRef("pair__a"), OuterRef("pair__b"))
    own = Introduction.objects.filter(Q(pair__a__in=mine) | Q(pair__b__in=mine), closed_at__isnull=True)
    return own.exclude(Exists(left)).exclude(Exists(blocked))


def introduction_for(user: Viewer, introduction_id: int) -> tuple[Introduction, Participant]:
    """The introduction and the person's own side of it."""
    rows = introductions_visible_to(user).select_related("pair__event", "pair__a__user", "pair__b__user")
    introduction = _one(rows, introduction_id, "There is no such introduction.")
    pair = introduction.pair
    return introduction, pair.a if pair.a.user_id == user.pk else pair.b


def notices_visible_to(user: Viewer) -> QuerySet[Intent]:
    """What a person was told; what tells of an introduction goes with it, however that ended."""
    rows = Intent.objects.filter(recipient__in=own_participants(user))
    rows = rows.alias(told_of=Cast(KT("data__introduction"), BigIntegerField()))
    still = Exists(introductions_visible_to(user).filter(pk=OuterRef("told_of")))  # asked row by row: all of a person's would be read
    return rows.filter(~Q(kind="introduction") | still)


# --- blocks -----------------------------------------------------------------------------------------------------------
def own_blocks(user: Viewer) -> QuerySet[Block]:
    """The blocks a person made; those made against a person are nobody's to see."""
    return Block.objects.filter(by__in=own_participants(user))


def block_for(user: Viewer, block_id: int) -> Block:
    return _one(own_blocks(user).select_related("by__user", "whom"), block_id, "There is no such block.")


def block_to_make(user: Viewer, participant_id: int) -> tuple[Participant, Participant]:
    """Oneself in the programme of the other, and the other: somebody one can see, or has blocked already."""
    whom = Participant.objects.filter(pk__in=own_blocks(user).values("whom_id")).filter(pk=participant_id).first()
    whom = whom or participant_for(user, participant_id)
    by = own_participants(user).select_related("user").filter(programme_id=whom.programme_id).first()
    if by is None:
        raise NotAllowed("Only participants of the same programme can block somebody.")
    return by, whom


# --- teams ------------------------------------------------------------------------------------------------------------
def rosters_visible_to(user: Viewer) -> QuerySet[Roster]:
    """All of the events that one organises or facilitates."""
    return Roster.objects.filter(event__in=events_with_role(user, *STAFF_ROLES).values("pk"))


def roster_for(user: Viewer, roster_id: int) -> Roster:
    rows = rosters_visible_to(user).select_related("event__programme", "rules", "basis", "run")
    return _one(rows, roster_id, "There is no such roster.")


def roster_to_edit(user: Viewer, roster_id: int) -> Roster:
    """The roster, if `user` facilitates its event: organisers look at it."""
    roster = roster_for(user, roster_id)
    if not may_edit(user, roster):
        raise NotAllowed("Only facilitators of this event can do this.")
    return roster


def may_edit(user: Viewer, roster: Roster) -> bool:
    """Whether a roster that `user` sees is theirs to change."""
    return events_with_role(user, FACILITATOR).filter(pk=roster.event_id).exists()


def teams_visible_to(user: Viewer) -> QuerySet[Team]:
    """All teams of the rosters in one's care, and one's own team once it is published."""
    own = Seat.objects.filter(team=OuterRef("pk"), participant__in=own_participants(user))
    mine = Q(Exists(own), roster__state=Roster.State.PUBLISHED)
    return Team.objects.filter(mine | Q(roster__in=rosters_visible_to(user).values("pk")))


def own_teams(user: Viewer) -> QuerySet[Team]:
    """The teams a person is in, once they are published; of staff too only their own."""
    own = Seat.objects.filter(team=OuterRef("pk"), participant__in=own_participants(user))
    rows = Team.objects.filter(Exists(own), roster__state=Roster.State.PUBLISHED)
    return rows.select_related("roster__event__programme", "roster__rules", "idea")


def own_part(user: Viewer, event_id: int) -> Registration:
    """By what the person takes part in an event."""
    rows = Registration.objects.filter(participant__in=own_participants(user), state=Registration.State.APPROVED, event=event_id)
    return _found(rows.select_related("event", "participant__user").first(), "There is no such event.")


def team_for(user: Viewer, team_id: int) -> Team:
    rows = teams_visible_to(user).select_related("roster__event__programme", "roster__rules", "roster__basis", "idea")
    return _one(rows, team_id, "There is no such team.")


def team_to_edit(user: Viewer, team_id: int) -> Team:
    """The team, if `user` facilitates its event."""
    team = team_in_care(user, team_id)
    roster_to_edit(user, team.roster_id)
    return team


def team_in_care(user: Viewer, team_id: int) -> Team:
    """The team, if `user` organises or facilitates its event."""
    team = team_for(user, team_id)
    event_to_facilitate(user, team.roster.event_id)
    return team


def team_members(user: Viewer, team: Team) -> QuerySet[Participant]:
    """Who is in a team, as `user` may read it: staff all, a member those who still agree, and never past a block."""
    people = Participant.objects.filter(seats__team=team).order_by("seats__created_at", "pk")
    if rosters_visible_to(user).filter(pk=team.roster_id).exists():
        return people
    mine = own_participants(user).values("pk")
    agreeing = people.filter(Q(live_consent("pk")) | Q(pk__in=mine))
    return agreeing.exclude(Exists(_blocks_between(OuterRef("pk"), mine)))


def table_plans_visible_to(user: Viewer) -> QuerySet[TablePlan]:
    """All of the events that one organises or facilitates."""
    return TablePlan.objects.filter(event__in=events_with_role(user, *STAFF_ROLES).values("pk"))


def table_plan_for(user: Viewer, plan_id: int) -> TablePlan:
    return _one(table_plans_visible_to(user).select_related("event__programme"), plan_id, "There is no such plan.")


def table_plan_to_edit(user: Viewer, plan_id: int) -> TablePlan:
    """The plan, if `user` facilitates its event: organisers look at it."""
    plan = table_plan_for(user, plan_id)
    if not events_with_role(user, FACILITATOR).filter(pk=plan.event_id).exists():
        raise NotAllowed("Only facilitators of this event can do this.")
    return plan


def own_table_seats(user: Viewer) -> QuerySet[TableSeat]:
    """One's own places at tables that are published."""
    return TableSeat.objects.filter(participant__in=own_participants(user), plan__state=TablePlan.State.PUBLISHED)


def roster_shown(user: Viewer, event_id: int) -> tuple[Event, Roster | None]:
    """The event, if `user` organises or facilitates it, and the roster that it shows."""
    event = event_to_facilitate(user, event_id)
    shown = rosters_visible_to(user).filter(event=event, state=Roster.State.PUBLISHED)
    return event, shown.select_related("event__programme", "rules", "basis").first()


def teams_are_published(user: Viewer, event_id: int) -> bool:
    """Whether an event in which the person takes part shows teams by now, be it that they have none."""
    own = Registration.objects.filter(participant__in=own_participants(user), event=event_id, state=Registration.State.APPROVED)
    return Roster.objects.filter(event__in=own.values("event_id"), state=Roster.State.PUBLISHED).exists()


def own_change_requests(user: Viewer) -> QuerySet[ChangeRequest]:
    """What the person asked to be changed, the latest first."""
    return ChangeRequest.objects.filter(participant__in=own_participants(user)).order_by("-created_at", "pk")


def own_change_request(user: Viewer, request_id: int) -> ChangeRequest:
    return _one(own_change_requests(user).select_related("event"), request_id, "There is no such request.")


def change_requests_of(user: Viewer, event_id: int) -> QuerySet[ChangeRequest]:
    """What people asked the facilitators of an event, and nobody else, to change."""
    return ChangeRequest.objects.filter(event=event_to_facilitate(user, event_id))


def change_request_to_decide(user: Viewer, request_id: int) -> ChangeRequest:
    """The request, if `user` facilitates its event: organisers look at it."""
    in_care = ChangeRequest.objects.filter(event__in=events_with_role(user, *STAFF_ROLES).values("pk"))
    request = _one(in_care.select_related("event", "participant"), request_id, "There is no such request.")
    if not events_with_role(user, FACILITATOR).filter(pk=request.event_id).exists():
        raise NotAllowed("Only facilitators of this event can do this.")
    return request


# --- the team wall: who has its link needs no sign-in ---------------------------------------------------------------------
MINOR_MARKS = frozenset(
    ("minor", "minors", "under 16", "непаўналетні", "непаўналетнія", "несовершеннолетний", "несовершеннолетние", "minderjährig")
)  # as facilitators write them in their rules


def wall_of_link(token: str) -> Wall:
    """The wall that this link shows: the link is all it takes."""
    return _found(live(Wall.objects.filter(token=token)).first(), "There is no such wall.")


def is_former_wall(token: str) -> bool:
    """Whether this link showed a wall once: whoever has it guesses nothing."""
    return Wall.objects.filter(token=token).exists()


def wall_in_care(user: Viewer, event_id: int) -> Wall | None:
    """The wall of an event that `user` organises or facilitates, if one is up."""
    return live(Wall.objects.filter(event=event_to_facilitate(user, event_id))).first()


def people_on_wall(event: Event) -> dict[int, Member]:
    """How each person of an event is named before everybody in the room: in full who chose to be found by others, else by initials.

    A minor has no name there. Who takes no part any more, or agrees to nothing, is not there at all.
    """
    rules = rules_now(event)
    marked = (one for one in (rules.rules if rules else []) if one["kind"] == "mark" and one["mark"].casefold() in MINOR_MARKS)
    minors = {person for one in marked for person in one["people"]}
    people = taking_part(event).values_list("participant_id", "participant__name", "participant__profile__sector", "participant__listed")
    return {pk: Member("" if pk in minors else short(name) if listed else initials(name), sector) for pk, name, sector, listed in people}


# --- runs and imports -------------------------------------------------------------------------------------------------
def runs_visible_to(user: Viewer) -> QuerySet[Run]:
    """Status is for everybody of the event, but of top-ups, one for each late arrival; the operator sees the status of all."""
    if operates(user):
        return Run.objects.all()
    in_care = Q(event__in=events_with_role(user, *STAFF_ROLES).values("pk"))
    return Run.objects.filter(in_care | ~Q(kind=RunKind.TOP_UP), event__in=events_visible_to(user).values("pk"))


def run_for(user: Viewer, run_id: int) -> Run:
    return _one(runs_visible_to(user).select_related("event", "learned"), run_id, "There is no such run.")


def run_to_steer(user: Viewer, run_id: int) -> Run:
    """The run, if `user` organises its event; runs of teams are a facilitator's too."""
    run = run_for(user, run_id)
    (event_to_facilitate if run.kind in (RunKind.TEAMS, RunKind.TABLES) else event_to_organise)(user, run.event_id)
    return run


def run_to_review(user: Viewer, run_id: int) -> Run:
    """The run with its pairs, if `user` organises or facilitates its event."""
    run = run_for(user, run_id)
    event_to_facilitate(user, run.event_id)
    return run


def learned_weights_visible_to(user: Viewer, programme_id: int) -> QuerySet[LearnedWeights]:
    """What a programme learned from answers, the newest first: for those who organise the whole of it."""
    return versions_of(programme_to_organise(user, programme_id))


# What a person did on their own behalf is nobody else's to read: organisers see totals, never who declined or blocked whom.
PRIVATE_NOUNS = ("response", "block", "introduction", "followup", "consent", "user", "pair", "authtoken", "intent", "noticesettings")


def audit_visible_to(user: Viewer) -> QuerySet[AuditEntry]:
    """One's own actions, and who among the staff looked at one's contacts."""
    own = own_participants(user).values("pk")
    about_me = Q(noun="participant", noun_id__in=own, action__in=CONTACTS_SEEN)
    return AuditEntry.objects.filter(Q(actor_id=user.pk) | about_me)


def audit_of_event(user: Viewer, event_id: int) -> QuerySet[AuditEntry]:
    """What was done in an event that `user` organises, and in its programme as far as it concerns no other event."""
    event = event_to_organise(user, event_id)
    whole = programmes_with_role(user, ORGANISER).filter(pk=event.programme_id).exists()
    here = Q(event_id=event.pk) | (Q(event_id__isnull=True, programme_id=event.programme_id) if whole else Q(pk__in=[]))
    return AuditEntry.objects.filter(here).exclude(noun__in=PRIVATE_NOUNS)


def imports_visible_to(user: Viewer) -> QuerySet[Import]:
    """Imports of the programmes, or of the events, that `user` organises."""
    whole = Q(programme__in=programmes_with_role(user, ORGANISER))
    return Import.objects.filter(whole | Q(event__in=events_with_role(user, ORGANISER).values("pk")))


def import_for(user: Viewer, import_id: int) -> Import:
    return _one(imports_visible_to(user).select_related("programme", "event"), import_id, "There is no such import.")


def _one(rows: "QuerySet[R]", row_id: int, sentence: str) -> R:
    return _found(rows.filter(pk=row_id).first(), sentence)


def _found(row: "R | None", sentence: str) -> "R":
    if row is None:
        raise NotFound(sentence)
    return row
