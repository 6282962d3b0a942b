"""T106: the API against its own description, as each role, on the demo programme: whatever is sent, the answer is as described.

Requests are made by schemathesis from the OpenAPI description: good ones and bad ones, their ids and words replaced by those
of the demo where it has some. Each is undone at once (one transaction around it), so erasing oneself or deleting a role spoils
nothing for the next, and one seed gives the same requests in any order. `FUZZ_EXAMPLES` sets how many an operation gets.
"""

import json
import os
import sys
import traceback
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from django.conf import settings
from django.core.signals import got_request_exception, request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import override_settings
from hypothesis import HealthCheck, Phase, given, seed, strategies
from hypothesis import settings as effort
from knox.models import AuthToken
from schemathesis import GenerationMode, checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks as described

from api.docs import Once
from matchmaking.engine.vocabulary import default_vocabulary
from matchmaking.models import (
    Event,
    Import,
    ImportFile,
    ImportRow,
    Introduction,
    Participant,
    Programme,
    Proposal,
    Registration,
    Role,
    Run,
    Suggestion,
    User,
)
from matchmaking.services import blocks, demo, invitations, runs, suggestions
from matchmaking.services.cells import clean
from tests.runs import compute_all

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))
SOAK_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
ROLES = ("anonymous", "participant", "facilitator", "organiser", "operator")
MAIL = {
    "participant": "alena.viarbickaja@example.org", "facilitator": "facilitator@example.org", "organiser": "organiser@example.org",
    "operator": "operator@example.org",
}  # fmt: skip
CSV = "Name;Mail;Offers\nAda;ada@example.org;posters\n;nobody;\n"
CHECKS = [
    checks.not_a_server_error, described.status_code_conformance, described.content_type_conformance,
    described.response_schema_conformance, described.response_headers_conformance, described.negative_data_rejection,
]  # fmt: skip


@dataclass
class Scene:
    """The demo programme with a published run and all that people do with it."""

    headers: dict[str, dict[str, str]]
    known: dict[str, list[Any]] = field(default_factory=dict)


