"""Headers, errors, cookies; and what production refuses to start with."""

import contextlib
import json
import os
import subprocess
import sys

import pytest
from django.http import HttpRequest
from django.urls import path

from config.urls import *  # noqa: F403 - this module serves as a urlconf with two views that fail
from config.urls import urlpatterns as all_routes
from tests.api.world import client_of
from tests.conftest import ROOT

pytestmark = pytest.mark.once
SAFE_ENV = {
    "MODE": "production",
    "SECRET_KEY": "k3v9-Qm2_xT7bLr0PzWnAe5HsYd8GuJc4FiKo6RtVl1MBXqCyNhD",
    "ALLOWED_HOSTS": "match.example.org",
    "REDIS_URL": "redis://:secret@redis.example.org:6379/0",
    "PUBLIC_URL": "https://match.example.org",
    "EMAIL_URL": "smtp+tls://mail.example.org:587",
    "MAIL_FROM": "matchmaking@example.org",
}
PROTECTING = (
    "Content-Security-Policy", "Permissions-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy",
    "Cross-Origin-Opener-Policy", "X-Request-ID",
)  # fmt: skip


def fails(request: HttpRequest) -> None:
    raise RuntimeError("the password is 12345")


urlpatterns = [path("api/v1/fails/", fails), path("fails/", fails), *all_routes]


# --- headers and errors -----------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    "address, status",
    [("/", 200), ("/never/", 404), ("/fails/", 500), ("/api/v1/fails/", 500), ("/api/v1/never/", 404), ("/api/v1/events/", 401),
     ("/health/live", 200),
     ("/static/web/style.css", 200), ("/static/never.css", 404), ("/api/docs/", 200), ("/api/schema/", 200)],
)  # fmt: skip
def test_every_answer_is_protected(address, status):
    """T98."""
    with contextlib.closing(client_of(None, raise_request_exception=False).get(address)) as answer:
        assert answer.status_code == status
        assert [name for name in PROTECTING if name not in answer.headers] == []
        policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
    assert (policy["script-src"], policy["object-src"], policy["base-uri"], policy["frame-ancestors"]) == (
        "'self'",
        "'none'",
        "'none'",
        "'none'",
    )


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_a_failure_tells_its_id_and_nothing_else():
    """T102."""
    client = client_of(None, raise_request_exception=False)
    page, problem = client.get("/fails/"), client.get("/api/v1/fails/")
    assert page["X-Request-ID"] in page.content.decode()
    assert problem["Content-Type"] == "application/problem+json"
    assert problem.json() == {
        "type": "about:blank", "title": "Error", "status": 500, "detail": "Something went wrong on our side. Tell the operator this id.",
        "request_id": problem["X-Request-ID"],
    }  # fmt: skip
    for answer in (page, problem):
        assert "12345" not in answer.content.decode()
        assert "Traceback" not in answer.content.decode()


