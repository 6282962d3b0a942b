"""T29: every route, as every role, against the permission matrix: equal. See the head of matrix.toml."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import resolve
from knox.models import AuthToken

from matchmaking.engine.vocabulary import default_vocabulary
from matchmaking.models import (
    Block,
    ChangeRequest,
    Event,
    Import,
    ImportFile,
    ImportRow,
    Introduction,
    Proposal,
    Registration,
    Response,
    Run,
    User,
    Wall,
)
from matchmaking.services import invitations, notice_choices
from tests.api.test_conventions import operations, routes
from tests.api.world import client_of, make_world
from tests.factories import (
    PASSWORD,
    make_event,
    make_participant,
    make_programme,
    make_role,
    make_roster,
    make_suggestion,
    make_table_plan,
    make_user,
)

TABLE = tomllib.loads((Path(__file__).parent / "matrix.toml").read_text())
USUAL = {"GET": 200, "POST": 201, "PATCH": 200, "PUT": 200, "DELETE": 204}
RIGHTS = {"GET": "R", "POST": "C", "PATCH": "W", "PUT": "W", "DELETE": "D"}
REFUSED = {"anon": 401, "foreign": 404, "beside": 404, "operator": 404}
FOREIGN = ("foreign participant", "foreign facilitator", "foreign organiser")
ROLES = ("anon", "self", "other", "facilitator", "organiser", "operator", "beside", *FOREIGN)


def scene() -> tuple[dict[str, Any], dict[str, Any]]:
    """The people by role; the things by name: ids, and what else paths and bodies name."""
    world, elsewhere = make_world(), make_world()
    programme, event, me, run = world.programme, world.event, world.me, world.run
    beside, beside_event, empty = make_user(), make_event(programme), make_event(programme)
    make_role(beside, programme, "organiser", beside_event)
    role = world.facilitator.roles.get()
    busy = make_event(programme)
    for one in (empty, busy):
        make_role(world.facilitator, programme, "facilitator", one)
    third, fourth, fifth, imported = (make_participant(programme, event=event) for _ in range(4))
    suggestion, answered = make_suggestion(run, me, third), make_suggestion(run, me, fourth)
    Response.objects.create(pair=answered.pair, participant=me, answer="accept", answered_at=run.created_at)
    introduced = make_suggestion(run, me, fifth)
    for side in (me, fifth):
        Response.objects.create(pair=introduced.pair, participant=side, answer="accept", answered_at=run.created_at)
    waiting = Registration.objects.create(event=event, participant=make_participant(programme), state="waiting")
    table = {"encoding": "utf-8", "delimiter": ";", "columns": {"name": 0}}
    about = {"programme": programme, "event": event, "file_name": "a.csv", "table": table}
    import_, done = (Import.objects.create(state=state, **about) for state in ("preview", "done"))
    ImportFile.objects.create(source=import_, data=b"Name;Mail\nAda;ada@example.org\n")
    row = ImportRow.objects.create(source=import_, number=2, outcome="rejected", cells={"name": "", "mail": "ada@example.org"})
    claimed = make_participant(programme, user=None)
    _, token = AuthToken.objects.create(user=world.user)
    where = {"programme": programme, "event": event}
    drafts = [make_roster(event, [me], [third], []) for _ in range(3)]
    shown = make_roster(event, [me], [third], state="published")
    sample = User.objects.filter(mail="organiser@example.org").first() or make_user(mail="organiser@example.org")
    plans = [make_table_plan(event, [me], [third]) for _ in range(3)]
    invited = invitations.invite_to_role(role="facilitator", mail="invited@example.org", by=world.organiser, **where)
    people = {
        "anon": None, "self": world.user, "other": world.other_user, "facilitator": world.facilitator, "organiser": world.organiser,
        "operator": make_user(is_staff=True), "beside": beside, "foreign participant": elsewhere.user,
        "foreign facilitator": elsewhere.facilitator, "foreign organiser": elsewhere.organiser,
    }  # fmt: skip
    rows = {
        "programme": programme, "fresh_programme": make_programme(), "event": event, "empty_event": empty, "me": me, "third": third,
        "imported": imported, "organisation": world.organisation, "project": world.project, "idea": world.idea, "run": run,
        "preview": Run.objects.create(event=event, state="done"), "active_run": Run.objects.create(event=busy), "suggestion": suggestion,
        "answered": answered, "introduction": Introduction.objects.create(pair=introduced.pair),
        "block": Block.objects.create(programme=programme, by=me, whom=claimed), "registration": waiting,
        "my_registration": me.registrations.get(), "import": import_, "done_import": done, "import_row": row, "role": role,
        "proposal": Proposal.objects.create(participant=me, source=done, changes={"city": "Minsk"}),
        "draft": drafts[0], "other_draft": drafts[1], "put_away": drafts[2], "team": shown.teams.get(number=1),
        "draft_team": drafts[0].teams.get(number=1), "plan": plans[0], "other_plan": plans[1], "old_plan": plans[2],
        "shown_roster": shown,
        "team_run": run_in_conflict(event, drafts[0].rules_id),
        "active_teams": Run.objects.create(event=busy, kind="teams"),
        "asked": ChangeRequest.objects.create(event=event, participant=me, text="Another table"),
    }  # fmt: skip
    things = {name: thing.pk for name, thing in rows.items()}
    things |= {
        "slug": event.slug, "join_code": event.join_code, "concept": next(iter(default_vocabulary().concepts)), "token": token[:15],
        "wall": Wall.objects.create(event=event).token,
        "mail": world.user.mail, "password": PASSWORD, "invitation": invited.token, "sample": sample.mail,
        "stop": notice_choices.stop_address(world.user).rsplit("/", 2)[1],
    }  # fmt: skip
    return people, things


def run_in_conflict(event: Event, rules_id: int) -> Run:
    """A run of teams whose rules could not hold together, with a way out."""
    said = {"said": "allow_people", "most": 7}
    conflict = {"said": said, "rules": [], "minimal": True, "ways_out": [{"said": said, "drops": []}]}
    asked = {"rules": rules_id, "base": None, "repair": False, "seconds": 1, "alternatives": 1, "seed": 0}
    return Run.objects.create(event=event, kind="teams", state="done", parameters=asked, measures={"conflict": conflict})


def filled(value: Any, things: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: filled(inner, things) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, things) for inner in value]
    return things[value[1:]] if isinstance(value, str) and value.startswith("$") else value


def method_of(row: dict[str, Any]) -> str:
    return row.get("method", "GET")


def is_allowed(row: dict[str, Any], role: str) -> bool:
    cells = TABLE["resource"][row["resource"]]
    wanted = row.get("right", RIGHTS[method_of(row)])
    held = cells.get("anon", "") + cells.get(role, "") + (cells.get("signed", "") if role != "anon" else "")
    return role in row.get("allow", ()) or (wanted in held.replace("m", "R") and role not in row.get("deny", ()))


def statuses(value: int | list[int]) -> list[int]:
    return value if isinstance(value, list) else [value]


def expected(row: dict[str, Any], role: str) -> list[int]:
    if is_allowed(row, role):
        return statuses(row.get("status", USUAL[method_of(row)]))
    general = "foreign" if role in FOREIGN else role
    told = row.get("refuse", {})
    if isinstance(told, dict):
        return statuses(told.get(general, REFUSED.get(general, 403)))
    return [401 if role == "anon" else told]


def ask(row: dict[str, Any], user: Any, things: dict[str, Any]) -> Any:
    client, address = client_of(user), row["path"].format(**things)
    body = filled(row.get("body", {}), things)
    if "file" in row:
        upload = SimpleUploadedFile("people.csv", row["file"].encode())
        return client.post(address, {**body, "file": upload}, format="multipart")
    if row.get("form"):
        return client.post(address, body, format="multipart")
    send = getattr(client, method_of(row).lower())
    headers = {} if method_of(row) in ("GET", "POST") else {"If-Match": "*"}
    return send(address, headers=headers) if method_of(row) == "GET" else send(address, body or None, headers=headers)


def shows(answer: Any, thing: Any) -> bool:
    """Whether a list holds the thing; who may have no such list at all is not shown it either."""
    return answer.status_code != 403 and thing in [one["id"] for one in answer.json()["results"]]


@pytest.mark.django_db
def test_every_route_answers_somebody_it_is_there_for():
    """On every database: what each route asks of it, once."""
    (people, things), wrong = scene(), []
    for row in TABLE["route"]:
        role = next(role for role in (*ROLES[1:], ROLES[0]) if is_allowed(row, role))
        with transaction.atomic():
            status = ask(row, people[role], things).status_code
            transaction.set_rollback(True)
        wrong += [] if status in expected(row, role) else [(method_of(row), row["path"], role, status)]
    assert wrong == []


@pytest.mark.once  # who may do what knows of no database
@pytest.mark.django_db
@pytest.mark.parametrize("row", TABLE["route"], ids=lambda row: f"{method_of(row)} {row['path']}")
def test_a_route_lets_in_whom_the_matrix_lets_in(row):
    """Each request is the same for all roles and is undone after each: a refusal and its success differ in the person alone."""
    assert any(is_allowed(row, role) for role in ROLES), "a row that lets nobody in proves nothing"
    people, things = scene()
    found, wanted = {}, {}
    for role in ROLES:
        with transaction.atomic():
            answer = ask(row, people[role], things)
            transaction.set_rollback(True)
        if "lists" in row and role != "anon":
            found[role], wanted[role] = shows(answer, things[row["lists"]]), is_allowed(row, role)
        else:
            wanted[role] = expected(row, role)
            found[role] = wanted[role] if answer.status_code in wanted[role] else (answer.status_code, answer.content[:300])
    assert found == wanted


@pytest.mark.once
@pytest.mark.django_db
def test_every_route_has_its_row():
    _people, things = scene()
    rows = {(method_of(row), resolve(row["path"].format(**things).partition("?")[0]).route.removeprefix("^")) for row in TABLE["route"]}
    missing = []
    for where, view in routes():
        if hasattr(view, "cls"):
            actions = getattr(view, "actions", None)
            methods = [m for m in actions if m != "head"] if actions else operations(view)
        else:
            methods = getattr(view, "operations", ["get"])
        missing += [f"{method.upper()} {where}" for method in methods if (method.upper(), where) not in rows]
    assert missing == []


@pytest.mark.once
def test_resources_of_the_table_are_used_and_known():
    used = {row["resource"] for row in TABLE["route"]}
    assert used <= set(TABLE["resource"])
    assert set(TABLE["resource"]) - used == set()
