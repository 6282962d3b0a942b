"""Real processes on a database of their own: server, workers, clock; and this process's ORM pointed at the same database."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit, urlunsplit

import environ
import psutil
import psycopg
import redis
from celery import current_app
from django.conf import settings
from django.db import connections
from django.test.utils import override_settings
from kombu import pools

from matchmaking import failpoints
from matchmaking.models import Run, Shard
from matchmaking.services import protections

ROOT = Path(__file__).resolve().parent.parent.parent
SCALE = 0.1
START_S = 40
MOST_ENDS = 2  # Celery's client of Redis ends its worker now and then when the server goes away twice within seconds
PROCESSES = {
    "runs": ["worker", "runs", "imports"],
    "interactive": ["worker", "interactive", "mail"],
    "beat": ["beat"],
}  # fmt: skip


class Stack:
    """One database with its server and workers. `failpoints` is the folder that arms failpoints in all of them."""

    def __init__(self, folder: Path, url: str, scale: float = SCALE) -> None:
        self.folder, self.url = folder, url
        self.failpoints = folder / "failpoints"
        self.failpoints.mkdir(parents=True)
        self.env = {
            **os.environ, "DATABASE_URL": url, "REDIS_URL": "", "VAR_DIR": str(folder), "TIME_SCALE": str(scale), "MODE": "demo",
            "MATCHMAKING_FAILPOINTS": str(self.failpoints), "FAST_PASSWORDS": "1", "PYTHONUNBUFFERED": "1", "SKIP_CHECKS": "1",
        }  # fmt: skip
        self.scale = scale
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.commands: dict[str, tuple[list[str], dict[str, str]]] = {}
        self.brought_back = Counter[str]()
        self.redis_stopped = False
        told = self.manage("shell", "-c", "from django.conf import settings as s; print(s.DATABASE_KEY, s.EMBEDDED_SOCKET)", "-v", "0")
        self.key, self.socket = told.stdout.split()[-2:]
        self.redis = redis.Redis(unix_socket_path=self.socket)

    # --- processes ---------------------------------------------------------------------------------------------------
    def manage(self, *words: str, check: bool = True, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run one of our commands to its end."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=self.env | env, capture_output=True, text=True, timeout=120
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def start(self, *names: str) -> None:
        """Start processes, all of them by default, and wait until the workers answer."""
        for name in names or ("redis", *PROCESSES):
            words = ["embedded_redis"] if name == "redis" else PROCESSES[name]
            self._spawn(name, [sys.executable, "manage.py", *words])
            if name == "redis":
                self.until(self._answers, "the embedded server answers")
        waiting = [name for name in names or PROCESSES if name in ("runs", "interactive")]
        if waiting:
            self.until(lambda: all(self._listens(name) for name in waiting), "the workers listen", START_S)

    def start_web(self, port: int) -> None:
        """Start the web server on this port of the loopback."""
        self._spawn("web", [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi"], PORT=str(port))

    def stop(self, *names: str, by: int = signal.SIGTERM) -> None:
        """Stop processes, all by default."""
        self.redis_stopped |= "redis" in names
        for name in names or tuple(reversed(self.processes)):
            process = self.processes.pop(name, None)
            if process is None:
                continue
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []
            process.send_signal(by)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
            process.wait(10)

    def children(self, name: str) -> list[int]:
        """Process ids of a worker's pool."""
        return [child.pid for child in psutil.Process(self.processes[name].pid).children(recursive=True)]

    def ended_by_themselves(self) -> list[str]:
        return [name for name, process in self.processes.items() if process.poll() is not None]

    def _supervise(self) -> None:
        """Bring back what ended, as the supervisor does in production, where the server went away in this test; else it is a fault."""
        for name in self.ended_by_themselves():
            self.brought_back[name] += 1
            bearable = self.redis_stopped and self.brought_back[name] <= MOST_ENDS
            assert bearable, f"{name} ended by itself, time {self.brought_back[name]}\n{self.logs()}"
            words, env = self.commands[name]
            self._spawn(name, words, **env)

    def _spawn(self, name: str, words: list[str], **env: str) -> None:
        self.commands[name] = words, env
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                words, cwd=ROOT, env=self.env | env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def _answers(self) -> bool:
        with contextlib.suppress(redis.exceptions.RedisError):
            return bool(self.redis.ping())
        return False

    def _listens(self, name: str) -> bool:
        """Whether this worker has come to the point where it takes messages and orders."""
        process = self.processes[name]
        known = self.redis.smembers("_kombu.binding.celery.pidbox")
        return any(f"{name}.{process.pid}@".encode() in member for member in known) and bool(self.children(name))

    # --- failpoints --------------------------------------------------------------------------------------------------
    def arm(self, name: str, action: str) -> None:
        """The next process that reaches failpoint `name` does `action`: kill, raise or pause."""
        (self.failpoints / name).write_text(action)

    def hit(self, name: str, seconds: float = 30) -> int:
        """Wait until a process reached the failpoint; its id."""
        path = self.failpoints / f"{name}.hit"
        self.until(lambda: path.exists() and path.read_text() != "", f"failpoint {name} is reached", seconds)
        return int(path.read_text())

    def go(self, name: str) -> None:
        """Let the process that waits at the failpoint go on."""
        (self.failpoints / f"{name}.go").touch()

    def without(self, protection: str) -> None:
        """Switch one protection off until the end of the test."""
        (self.failpoints / f"without.{protection}").touch()

    def calm(self) -> None:
        """Forget all failpoints; let everybody go on who waits at one."""
        for path in list(self.failpoints.glob("*.hit")):
            path.with_suffix(".go").touch()
        time.sleep(0.1)
        for path in self.failpoints.iterdir():
            path.unlink()

    # --- waiting -----------------------------------------------------------------------------------------------------
    def until(self, holds: Callable[[], object], what: str, seconds: float = 30) -> float:
        """Wait until `holds`; how long that took."""
        start = time.monotonic()
        while not holds():
            self._supervise()
            assert time.monotonic() - start < seconds, f"not within {seconds} s: {what}\n{self.state()}\n{self.logs()}"
            time.sleep(0.02)
        return time.monotonic() - start

    def ended(self, run: Run, seconds: float = 40) -> Run:
        """Wait until the run has ended, and is published where it is to be."""

        def over() -> bool:
            run.refresh_from_db()
            return run.state not in Run.ACTIVE and (run.state != Run.State.DONE or not run.publish or run.published_at is not None)

        self.until(over, f"run {run.pk} ends", seconds)
        return run

    def state(self) -> str:
        """Runs and shards as they are, for a failing test."""
        runs = list(Run.objects.values_list("pk", "state", "stage", "epoch", "failure"))
        shards = list(
            Shard.objects.values_list("run_id", "stage", "number", "state", "epoch", "attempts", "lease_until", "fenced", "worker")
        )
        return "\n".join(map(str, runs + shards))

    def logs(self, length: int = 3000) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-length:]}" for path in sorted(self.folder.glob("*.log")))

    def export(self, event: str) -> bytes:
        """What is published, the ids of this database apart."""
        rows = json.loads(self.manage("export_suggestions", "--event", event, "--format", "json").stdout)
        for row in rows:
            del row["a"]["id"], row["b"]["id"]
        return json.dumps(rows, sort_keys=True).encode()

    # --- this process on that database -------------------------------------------------------------------------------
    @contextlib.contextmanager
    def here(self) -> Iterator[None]:
        """Let the ORM and the messages of this process, all its threads included, go to this stack."""
        config = {**connections.settings["default"], **environ.Env.db_url_config(self.url)}
        config |= {"OPTIONS": {**settings.DATABASES["default"].get("OPTIONS", {}), **config.get("OPTIONS", {})}}
        before, theirs = connections.settings["default"], connections["default"]
        broker = current_app.conf.broker_url
        connections.settings["default"] = config
        connections["default"] = connections.create_connection("default")
        self._broker(f"redis+socket://{self.socket}")
        lengths = {name: getattr(settings, name) for name in ("LEASE_S", "HEARTBEAT_S", "SWEEP_S", "RESEND_AFTER_S")}
        scaled = {name: value * self.scale / settings.TIME_SCALE for name, value in lengths.items()}
        folders = [mock.patch.object(module, "FOLDER", str(self.failpoints)) for module in (failpoints, protections)]
        try:
            with override_settings(DATABASE_KEY=self.key, **scaled), folders[0], folders[1]:
                yield
        finally:
            connections["default"].close()
            connections.settings["default"], connections["default"] = before, theirs
            self._broker(broker)

    @staticmethod
    def _broker(url: str) -> None:
        pools.reset()
        current_app.conf.broker_url = current_app.conf.broker_write_url = url
        current_app._after_fork()


