"""`manage.py worker QUEUE ...`: a Celery worker for these queues of this database, in place of this process."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from matchmaking.jobs import queue_name


class Command(BaseCommand):
    help = "Runs a Celery worker for the queues named (interactive, runs, imports, mail)."
    requires_system_checks: list[str] = []  # starts at once; pages are checked where they are served

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queues", nargs="+", choices=["interactive", "runs", "imports", "mail"])
        parser.add_argument("--concurrency", type=int, default=int(os.environ.get("WORKER_CONCURRENCY", "0")))

    def handle(self, *args: Any, queues: list[str], concurrency: int, **options: Any) -> None:
        concurrency = concurrency or (2 if "runs" in queues else 1)
        names = ",".join(queue_name(queue) for queue in queues)
        words = [
            "--queues",
            names,
            "--concurrency",
            str(concurrency),
            "--hostname",
            f"{queues[0]}.{os.getpid()}@%h",
            "--loglevel",
            "warning",
        ]
        os.execv(sys.executable, [sys.executable, "-m", "celery", "--app", "config", "worker", *words])  # noqa: S606
