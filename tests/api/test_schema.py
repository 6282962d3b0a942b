"""The OpenAPI description, and the page that shows it."""

import contextlib
import re
from io import StringIO

import pytest
import yaml
from django.core.management import call_command

from tests.api.test_conventions import operations, routes
from tests.api.world import client_of

pytestmark = pytest.mark.once
SAFE = ("get", "head")


@pytest.fixture(scope="module")
def schema():
    out = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    return yaml.safe_load(out.getvalue())


def every(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_operation_of_the_api_is_described(schema):
    wanted = sum(len(operations(view)) for where, view in routes() if where.startswith("api/v1/") and hasattr(view, "cls"))
    assert len(list(every(schema))) == wanted > 30


def test_every_operation_says_how_it_refuses(schema):
    for path, method, operation in every(schema):
        assert {"400", "429"} <= set(operation["responses"]), (path, method)
        assert any(status.startswith("2") for status in operation["responses"]), (path, method)
        if {} not in operation.get("security", []):
            assert {"401", "403"} <= set(operation["responses"]), (path, method)
    problem = schema["components"]["responses"]["404"]["content"]
    assert list(problem) == ["application/problem+json"]


def test_what_changes_state_takes_a_key_and_what_is_edited_a_tag(schema):
    headers = {(path, method): {p["name"] for p in op.get("parameters", []) if p["in"] == "header"} for path, method, op in every(schema)}
    assert "Idempotency-Key" in headers["/api/v1/runs/", "post"]
    assert headers["/api/v1/events/{id}/", "patch"] == {"Idempotency-Key", "If-Match"}
    assert headers["/api/v1/events/{id}/", "get"] == {"If-None-Match"}
    for (path, method), names in headers.items():
        assert method not in SAFE or "Idempotency-Key" not in names, path
    edited = schema["paths"]["/api/v1/events/{id}/"]
    assert {"412", "428"} <= set(edited["patch"]["responses"])
    assert "304" in edited["get"]["responses"]
    assert "ETag" in edited["get"]["responses"]["200"]["headers"]


def test_names_of_operations_are_all_different(schema):
    names = [operation["operationId"] for _, _, operation in every(schema)]
    assert len(names) == len(set(names))


@pytest.mark.django_db
def test_schema_and_page_are_open_in_the_demo_and_closed_in_production(world, settings):
    """T27: for anonymous in production there is nothing here; the page asks to sign in and shows nothing before."""
    for path, closed in (("/api/schema/", 404), ("/api/docs/", 302)):
        assert client_of(None).get(path).status_code == 200
        settings.PRODUCTION = True
        assert client_of(None).get(path).status_code == closed
        assert client_of(world.user).get(path).status_code == 200
        settings.PRODUCTION = False
    assert client_of(None).get("/api/v1/events/", headers={"Accept": "text/html"}).status_code in (401, 406), "no browsable API"


@pytest.mark.django_db
def test_the_page_keeps_to_the_content_policy(client):
    answer = client.get("/api/docs/")
    text = answer.content.decode()
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|style=", text)
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
        with contextlib.closing(client.get(address)) as file:
            assert file.status_code == 200, address
