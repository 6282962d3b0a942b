"""Settings and routes. Loads the Celery app, so that web processes ask for work from the same broker as the workers."""

from workers.celery import app as celery_app

__all__ = ["celery_app"]
