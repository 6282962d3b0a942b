"""Erasure (P11, I10): a person whose every text is marked leaves no mark and no id anywhere, the audit's id apart."""

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from knox.models import AuthToken

from matchmaking.errors import Conflict, NotFound
from matchmaking.models import (
    Artefact,
    AuditEntry,
    Block,
    ChangeRequest,
    Consent,
    Idea,
    IdeaSuggestion,
    IdempotencyKey,
    Import,
    ImportFile,
    ImportRow,
    Intent,
    Introduction,
    Invitation,
    Membership,
    Organisation,
    Pair,
    Participant,
    Project,
    Proposal,
    Registration,
    Response,
    RosterMove,
    Run,
    Shortfall,
    Suggestion,
    Team,
    TeamFit,
    TeamJoiner,
    TeamRules,
    User,
    Wall,
)
from matchmaking.services import erasure
from tests.factories import (
    make_event,
    make_organisation,
    make_participant,
    make_published_run,
    make_role,
    make_roster,
    make_suggestion,
    make_user,
)

pytestmark = pytest.mark.xdist_group("erasure")  # one after the other: they look through one Redis for the same mark
MARK = "zqmarkerЖ"
MAIL = "zqmarker@example.org"
OTHERS = "of-others"
IN_MAIL = "zqmarker"


