"""Whether the parts of the service answer, and how much they have to do. Counts and ages, never content."""

import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min, Sum
from django.db.models.functions import Now
from django.utils import timezone
from redis.backoff import NoBackoff
from redis.retry import Retry

from matchmaking.models import Intent, Pulse, Run, Shard

REDIS_TIMEOUT_S = 0.5
SWEEP_LATE_S = 60  # the sweep comes every 10 s; without it lost work is not taken up
DISK_LEAST_BYTES = 200_000_000
READY, DEGRADED, DOWN, OFF = "ready", "degraded", "down", "off"
MAIL_REFUSED = "mail.refused"  # the pulse of a mail server that takes no connection


@cache
def _redis() -> "redis.Redis":
    waits = {"socket_timeout": REDIS_TIMEOUT_S, "socket_connect_timeout": REDIS_TIMEOUT_S}
    return redis.Redis.from_url(settings.REDIS_URL, retry=Retry(NoBackoff(), 0), **waits)


def parts() -> dict[str, str]:
    """What each part is: ready, degraded (the service goes on without it) or down."""
    try:
        database = DOWN if migrations_are_missing() else READY
        sweep = READY if (sweep_age() or SWEEP_LATE_S + 1) <= SWEEP_LATE_S else DEGRADED
        mail = mail_state()
    except Exception:
        return {"database": DOWN}
    disk = READY if shutil.disk_usage(settings.VAR_DIR).free > DISK_LEAST_BYTES else DEGRADED
    return {"database": database, "broker": READY if broker_answers() else DEGRADED, "sweep": sweep, "mail": mail, "disk": disk}


def migrations_are_missing() -> bool:
    """Whether the database lacks a migration of this code; once it lacks none, the question is not asked again."""
    global _complete
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if not _complete:
        executor = MigrationExecutor(connection)
        _complete = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return not _complete


_complete = False


def sweep_age() -> float | None:
    """Seconds since the sweep last did its round, by the database's clock."""
    row = Pulse.objects.filter(name="sweep").annotate(now=Now()).first()
    return (row.now - row.at).total_seconds() if row else None


def mail_state() -> str:
    """Off where there is no mail server; degraded while it takes no connection, or left a mail for dead within a day."""
    if not settings.MAIL_ON:
        return OFF
    away = Pulse.objects.filter(name=MAIL_REFUSED, at__gt=Now() - timedelta(seconds=settings.MAIL_AWAY_S))
    dead = Intent.objects.filter(state=Intent.State.FAILED, taken_at__gt=Now() - timedelta(days=1))
    return DEGRADED if away.exists() or dead.exists() else READY


def broker_answers() -> bool:
    try:
        return bool(_redis().ping())
    except (redis.RedisError, OSError):
        return False


def queue_depths() -> dict[str, int]:
    """Messages that wait in each queue; nothing while the broker does not answer."""
    try:
        return {name.partition(".")[2]: int(_redis().llen(name)) for name in settings.QUEUES}
    except (redis.RedisError, OSError):
        return {}


def runs_by_state() -> Mapping[str, int]:
    return dict(Run.objects.values_list("state").annotate(count=Count("pk")))


def intents_by_state() -> Mapping[str, int]:
    return dict(Intent.objects.values_list("state").annotate(count=Count("pk")))


def fenced_writes() -> int:
    return Shard.objects.aggregate(total=Sum("fenced"))["total"] or 0


def oldest_wait_s() -> float:
    """Seconds the longest waiting shard of an active run has been waiting."""
    waiting = Shard.objects.filter(state=Shard.State.WAITING, run__state__in=Run.ACTIVE)
    since: datetime | None = waiting.aggregate(at=Min("created_at"))["at"]
    return (timezone.now() - since).total_seconds() if since else 0.0
