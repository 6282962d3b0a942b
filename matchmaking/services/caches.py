"""What lies in Redis about a person: sentence vectors of texts, kept between runs; and all of it, found and removed."""

import logging
from collections.abc import Iterable, Mapping, Sequence

import redis
from django.conf import settings
from django.core.cache import cache

VECTORS_KEPT_S = 30 * 24 * 3600
VECTORS_AT_ONCE = 500
log = logging.getLogger(__name__)


class VectorMemory:
    """Sentence vectors by the hash of their text, so that a run encodes only what is new; without Redis, everything is new."""

    def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Those of the keys that are there."""
        found: dict[str, bytes] = {}
        try:
            for start in range(0, len(keys), VECTORS_AT_ONCE):
                found |= cache.get_many(keys[start : start + VECTORS_AT_ONCE])
        except redis.RedisError as error:
            log.warning("no vectors remembered: %s", type(error).__name__)
        return found

    def set_many(self, values: Mapping[str, bytes]) -> None:
        """Keep values by key for thirty days."""
        names = sorted(values)
        try:
            for start in range(0, len(names), VECTORS_AT_ONCE):
                cache.set_many({name: values[name] for name in names[start : start + VECTORS_AT_ONCE]}, VECTORS_KEPT_S)
        except redis.RedisError as error:
            log.warning("vectors not remembered: %s", type(error).__name__)


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
