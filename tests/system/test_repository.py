"""What is in the repository itself: no secret, and a compose file that runs what the Procfile runs."""

import re
import subprocess

import pytest
import yaml

from matchmaking.management.supervisor import procfile
from tests.conftest import ROOT

SECRETS = {
    "private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    "cloud key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "token of a forge": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20})\b",
    "token of a service": r"\b(?:xox[abprs]-[A-Za-z0-9-]{10,}|sk_live_[A-Za-z0-9]{16,}|[0-9]{8,10}:AA[A-Za-z0-9_-]{33})\b",
    "web token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "password in an address": r"\b[a-z][a-z+]*://[^\s:/@$\"'{}<>]*:(?!PASSWORD\b)[^\s:/@$\"'{}<>]{3,}@(?![a-z.]*\bexample\.(?:org|com|net)\b)",
    "secret as a literal": r"(?i)^[ \t]*(?:SECRET_KEY|POSTGRES_PASSWORD|REDIS_PASSWORD)[ \t]*[:=][ \t]*[\"']?[A-Za-z0-9+/_-]{12,}",
}
EXAMPLES = {
    "private key": "-----BEGIN RSA PRIVATE " + "KEY-----",
    "cloud key": "AKIA" + "A" * 16,
    "token of a forge": "ghp_" + "a" * 36,
    "token of a service": "xoxb-" + "1" * 12,
    "web token": "eyJ" + "a" * 12 + ".eyJ" + "b" * 12 + "." + "c" * 12,
    "password in an address": "redis://:" + "hunter22" + "@cache:6379",
    "secret as a literal": "SECRET_KEY" + "=" + "abcdefghijklmnop",
}


def found_in(text: str) -> list[str]:
    return [name for name, pattern in SECRETS.items() if re.search(pattern, text, re.MULTILINE)]


def tracked() -> list[str]:
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(words, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


def test_no_file_holds_a_secret():
    files = tracked()
    assert "config/settings.py" in files
    assert "var/secret_key" not in files
    assert {name: held for name in files if (held := found_in((ROOT / name).read_text(errors="replace")))} == {}


@pytest.mark.parametrize("name", SECRETS)
def test_the_search_would_find_a_secret(name):
    assert name in found_in(f"first line\n{EXAMPLES[name]}\n")


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_compose_runs_what_the_procfile_runs(services):
    commands = procfile(ROOT)
    del commands["redis"]  # a server of its own takes the embedded one's place
    assert {name: services[name]["command"] for name in commands} == commands
    assert set(services) == {*commands, "postgres", "redis", "migrate"}


def test_every_service_of_compose_comes_back_and_says_whether_it_works(services):
    lasting = {name: service for name, service in services.items() if name != "migrate"}
    assert {service["restart"] for service in lasting.values()} == {"unless-stopped"}
    assert [name for name, service in lasting.items() if not service["healthcheck"]["test"]] == []
    assert services["migrate"]["restart"] == "no"
    assert {name for name, service in services.items() if "migrate" in service.get("depends_on", {})} == set(procfile(ROOT)) - {"redis"}


def test_compose_takes_every_secret_from_the_environment(services):
    values = [value for service in services.values() for value in service["environment"].items()]
    secret = [value for name, value in values if re.search("SECRET|PASSWORD|_URL", name)]
    assert len(secret) > 10
    assert [value for value in secret if not re.search(r"\$\{[A-Z_]+:?\?", value)] == []
    assert {service["environment"]["MODE"] for service in services.values() if "MODE" in service["environment"]} == {"production"}


def test_images_are_pinned(services):
    images = [service["image"] for service in services.values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(images) == 3
    assert [image for image in images if not re.search(r":\d+\.\d+\.\d+|:\d+\.\d+-", image)] == []
    assert re.search(r"^USER matchmaking$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
