"""What a measurement ran on, how much memory a step takes, and a process of its own for each benchmark."""

import importlib
import multiprocessing
import os
import platform
import resource
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import psutil

MB = 1024 * 1024
EVERY_S = 0.005


def facts() -> dict[str, Any]:
    """Machine and versions, to stand beside the figures; how busy the machine was when measuring began."""
    import numpy
    import scipy
    import sklearn

    return {
        "cpus": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "memory_gb": round(psutil.virtual_memory().total / MB / 1024, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
    }


def peak_mb() -> float:
    """The largest resident size this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (MB if sys.platform == "darwin" else 1024)


def with_growth(act: Callable[[], Any]) -> tuple[Any, float]:
    """What an act returns, and by how many MB the resident size grew at most while it ran."""
    process, done = psutil.Process(), threading.Event()
    before = most = process.memory_info().rss

    def watch() -> None:
        nonlocal most
        while not done.wait(EVERY_S):
            most = max(most, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        found = act()
    finally:
        done.set()
        watcher.join()
    return found, (max(most, process.memory_info().rss) - before) / MB


def measured_apart(name: str) -> dict[str, Any]:
    """The figures of the benchmark `benchmarks.NAME`, run in a fresh process; one that fails or dies says so under `failed`."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(name, theirs))
    process.start()
    theirs.close()
    try:
        figures: dict[str, Any] = mine.recv()
    except EOFError:
        figures = {"failed": "the process ended without an answer"}
    process.join()
    return figures


def _measure(name: str, answer: Connection) -> None:
    try:
        figures: dict[str, Any] = importlib.import_module(f"benchmarks.{name}").main() or {}
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        figures = {"failed": f"{type(error).__name__}: {error}"}
    answer.send(figures)
