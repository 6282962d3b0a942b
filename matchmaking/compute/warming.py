"""The engine's inner loops are compiled once after an installation: beside a starting worker, not in somebody's first run."""

import os
import subprocess
import sys

from matchmaking.engine import compiled

COMPILE = "import os; os.nice(10); from matchmaking.engine.compiled import warm_up; warm_up()"


def warm_up_beside() -> None:
    """Compile them in a process of its own that gives way to others, unless that was done; whoever comes before it is done waits."""
    if not compiled.is_warm():
        subprocess.Popen([sys.executable, "-c", COMPILE], cwd=os.getcwd(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
