"""The commands of docker-compose.yml as processes, in production mode, with a real database and a Redis that asks for a password."""

import json
import time
from collections.abc import Iterator, Mapping
from types import SimpleNamespace

import psutil
import pytest
import redis
import yaml

from matchmaking.management.supervisor import Supervisor
from tests.conftest import ROOT
from tests.system.servers import alive, asked, command, database, eventually, free_port, manage, production, valkey

pytestmark = [pytest.mark.system, pytest.mark.once, pytest.mark.xdist_group("processes")]
HOST = "match.example.org"
QUEUE = "from matchmaking.jobs import Job, QUEUE, queue_name; print(queue_name(QUEUE[Job.SWEEP]))"
ASK_FOR_SWEEP = "from matchmaking.jobs import Job, publish; print(publish(Job.SWEEP, {}))"
MAKE_COHORT = """
from tests.factories import *
event = make_event(make_programme(slug="river"), slug="meeting")
words = [("virtual reality", "museum"), ("museum", "virtual reality"), ("translation", "teachers"), ("teachers", "translation")]
for number in range(40):
    offer, need = words[number % 4]
    sector = ("business", "creative", "education", "authority")[number % 4]
    make_participant(event.programme, event=event, sector=sector, city="Minsk", languages=["en"],
                     offers=[offer], needs=[need], offer_text=offer, need_text=need)
"""
START_RUN = """
from matchmaking.models import Event
from matchmaking.services import runs
print(runs.start(Event.objects.get(slug="meeting"), by=None, publish=True)[0].pk)
"""
RUN = """
import json
from matchmaking.models import Run, Shard, Suggestion
run = Run.objects.get()
pids = sorted({int(worker.rpartition(":")[2]) for worker in Shard.objects.values_list("worker", flat=True) if worker})
print(json.dumps([run.state, run.failure, run.published_at is not None, Suggestion.objects.filter(run=run).count(), pids]))
"""


def shell(script: str, *, env: Mapping[str, str]) -> str:
    return manage("shell", "-v", "0", "-c", script, env=env)


@pytest.fixture
def compose() -> dict[str, str]:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return {name: service["command"] for name, service in services.items() if "build" in service}


def family(pid: int) -> set[int]:
    return {pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))}


@pytest.fixture
def servers(tmp_path) -> Iterator[SimpleNamespace]:
    with database(tmp_path) as database_url, valkey(tmp_path) as redis_url:
        yield SimpleNamespace(database=database_url, redis=redis_url)


@pytest.fixture
def installation(servers, compose, tmp_path) -> Iterator[SimpleNamespace]:
    """All of it, as after `docker compose up`."""
    port = free_port()
    env = production(servers.database, servers.redis, VAR_DIR=str(tmp_path / "var"), BIND=f"127.0.0.1:{port}")
    assert compose.pop("migrate") == "python manage.py migrate"
    manage("migrate", "--verbosity", "0", env=env)
    supervisor = Supervisor(compose, root=ROOT, logs=tmp_path / "logs", environment=env)
    supervisor.environment = env
    supervisor.start()
    try:
        eventually(lambda: asked(port, "/health/live", Host=HOST)[0] == 200, what=lambda: supervisor.last_lines("web"))
        yield SimpleNamespace(port=port, env=env, supervisor=supervisor)
    finally:
        supervisor.stop()


def test_a_run_goes_through_and_sigterm_stops_everything(installation):
    env, supervisor = installation.env, installation.supervisor
    shell(MAKE_COHORT, env=env)
    shell(START_RUN, env=env)
    state: list[object] = []

    def ended() -> bool:
        state[:] = json.loads(shell(RUN, env=env))
        return state[0] not in ("waiting", "running") and (state[0] != "done" or bool(state[2]))

    eventually(ended, 90, state)
    assert (state[0], state[1]) == ("done", {})
    assert state[3] >= 40
    families = {
        name: {pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))} for name, pid in supervisor.pids().items()
    }
    assert set(families) == {"web", "worker-runs", "worker-interactive", "beat"}
    assert set(state[4]) <= families["worker-runs"]

    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 10
    assert [pid for family in families.values() for pid in family if alive(pid)] == []


def test_the_web_server_answers_in_production(installation):
    port = installation.port
    assert asked(port, "/health/live", Host=HOST) == (200, '{"status": "live"}')
    eventually(lambda: json.loads(asked(port, "/health/ready", Host=HOST)[1])["status"] == "ready")
    assert asked(port, "/health/live", Host="evil.example")[0] == 400
    assert asked(port, "/admin/", Host=HOST, **{"X-Forwarded-Proto": "https"})[0] == 404
    env = {**installation.env, "PORT": str(port)}
    for part in ("web", "runs", "interactive", "beat"):
        eventually(lambda part=part: command("healthcheck", part, env=env).stdout == f"{part} works.\n", what=part)


def test_a_health_check_fails_where_nothing_runs(servers, tmp_path):
    env = production(servers.database, servers.redis, VAR_DIR=str(tmp_path), PORT=str(free_port()))
    manage("migrate", "--verbosity", "0", env=env)
    for part in ("web", "runs", "beat"):
        failed = command("healthcheck", part, env=env)
        assert (failed.returncode, failed.stderr) == (1, f"CommandError: {part} does not work.\n")


def test_two_databases_on_one_redis_do_not_take_each_others_work(servers, compose, tmp_path):
    """The first one's worker runs; the second one's message stays where it is."""
    with database(tmp_path) as other_url:
        envs = [
            production(url, servers.redis, VAR_DIR=str(tmp_path / f"var{number}"))
            for number, url in enumerate((servers.database, other_url))
        ]
        queues = [shell(QUEUE, env=env).strip() for env in envs]
        for env in envs:
            manage("migrate", "--verbosity", "0", env=env)
            assert shell(ASK_FOR_SWEEP, env=env) == "True\n"
        with redis.Redis.from_url(servers.redis) as client:
            assert [client.llen(queue) for queue in queues] == [1, 1]
            worker = {"worker-interactive": compose["worker-interactive"]}
            supervisor = Supervisor(worker, root=ROOT, logs=tmp_path / "logs", environment=envs[0])
            supervisor.environment = envs[0]
            supervisor.start()
            try:
                eventually(lambda: client.llen(queues[0]) == 0, what=supervisor.last_lines("worker-interactive"))
                time.sleep(2)
                assert client.llen(queues[1]) == 1
            finally:
                supervisor.stop()
