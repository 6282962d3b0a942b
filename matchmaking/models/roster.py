"""Team rules, and rosters: all teams of an event in one version, with their seats and the log of hand moves."""

from django.db import models
from django.db.models import F, Q

from matchmaking.models.base import Row, one_of
from matchmaking.models.participant import Participant
from matchmaking.models.programme import Event
from matchmaking.models.project import Idea
from matchmaking.models.run import Run


class TeamRules(Row):
    """The rules of an event in one version, in a facilitator's words (see `engine/teams/spoken.py`); people are named by id."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="team_rules")
    version = models.PositiveIntegerField()
    rules = models.JSONField(default=list)
    made_by = models.ForeignKey("matchmaking.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "version"], name="team_rules_once_per_version")]


class TeamBasis(Row):
    """What the suggestions engine says of each two people of an event: the pair scores that its rosters count.

    The same people with the same profiles have the same basis, whatever their rules.
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="team_bases")
    fingerprint = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "fingerprint"], name="team_basis_once_per_event")]


class TeamFit(models.Model):
    """Points for two people in one team, from the chance that both would say yes; `a_id` < `b_id`. A pair without a row has none."""

    basis = models.ForeignKey(TeamBasis, on_delete=models.CASCADE, related_name="fits")
    a = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+")
    b = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+")
    points = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(a__lt=F("b")), name="team_fit_is_ordered"),
            models.UniqueConstraint(fields=["basis", "a", "b"], name="team_fit_once_per_basis"),
        ]


class RosterState(models.TextChoices):
    DRAFT = "draft"
    PUBLISHED = "published"
    ASIDE = "aside"


class Roster(Row):
    """One version of all teams of an event. What an event shows is its published one; a person publishes, never a run.

    `base` is the roster it was computed from and `base_version` what that stood at: a newer hand move there is never lost unseen.
    """

    State = RosterState

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="rosters")
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="rosters")
    rules = models.ForeignKey(TeamRules, on_delete=models.RESTRICT, related_name="rosters")
    basis = models.ForeignKey(TeamBasis, on_delete=models.RESTRICT, related_name="rosters")
    base = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    base_version = models.PositiveIntegerField(default=0)
    number = models.PositiveSmallIntegerField(default=1, help_text="Which of the run's alternatives.")
    emphasis = models.CharField(max_length=20, blank=True, help_text="What the alternative leans towards.")
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1, help_text="Raised by every change.")
    hand_version = models.PositiveIntegerField(default=0, help_text="The version that the last hand move made; 0: none.")
    certificate = models.JSONField(default=dict, help_text="What was proved of it as it was computed.")
    said = models.JSONField(default=dict, help_text="The same as a sentence to be told.")
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("state", RosterState, "roster_state_known"),
            models.UniqueConstraint(fields=["event"], condition=Q(state="published"), name="roster_one_published_per_event"),
            models.UniqueConstraint(fields=["run", "number"], name="roster_once_per_alternative"),
        ]


class Team(Row):
    """A team of a roster. `value` is what its members are worth, kept up by every change."""

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="teams")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80, blank=True, help_text="What it calls itself; the number stays.")
    place = models.CharField(max_length=120, blank=True)
    task = models.CharField(max_length=500, blank=True)
    idea = models.ForeignKey(Idea, on_delete=models.SET_NULL, null=True, related_name="+")
    locked = models.BooleanField(default=False)
    value = models.FloatField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["roster", "number"], name="team_once_per_number")]


class Seat(Row):
    """A person's place in a team. Without a participant it is a place somebody left; whoever has no seat is not placed."""

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="seats")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="seats")
    participant = models.ForeignKey(Participant, on_delete=models.SET_NULL, null=True, related_name="seats")
    pinned = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Number of the team the person is pinned to.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["roster", "participant"], name="seat_once_per_person")]


class MoveKind(models.TextChoices):
    MOVE = "move"
    LOCK = "lock"
    UNLOCK = "unlock"
    PIN = "pin"
    UNPIN = "unpin"


class RosterMove(Row):
    """What a facilitator did by hand, to be taken back step by step. Numbers are teams; no team means not placed."""

    Kind = MoveKind

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="moves")
    version = models.PositiveIntegerField(help_text="Of the roster, after it.")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, null=True, related_name="+")
    swapped = models.ForeignKey(Participant, on_delete=models.CASCADE, null=True, related_name="+")
    before = models.PositiveSmallIntegerField(null=True, blank=True)
    after = models.PositiveSmallIntegerField(null=True, blank=True)
    made_by = models.ForeignKey("matchmaking.User", on_delete=models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("kind", MoveKind, "roster_move_kind_known"),
            models.UniqueConstraint(fields=["roster", "version"], name="roster_move_once_per_version"),
        ]


class TeamJoiner(Row):
    """Who is missing in a team: somebody outside it who brings what it lacks, as the run that formed it found.

    `terms` is a list of [part, value, [evidence, ...]], as of an idea's suggestions.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="joiners")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="team_joiners")
    rank = models.PositiveSmallIntegerField()
    terms = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "participant"], name="team_joiner_once_per_team")]
