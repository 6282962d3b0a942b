"""`manage.py beat`: the clock that asks for the sweep, in place of this process."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Runs Celery's beat with the schedule of workers/schedule.py."
    requires_system_checks: list[str] = []  # starts at once; pages are checked where they are served

    def handle(self, *args: Any, **options: Any) -> None:
        words = ["--schedule", settings.CELERY_BEAT_SCHEDULE_FILENAME, "--pidfile", "", "--loglevel", "warning"]
        os.execv(sys.executable, [sys.executable, "-m", "celery", "--app", "config", "beat", *words])  # noqa: S606
