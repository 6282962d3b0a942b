"""The processes of this installation: which of the Procfile are needed, on which port, and whether they answer."""

import os
import socket
import time
import urllib.request
from collections.abc import Callable, Iterable

import redis
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from matchmaking.management.supervisor import Supervisor, procfile

USUAL_PORT = 8000
READY_S = 60.0


def refusal(sentence: str) -> CommandError:
    """One sentence and exit status 2: nothing was begun."""
    return CommandError(sentence, returncode=2)


def migrations_are_missing() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def redis_answers() -> bool:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.exceptions.RedisError:
        return False


def supervisor(port: int, *, names: Iterable[str] | None = None) -> Supervisor:
    """The Procfile's processes; Redis and beat only where nobody runs them for this database already."""
    commands = procfile(settings.BASE_DIR)
    if not settings.REDIS_EMBEDDED:
        del commands["redis"]
    elif redis_answers():
        del commands["beat"]
    chosen = {name: command for name, command in commands.items() if names is None or name in names}
    return Supervisor(
        chosen,
        root=settings.BASE_DIR,
        logs=settings.VAR_DIR / "logs",
        environment={"PORT": str(port), "DJANGO_SETTINGS_MODULE": "config.settings"},
        provided=lambda name: name == "redis" and redis_answers(),
    )


def port_is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def chosen_port(wanted: int | None, *, any_other: bool = False) -> int:
    """The port to serve on; `any_other` takes another where the usual one is taken and none was asked for."""
    port = wanted or int(os.environ.get("PORT") or USUAL_PORT)
    asked = wanted is not None or bool(os.environ.get("PORT"))
    if port_is_free(port):
        return port
    if any_other and not asked:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])
    raise refusal(f"Port {port} is in use on this machine: stop what uses it, or choose another one with PORT={port + 1}.")


def until(true: Callable[[], bool], *, processes: Supervisor, name: str, what: str, seconds: float = READY_S) -> None:
    """Wait until `true()`; a sentence with the log's last lines where `name` does not get there."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            lines = processes.last_lines(name)
            raise CommandError(f"{what} did not answer within {seconds:.0f} s. The end of {processes.logs / name}.log:\n{lines}")
        time.sleep(0.1)


def web_is_ready(port: int) -> bool:
    """Whether the readiness page says ready or degraded: both serve."""
    host = settings.ALLOWED_HOSTS[0].lstrip(".") if settings.ALLOWED_HOSTS else "localhost"
    request = urllib.request.Request(f"http://127.0.0.1:{port}/health/ready", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False