class World:
    """A marked person in an event, with something in every table, and somebody else beside them."""

    def __init__(self) -> None:
        self.event = make_event(make_event().programme, name="Discussion")
        self.programme = self.event.programme
        self.organiser = make_user(mail="organiser@example.org")
        make_role(self.organiser, self.programme)
        self.user = make_user(mail=MAIL, name=f"{MARK} login")
        organisation = make_organisation(self.programme, name=f"{MARK} Studio")
        texts = dict.fromkeys(("offer_text", "need_text", "about", "private_answers", "city", "country"), f"{MARK} text")
        lists = {name: [f"{MARK} item"] for name in ("offers", "needs", "interests", "industries", "languages")}
        self.person = make_participant(
            self.programme, event=self.event, user=self.user, organisation=organisation, name=f"{MARK} Person", mail=MAIL,
            phone=f"+375 {MARK}", telegram=f"@{MARK}", external_id=f"{MARK}-17", claimed_at=timezone.now(), **texts, **lists,
        )  # fmt: skip
        self.other = make_participant(self.programme, event=self.event, user=make_user(), name="Other", mail="other@example.org")
        self.answered()
        self.track_record()
        self.imported()
        self.remembered()

    def answered(self) -> None:
        self.run = make_published_run(
            self.event, measures={"pairs": 3, "short": [{"key": self.person.key, "given": 0}, {"key": "x:1", "given": 1}]}
        )
        self.suggestion = make_suggestion(self.run, self.person, self.other)
        pair = self.pair = self.suggestion.pair
        for side in (self.person, self.other):
            Response.objects.create(pair=pair, participant=side, answer="accept", reason=f"{MARK} reason", answered_at=timezone.now())
            Intent.objects.create(
                recipient=side, event=self.event, kind="introduction", dedupe_key=f"pair:{pair.pk}", data={"of": self.person.pk}
            )
        Introduction.objects.create(pair=pair, a_shares=["mail"], b_shares=["mail"])
        Block.objects.create(programme=self.programme, by=self.other, whom=self.person)
        Block.objects.create(programme=self.programme, by=self.person, whom=self.other)
        Shortfall.objects.create(run=self.run, participant=self.person, given=0, cause="nobody_eligible", missing=f"{MARK} answer")
        mine = Idea.objects.create(programme=self.programme, lead=self.person, title=f"{MARK} idea", text=MARK, needs=[MARK])
        theirs = Idea.objects.create(programme=self.programme, event=self.event, lead=self.other, title="Lights")
        told = {"run": self.run, "rank": 1, "z": 0.0, "p": 0.5, "terms": [["text", 0.5, [MARK]]]}
        IdeaSuggestion.objects.create(idea=mine, participant=self.other, **told)
        IdeaSuggestion.objects.create(idea=theirs, participant=self.person, **told)
        self.seated()
        self.active = Run.objects.create(event=self.event, state=Run.State.RUNNING, epoch=4)
        data = json.dumps({"keys": [self.person.key]}).encode() + MARK.encode()
        Artefact.objects.create(run=self.active, run_epoch=4, stage="vectors", number=0, sha256=hashlib.sha256(data).hexdigest(), data=data)
        make_suggestion(self.active, self.person, self.other)
        Registration.objects.filter(participant=self.person).update(wishes=f"{MARK} wish")
        Consent.objects.filter(participant=self.person).update(source=f"{MARK} form")

    def seated(self) -> None:
        roster = make_roster(self.event, [self.person, self.other], state="published", run=self.run)
        team = roster.teams.get()
        Team.objects.filter(pk=team.pk).update(
            name=f"{MARK} Person and friends", task=f"Ask {MARK} Person", place=f"with {MAIL}", locked=True
        )
        ChangeRequest.objects.create(event=self.event, participant=self.person, text=f"{MARK} asks")
        ChangeRequest.objects.create(event=self.event, participant=self.other, text=f"With {MARK} Person, please")
        kept = {"number": 1, "name": "", "place": f"with {MAIL}", "task": f"Ask {MARK} Person", "people": [self.person.pk, self.other.pk]}
        Wall.objects.create(event=self.event, frozen_at=timezone.now(), frozen=[kept])
        named = {"kind": "mark", "mark": "new", "people": [self.person.pk, self.other.pk]}
        TeamRules.objects.filter(pk=roster.rules_id).update(rules=[named, {"kind": "pin", "people": [self.person.pk], "team": 1}])
        RosterMove.objects.create(roster=roster, version=2, kind="move", participant=self.person, before=2, after=1)
        a, b = sorted([self.person, self.other], key=lambda one: one.pk)
        TeamFit.objects.create(basis=roster.basis, a=a, b=b, points=40)
        TeamJoiner.objects.create(team=team, participant=self.person, rank=1, terms=[["text", 0.5, [MARK]]])
        self.run.measures["conflict"] = {"said": {"people": [str(self.person.pk), str(self.other.pk)]}}
        self.run.save()

    def track_record(self) -> None:
        text = f"A fair led by {MARK} Person, {MAIL}, with Other."
        self.project = Project.objects.create(programme=self.programme, external_id="P1", text=text, tags=["fair", f"{MARK} Person"])
        second = Project.objects.create(programme=self.programme, external_id="P2", text="A book")
        Membership.objects.create(project=self.project, participant=self.person, external_id=self.person.external_id, lead=True)
        Membership.objects.create(project=self.project, participant=self.other, external_id=self.other.external_id)
        Membership.objects.create(project=second, participant=None, external_id=self.person.external_id)

    def imported(self) -> None:
        made = {"programme": self.programme, "event": self.event, "file_name": "people.csv", "sha256": "0" * 64}
        done = Import.objects.create(
            state=Import.State.DONE, failure={"template": "Row of {name}", "params": {"name": f"{MARK} Person"}}, **made
        )
        cells = {"name": f"{MARK} Person", "mail": MAIL, "external_id": self.person.external_id}
        ImportRow.objects.create(
            source=done, number=2, key=self.person.key, outcome="new", cells=cells, participant=self.person, before=cells
        )
        ImportRow.objects.create(source=done, number=3, key="", outcome="rejected", cells={"name": f"{MARK} Person", "mail": "broken"})
        ImportRow.objects.create(source=done, number=4, key="m:1", outcome="duplicate", cells={"name": "Z", "mail": MAIL.upper()})
        self.others_row = ImportRow.objects.create(source=done, number=5, outcome="new", cells={"name": "Other"}, participant=self.other)
        Proposal.objects.create(participant=self.person, source=done, changes={"about": MARK})
        self.unread = Import.objects.create(state=Import.State.READING, **made)
        ImportFile.objects.create(source=self.unread, data=f"Имя;Почта\n{MARK} Person;{MAIL}\n".encode("cp1251"))
        self.unread_of_others = Import.objects.create(state=Import.State.READING, **made)
        ImportFile.objects.create(source=self.unread_of_others, data=b"Name;Mail\nOther;other@example.org\n")

    def remembered(self) -> None:
        body = json.dumps({"id": 1, "participant": {"id": self.person.pk, "name": self.person.name}}, ensure_ascii=False)
        IdempotencyKey.objects.create(
            user=self.organiser, key="k1", request_hash="0" * 64, status=201, body=body, headers={"Location": f"/{self.person.pk}"}
        )
        IdempotencyKey.objects.create(user=self.user, key="k2", request_hash="0" * 64, status=200, body=json.dumps({"mail": MAIL}))
        self.kept = IdempotencyKey.objects.create(
            user=self.organiser, key="k3", request_hash="0" * 64, status=201, body='{"name": "Other"}'
        )
        AuditEntry.objects.create(
            action="participant.contacts_seen", noun="participant", noun_id=self.person.pk, data={"purpose": f"call {MARK}"}
        )
        month = timezone.now() + timedelta(days=30)
        Invitation.objects.create(
            programme=self.programme, participant=self.person, role="participant", token_hash="1" * 64, expires_at=month, mail=MAIL
        )
        Invitation.objects.create(programme=self.programme, role="facilitator", token_hash="2" * 64, expires_at=month, mail=MAIL)
        AuthToken.objects.create(user=self.user)
        session = SessionStore()
        session["_auth_user_id"] = str(self.user.pk)
        session["note"] = MARK
        session.save()
        kind = ContentType.objects.get_for_model(Participant)
        LogEntry.objects.create(user=self.organiser, content_type=kind, object_id=str(self.person.pk), object_repr=MARK, action_flag=CHANGE)
        kept = {"page": self.person.name, f"profile:{self.person.pk}": "short", "vector:1:P1": "of a blotted text", OTHERS: "stays"}
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.mset({f"{settings.DATABASE_KEY}:{name}": value for name, value in kept.items()})


