"""The Celery app. Queue names carry the database's key, so a worker never takes another database's work."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("matchmaking")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.imports = ("workers.tasks",)


@app.on_after_finalize.connect
def take_schedule(sender: Celery, **kwargs: object) -> None:
    from workers.schedule import SCHEDULE

    sender.conf.beat_schedule = SCHEDULE
