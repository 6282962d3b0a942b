"""Top-ups over HTTP: their organisers see them among the runs, nobody asks for one or publishes one by hand."""

import pytest

from matchmaking.models import Registration, Run, RunKind, TopUpDue
from tests.api.world import client_of
from tests.factories import make_participant

RUNS = "/api/v1/runs/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def top_up(world) -> Run:
    measures = {"people": 1, "pairs": 2, "came": 2, "made_anew": 0, "went": 0}
    run = Run.objects.create(
        event=world.event, kind=RunKind.TOP_UP, state=Run.State.DONE, publish=True, tops_up=world.run, measures=measures
    )
    Run.objects.filter(pk=run.pk).update(published_at=run.created_at)
    return run


def test_staff_sees_top_ups_among_the_runs_and_participants_do_not(world, top_up):
    for user, there in ((world.organiser, True), (world.facilitator, True), (world.user, False)):
        listed = client_of(user).get(RUNS, {"event": world.event.pk}).json()["results"]
        assert {row["id"] for row in listed} == {world.run.pk, *([top_up.pk] if there else [])}
        assert client_of(user).get(f"{RUNS}{top_up.pk}/").status_code == (200 if there else 404)
    (row,) = [row for row in client_of(world.organiser).get(RUNS).json()["results"] if row["id"] == top_up.pk]
    assert (row["kind"], row["state"], row["published"], row["measures"]) == ("top_up", "done", True, top_up.measures)


def test_nobody_asks_for_a_top_up_or_publishes_one_by_hand(world, top_up):
    client = client_of(world.organiser)
    assert client.post(RUNS, {"event": world.event.pk, "kind": "top_up"}).status_code == 400
    for act in ("publish", "take-back"):
        answer = client.post(f"{RUNS}{top_up.pk}/{act}/")
        assert (answer.status_code, answer.json()["detail"][:8]) == (409, "A top-up")


def test_letting_somebody_in_and_a_changed_profile_ask_for_a_top_up(world):
    late = make_participant(world.programme)
    registration = Registration.objects.create(event=world.event, participant=late, state="waiting")
    assert client_of(world.organiser).post(f"/api/v1/registrations/{registration.pk}/approve/").status_code == 200
    assert TopUpDue.objects.values_list("registration", "changed").get() == (registration.pk, False)
    mine = client_of(world.user)
    profile = mine.get(f"/api/v1/me/profiles/{world.me.pk}/")
    changed = mine.patch(f"/api/v1/me/profiles/{world.me.pk}/", {"needs": ["Mentoring"]}, headers={"If-Match": profile["ETag"]})
    assert changed.status_code == 200, changed.json()
    assert TopUpDue.objects.get(registration__participant=world.me).changed