class Databases:
    """Makes databases that hold our tables, each a copy of one that was migrated once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0
        self.template = self._url("template")
        self._create("template", None)
        migrated = subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, capture_output=True, text=True,
            env={**os.environ, "DATABASE_URL": self.template, "VAR_DIR": str(folder)},
        )  # fmt: skip
        assert migrated.returncode == 0, migrated.stderr

    def fresh(self) -> str:
        """The URL of a new database with all tables and no rows."""
        self.number += 1
        name = f"stack{self.number}"
        self._create(name, "template")
        return self._url(name)

    def _url(self, name: str) -> str:
        if settings.SQLITE:
            return f"sqlite:///{self.folder / name}.sqlite3"
        parts = urlsplit(settings.DATABASE_URL)
        return urlunsplit(parts._replace(path=f"/{self._pg_name(name)}"))

    def _pg_name(self, name: str) -> str:
        return f"{name}_{os.getpid()}"

    def _create(self, name: str, template: str | None) -> None:
        if settings.SQLITE:
            if template:
                shutil.copyfile(self.folder / f"{template}.sqlite3", self.folder / f"{name}.sqlite3")
            return
        like = f' TEMPLATE "{self._pg_name(template)}"' if template else ""
        with psycopg.connect(settings.DATABASE_URL, autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{self._pg_name(name)}"{like}')

    def drop(self) -> None:
        """Remove all of them from the server."""
        if not settings.SQLITE:
            with psycopg.connect(settings.DATABASE_URL, autocommit=True) as server:
                for name in ["template", *(f"stack{number + 1}" for number in range(self.number))]:
                    server.execute(f'DROP DATABASE IF EXISTS "{self._pg_name(name)}" WITH (FORCE)')
