"""Honest silence in a run: the cause is stored with the one missing answer that would help most."""

import pytest

from matchmaking.models import Shortfall
from matchmaking.services import runs
from tests.factories import make_participant
from tests.runs import compute_all, make_cohort, make_programme

pytestmark = pytest.mark.django_db


def test_a_run_stores_which_answer_would_help_most():
    event = make_cohort(make_programme(), "talk", 20)
    thin = make_participant(event.programme, event=event, sector="education", languages=["pl", "en"], city="Brest", about="…")
    alone = make_participant(event.programme, event=event, sector="education", languages=["ja"], city="Kyoto", about="…")
    run = compute_all(runs.start(event, by=None, parameters={"threshold": 0.06})[0])
    assert run.state == "done", run.failure
    told = dict(Shortfall.objects.filter(run=run, participant__in=[thin, alone]).values_list("participant__pk", "missing"))
    assert told[thin.pk] in ("offers", "needs", "interests")
    assert told[alone.pk] == ""  # no answer that is missing opens the gate of languages


def test_people_who_got_the_floor_are_not_told_that_something_is_missing():
    event = make_cohort(make_programme(), "talk", 20)
    run = compute_all(runs.start(event, by=None)[0])
    assert (run.state, run.measures["below_floor"]) == ("done", Shortfall.objects.filter(run=run).count())
