"""The names of the jobs, and the only way to ask for one."""

import logging
from enum import StrEnum

from celery import current_app
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)


class Job(StrEnum):
    RUN_SHARD = "matchmaking.run_shard"
    PUBLISH_RUN = "matchmaking.publish_run"
    TOP_UP = "matchmaking.top_up"
    TOP_UP_SHARD = "matchmaking.top_up_shard"
    READ_IMPORT = "matchmaking.read_import"
    SAVE_IMPORT = "matchmaking.save_import"
    LEARN = "matchmaking.learn"
    LEARN_DUE = "matchmaking.learn_due"
    MAIL_SIGN_IN = "matchmaking.mail_sign_in"
    MAIL = "matchmaking.mail"
    REMIND = "matchmaking.remind"
    SWEEP = "matchmaking.sweep"


QUEUE = {
    Job.RUN_SHARD: "runs",
    Job.PUBLISH_RUN: "interactive",
    Job.TOP_UP: "interactive",
    Job.TOP_UP_SHARD: "interactive",
    Job.READ_IMPORT: "imports",
    Job.SAVE_IMPORT: "imports",
    Job.LEARN: "runs",
    Job.LEARN_DUE: "interactive",
    Job.MAIL_SIGN_IN: "interactive",  # somebody waits for it: not behind the digests
    Job.MAIL: "mail",
    Job.REMIND: "mail",
    Job.SWEEP: "interactive",
}


def queue_name(queue: str) -> str:
    """The queue as the broker knows it: of this database alone."""
    return f"{settings.DATABASE_KEY}.{queue}"


def enqueue(job: Job, *, wait_s: float = 0, **ids: int) -> None:
    """Queue `job` once the surrounding transaction has committed; the sweep covers a lost message."""
    transaction.on_commit(lambda: publish(job, ids, wait_s=wait_s), robust=True)


def publish(job: Job, ids: dict[str, int], *, wait_s: float = 0) -> bool:
    """Send the message now, to be done after `wait_s`; False (and a line in the log) where the broker does not answer."""
    try:
        queue, later = queue_name(QUEUE[job]), wait_s or None
        current_app.send_task(job.value, kwargs=ids, queue=queue, countdown=later, retry=False, ignore_result=True)
    except Exception as error:
        log.warning("could not queue %s: %s", job.value, type(error).__name__)
        return False
    return True
