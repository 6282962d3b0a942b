"""How often somebody may ask. Counted atomically in Redis; in the database while Redis does not answer."""

import hashlib
import threading
import time
from functools import cache
from typing import Any

from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from redis import BlockingConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from matchmaking.errors import TooOften
from matchmaking.services.throttle_counts import count_in_database

CONNECTIONS = 16  # callers beyond that wait their turn, which says nothing about Redis
RETRY_FIRST_S, RETRY_MOST_S = 2.0, 30.0
BLOCKS_PER_LIMIT, BLOCK_S, CALLERS_AT_MOST = 20, 5.0, 10_000
NAMESPACE = ""  # tests set one of their own each, so that none counts for another


class Breaker:
    """After a failure everybody goes round the broken thing; from time to time one, and only one, tries it again."""

    def __init__(self) -> None:
        self.pause_s, self.closed_until = 0.0, 0.0
        self.probing = threading.Lock()

    def call(self, ask: Any) -> Any:
        """What `ask` answers, or None where it fails or is not tried."""
        broken = self.pause_s > 0
        if broken and (time.monotonic() < self.closed_until or not self.probing.acquire(blocking=False)):
            return None
        try:
            answer = ask()
            self.pause_s = 0.0
            return answer
        except (RedisError, OSError):
            self.pause_s = min(max(2 * self.pause_s, RETRY_FIRST_S), RETRY_MOST_S)
            self.closed_until = time.monotonic() + self.pause_s
            return None
        finally:
            if broken:
                self.probing.release()


class Blocks:
    """Counts in the database, a twentieth of a limit at a time: a page is not to wait for a write at each request.

    A process takes a block of numbers and deals them out for a few seconds; those left over are lost, so callers are counted
    too strictly, never too kindly. Small limits, those of sign-in among them, have blocks of one and are exact.
    """

    def __init__(self) -> None:
        self.left: dict[str, tuple[list[int], float]] = {}
        self.lock = threading.Lock()

    def count(self, key: str, limit: RateLimitItem, amount: int) -> tuple[int, float]:
        window_s, size = limit.get_expiry(), limit.amount // BLOCKS_PER_LIMIT
        if amount != 1 or size < 2:
            return count_in_database(key, window_s, amount)
        with self.lock:
            numbers, until = self.left.get(key, ([], 0.0))
            if numbers and time.monotonic() < until:
                return numbers.pop(0), float(window_s)
        last, wait = count_in_database(key, window_s, size)
        with self.lock:
            if len(self.left) >= CALLERS_AT_MOST:
                self.left.clear()
            self.left[key] = (list(range(last - size + 2, last + 1)), time.monotonic() + min(BLOCK_S, window_s))
        return last - size + 1, wait


breaker = Breaker()
blocks = Blocks()


@cache
def storage(url: str) -> RedisStorage:
    waits = {"socket_timeout": settings.REDIS_TIMEOUT_S, "socket_connect_timeout": settings.REDIS_TIMEOUT_S}
    pool = BlockingConnectionPool.from_url(url, max_connections=CONNECTIONS, timeout=10, retry=Retry(NoBackoff(), 0), **waits)
    return RedisStorage("redis://", connection_pool=pool, key_prefix=f"{settings.DATABASE_KEY}:throttle")


def rate(scope: str) -> RateLimitItem:
    return parse(settings.THROTTLES[scope])


def count(scope: str, who: str, amount: int = 1) -> tuple[int, float]:
    """Add `amount` to what `who` asked in this window; the sum, and the seconds until the window ends."""
    limit = rate(scope)
    key = f"{NAMESPACE}{scope}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"

    def ask() -> tuple[int, float]:
        redis = storage(settings.REDIS_URL)
        total = redis.incr(key, limit.get_expiry(), amount)
        return total, redis.get_expiry(key) - time.time() if total > limit.amount else 0.0

    return breaker.call(ask) or blocks.count(key, limit, amount)


def take(scope: str, who: str) -> None:
    """Count one request of `who`; raises TooOften beyond the rate."""
    total, wait = count(scope, who)
    if total > rate(scope).amount:
        raise TooOften(max(wait, 1.0))


def give_back(scope: str, who: str) -> None:
    """The request turned out to be harmless: it does not count."""
    count(scope, who, -1)


def address_of(request: Any) -> str:
    """The client's real address. Forwarded ones count only where a proxy of ours wrote them: the last one."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
