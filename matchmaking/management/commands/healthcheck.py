"""`manage.py healthcheck PART`: exit status 0 where this part works; for containers and supervisors."""

import os
from datetime import timedelta
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models.functions import Now

from matchmaking.management.processes import USUAL_PORT, web_is_ready
from matchmaking.models import Pulse

ANSWER_S = 10.0
SWEEP_AGE = timedelta(minutes=2)  # beat asks for a sweep every 10 s


class Command(BaseCommand):
    help = "Says whether a part works: web (on PORT), the worker of a queue in this container, or beat (through the sweep's age)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", choices=["web", "runs", "interactive", "beat"])

    def handle(self, *args: Any, part: str, **options: Any) -> None:
        if not {"web": web, "beat": beat}.get(part, lambda: worker(part))():
            raise CommandError(f"{part} does not work.")
        self.stdout.write(f"{part} works.")


def web() -> bool:
    return web_is_ready(int(os.environ.get("PORT") or USUAL_PORT))


def beat() -> bool:
    return Pulse.objects.filter(name="sweep", at__gt=Now() - SWEEP_AGE).exists()


def worker(queue: str) -> bool:
    """Whether the worker of this host whose first queue is `queue` answers a ping."""
    host = os.uname().nodename
    answers = current_app.control.inspect(timeout=ANSWER_S, limit=1, pattern=f"{queue}.*@{host}", matcher="glob").ping()
    return bool(answers)
