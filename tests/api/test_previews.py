"""A run in preview over HTTP, beside what the event shows: what a turn of the dial gains and costs, before anybody sees it."""

import pytest

from matchmaking.models import Run
from tests.api.world import client_of

RUNS = "/api/v1/runs/"
SHOWN = {
    "relevance": 0.2, "pairs": 10, "cross_sector_share": 0.5, "most": 8, "gini_exposure": 0.3, "none": 2, "below_floor": 4,
    "sectors": {"business": {"business": 5, "other": 5}, "other": {"business": 5, "other": 0}},
    "sectors_by_chance": {"business": {"business": 1.5, "other": 0.75}, "other": {"business": 0.75, "other": None}},
}  # fmt: skip
DIALLED = {
    "relevance": 0.18, "pairs": 12, "cross_sector_share": 0.75, "most": 7, "gini_exposure": 0.25, "none": 1, "below_floor": 4,
    "sectors": {"business": {"business": 3, "other": 9}, "other": {"business": 9, "other": 0}},
    "sectors_by_chance": {"business": {"business": 0.5, "other": 1.25}, "other": {"business": 1.25, "other": None}},
}  # fmt: skip
DIFFERENCE = {
    "relevance": -0.02, "pairs": 2, "cross_sector_share": 0.25, "most": -1, "gini_exposure": -0.05, "none": -1, "below_floor": 0,
    "sectors": {"business": {"business": -2, "other": 4}, "other": {"business": 4, "other": 0}},
    "sectors_by_chance": {"business": {"business": -1.0, "other": 0.5}, "other": {"business": 0.5, "other": None}},
}  # fmt: skip


def preview_of(world, measures):
    return Run.objects.create(event=world.event, state="done", measures=measures, parameters={"bridge": 1.0})


@pytest.mark.django_db
def test_a_preview_tells_what_it_gains_and_costs(world):
    Run.objects.filter(pk=world.run.pk).update(measures=SHOWN)
    preview = preview_of(world, DIALLED)
    assert client_of(world.organiser).get(f"{RUNS}{preview.pk}/").json()["compared"] == {
        "run": {"id": preview.pk, "bridge": 1.0, "weights_version": 0, **DIALLED},
        "published": {"id": world.run.pk, "bridge": 0.0, "weights_version": 0, **SHOWN},
        "difference": DIFFERENCE,
    }


@pytest.mark.django_db
def test_only_organisers_read_the_comparison(world, elsewhere):
    preview = preview_of(world, DIALLED)
    address = f"{RUNS}{preview.pk}/"
    assert "compared" not in client_of(world.facilitator).get(address).json()
    assert "compared" not in client_of(world.user).get(address).json()
    assert client_of(elsewhere.organiser).get(address).status_code == 404
    assert client_of(world.organiser).get(address).json()["compared"]["run"]["id"] == preview.pk


@pytest.mark.django_db
def test_a_run_from_before_these_measures_gives_nulls(world):
    Run.objects.filter(pk=world.run.pk).update(measures={"pairs": 10, "none": 2})
    difference = client_of(world.organiser).get(f"{RUNS}{preview_of(world, DIALLED).pk}/").json()["compared"]["difference"]
    assert difference == dict.fromkeys(DIFFERENCE) | {"pairs": 2, "none": -1}


@pytest.mark.django_db
def test_what_is_published_or_under_way_is_no_preview(world):
    client = client_of(world.organiser)
    preview, waiting = preview_of(world, DIALLED), Run.objects.create(event=world.event)
    assert client.get(f"{RUNS}{waiting.pk}/").json()["compared"] is None
    assert client.get(f"{RUNS}{preview.pk}/").json()["compared"] is not None
    assert client.post(f"{RUNS}{preview.pk}/publish/").status_code == 200
    assert client.get(f"{RUNS}{preview.pk}/").json()["compared"] is None


@pytest.mark.django_db
def test_the_first_preview_of_an_event_has_nothing_beside_it(world):
    client = client_of(world.organiser)
    assert client.post(f"{RUNS}{world.run.pk}/take-back/").status_code == 200
    preview = preview_of(world, DIALLED)
    compared = client.get(f"{RUNS}{preview.pk}/").json()["compared"]
    assert compared == {"run": {"id": preview.pk, "bridge": 1.0, "weights_version": 0, **DIALLED}, "published": None, "difference": None}
