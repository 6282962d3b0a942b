"""Named places where a test can make a process die, fail or wait. No-ops unless MATCHMAKING_FAILPOINTS is set.

MATCHMAKING_FAILPOINTS is a folder; a file in it named like the failpoint holds `kill`, `raise` or `pause`.
A process that reaches it first takes the file away for itself (rename: so only one process is hit), writes its
process id into NAME.hit, then acts; `pause` waits until NAME.go exists.
"""

import os
import signal
import time
from pathlib import Path

FOLDER = os.environ.get("MATCHMAKING_FAILPOINTS", "")


def failpoint(name: str) -> None:
    """Do what a test asked for at `name`; nothing in any other process."""
    if FOLDER:
        _act(Path(FOLDER) / name)


def _act(order: Path) -> None:
    taken = order.with_name(f"{order.name}.taken-{os.getpid()}")
    try:
        order.rename(taken)
    except FileNotFoundError:
        return
    action = taken.read_text().strip()
    order.with_name(f"{order.name}.hit").write_text(str(os.getpid()))
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "raise":
        raise RuntimeError(f"failpoint {order.name}")
    while action == "pause" and not order.with_name(f"{order.name}.go").exists():
        time.sleep(0.02)
