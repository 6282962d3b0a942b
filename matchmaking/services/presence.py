"""Who has a board open now. It lies in Redis alone and ends by itself; while Redis does not answer, nobody is seen."""

import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from matchmaking.models import Roster, User
from matchmaking.services.throttles import breaker, storage

SEEN_S = 12  # after that somebody who was not heard of is gone: three times the pause between two calls of a board


def heard(*, roster: Roster, by: User) -> Sequence[int]:
    """Note that somebody has the board open; the ids of the others who do."""
    name, now = f"{settings.DATABASE_KEY}:board:{roster.pk}", time.time()

    def ask() -> list[bytes]:
        redis: Any = storage(settings.REDIS_URL).get_connection()
        pipeline = redis.pipeline(transaction=False)
        pipeline.zadd(name, {str(by.pk): now})
        pipeline.zremrangebyscore(name, 0, now - SEEN_S)
        pipeline.expire(name, SEEN_S + 1)
        pipeline.zrange(name, 0, -1)
        return list(pipeline.execute()[-1])

    return sorted(int(one) for one in breaker.call(ask) or () if int(one) != by.pk)
