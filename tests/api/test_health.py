"""Alive, ready, measures."""

from datetime import timedelta

import pytest
from django.utils import timezone

from matchmaking.models import Intent, Pulse, Run, Shard
from matchmaking.selectors import health
from tests.api.world import client_of

READY = "/health/ready"


@pytest.fixture
def sweeping(db):
    Pulse.objects.update_or_create(name="sweep", defaults={"at": timezone.now()})


def test_it_is_alive_without_anything(client):
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})
    assert client.post("/health/live").status_code == 405


def test_it_is_ready_with_all_its_parts(sweeping, client):
    assert client.get(READY).json() == {
        "status": "ready",
        "parts": {"database": "ready", "broker": "ready", "sweep": "ready", "mail": "ready", "disk": "ready"},
    }


@pytest.mark.parametrize("age", [timedelta(minutes=2), None])
def test_without_the_sweep_it_is_degraded_not_down(age, sweeping, client):
    """F34."""
    Pulse.objects.update(at=timezone.now() - age) if age else Pulse.objects.all().delete()
    answer = client.get(READY)
    assert (answer.status_code, answer.json()["status"], answer.json()["parts"]["sweep"]) == (200, "degraded", "degraded")


def test_without_its_broker_it_is_degraded_not_down(sweeping, client, settings, tmp_path):
    """F11."""
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    health._redis.cache_clear()
    try:
        answer = client.get(READY)
    finally:
        health._redis.cache_clear()
    assert (answer.status_code, answer.json()["status"], answer.json()["parts"]["broker"]) == (200, "degraded", "degraded")


def test_with_a_migration_missing_it_is_down(sweeping, client, monkeypatch):
    monkeypatch.setattr(health, "_complete", False)
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: [("matchmaking", "9999")])
    answer = client.get(READY)
    assert (answer.status_code, answer.json()["status"]) == (503, "down")


def test_measures_tell_counts_and_routes_and_no_ids(world, client):
    run = Run.objects.create(event=world.event)
    Shard.objects.create(run=run, run_epoch=1, stage="vectors", number=0, fenced=3)
    Intent.objects.create(recipient=world.me, kind="approved", dedupe_key="x")
    client_of(world.user).get(f"/api/v1/events/{world.event.pk}/")
    text = client.get("/metrics").content.decode()
    assert 'matchmaking_runs{state="waiting"} 1.0' in text
    assert 'matchmaking_intents{state="waiting"} 1.0' in text
    assert "matchmaking_fenced_writes 3.0" in text
    assert 'matchmaking_queue_depth{queue="runs"}' in text
    assert "matchmaking_queue_oldest_seconds" in text
    assert 'route="api/v1/events/(?P<pk>[0-9]{1,16})/$",status="200"}' in text
    assert str(world.event.pk) not in text


def test_in_production_measures_are_for_the_machine_itself_or_who_holds_the_token(db, client, settings):
    settings.PRODUCTION, settings.METRICS_TOKEN = True, "secret"
    assert client.get("/metrics").status_code == 200
    outside = {"REMOTE_ADDR": "192.0.2.1"}
    assert client.get("/metrics", **outside).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}, **outside).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer secret"}, **outside).status_code == 200
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 404
