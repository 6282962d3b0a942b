"""What lies in Redis about a person, found and removed."""

import logging
from collections.abc import Iterable

import redis
from django.conf import settings

log = logging.getLogger(__name__)


def forget(words: Iterable[str]) -> int:
    """Remove cached values that hold one of `words`, in their name or content; how many.

    Cached things end by themselves within seconds to minutes, so an unreachable Redis is no reason to fail.
    """
    wanted = [spelling for word in words for spelling in _spellings(word)]
    options = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), settings.REDIS_TIMEOUT_S)
    client = redis.Redis.from_url(settings.REDIS_URL, **options)
    try:
        return sum(_forget_one(client, name, wanted) for name in client.scan_iter(f"*{settings.DATABASE_KEY}*", count=1000))
    except redis.RedisError as error:
        log.warning("could not look through the cache: %s", type(error).__name__)
        return 0
    finally:
        client.close()


def _forget_one(client: "redis.Redis", name: bytes, wanted: list[bytes]) -> int:
    try:
        content = client.get(name) or b""
    except redis.ResponseError:  # a queue or a set: messages hold ids of runs, shards and imports alone
        return 0
    if any(word in name or word in content for word in wanted):
        return int(client.delete(name))
    return 0


def _spellings(word: str) -> list[bytes]:
    """A word as caches write it: as text, and, a number, as the bytes of a pickled one."""
    spellings = [word.encode()]
    if word.isdecimal():
        number = int(word)
        spellings.append(number.to_bytes((number.bit_length() + 8) // 8, "little"))
    return spellings
