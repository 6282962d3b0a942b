"""Tables and constraints, nothing clever."""

from matchmaking.models.account import Language, User
from matchmaking.models.idea_suggestion import IdeaSuggestion
from matchmaking.models.imports import Import, ImportFile, ImportRow
from matchmaking.models.participant import CONTACT_FIELDS, Consent, Invitation, Organisation, Participant, Profile, Proposal, Registration
from matchmaking.models.programme import Event, Programme, Role
from matchmaking.models.project import Idea, Membership, Project
from matchmaking.models.run import STAGES_OF, Artefact, Publication, Pulse, Run, RunKind, Shard, Stage
from matchmaking.models.suggestion import Block, Introduction, Pair, Response, Shortfall, Suggestion
from matchmaking.models.trail import AuditEntry, IdempotencyKey, Intent, ThrottleCount

__all__ = [
    "CONTACT_FIELDS",
    "STAGES_OF",
    "Artefact",
    "AuditEntry",
    "Block",
    "Consent",
    "Event",
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
    "Membership",
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
    "Run",
    "RunKind",
    "Shard",
    "Shortfall",
    "Stage",
    "Suggestion",
    "ThrottleCount",
    "User",
]