@pytest.fixture
def world(db: None) -> Iterator[World]:
    yield World()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(f"{settings.DATABASE_KEY}:{OTHERS}")


def everything_stored() -> Iterator[tuple[str, str]]:
    """Every value of every row of every table, sessions and tokens unpacked, as text; and what lies in Redis."""
    for model in apps.get_models(include_auto_created=True):
        for row in model._default_manager.all():
            for field in model._meta.concrete_fields:
                yield f"{model.__name__}.{field.attname}", as_text(getattr(row, field.attname))
            if isinstance(row, Session):
                yield "Session", as_text(row.get_decoded())
    client = redis.Redis.from_url(settings.REDIS_URL)
    for name in client.scan_iter("*", count=1000):
        kind = client.type(name)
        content = {b"string": client.get, b"list": lambda n: client.lrange(n, 0, -1), b"hash": client.hgetall, b"set": client.smembers}.get(
            kind
        )
        yield "Redis", as_text(name) + as_text(content(name) if content else b"")
    client.close()


def as_text(value: Any) -> str:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode(errors="replace") + bytes(value).decode("cp1251", errors="replace")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)


def places_of(*words: str) -> set[str]:
    return {place for place, text in everything_stored() if any(word.casefold() in text.casefold() for word in words)}


def erase(world: World, capture: Any) -> dict[str, int]:
    with capture(execute=True):
        return dict(erasure.erase(participant=world.person, by=world.organiser))


def test_p11_an_erased_person_is_in_no_table_and_no_cache(world: World, django_capture_on_commit_callbacks: Any) -> None:
    ids = [str(world.person.pk), str(world.user.pk), str(world.pair.pk)]
    before = places_of(IN_MAIL, MARK)
    assert {
        "Participant.name",
        "Profile.about",
        "ImportRow.cells",
        "ImportFile.data",
        "IdempotencyKey.body",
        "Project.text",
        "Redis",
    } <= before
    held = {"Artefact.data", "ChangeRequest.text", "Intent.data", "Run.measures", "Session", "Team.name", "Wall.frozen"}
    assert held <= places_of(IN_MAIL, MARK, *ids)
    erase(world, django_capture_on_commit_callbacks)
    assert places_of(IN_MAIL, MARK, "zqmarker\\u0416") == set()
    assert places_of(*ids) <= {"AuditEntry.noun_id", "AuditEntry.actor_id"}
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        kept = {name: client.exists(f"{settings.DATABASE_KEY}:{name}") for name in ("page", f"profile:{ids[0]}", "vector:1:P1", OTHERS)}
    assert kept == {"page": 0, f"profile:{ids[0]}": 0, "vector:1:P1": 0, OTHERS: 1}


