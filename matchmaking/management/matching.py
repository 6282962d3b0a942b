"""What `manage.py match` shows while it waits, and its own workers where nobody else runs any."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.management.base import OutputWrapper
from django.db import connection

from matchmaking.jobs import QUEUE, Job, queue_name
from matchmaking.management import processes
from matchmaking.management.supervisor import asked_to_stop
from matchmaking.models import Run
from matchmaking.selectors.runs import progress

BAR = 30
LOOK_EVERY_S = 0.2
OWN_PROCESSES = ("redis", "worker-runs", "worker-interactive", "beat")
MEASURES = {
    "people": "people",
    "pairs": "suggestions",
    "fewest": "fewest of one person",
    "most": "most of one person",
    "none": "people with none",
    "below_floor": "people below the floor",
    "mean_exposure": "suggestions per person",
    "gini_exposure": "unevenness of exposure (Gini)",
    "cross_sector_share": "share across sectors",
    "diversity": "distinct sectors in a list, share",
    "mean_score": "mean chance of a mutual yes",
    "mean_score_by_chance": "the same for random pairs",
    "lift": "times better than chance",
    "value": "value of the choice",
    "bound": "no choice can exceed",
    "gap": "so it is at most this share short",
}


def a_worker_answers() -> bool:
    """Whether some worker listens to this database's queue of runs."""
    if not processes.redis_answers():
        return False
    try:
        found = current_app.control.inspect(timeout=1.0).active_queues() or {}
    except Exception:
        return False
    return any(queue["name"] == queue_name(QUEUE[Job.RUN_SHARD]) for queues in found.values() for queue in queues)


@contextmanager
def workers() -> Iterator[None]:
    """Somebody who computes: the workers that answer already, or, in the embedded default, our own for as long as we wait."""
    if a_worker_answers() or not settings.REDIS_EMBEDDED:
        yield
        return
    connection.close()
    own = processes.supervisor(0, names=OWN_PROCESSES)
    with asked_to_stop():
        try:
            own.start()
            processes.until(a_worker_answers, processes=own, name="worker-runs", what="The worker")
            yield
        finally:
            own.stop()


class Bar:
    """A line that tells how far the run is: rewritten on a terminal, else once for every new sentence."""

    def __init__(self, out: OutputWrapper) -> None:
        self.out, self.last = out, ""

    def show(self, told: dict[str, Any]) -> None:
        sentence = told["template"].format_map(told["params"])
        if not self.out.isatty():
            if sentence != self.last:
                self.out.write(f"{told['percent']:3} %  {sentence}")
            self.last = sentence
            return
        full = round(BAR * told["percent"] / 100)
        left = f", about {told['remaining_s']} s left" if told["remaining_s"] else ""
        line = f"[{'#' * full}{'-' * (BAR - full)}] {told['percent']:3} %  {sentence}{left}"
        self.out.write("\r" + line.ljust(len(self.last)), ending="")
        self.last = line

    def end(self) -> None:
        if self.last and self.out.isatty():
            self.out.write("")


def wait_for(run: Run, out: OutputWrapper, over: Callable[[Run], bool]) -> Run:
    """Show how far the run is until it is `over`."""
    bar = Bar(out)
    while True:
        run.refresh_from_db()
        bar.show(progress(run))
        if over(run):
            bar.end()
            return run
        time.sleep(LOOK_EVERY_S)


def table(measures: dict[str, Any]) -> Iterator[str]:
    """The measures as lines a person can read, and the sector by sector table."""
    for name, words in MEASURES.items():
        if measures.get(name) is not None:
            yield f"  {words:32} {_number(measures[name]):>10}"
    yield from (f"  {'of these: ' + cause.replace('_', ' '):32} {count:>10}" for cause, count in measures.get("causes", {}).items())
    yield from _square("suggestions between sectors", measures.get("sectors", {}))
    yield from _square("the same over what chance would give", measures.get("sectors_by_chance", {}))
    for kind, groups in measures.get("groups", {}).items():
        yield f"  {f'by {kind}':32} {'people':>10} {'suggestions':>12} {'value':>8}"
        for name, row in groups.items():
            yield f"  {name or 'others':32} {row['people']:>10} {row['mean_exposure']:>12.2f} {row['mean_value']:>8.3f}"


def _square(title: str, sectors: dict[str, dict[str, float | None]]) -> Iterator[str]:
    """A table of sectors by sectors; a dash where no pair is possible."""
    if sectors:
        width = max(map(len, sectors))
        yield f"  {title}:"
        yield f"  {'':{width}} " + " ".join(f"{name[:width]:>{width}}" for name in sectors)
        for name, row in sectors.items():
            yield f"  {name:{width}} " + " ".join(f"{_number(row[other]):>{width}}" for other in sectors)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) and not math.isclose(value, round(value)) else f"{value:g}"
