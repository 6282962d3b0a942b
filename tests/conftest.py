"""Fixtures of all tests: a real Valkey for messages and caches, a signed-in client."""

import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connections

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))  # each test process has a Redis database of its own
settings.REDIS_URL = f"{settings.REDIS_URL}?db={PROCESS}"
settings.MAIL_DIR = Path(tempfile.gettempdir()) / f"matchmaking-test-mail-{os.getpid()}"  # not the demo's, which an erasure searches
settings.REDIS_TIMEOUT_S = 10.0  # a busy machine is no fault of Redis: a count must not go to the database instead
FIRST = ("stack of runs", "stack", "processes", "browser", "screens")
SERVER = pytest.StashKey["subprocess.Popen[bytes]"]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """The embedded server on this database's socket, unless one answers there; the process that deals out the tests owns it."""
    if hasattr(session.config, "workerinput") or not settings.REDIS_EMBEDDED or answers():
        return
    server = subprocess.Popen([sys.executable, "manage.py", "embedded_redis"], cwd=ROOT, stdout=subprocess.DEVNULL)
    session.config.stash[SERVER] = server
    deadline = time.monotonic() + 20
    while not answers():
        assert time.monotonic() < deadline, "the embedded server did not start"
        time.sleep(0.05)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What has to run one after the other begins first, the longest before the others, so that nobody waits for it at the end."""

    def turn(item: pytest.Item) -> int:
        group = item.get_closest_marker("xdist_group")
        if group is None:
            return len(FIRST) + 1
        return FIRST.index(group.args[0]) if group.args[0] in FIRST else len(FIRST)

    items.sort(key=turn)


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(SERVER, None)
    if server is not None:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """SQLite in a file, as in use: in memory it has no write-ahead log, and refuses those who should wait their turn."""
    if not settings.SQLITE:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="matchmaking-test-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        connections["default"].settings_dict["TEST"]["NAME"] = f"{folder}/test.sqlite3"
        yield


@pytest.fixture(autouse=True)
def own_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test counts its requests for itself: all of them come from one address."""
    monkeypatch.setattr("matchmaking.services.throttles.NAMESPACE", f"{uuid.uuid4().hex}:")


def answers(url: str = settings.REDIS_URL) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.exceptions.RedisError:
        return False