def make_scene() -> Scene:
    said = demo.description()
    logins = [demo.Login(login["role"], login["name"], login["mail"], "a long enough password") for login in said["login"]]
    programme = demo.load(said, logins=logins)
    event, user = Event.objects.get(slug="discussion-minsk"), {role: User.objects.get(mail=mail) for role, mail in MAIL.items()}
    run, _new = runs.start(event, by=None, publish=True)
    assert compute_all(run).state == Run.State.DONE
    active, _new = runs.start(Event.objects.get(slug="hackathon-gomel"), by=None)
    me = Participant.objects.get(user=user["participant"])
    mine = list(Suggestion.objects.filter(run=run, pair__a=me) | Suggestion.objects.filter(run=run, pair__b=me))
    partners = [one.pair.b if one.pair.a_id == me.pk else one.pair.a for one in mine]
    for suggestion, side in ((mine[0], me), (mine[0], partners[0]), (mine[1], me), (mine[2], partners[2])):
        suggestions.accept(suggestion=suggestion, by=side, shares=["mail"])
    block, _new = blocks.block(by=me, whom=Participant.objects.exclude(pk__in=[me.pk, *(p.pk for p in partners)]).first())
    imported = Participant.objects.exclude(user=user["participant"]).order_by("pk").last()
    Participant.objects.filter(pk=imported.pk).update(user=None, claimed_at=None)
    imported.refresh_from_db()
    waiting = Registration.objects.exclude(participant=me).order_by("pk").first()
    Registration.objects.filter(pk=waiting.pk).update(state=Registration.State.WAITING)
    sheet = Import.objects.create(programme=programme, event=event, file_name="a.csv", state="preview", table={"columns": {"name": 0}})
    ImportFile.objects.create(source=sheet, data=CSV.encode())
    row = ImportRow.objects.create(source=sheet, number=3, outcome="rejected", cells={"name": "", "mail": "nobody"})
    proposal = Proposal.objects.create(participant=me, source=sheet, changes={"city": "Minsk"})
    invited = invitations.invite_participant(participant=imported, by=user["organiser"])
    tokens = {role: AuthToken.objects.create(user=one) for role, one in user.items()}
    empty = Event.objects.create(programme=programme, slug="empty", name="Empty")
    known: dict[str, list[Any]] = {
        "programme": [programme.pk, Programme.objects.create(slug="bare", name="Bare").pk],
        "event": [event.pk, empty.pk, Event.objects.get(slug="hackathon-gomel").pk],
        "participant": [me.pk, partners[0].pk, imported.pk],
        "organisation": [me.organisation_id],
        "project": list(programme.projects.values_list("pk", flat=True)[:3]),
        "idea": [],
        "run": [run.pk, active.pk],
        "suggestion": [one.pk for one in mine[:5]],
        "introduction": list(Introduction.objects.values_list("pk", flat=True)),
        "block": [block.pk],
        "import": [sheet.pk, Import.objects.filter(state="done").first().pk],
        "row": [row.pk, row.number],
        "registration": [waiting.pk, *me.registrations.values_list("pk", flat=True)],
        "proposal": [proposal.pk],
        "role": list(Role.objects.values_list("pk", flat=True)),
        "token": [invited.token],
        "code": [event.join_code],
        "slug": [event.slug],
        "concept_id": list(default_vocabulary().concepts)[:3],
        "token_id": [tokens["participant"][0].token_key],
        "mail": list(MAIL.values()),
        "password": ["a long enough password"],
        "lead": [me.pk],
        "If-Match": ["*"],
        "file": [CSV.encode()],
    }
    return Scene({"anonymous": {}} | {role: {"Authorization": f"Token {token}"} for role, (_row, token) in tokens.items()}, known)


@pytest.fixture
def scene(db: None) -> Iterator[Scene]:
    much = dict.fromkeys(settings.THROTTLES, f"{10**9}/minute")
    with override_settings(THROTTLES=much, INVITATIONS_PER_DAY=10**9):
        yield make_scene()


@pytest.fixture(scope="module")
def api() -> Iterator[Any]:
    said = json.loads(json.dumps(Once().get_schema(public=True), default=str))
    for name, schema in said["components"]["schemas"].items():
        if not name.endswith("Request") and "properties" in schema:
            schema.setdefault("additionalProperties", False)  # an answer holds what is described and nothing else
    made = schemathesis.openapi.from_dict(said)
    made.app = get_wsgi_application()
    for signal in (request_started, request_finished):  # as Django's own test client: the transaction goes on after a request
        signal.disconnect(close_old_connections)
    yield made
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def known_value(scene: Scene, case: Any, name: str, value: Any) -> Any:
    """Three times in four something that the demo has, where it has things of this name; else what was made up."""
    noun = name
    if name in ("id", "pk"):
        words = [word for word in case.operation.path.split("/") if word not in ("", "api", "v1", "me") and "{" not in word]
        noun = {"profiles": "participant"}.get(words[0], words[0].removesuffix("s"))
    number = zlib.crc32(repr(value).encode())
    if isinstance(value, list) and noun == "suggestions":
        return [known_value(scene, case, "suggestion", one) for one in value]
    things = scene.known.get(noun, ())
    if not things or number % 4 == 0:
        return value
    thing = things[number % len(things)]
    return str(thing) if isinstance(value, str) else thing


def with_known(scene: Scene, case: Any) -> Any:
    """The case with ids, slugs, tags and words of the demo in place of most that were made up; what is wrong on purpose stays."""
    for place, how_made in case.meta.components.items():
        part = place.container_name
        values = getattr(case, part)
        if how_made.mode == GenerationMode.POSITIVE and isinstance(values, dict):
            told = {name: known_value(scene, case, name, value) for name, value in values.items()}
            setattr(case, part, {name: str(value) for name, value in told.items()} if part == "headers" else told)
    return case


