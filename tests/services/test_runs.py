"""Runs in this process: from the question to what is published."""

import pytest

from matchmaking.models import Artefact, Publication, Run, Shard, Suggestion
from matchmaking.services import runs
from tests.runs import compute_all, make_cohort, make_programme

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return make_cohort(make_programme(), "talk", 40)


def test_a_run_goes_through_its_stages_and_is_published_whole(event):
    run, new = runs.start(event, by=None, publish=True, shards=3)
    assert new
    run = compute_all(run)
    assert (run.state, run.failure) == ("done", {})
    assert run.published_at
    assert Publication.objects.get(event=event).run == run
    assert list(Shard.objects.order_by("created_at").values_list("stage", flat=True).distinct()) != []
    assert Suggestion.objects.filter(run=run).count() == run.measures["pairs"] > 40
    assert not Artefact.objects.exists()
    assert run.measures["people"] == 40
