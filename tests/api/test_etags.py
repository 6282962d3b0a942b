"""ETag, If-Match, If-None-Match."""

import threading

import pytest
from django.db import connection

from matchmaking.models import Event, Idea
from tests.api.world import client_of, make_world


@pytest.mark.django_db
def test_what_one_has_is_not_sent_again(world):
    client, address = client_of(world.organiser), f"/api/v1/events/{world.event.pk}/"
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert client.get(address, headers={"If-None-Match": f'"other", W/{first["ETag"]}'}).status_code == 304
    client.patch(address, {"cap": 5}, headers={"If-Match": first["ETag"]})
    fresh = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (fresh.status_code, fresh.json()["cap"]) == (200, 5)


@pytest.mark.django_db
def test_another_reader_with_other_rights_has_another_tag(world):
    address = f"/api/v1/events/{world.event.pk}/"
    tags = {client_of(user).get(address)["ETag"] for user in (world.organiser, world.facilitator, world.user)}
    assert len(tags) == 3
    public = f"/api/v1/public/events/{world.event.slug}/"
    assert client_of(None).get(public, headers={"If-None-Match": client_of(None).get(public)["ETag"]}).status_code == 304


@pytest.mark.django_db
@pytest.mark.parametrize(
    "tag, status", [(None, 428), ('"0"', 412), ("nonsense", 412), ('"2-abc"', 412), ('"9", "1"', 200), ("*", 200), ('W/"1"', 200)]
)
def test_a_change_names_what_it_changes(tag, status, world):
    headers = {} if tag is None else {"If-Match": tag}
    answer = client_of(world.user).patch(f"/api/v1/ideas/{world.idea.pk}/", {"title": "Better"}, headers=headers)
    assert answer.status_code == status
    assert Idea.objects.get(pk=world.idea.pk).title == ("Better" if status == 200 else "Tools to lend")


@pytest.mark.django_db
def test_a_deletion_names_what_it_deletes(world):
    client, address = client_of(world.user), f"/api/v1/ideas/{world.idea.pk}/"
    old = client.get(address)["ETag"]
    assert client.delete(address).status_code == 428
    new = client.patch(address, {"text": "More"}, headers={"If-Match": old})["ETag"]
    assert client.delete(address, headers={"If-Match": old}).status_code == 412
    assert Idea.objects.filter(pk=world.idea.pk).exists()
    assert client.delete(address, headers={"If-Match": new}).status_code == 204


@pytest.mark.django_db(transaction=True)
def test_of_many_changes_to_one_version_one_wins():
    world = make_world()
    address = f"/api/v1/events/{world.event.pk}/"
    clients = [client_of(world.organiser) for _ in range(8)]
    tag = clients[0].get(address)["ETag"]
    barrier, statuses = threading.Barrier(len(clients)), []

    def change(client, cap):
        barrier.wait(10)
        statuses.append((client.patch(address, {"cap": cap}, headers={"If-Match": tag}).status_code, cap))
        connection.close()

    threads = [threading.Thread(target=change, args=(client, cap)) for cap, client in enumerate(clients, start=5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(status for status, _ in statuses) == [200] + [412] * (len(clients) - 1)
    won = next(cap for status, cap in statuses if status == 200)
    event = Event.objects.get(pk=world.event.pk)
    assert (event.cap, event.version) == (won, 2)
