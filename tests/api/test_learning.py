"""What a programme learned, over HTTP: organisers read the versions and go back to an older one."""

import pytest
from django.utils import timezone

from matchmaking.models import AuditEntry, LearnedWeights
from tests.api.world import client_of
from tests.learned import version_of

pytestmark = pytest.mark.django_db
COUNTS = {"answers": 480, "accepts": 200, "people": 50, "gains": {"weights": [0.02, 0.01, 0.03], "habits": [0.0, 0.0, 0.0]}}


def address(world, more=""):
    return f"/api/v1/programmes/{world.programme.pk}/learned-weights/{more}"


def test_an_organiser_reads_all_versions_the_newest_first(world):
    first = version_of(world.programme, 1, active=True, place=3.0)
    LearnedWeights.objects.filter(pk=first.pk).update(**COUNTS, finished_at=timezone.now())
    version_of(world.programme, 2)
    LearnedWeights.objects.filter(version=2).update(refused="no_gain", data={}, checksum="")
    failure = {"template": "The work stopped {attempts} times.", "params": {"attempts": 3}}
    LearnedWeights.objects.create(programme=world.programme, version=3, state="failed", until=timezone.now(), failure=failure)
    third, second, told = client_of(world.organiser).get(address(world)).json()["results"]
    assert (third["version"], third["state"], third["failure"]) == (3, "failed", "The work stopped 3 times.")
    assert (second["version"], second["refused"], second["weights"]) == (2, "no_gain", {})
    first.refresh_from_db()
    assert {name: told.pop(name) is not None for name in ("until", "created_at", "finished_at")} == dict.fromkeys(
        ("until", "created_at", "finished_at"), True
    )
    assert told == {
        "id": first.pk, "version": 1, "state": "done", "active": True, "answers": 480, "accepts": 200, "people": 50, "refused": "",
        "gains": {"weights": {"mean": 0.02, "low": 0.01, "high": 0.03}, "habits": {"mean": 0.0, "low": 0.0, "high": 0.0}},
        "weights": first.data["weights"], "checksum": first.checksum, "failure": "",
    }  # fmt: skip


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_length(count, world, django_assert_num_queries):
    for number in range(count):
        version_of(world.programme, number + 1)
    client = client_of(world.organiser)
    with django_assert_num_queries(4):
        assert len(client.get(address(world)).json()["results"]) == count


def test_an_organiser_goes_back_and_the_same_again_changes_nothing(world):
    version_of(world.programme, 1)
    version_of(world.programme, 2, active=True)
    client = client_of(world.organiser)
    for _ in range(2):
        answer = client.post(address(world, "rollback/"), {"version": 1})
        assert (answer.status_code, answer.json()) == (200, {"version": 1})
    assert [row["active"] for row in client.get(address(world)).json()["results"]] == [False, True]
    assert client.post(address(world, "rollback/"), {"version": 0}).json() == {"version": 0}
    written = AuditEntry.objects.filter(action="weights.rolled_back", actor_id=world.organiser.pk, programme_id=world.programme.pk)
    assert [entry.data for entry in written.order_by("created_at")] == [{"version": 1, "previous": 2}, {"version": 0, "previous": 1}]


def test_only_organisers_of_the_programme_may(world, elsewhere):
    version_of(world.programme, 1, active=True)
    for user, status in ((world.facilitator, 403), (world.user, 403), (elsewhere.organiser, 404), (None, 401)):
        client = client_of(user)
        assert client.get(address(world)).status_code == status
        assert client.post(address(world, "rollback/"), {"version": 0}).status_code == status
    assert LearnedWeights.objects.get().active
    assert client_of(world.organiser).post(address(world, "rollback/"), {"version": 0}).status_code == 200
    assert not LearnedWeights.objects.get().active


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"version": 9}, 404),
        ({"version": 2}, 409),
        ({"version": -1}, 400),
        ({"version": "x"}, 400),
        ({}, 400),
        ({"version": 1, "a": 1}, 400),
    ],
)
def test_a_version_that_cannot_be_used_is_refused_and_nothing_changes(body, status, world):
    first = version_of(world.programme, 1, active=True)
    version_of(world.programme, 2)
    LearnedWeights.objects.filter(version=2).update(refused="few_answers", data={}, checksum="")
    answer = client_of(world.organiser).post(address(world, "rollback/"), body, format="json")
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert LearnedWeights.objects.get(active=True) == first
    assert client_of(world.organiser).post(address(world, "rollback/"), {"version": 1}).json() == {"version": 1}