def test_p11_what_belongs_to_others_stays(world: World, django_capture_on_commit_callbacks: Any) -> None:
    project, other, kept = world.project, world.other, world.kept
    removed = erase(world, django_capture_on_commit_callbacks)
    project.refresh_from_db()
    assert (project.text, project.tags) == ("A fair led by …, …, with Other.", ["fair", "…"])
    outsiders = Membership.objects.filter(participant__isnull=True).values_list("external_id", flat=True)
    assert len(set(outsiders)) == 2
    assert all(outsider.startswith("erased-") for outsider in outsiders)
    assert Membership.objects.filter(participant=other).count() == 1
    assert list(ImportRow.objects.all()) == [world.others_row]
    conflict = {"said": {"people": [str(other.pk)]}}
    assert Run.objects.get(pk=world.run.pk).measures == {"pairs": 3, "short": [{"key": "x:1", "given": 1}], "conflict": conflict}
    team = Team.objects.get()
    assert (team.task, team.place, team.locked) == ("Ask …", "with …", True)
    assert sorted(team.seats.values_list("participant_id", flat=True), key=bool) == [None, other.pk]
    assert TeamRules.objects.get().rules == [{"kind": "mark", "mark": "new", "people": [other.pk]}]
    assert IdempotencyKey.objects.get(pk=kept.pk).body == '{"name": "Other"}'
    assert IdempotencyKey.objects.get(key="k1").status == 410
    assert ImportFile.objects.get().source == world.unread_of_others
    assert Import.objects.get(pk=world.unread.pk).state == Import.State.FAILED
    assert removed == {
        "participant": 1, "profile": 1, "registration": 1, "consent": 1, "invitation": 2, "proposal": 1, "importrow": 3, "importfile": 1,
        "pair": 1, "suggestion": 1, "response": 2, "introduction": 1, "block": 2, "intent": 2, "membership": 2, "project": 1, "idea": 1,
        "shortfall": 1, "ideasuggestion": 2, "idempotencykey": 3, "organisation": 1, "logentry": 1, "sessions": 2, "user": 1,
        "left": 1, "team": 1, "teamrules": 1, "teamfit": 1, "rostermove": 1, "changerequest": 2, "wall": 1,
    }  # fmt: skip
    assert AuditEntry.objects.filter(action="participant.erased", noun_id=world.person.pk, actor_id=world.organiser.pk).count() == 1


def test_p11_active_runs_begin_anew_without_the_person(world: World, django_capture_on_commit_callbacks: Any) -> None:
    erase(world, django_capture_on_commit_callbacks)
    run = Run.objects.get(pk=world.active.pk)
    assert (run.state, run.epoch) == (Run.State.WAITING, 5)
    assert not Artefact.objects.exists()
    assert not Suggestion.objects.filter(run=run).exists()


def test_p11_nothing_is_left_in_the_free_pages_of_the_file(world: World, django_capture_on_commit_callbacks: Any) -> None:
    if connection.vendor == "sqlite":
        erase(world, django_capture_on_commit_callbacks)
        image = connection.connection.serialize()
        assert b"other@example.org" in image
        assert IN_MAIL.encode() not in image
    else:
        erase(world, django_capture_on_commit_callbacks)  # pages are reused after a vacuum: see docs, privacy
        assert not Participant.objects.filter(mail=MAIL).exists()


@pytest.mark.parametrize("kept_by", ["role", "participant"])
def test_a_login_stays_while_something_is_left_for_it(world: World, kept_by: str) -> None:
    if kept_by == "role":
        make_role(world.user, world.programme, "facilitator")
    else:
        make_participant(make_event().programme, user=world.user)
    erasure.erase(participant=world.person, by=world.organiser)
    assert User.objects.filter(pk=world.user.pk).exists()
    assert not Participant.objects.filter(pk=world.person.pk).exists()


def test_an_organisation_stays_while_somebody_acts_for_it(world: World) -> None:
    Participant.objects.filter(pk=world.other.pk).update(organisation=world.person.organisation)
    erasure.erase(participant=world.person, by=None)
    assert Organisation.objects.filter(name=f"{MARK} Studio").exists()


def test_erasing_twice_finds_nobody(world: World) -> None:
    erasure.erase(participant=world.person, by=None)
    with pytest.raises(NotFound):
        erasure.erase(participant=world.person, by=None)


def test_the_last_organiser_hands_over_first(world: World) -> None:
    with pytest.raises(Conflict, match="has no other organiser"):
        erasure.erase_login(user=world.organiser, by=world.organiser)
    make_role(make_user(), world.programme)
    erasure.erase_login(user=world.organiser, by=world.organiser)
    assert not User.objects.filter(pk=world.organiser.pk).exists()


def test_t49_erasure_ends_all_sessions_and_tokens(world: World) -> None:
    erasure.erase_login(user=world.user, by=world.user)
    assert not AuthToken.objects.exists()
    assert not Session.objects.exists()


def test_a_short_name_blots_nothing_of_others(world: World) -> None:
    short = make_participant(world.programme, name="Al", mail="al@example.org")
    Membership.objects.create(project=world.project, participant=short, external_id="x-al")
    erasure.erase(participant=short, by=None)
    world.project.refresh_from_db()
    assert "led by" in world.project.text
    assert IdempotencyKey.objects.filter(status=410).count() == 0


def test_the_command_tells_what_went(world: World) -> None:
    out = StringIO()
    call_command("erase_participant", str(world.person.pk), stdout=out)
    assert "participant: 1\n" in out.getvalue()
    assert IN_MAIL not in out.getvalue()
    with pytest.raises(CommandError, match="There is no such participant"):
        call_command("erase_participant", str(world.person.pk))
    assert not Pair.objects.exists()
