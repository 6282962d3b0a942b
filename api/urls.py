"""Routes of the API. Each noun has its module; all of them are registered here."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from rest_framework.routers import SimpleRouter

from api.audit import Audit
from api.blocks import Blocks
from api.docs import SchemaView, docs
from api.events import Events, PublicEventView
from api.health import live, metrics, ready
from api.ideas import Ideas
from api.imports import Imports
from api.introductions import Introductions
from api.invitations import Claim, Invitations, Roles
from api.joining import Decision, Join, ParticipantErasure, Registrations
from api.learning import LearnedWeightsOfProgramme, Rollback
from api.me import Me, MyConsent, MyConsents, MyData, MyErasure, MyProfile, MyProposal, MyRegistration, MyWithdrawal
from api.organisations import Organisations
from api.participants import Contacts, Participants
from api.programmes import FirstOrganiser, Programmes
from api.projects import Projects
from api.rosters import Rosters
from api.runs import Runs
from api.sign_in import SessionView, Tokens, TokenView
from api.suggestions import Answers, Suggestions
from api.table_plans import TablePlans
from api.team_rules import TeamRulesView
from api.teams import Teams
from api.vocabulary import ConceptView, VocabularyView

router = SimpleRouter()
router.register("programmes", Programmes, basename="programme")
router.register("events", Events, basename="event")
router.register("participants", Participants, basename="participant")
router.register("organisations", Organisations, basename="organisation")
router.register("projects", Projects, basename="project")
router.register("ideas", Ideas, basename="idea")
router.register("runs", Runs, basename="run")
router.register("rosters", Rosters, basename="roster")
router.register("teams", Teams, basename="team")
router.register("table-plans", TablePlans, basename="table-plan")
router.register("audit", Audit, basename="audit")
router.register("suggestions", Suggestions, basename="suggestion")
router.register("introductions", Introductions, basename="introduction")
router.register("blocks", Blocks, basename="block")
router.register("imports", Imports, basename="import")
router.register("roles", Roles, basename="role")

ID = "(?P<pk>[0-9]{1,16})"

urlpatterns: list[URLPattern | URLResolver] = [
    re_path("^api/v1/me/$", Me.as_view(), name="me"),
    re_path(f"^api/v1/me/profiles/{ID}/$", MyProfile.as_view(), name="my-profile"),
    re_path(f"^api/v1/me/registrations/{ID}/$", MyRegistration.as_view(), name="my-registration"),
    re_path(f"^api/v1/me/registrations/{ID}/withdraw/$", MyWithdrawal.as_view(), name="my-withdrawal"),
    re_path(f"^api/v1/me/proposals/{ID}/(?P<decision>take|leave)/$", MyProposal.as_view(), name="my-proposal"),
    re_path("^api/v1/me/consents/$", MyConsents.as_view(), name="my-consents"),
    re_path("^api/v1/me/consents/(?P<purpose>[a-z]{1,20})/$", MyConsent.as_view(), name="my-consent"),
    re_path("^api/v1/me/data/$", MyData.as_view(), name="my-data"),
    re_path("^api/v1/me/erase/$", MyErasure.as_view(), name="my-erasure"),
    re_path("^api/v1/join/(?P<code>[A-Za-z0-9_-]{1,40})/$", Join.as_view(), name="join"),
    re_path(f"^api/v1/events/{ID}/registrations/$", Registrations.as_view({"get": "list", "post": "create"}), name="registrations"),
    re_path(f"^api/v1/events/{ID}/team-rules/$", TeamRulesView.as_view(), name="team-rules"),
    re_path(f"^api/v1/registrations/{ID}/(?P<decision>approve|refuse)/$", Decision.as_view(), name="registration-decision"),
    re_path(f"^api/v1/participants/{ID}/erase/$", ParticipantErasure.as_view(), name="participant-erasure"),
    re_path("^api/v1/invitations/$", Invitations.as_view(), name="invitations"),
    re_path("^api/v1/invitations/claim/$", Claim.as_view(), name="invitation-claim"),
    path("api/v1/suggestions/<int:pk>/response/", Answers.as_view(), name="suggestion-response"),
    path("api/v1/", include(router.urls)),
    path("api/v1/session/", SessionView.as_view(), name="session"),
    path("api/v1/tokens/", Tokens.as_view(), name="tokens"),
    re_path("^api/v1/tokens/(?P<token_id>[0-9a-f]{15})/$", TokenView.as_view(), name="token"),
    path("api/v1/public/events/<slug:slug>/", PublicEventView.as_view(), name="public-event"),
    re_path("^api/v1/programmes/(?P<pk>[0-9]{1,16})/first-organiser/$", FirstOrganiser.as_view(), name="first-organiser"),
    re_path("^api/v1/participants/(?P<pk>[0-9]{1,16})/contacts/$", Contacts.as_view(), name="participant-contacts"),
    re_path(f"^api/v1/programmes/{ID}/learned-weights/$", LearnedWeightsOfProgramme.as_view({"get": "list"}), name="learned-weights"),
    re_path(f"^api/v1/programmes/{ID}/learned-weights/rollback/$", Rollback.as_view(), name="learned-weights-rollback"),
    path("api/v1/vocabulary/", VocabularyView.as_view(), name="vocabulary"),
    re_path("^api/v1/vocabulary/(?P<concept_id>[-a-z0-9_.]{1,100})/$", ConceptView.as_view(), name="concept"),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", docs, name="docs"),
    re_path("^health/live/?$", live, name="live"),
    re_path("^health/ready/?$", ready, name="ready"),
    re_path("^metrics/?$", metrics, name="metrics"),
]
