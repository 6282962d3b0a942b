"""Two programmes that know nothing of each other, and one person of each sort: what permission tests share."""

from dataclasses import dataclass, field
from typing import Any

from rest_framework.test import APIClient

from matchmaking.models import Event, Idea, Membership, Organisation, Participant, Programme, Project, Run, Suggestion, User
from tests.factories import (
    make_event,
    make_organisation,
    make_participant,
    make_programme,
    make_published_run,
    make_role,
    make_suggestion,
    make_user,
)


def client_of(user: User | None, **options: Any) -> APIClient:
    """A client with a real session."""
    client = APIClient(**options)
    if user is not None:
        client.force_login(user)
    return client


@dataclass
class World:
    programme: Programme
    event: Event
    organisation: Organisation
    organiser: User
    facilitator: User
    user: User
    me: Participant
    other_user: User
    other: Participant
    unlisted: Participant
    run: Run
    suggestion: Suggestion
    idea: Idea
    project: Project
    more: dict[str, Any] = field(default_factory=dict)


def make_world() -> World:
    """A programme with an event in which `user` and two others take part; the two were suggested to each other."""
    programme = make_programme()
    event = make_event(programme)
    organisation = make_organisation(programme, sector="business")
    organiser, facilitator, user, other_user = (make_user(name=name) for name in ("Olga", "Fedor", "Maria", "Otto"))
    make_role(organiser, programme, "organiser")
    make_role(facilitator, programme, "facilitator", event)
    me = make_participant(
        programme, event=event, user=user, organisation=organisation, listed=True, phone="+375 29 1", telegram="@me", sector="business"
    )
    other = make_participant(programme, event=event, user=other_user, listed=True, phone="+375 29 2")
    unlisted = make_participant(programme, event=event)
    run = make_published_run(event)
    project = Project.objects.create(programme=programme, external_id=f"P{programme.pk}")
    Membership.objects.create(project=project, participant=me, external_id=me.external_id)
    return World(
        programme=programme, event=event, organisation=organisation, organiser=organiser, facilitator=facilitator, user=user, me=me,
        other_user=other_user, other=other, unlisted=unlisted, run=run, suggestion=make_suggestion(run, other, unlisted),
        idea=Idea.objects.create(programme=programme, event=event, lead=me, title="Tools to lend"), project=project,
    )  # fmt: skip