@pytest.mark.django_db
def test_what_is_not_there_is_a_page_or_a_problem():
    page, problem = client_of(None).get("/never/"), client_of(None).get("/api/v1/never/")
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert (problem.status_code, problem["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.django_db
def test_a_forged_host_is_refused(client):
    """T52, T90."""
    answer = client.get("/api/v1/session/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "Content-Security-Policy" in answer
    assert "evil" not in answer.content.decode()
    assert "evil" not in str(client.get("/api/v1/vocabulary/", headers={"X-Forwarded-Host": "evil.example"}).content)


@pytest.mark.django_db
def test_the_start_page_has_no_inline_script_or_style(client):
    text = client.get("/").content.decode()
    assert 'lang="en"' in text
    assert "<script" not in text
    assert "style=" not in text
    assert "<style" not in text


# --- production -------------------------------------------------------------------------------------------------------
def manage(*words, env, tmp_path):
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env = {**inherited, "VAR_DIR": str(tmp_path), **{name: value for name, value in env.items() if value is not None}}
    command = [sys.executable, "-W", "error::RuntimeWarning", *words]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    "wrong, word",
    [
        ({"REDIS_URL": "redis://redis.example.org:6379/0"}, "REDIS_URL"),
        ({"SECRET_KEY": None}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": "a" * 60}, "SECRET_KEY"),
        ({"SECRET_KEY": "django-insecure-" + SAFE_ENV["SECRET_KEY"]}, "SECRET_KEY"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": None}, "ALLOWED_HOSTS"),
        ({"DEBUG": "1"}, "DEBUG"),
        ({"PUBLIC_URL": None}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "match.example.org"}, "PUBLIC_URL"),
        ({"MAIL_FROM": None}, "MAIL_FROM"),
        ({"TIME_SCALE": "0.1"}, "TIME_SCALE"),
    ],
)
def test_production_refuses_to_start_with(wrong, word, tmp_path):
    """T95, T96."""
    answer = manage("manage.py", "check", env={**SAFE_ENV, **wrong}, tmp_path=tmp_path)
    assert answer.returncode != 0
    assert "ImproperlyConfigured" in answer.stderr
    assert word in answer.stderr.strip().splitlines()[-1]


def test_production_starts_with_safe_settings_and_nothing_to_warn_of(tmp_path):
    """T97, and the twin of the refusals above."""
    answer = manage("manage.py", "check", "--deploy", "--fail-level", "WARNING", env=SAFE_ENV, tmp_path=tmp_path)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "no issues" in answer.stdout
    local = manage("manage.py", "check", env={**SAFE_ENV, "REDIS_URL": "redis://127.0.0.1:6379/0"}, tmp_path=tmp_path)
    assert local.returncode == 0


IN_PRODUCTION = """
import django, json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
from matchmaking.models import User
User.objects.create_user("a@example.org", "a long enough password")
ask = {"secure": True, "headers": {"Host": "match.example.org"}}
client = Client()
body = {"mail": "a@example.org", "password": "a long enough password"}
answer = client.post("/api/v1/session/", body, content_type="application/json", **ask)
told = {"status": answer.status_code, "headers": dict(answer.headers)}
client.post("/language/", {"language": "de"}, **ask)
told["cookies"] = {n: {k: str(m[k]) for k in ("path", "domain", "secure", "httponly", "samesite")} for n, m in client.cookies.items()}
told["schema"] = [Client().get(a, **ask).status_code for a in ("/api/schema/", "/api/docs/", "/admin/")]
told["plain"] = Client().get("/", headers={"Host": "match.example.org"}).status_code
told["hsts"] = {a: Client().get(a, **ask).headers.get("Strict-Transport-Security") for a in ("/", "/never/", "/static/web/style.css")}
print(json.dumps(told))
"""


def test_production_cookies_headers_and_closed_doors(tmp_path):
    """T101, T98, T27."""
    answer = manage("-c", IN_PRODUCTION, env={**SAFE_ENV, "REDIS_URL": "redis://127.0.0.1:1/0"}, tmp_path=tmp_path)
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout.strip().splitlines()[-1])
    assert told["status"] == 200
    assert set(told["cookies"]) == {"__Host-session", "__Host-csrf", "__Host-language"}
    for cookie in told["cookies"].values():
        assert cookie == {"path": "/", "domain": "", "secure": "True", "httponly": "True", "samesite": "Lax"}
    assert told["schema"] == [404, 302, 404]
    assert told["plain"] == 301
    assert set(told["hsts"].values()) == {"max-age=31536000; includeSubDomains; preload"}


LIGHT = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
from config.wsgi import application
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
client = Client()
assert client.get("/").status_code == 200
assert client.get("/api/v1/vocabulary/?q=a").status_code == 200
assert client.get("/api/schema/").status_code == 200
assert client.get("/health/ready").status_code == 200
print(sorted({name.partition(".")[0] for name in sys.modules} & {"sklearn", "numpy", "scipy", "pandas", "joblib"}))
"""


def test_a_process_that_serves_requests_has_not_loaded_the_heavy_libraries(tmp_path):
    answer = manage("-c", LIGHT, env={"DATABASE_URL": f"sqlite:///{tmp_path}/light.sqlite3"}, tmp_path=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip().splitlines()[-1] == "[]"
