"""Tables and constraints, nothing clever."""

from matchmaking.models.account import Language, User
from matchmaking.models.change_request import ChangeRequest
from matchmaking.models.idea_suggestion import IdeaSuggestion
from matchmaking.models.imports import Import, ImportFile, ImportRow
from matchmaking.models.learning import Habit, LearnedWeights
from matchmaking.models.notice_settings import NoticeSettings
from matchmaking.models.participant import CONTACT_FIELDS, Consent, Invitation, Organisation, Participant, Profile, Proposal, Registration
from matchmaking.models.programme import Event, Programme, Role
from matchmaking.models.project import Idea, Membership, Project
from matchmaking.models.roster import Roster, RosterMove, Seat, Team, TeamBasis, TeamFit, TeamJoiner, TeamRules
from matchmaking.models.run import FROZEN, KEPT, STAGES_OF, Artefact, Publication, Pulse, Run, RunKind, Shard, Stage
from matchmaking.models.sign_in import SignInRequest
from matchmaking.models.suggestion import Block, FollowUp, Introduction, Pair, Response, Shortfall, Suggestion
from matchmaking.models.table_plan import TablePlan, TableSeat
from matchmaking.models.top_up import TopUpDue
from matchmaking.models.trail import AuditEntry, IdempotencyKey, Intent, ThrottleCount
from matchmaking.models.wall import Wall

__all__ = [
    "CONTACT_FIELDS",
    "FROZEN",
    "KEPT",
    "STAGES_OF",
    "Artefact",
    "AuditEntry",
    "Block",
    "ChangeRequest",
    "Consent",
    "Event",
    "FollowUp",
    "Habit",
    "Idea",
    "IdeaSuggestion",
    "IdempotencyKey",
    "Import",
    "ImportFile",
    "ImportRow",
    "Intent",
    "Introduction",
    "Invitation",
    "Language",
    "LearnedWeights",
    "Membership",
    "NoticeSettings",
    "Organisation",
    "Pair",
    "Participant",
    "Profile",
    "Programme",
    "Project",
    "Proposal",
    "Publication",
    "Pulse",
    "Registration",
    "Response",
    "Role",
    "Roster",
    "RosterMove",
    "Run",
    "RunKind",
    "Seat",
    "Shard",
    "Shortfall",
    "SignInRequest",
    "Stage",
    "Suggestion",
    "TablePlan",
    "TableSeat",
    "Team",
    "TeamBasis",
    "TeamFit",
    "TeamJoiner",
    "TeamRules",
    "ThrottleCount",
    "TopUpDue",
    "User",
    "Wall",
]
