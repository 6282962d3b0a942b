"""Five-line tasks: take ids, call one function; safe to deliver twice. What they call is loaded by those who need it."""

from typing import Any

from celery import shared_task
from celery.signals import celeryd_after_setup
from django.conf import settings

from matchmaking.jobs import QUEUE, Job, queue_name


@celeryd_after_setup.connect
def load_the_engine(instance: Any, **kwargs: object) -> None:
    """Load scikit-learn before the pool is forked, so that its processes share it and a new one starts at once."""
    if {queue_name(QUEUE[job]) for job in (Job.RUN_SHARD, Job.TOP_UP_SHARD)} & set(instance.app.amqp.queues.consume_from):
        import matchmaking.compute.shards  # noqa: F401
        from matchmaking.compute.warming import warm_up_beside

        warm_up_beside()


@shared_task(name=Job.RUN_SHARD.value, time_limit=settings.SHARD_TIME_LIMIT_S)
def run_shard(*, shard_id: int) -> None:
    """Compute one shard of a run; a second delivery does nothing."""
    from matchmaking.compute import shards

    shards.run(shard_id=shard_id)


@shared_task(name=Job.PUBLISH_RUN.value, time_limit=settings.SHARD_TIME_LIMIT_S)
def publish_run(*, run_id: int) -> None:
    """Publish a finished run that is to be published; a second delivery does nothing."""
    from matchmaking.services import top_up

    top_up.publish_if_due(run_id=run_id)


@shared_task(name=Job.TOP_UP.value, time_limit=settings.SHARD_TIME_LIMIT_S)
def top_up(*, event_id: int) -> None:
    """Start the top-up that an event waits for; a second delivery does nothing."""
    from matchmaking.services import top_up

    top_up.begin(event_id=event_id)


@shared_task(name=Job.TOP_UP_SHARD.value, time_limit=settings.SHARD_TIME_LIMIT_S)
def top_up_shard(*, shard_id: int) -> None:
    """Compute a top-up; a second delivery does nothing."""
    from matchmaking.compute import shards

    shards.run(shard_id=shard_id)


@shared_task(name=Job.READ_IMPORT.value, time_limit=settings.SHARD_TIME_LIMIT_S)
def read_import(*, import_id: int) -> None:
    """Read an uploaded file into a preview; a second delivery does nothing."""
    from matchmaking.services import imports

    imports.read(import_id=import_id)


@shared_task(name=Job.SAVE_IMPORT.value, time_limit=settings.SHARD_TIME_LIMIT_S)
def save_import(*, import_id: int) -> None:
    """Save a confirmed import; a second delivery does nothing."""
    from matchmaking.services import imports

    imports.save(import_id=import_id)


@shared_task(name=Job.LEARN.value, time_limit=settings.SHARD_TIME_LIMIT_S)
def learn(*, learned_id: int) -> None:
    """Learn from the answers of a programme; a second delivery does nothing."""
    from matchmaking.compute import learning

    learning.run(learned_id=learned_id)


@shared_task(name=Job.LEARN_DUE.value, time_limit=settings.SHARD_TIME_LIMIT_S)
def learn_due() -> None:
    """Ask for a look at the answers wherever enough have come in."""
    from matchmaking.services import learning

    learning.start_due()


@shared_task(name=Job.MAIL_SIGN_IN.value, time_limit=settings.SHARD_TIME_LIMIT_S)
def mail_sign_in(*, request_id: int) -> None:
    """Send the link and the code somebody asked for; a second delivery does nothing."""
    from matchmaking.services import mailed_sign_in

    mailed_sign_in.send(request_id=request_id)


@shared_task(name=Job.MAIL.value, time_limit=settings.MAIL_TIME_LIMIT_S)
def mail(*, user_id: int) -> None:
    """Send one person the mails that are due; a second delivery does nothing."""
    from matchmaking.services import outbox

    outbox.deliver(user_id=user_id)


@shared_task(name=Job.REMIND.value, time_limit=settings.SHARD_TIME_LIMIT_S)
def remind() -> None:
    """Remind those whose time to answer ends soon, each once."""
    from matchmaking.services import reminders

    reminders.remind()


@shared_task(name=Job.SWEEP.value, time_limit=settings.SHARD_TIME_LIMIT_S)
def sweep() -> None:
    """Ask again for all work that lost its message or its worker."""
    from matchmaking.services.sweep import sweep

    sweep()
