"""Idempotency-Key: the same request has its effect once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from api.ideas import Ideas
from matchmaking.models import AuditEntry, Idea, IdempotencyKey
from matchmaking.services import erasure, ideas, keys
from tests.api.world import client_of, make_world

IDEAS = "/api/v1/ideas/"


def idea(world, title="Tools", **more):
    return {"programme": world.programme.pk, "title": title, **more}


def ask(client, body, key="k1", address=IDEAS):
    return client.post(address, body, headers={"Idempotency-Key": key})


@pytest.mark.django_db
def test_the_same_request_gets_the_first_answer_again(world):
    client = client_of(world.user)
    first, again = ask(client, idea(world)), ask(client, idea(world))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert (again["Location"], again["ETag"]) == (first["Location"], first["ETag"])
    assert (first.get("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (None, "true")
    assert Idea.objects.filter(title="Tools").count() == 1
    assert AuditEntry.objects.filter(action="idea.proposed").count() == 1
    assert ask(client, idea(world), key="k2").json()["id"] != first.json()["id"]


@pytest.mark.django_db
def test_the_order_of_fields_does_not_make_another_request(world):
    client, body = client_of(world.user), idea(world, text="x")
    assert ask(client, body).json() == ask(client, dict(reversed(body.items()))).json()


@pytest.mark.django_db
def test_another_request_under_the_key_is_refused(world):
    client = client_of(world.user)
    assert ask(client, idea(world)).status_code == 201
    assert ask(client, idea(world, "Other")).status_code == 422
    address = f"{IDEAS}{world.idea.pk}/"
    assert client.delete(address, headers={"Idempotency-Key": "k1", "If-Match": "*"}).status_code == 422
    assert Idea.objects.filter(pk=world.idea.pk).exists()
    assert not Idea.objects.filter(title="Other").exists()


@pytest.mark.django_db
def test_a_key_is_one_persons_own(world):
    assert ask(client_of(world.user), idea(world)).status_code == 201
    assert ask(client_of(world.other_user), idea(world, "Other")).status_code == 201


@pytest.mark.django_db
def test_a_refusal_leaves_the_key_free(world):
    client = client_of(world.user)
    assert ask(client, idea(world, lead=1)).status_code == 400
    assert ask(client, idea(world)).status_code == 201
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.django_db
def test_a_failure_leaves_the_key_free_and_nothing_behind(world, monkeypatch):
    client = client_of(world.user, raise_request_exception=False)

    real = Ideas.create

    def create(self, request):
        real(self, request)
        raise RuntimeError("after the effect")

    with monkeypatch.context() as broken:
        broken.setattr(Ideas, "create", create)
        assert ask(client, idea(world)).status_code == 500
    assert not Idea.objects.filter(title="Tools").exists()
    assert ask(client, idea(world)).status_code == 201


@pytest.mark.django_db
def test_after_a_day_the_key_is_free(world):
    client = client_of(world.user)
    first = ask(client, idea(world))
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    assert ask(client, idea(world, "Other")).status_code == 201
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    keys.tidy()
    assert IdempotencyKey.objects.count() == 0
    assert first.json()["title"] == "Tools"


@pytest.mark.django_db
@pytest.mark.parametrize("key, status", [("", 400), ("a" * 201, 400), ("a\x07", 400), ("a" * 200, 201), ("ключ 1", 201)])
def test_a_key_is_1_to_200_printable_signs(key, status, world):
    assert client_of(world.user).post(IDEAS, idea(world), HTTP_IDEMPOTENCY_KEY=key).status_code == status


@pytest.mark.django_db
def test_an_erasure_takes_stored_answers_along(world):
    address, body = f"/api/v1/participants/{world.unlisted.pk}/", {"city": "Minsk"}
    organiser = client_of(world.organiser)
    headers = {"If-Match": "*", "Idempotency-Key": "k1"}
    assert organiser.patch(address, body, headers=headers).json()["name"] == world.unlisted.name
    assert world.unlisted.name in organiser.patch(address, body, headers=headers).content.decode()
    erasure.erase(participant=world.unlisted, by=world.organiser)
    again = organiser.patch(address, body, headers=headers)
    assert (again.status_code, again["Content-Type"]) == (410, "application/problem+json")
    assert world.unlisted.name not in again.content.decode()
    assert organiser.get(address).status_code == 404


# --- really at once ---------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_running_others_are_told_to_wait(monkeypatch):
    world = make_world()
    entered, go_on = threading.Event(), threading.Event()
    real = ideas.propose

    def slow(**data):
        made = real(**data)
        entered.set()
        assert go_on.wait(10)
        return made

    monkeypatch.setattr("api.ideas.ideas.propose", slow)
    answers = []
    early, waiting = client_of(world.user), client_of(world.user)  # signed in before: SQLite has one writer at a time
    first = threading.Thread(target=lambda: (answers.append(ask(early, idea(world))), connection.close()))
    first.start()
    assert entered.wait(10)
    second = ask(waiting, idea(world))
    assert (second.status_code, second.json()["title"]) == (409, "Conflict")
    go_on.set()
    first.join(10)
    assert answers[0].status_code == 201
    assert ask(waiting, idea(world)).json() == answers[0].json()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_has_an_effect():
    world = make_world()
    clients = [client_of(world.user) for _ in range(12)]
    barrier, answers = threading.Barrier(len(clients)), []

    def one(client):
        barrier.wait(10)
        answers.append(ask(client, idea(world)))
        connection.close()

    threads = [threading.Thread(target=one, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {answer.status_code for answer in answers} <= {201, 409}
    created = [answer.json() for answer in answers if answer.status_code == 201]
    assert created
    assert all(body == created[0] for body in created)
    assert Idea.objects.filter(title="Tools").count() == 1
