"""T106: what the description allows and what it does not, as each role: no answer is a failure, all match the description.

The usual few are the same in every run; `FUZZ_EXAMPLES=50` looks longer, and as every role (half an hour).
"""

import os
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as effort
from hypothesis.errors import Unsatisfiable
from knox.models import AuthToken
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks

from config.wsgi import application
from tests.api.test_matrix import scene

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1"))
ROLES = ("anon", "self", "facilitator", "organiser", "operator") if EXAMPLES > 1 else ("self", "organiser")
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]
THINGS = {  # what {id} stands for in paths that begin like this
    "/api/v1/events/": "event", "/api/v1/participants/": "imported", "/api/v1/runs/": "run", "/api/v1/ideas/": "idea",
    "/api/v1/projects/": "project", "/api/v1/organisations/": "organisation", "/api/v1/programmes/": "programme",
    "/api/v1/imports/": "import", "/api/v1/suggestions/": "suggestion", "/api/v1/introductions/": "introduction",
    "/api/v1/me/profiles/": "me", "/api/v1/me/registrations/": "my_registration", "/api/v1/registrations/": "registration",
}  # fmt: skip


@pytest.fixture
def one_connection():
    """Requests stay within the test's transaction: their end closes nothing, as with Django's own client."""
    ends = (request_started, request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    yield
    for end in ends:
        end.connect(close_old_connections)


def aim(case: Any, things: dict[str, Any]) -> None:
    """Point at something that is there: random ids would only ever find nothing."""
    thing = next((name for prefix, name in THINGS.items() if case.path.startswith(prefix)), None)
    if thing and case.path_parameters and "id" in case.path_parameters:
        case.path_parameters["id"] = str(things[thing])


@pytest.mark.django_db
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"])
@pytest.mark.parametrize("role", ROLES)
def test_nothing_that_is_sent_makes_it_fail(role, mode, settings, one_connection):
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES, "1000000/minute")
    people, things = scene()
    headers = {"Accept": "application/json"}
    if people[role] is not None:
        headers["Authorization"] = f"Token {AuthToken.objects.create(user=people[role])[1]}"
    schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)
    asked, failures = 0, []
    for found in schema.get_all_operations():
        operation = found.ok()

        @effort(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def attempt(case: Any) -> None:
            nonlocal asked
            aim(case, things)
            with transaction.atomic():
                answer = case.call(headers=headers)
                transaction.set_rollback(True)
            case.validate_response(answer, checks=CHECKS)
            asked += 1

        try:
            attempt()
        except Unsatisfiable:
            continue  # nothing can be sent to it that does not fit
        except Exception as error:
            failures += [f"{operation.label}: {one}" for one in getattr(error, "exceptions", [error])]
    assert failures == []
    assert asked > 50
