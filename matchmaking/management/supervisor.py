"""Keeps the Procfile's processes going: starts them side by side, starts again what ends, stops them in order.

Not honcho's Manager, for three reasons: it stops everything when one process ends, where a killed worker must come
back; it signals whole groups, which kills a worker's pool in the middle of a shard; and it stops Redis first, on
which the others wait.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from honcho.environ import parse_procfile

STOP_S = 8.0  # what a process gets to finish or to hand back its shard before it is killed
LOOK_EVERY_S = 0.2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
SETTLED_S = 10.0  # a process that lived this long did start: its next start need not wait
LOG_LIMIT_BYTES = 10_000_000
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def procfile(root: Path) -> dict[str, str]:
    """The commands of the Procfile by name."""
    return dict(parse_procfile((root / "Procfile").read_text()).processes)


@dataclass
class Child:
    name: str
    command: str
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    pause: float = FIRST_PAUSE_S
    next_start: float = field(default=0.0)


class Supervisor:
    """Runs `commands` (name: command) with `environment` on top of this process's, each with its log in `logs`.

    `provided(name)` says that somebody else runs this one already, so that it need not be started here.
    """

    def __init__(
        self,
        commands: Mapping[str, str],
        *,
        root: Path,
        logs: Path,
        environment: Mapping[str, str],
        provided: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self.children = [Child(name, command) for name, command in commands.items()]
        self.root, self.logs, self.provided = root, logs, provided
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        self.environment = {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **environment}
        self.stopping = threading.Event()
        self.watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        self.watcher.start()

    def pids(self) -> dict[str, int]:
        """The process ids of what runs now."""
        return {child.name: child.process.pid for child in self.children if child.process and child.process.poll() is None}

    def restarts(self, name: str) -> bool:
        """Whether this process ended at least once soon after its start."""
        return any(child.name == name and child.pause > FIRST_PAUSE_S for child in self.children)

    def last_lines(self, name: str, count: int = 5) -> str:
        path = self.logs / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:]) if path.exists() else ""

    def stop(self) -> None:
        """End all: the first of the Procfile (Redis, which the others need) last; killed where they do not end in time."""
        self.stopping.set()
        while self.watcher.is_alive():
            try:
                self.watcher.join(1)
            except KeyboardInterrupt:
                continue

    # --- in the watcher's thread: children are told when the thread that started them ends, so it starts them all ---
    def _watch(self) -> None:
        while not self.stopping.wait(LOOK_EVERY_S):
            for child in self.children:
                self._look_after(child)
        first, *others = self.children
        self._end(others)
        self._end([first])

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            _signal_group(child.process.pid, signal.SIGKILL)  # pool processes that outlived their parent
            child.pause = FIRST_PAUSE_S if now - child.started > SETTLED_S else min(2 * child.pause, LONGEST_PAUSE_S)
            child.process, child.next_start = None, now + child.pause
        if child.process is None and now >= child.next_start:
            if self.provided(child.name):
                child.next_start = now + 1
            else:
                child.process, child.started = self._spawn(child), now

    def _spawn(self, child: Child) -> "subprocess.Popen[bytes]":
        path = self.logs / f"{child.name}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as log:
            return subprocess.Popen(  # noqa: S602
                f"exec {child.command}", shell=True, cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=_end_with_parent,
            )  # fmt: skip

    def _end(self, children: list[Child]) -> None:
        running = [child.process for child in children if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_S
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()


def _signal_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end_with_parent() -> None:
    """On Linux a child gets SIGTERM when the supervisor itself was killed: no orphans even then."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def asked_to_stop() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal all read as KeyboardInterrupt; once only, so that stopping is not broken off."""

    def interrupt(number: int, frame: object) -> None:
        for other in numbers:
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
