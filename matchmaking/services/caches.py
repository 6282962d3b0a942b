"""What lies in Redis about a person: sentence vectors of texts, kept between runs; and all of it, found and removed."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

import redis
from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

VECTORS_KEPT_S = 30 * 24 * 3600
VECTORS_AT_ONCE = 500
SEAL_SIZE = sha256().digest_size
log = logging.getLogger(__name__)


class VectorMemory:
    """Sentence vectors by the hash of their text, so that a run encodes only what is new; without Redis, everything is new.

    Bytes under a seal made with the service's secret: what somebody else wrote into Redis is never unpickled, which would
    run their code, and never used, which would turn a run's result.
    """

    def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Those of the keys that are there and as they were left."""
        found: dict[str, bytes] = {}
        try:
            with _redis() as client:
                for start in range(0, len(keys), VECTORS_AT_ONCE):
                    asked = keys[start : start + VECTORS_AT_ONCE]
                    answers = zip(asked, client.mget([_name(key) for key in asked]), strict=True)
                    found |= {key: value for key, content in answers if (value := _opened(key, content or b"")) is not None}
        except redis.RedisError as error:
            log.warning("no vectors remembered: %s", type(error).__name__)
        return found

    def set_many(self, values: Mapping[str, bytes]) -> None:
        """Keep values by key for thirty days."""
        names = sorted(values)
        try:
            with _redis() as client:
                for start in range(0, len(names), VECTORS_AT_ONCE):
                    pipeline = client.pipeline(transaction=False)
                    for key in names[start : start + VECTORS_AT_ONCE]:
                        pipeline.set(_name(key), _seal(key, values[key]) + values[key], ex=VECTORS_KEPT_S)
                    pipeline.execute()
        except redis.RedisError as error:
            log.warning("vectors not remembered: %s", type(error).__name__)


def forget(words: Iterable[str], owners: Iterable[str] = ()) -> int:
    """Remove values that hold one of `words`, in their name or content, and the vectors of what `owners` wrote; how many.

    Kept things end by themselves, so an unreachable Redis is no reason to fail.
    """
    wanted, endings = [word.encode() for word in words], tuple(f":{owner}".encode() for owner in owners)
    try:
        with _redis() as client:
            return sum(_forget_one(client, name, wanted, endings) for name in client.scan_iter(f"*{settings.DATABASE_KEY}*", count=1000))
    except redis.RedisError as error:
        log.warning("could not look through the cache: %s", type(error).__name__)
        return 0


def _redis() -> "redis.Redis":
    waits = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), settings.REDIS_TIMEOUT_S)
    return redis.Redis.from_url(settings.REDIS_URL, **waits)


def _name(key: str) -> str:
    return f"{settings.DATABASE_KEY}:{key}"


def _seal(key: str, value: bytes) -> bytes:
    """What only this service can write; the key is part of it, so that no value can be moved under another."""
    return salted_hmac("vector", key.encode() + b"\0" + value, algorithm="sha256").digest()


def _opened(key: str, content: bytes) -> bytes | None:
    seal, value = content[:SEAL_SIZE], content[SEAL_SIZE:]
    return value if constant_time_compare(seal, _seal(key, value)) else None


def _forget_one(client: "redis.Redis", name: bytes, wanted: list[bytes], endings: tuple[bytes, ...]) -> int:
    try:
        content = client.get(name) or b""
    except redis.ResponseError:  # a queue or a set: messages hold ids of runs, shards and imports alone
        return 0
    if name.endswith(endings) or any(word in name or word in content for word in wanted):
        return int(client.delete(name))
    return 0