class Verdicts:
    """What did not go as described: each sort once, with its smallest request."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], str] = {}
        self.raised: list[BaseException] = []
        self.asked = 0
        self.statuses: dict[str, set[int]] = {}

    def note(self, sender: Any, **more: Any) -> None:
        """Receives what a request failed with, beneath its 500."""
        self.raised.append(more["request"]._exception if hasattr(more["request"], "_exception") else sys.exc_info()[1])

    def judge(self, case: Any, headers: dict[str, str]) -> None:
        self.asked += 1
        self.raised.clear()
        with transaction.atomic():
            response = case.call(headers=headers)
            transaction.set_rollback(True)
        self.statuses.setdefault(case.operation.label, set()).add(response.status_code)
        try:
            case.validate_response(response, checks=CHECKS, headers=headers)
        except (FailureGroup, Failure) as failure:
            for one in getattr(failure, "exceptions", (failure,)):
                if excused(case, one):
                    continue
                text = f"{response.status_code} {one.title}: {one.message.partition('Schema at')[0]}"
                raised = "".join(traceback.format_exception(self.raised[-1])[-6:]) if self.raised else ""
                place = case.operation.label, f"{response.status_code} {one.title} {cause(one)}"
                told = f"{case.operation.label}\n{text}\n{case.as_curl_command()}\n{response.text[:600]}\n{raised}"
                self.found[place] = min(self.found.get(place, told), told, key=len)

    def told(self) -> None:
        if self.found:
            pytest.fail(f"{len(self.found)} of {self.asked}\n\n" + "\n\n".join(self.found.values()), pytrace=False)


def excused(case: Any, failure: Failure) -> bool:
    """What does not fit may meet a tag of another version first, or be a text too long only by signs that are taken out."""
    if not isinstance(failure, described.AcceptedNegativeData):
        return False
    texts = [value for value in case.body.values() if isinstance(value, str)] if isinstance(case.body, dict) else []
    return failure.status_code == 412 or ("violates `maxLength`" in failure.message and any(clean(text) != text for text in texts))


def cause(failure: Failure) -> str:
    """What tells one sort of failure from another: where in the answer or the request it lies."""
    where = [str(getattr(failure, name, "")) for name in ("schema_path", "instance_path")]
    return " ".join(where) if any(where) else failure.message[-80:]


def fuzz(api: Any, scene: Scene, role: str, examples: int, systematic: bool) -> Verdicts:
    """Ask every operation as this role."""
    verdicts, headers = Verdicts(), scene.headers[role]
    got_request_exception.connect(verdicts.note)
    for result in api.get_all_operations():
        operation = result.ok()
        if systematic:
            for case in api.iter_coverage_cases(operation, generation_modes=list(GenerationMode), generation_config=api.config.generation):
                verdicts.judge(with_known(scene, case), headers)
        cases = strategies.one_of(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

        @seed(SEED)
        @effort(
            max_examples=examples, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=cases)
        def ask(case: Any) -> None:
            verdicts.judge(with_known(scene, case), headers)

        ask()
    got_request_exception.disconnect(verdicts.note)
    return verdicts


@pytest.mark.once
@pytest.mark.parametrize("role", ROLES)
def test_answers_are_as_described(role: str, api: Any, scene: Scene) -> None:
    verdicts = fuzz(api, scene, role, EXAMPLES, systematic=False)
    assert verdicts.asked > 86
    verdicts.told()


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", ROLES)
def test_soak_answers_are_as_described(role: str, api: Any, scene: Scene) -> None:
    verdicts = fuzz(api, scene, role, SOAK_EXAMPLES, systematic=True)
    print(f"{role}: {verdicts.asked} requests")
    verdicts.told()
