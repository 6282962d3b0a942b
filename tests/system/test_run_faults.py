"""Faults of the quality bar's section 1.4, on real processes; each race with a twin whose protection is off."""

from matchmaking.models import Publication, Suggestion
from matchmaking.services import runs


def test_a_run_is_computed_by_workers_and_published(stack, event):
    run, _ = runs.start(event, by=None, publish=True)
    run = stack.ended(run)
    assert run.state == "done", stack.state()
    assert Publication.objects.get(event=event).run == run
    assert Suggestion.objects.filter(run=run).count() == run.measures["pairs"]
