"""How often who may ask: counted exactly, in Redis or, while it does not answer, in the database."""

import threading
import time
from functools import partial
from itertools import chain

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from matchmaking.models import ThrottleCount
from matchmaking.services import keys
from matchmaking.services import throttles as throttling
from tests.api.world import client_of
from tests.factories import make_user

SESSION = "/api/v1/session/"


@pytest.fixture
def rates(settings):
    def few(**rates):
        settings.THROTTLES = {**settings.THROTTLES, **{name.replace("_", "-"): rate for name, rate in rates.items()}}

    return few


@pytest.fixture
def without_redis(settings, monkeypatch, tmp_path):
    """Redis is gone; a new circuit breaker does not know it yet."""
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    monkeypatch.setattr(throttling, "breaker", throttling.Breaker())


def at_once(count, ask):
    """What `ask` answers to `count` threads that begin together."""
    barrier, answers = threading.Barrier(count), []

    def one():
        barrier.wait(20)
        answers.append(ask())
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return answers


@pytest.mark.django_db
def test_beyond_the_rate_one_has_to_wait(rates):
    rates(user="3/minute")
    client, other = client_of(make_user()), client_of(make_user())
    assert [client.get("/api/v1/events/").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/api/v1/events/")
    assert 0 < int(refused["Retry-After"]) <= 61
    assert refused["Content-Type"] == "application/problem+json"
    assert other.get("/api/v1/events/").status_code == 200


@pytest.mark.django_db
def test_a_window_ends(rates):
    rates(user="1/second")
    client = client_of(make_user())
    assert [client.get("/api/v1/events/").status_code for _ in range(2)] == [200, 429]
    time.sleep(1.1)
    assert client.get("/api/v1/events/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("behind_proxy", [False, True])
def test_a_forwarded_address_gains_nothing(behind_proxy, rates, settings):
    """T40: ignored without a proxy of ours; with one, what the client itself wrote is ignored."""
    rates(anon="3/minute")
    settings.BEHIND_PROXY = behind_proxy
    seen = f"{'{}'}, 192.0.2.7" if behind_proxy else "{}"
    statuses = [client_of(None).get(SESSION, headers={"X-Forwarded-For": seen.format(f"10.0.0.{n}")}).status_code for n in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    if behind_proxy:
        assert client_of(None).get(SESSION, headers={"X-Forwarded-For": "192.0.2.8"}).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("redis", [True, False])
def test_two_hundred_guesses_at_once_are_counted_exactly(redis, request, rates):
    """T41, with and without Redis."""
    if not redis:
        request.getfixturevalue("without_redis")
    rates(sign_in="10/minute", anon="1000/minute")
    guess = partial(throttling.count, "sign-in", "somebody@example.org")
    counts = at_once(40, lambda: [guess()[0] for _ in range(5)])  # a database takes 100 connections, not 200
    assert sorted(chain.from_iterable(counts)) == list(range(1, 201))
    assert ThrottleCount.objects.count() == (0 if redis else 1)


@pytest.mark.django_db
@pytest.mark.parametrize("redis", [True, False])
def test_what_is_given_back_does_not_count(redis, request, rates):
    if not redis:
        request.getfixturevalue("without_redis")
    rates(anon="2/minute")
    assert [throttling.count("anon", "x")[0] for _ in range(2)] == [1, 2]
    throttling.give_back("anon", "x")
    assert throttling.count("anon", "x")[0] == 2


@pytest.mark.django_db
def test_without_redis_the_database_counts(without_redis, rates):
    """F11, F12: the limit holds, and pages do not wait for the timeout each time."""
    rates(user="3/minute")
    client = client_of(make_user())
    assert [client.get("/api/v1/events/").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert ThrottleCount.objects.get().count == 5
    ThrottleCount.objects.update(window_ends_at="2020-01-01T00:00:00Z")
    assert client.get("/api/v1/events/").status_code == 200
    ThrottleCount.objects.update(window_ends_at="2020-01-01T00:00:00Z")
    keys.tidy()
    assert ThrottleCount.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_without_redis_large_limits_are_counted_by_the_block(without_redis, rates, monkeypatch):
    """F11: few requests wait for a write, and two processes together never let more through than the limit."""
    rates(user="60/minute")
    processes = [throttling.Blocks(), throttling.Blocks()]
    counts = []
    for number in range(90):
        monkeypatch.setattr(throttling, "blocks", processes[number % 2])
        with CaptureQueriesContext(connection) as queries:
            counts.append((throttling.count("user", "x")[0], len(queries)))
    assert sum(1 for number, _ in counts if number <= 60) == 60
    assert len({number for number, _ in counts}) == 90
    assert sum(writes for _, writes in counts) == 30


def test_a_redis_that_hangs_is_waited_for_once(monkeypatch):
    """One caller tries it, nobody else waits; after the pause one tries again, and then all go back to it."""
    clock = [100.0]
    monkeypatch.setattr(throttling.time, "monotonic", lambda: clock[0])
    breaker, asked = throttling.Breaker(), []

    def hangs():
        asked.append(clock[0])
        raise TimeoutError

    assert [breaker.call(hangs) for _ in range(5)] == [None] * 5
    assert asked == [100.0]
    clock[0] += throttling.RETRY_FIRST_S
    assert breaker.call(hangs) is None
    clock[0] += throttling.RETRY_FIRST_S
    assert breaker.call(hangs) is None  # the pause doubles
    assert asked == [100.0, 102.0]
    clock[0] += throttling.RETRY_FIRST_S
    assert [breaker.call(lambda: "counted") for _ in range(3)] == ["counted"] * 3


def test_while_one_tries_again_the_others_go_round(monkeypatch):
    breaker = throttling.Breaker()

    def fails():
        raise OSError

    breaker.call(fails)
    breaker.closed_until = 0.0
    inside = []
    assert breaker.call(lambda: inside.append(breaker.call(lambda: "counted")) or "back") == "back"
    assert inside == [None]
