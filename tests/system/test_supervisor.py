"""The supervisor with real processes: they come back when killed, end in order, and never outlive it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from matchmaking.management.supervisor import Supervisor
from tests.system.servers import alive, eventually

pytestmark = [pytest.mark.system, pytest.mark.once]
FOR_EVER = "sleep 1000"
WITH_CHILD = f'{sys.executable} -c \'import subprocess; subprocess.Popen(["sleep", "1000"]).wait()\''
DEAF = f"{sys.executable} -c 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)'"
NOTES_ITS_END = (
    f"{sys.executable} -c 'import signal, sys, time; signal.signal(signal.SIGTERM, lambda *a: sys.exit(time.time())); time.sleep(1000)'"
)


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def make(**commands: str) -> Supervisor:
        made.append(Supervisor(commands, root=tmp_path, logs=tmp_path / "logs", environment={}))
        made[0].start()
        eventually(lambda: len(made[0].pids()) == len(commands))
        return made[0]

    yield make
    made[0].stop()


def test_a_killed_process_comes_back_and_its_own_children_do_not_stay(supervise):
    supervisor = supervise(redis=FOR_EVER, worker=WITH_CHILD)
    before = supervisor.pids()
    eventually(lambda: psutil.Process(before["worker"]).children())
    grandchild = psutil.Process(before["worker"]).children()[0].pid
    os.kill(before["worker"], signal.SIGKILL)
    eventually(lambda: supervisor.pids().get("worker", before["worker"]) != before["worker"])
    assert supervisor.pids()["redis"] == before["redis"]
    assert not alive(grandchild)


def test_all_end_redis_last_and_what_does_not_listen_is_killed(supervise, monkeypatch):
    monkeypatch.setattr("matchmaking.management.supervisor.STOP_S", 1.5)
    supervisor = supervise(redis=NOTES_ITS_END, web=NOTES_ITS_END, deaf=DEAF)
    pids = supervisor.pids()
    time.sleep(0.5)
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 4
    assert [name for name, pid in pids.items() if alive(pid)] == []
    ended = {name: float(supervisor.last_lines(name)) for name in ("redis", "web")}
    assert ended["redis"] - ended["web"] > 1  # it waited for the deaf one


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path):
    script = (
        "import time; from pathlib import Path; from matchmaking.management.supervisor import Supervisor\n"
        f"s = Supervisor({{'redis': {FOR_EVER!r}}}, root=Path('.'), logs=Path({str(tmp_path)!r}), environment={{}})\n"
        "s.start()\nwhile not s.pids(): time.sleep(.05)\nprint(s.pids()['redis'], flush=True); time.sleep(1000)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        process.kill()
    eventually(lambda: not alive(pid))
