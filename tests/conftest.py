"""Fixtures of all tests: a real Valkey for messages and caches, a signed-in client."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session", autouse=True)
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The embedded server on this database's socket, unless one answers there already (another test process's)."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    server = None
    if not answers(client):
        server = subprocess.Popen([sys.executable, "manage.py", "embedded_redis"], cwd=ROOT)
        deadline = time.monotonic() + 20
        while not answers(client):
            assert time.monotonic() < deadline, "the embedded server did not start"
            time.sleep(0.05)
    yield
    client.close()
    if server is not None:
        server.terminate()
        server.wait(10)


def answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.exceptions.RedisError:
        return False
