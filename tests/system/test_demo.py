"""`make demo`, with its real processes, on a database of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest
from django.core.management.base import CommandError

from matchmaking.management import demonstration
from matchmaking.models import Run
from tests.conftest import ROOT
from tests.factories import make_event, make_user
from tests.system.servers import asked, command, database, environment, eventually, free_port

pytestmark = [pytest.mark.system, pytest.mark.once, pytest.mark.xdist_group("processes")]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[SimpleNamespace]:
    """An empty `var/` and an empty database."""
    folder = tmp_path_factory.mktemp("demo")
    with database(folder) as url:
        yield SimpleNamespace(env=environment(VAR_DIR=str(folder), DATABASE_URL=url, MODE="demo"), folder=folder)


def left_over(folder: object) -> list[str]:
    """Processes that still run with this `var/`."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("VAR_DIR") == str(folder):
                found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def lines_until(start: str, process: "subprocess.Popen[str]") -> list[str]:
    lines: list[str] = []
    while not (lines and lines[-1].startswith(start)):
        lines.append(process.stdout.readline())
        assert lines[-1], f"it ended: {lines}"
    return lines


def counts_of(done: "subprocess.CompletedProcess[str]") -> dict[str, object]:
    assert done.returncode == 0, done.stdout + done.stderr
    counts: dict[str, object] = json.loads(done.stdout.rstrip().splitlines()[-1])
    return counts


def test_it_checks_itself_once_and_once_more(place):
    with socket.socket() as usual:  # the usual port is taken: by this, or by somebody else already
        usual.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if usual.connect_ex(("127.0.0.1", 8000)):
            usual.close()
            usual = socket.create_server(("127.0.0.1", 8000))
        first = command("demo", "--once", env=place.env)
        usual.close()
    counts = counts_of(first)
    assert list(counts) == [
        "participants", "suggestions", "introductions", "fewest", "most", "below_floor", "worker_pids", "seconds",
    ]  # fmt: skip
    assert (counts["participants"], counts["introductions"]) == (150, 1)
    assert counts["below_floor"] <= 3  # one in a hundred of the places at three events: nobody fits somebody who said next to nothing
    assert counts["suggestions"] >= (150 + 90 + 60) * 2 / 2
    assert counts["fewest"] <= counts["most"] <= 8
    assert counts["worker_pids"]
    for name in ("Алена Вярбіцкая", "Yan Kulesh", "organiser@example.org", "for you:", "http://127.0.0.1:"):
        assert name in first.stdout
    assert first.stderr == ""
    assert left_over(place.folder) == []

    again = counts_of(command("demo", "--once", env=place.env))
    assert (again["participants"], again["introductions"], again["below_floor"]) == (150, 2, counts["below_floor"])
    assert set(again["worker_pids"]).isdisjoint(counts["worker_pids"])
    assert left_over(place.folder) == []


def test_it_serves_until_it_is_told_to_stop_and_leaves_nothing_behind(place):
    """The second start does nothing of what is done already: it is up in seconds."""
    if not (place.folder / "demo-logins.json").exists():
        command("demo", "--once", env=place.env)
    port = free_port()
    words = [sys.executable, "manage.py", "demo", "--port", str(port)]
    process = subprocess.Popen(words, cwd=ROOT, env=place.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        told = lines_until("Ready after", process)
        assert [line for line in told if re.match("Preparing|Matching|  participants-|  projects", line)] == []
        assert asked(port, "/health/ready")[0] == 200
        eventually(lambda: len(left_over(place.folder)) >= 6)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=12)[0]
        assert (process.returncode, rest) == (0, "\nStopping ...\n")
        assert left_over(place.folder) == []
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("words", [["demo"], ["demo", "--once"], ["run"]])
def test_a_port_in_use_is_said_before_anything_is_started(tmp_path, words):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command(*words, env=environment(VAR_DIR=str(tmp_path), PORT=str(port), MODE="demo"))
    sentence = f"CommandError: Port {port} is in use on this machine: stop what uses it, or choose another one with PORT={port + 1}.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)
    assert sorted(os.listdir(tmp_path)) == ["secret_key"]


def test_there_is_no_demo_in_production(tmp_path):
    own = {"MODE": "production", "SECRET_KEY": "abcdefghijklmnopqrstuvwxyz0123456789" * 2, "ALLOWED_HOSTS": "match.example.org"}
    own["PUBLIC_URL"] = "https://match.example.org"
    done = command("demo", env=environment(VAR_DIR=str(tmp_path), **own))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "CommandError: The demo does not run with MODE=production: its log-ins share one password.\n"


@pytest.mark.django_db
def test_a_run_that_fails_is_said_in_its_own_words():
    event = make_event(slug="river")
    run = Run.objects.create(event=event, state="failed", failure={"template": "It needs {need} GB.", "params": {"need": 3}})
    with pytest.raises(CommandError, match=r"^The run of river failed: It needs 3 GB\.$"):
        demonstration.wait_for([run], make_user(), print)


def test_work_that_was_not_done_by_a_worker_is_refused():
    with subprocess.Popen(["sleep", "100"], start_new_session=True) as web:
        for pids in ([], [os.getpid()], [web.pid]):
            with pytest.raises(CommandError, match="not computed by the workers alone"):
                demonstration.check_pids(pids, web=web.pid)
        demonstration.check_pids([os.getppid()], web=web.pid)
        web.kill()
