"""Runs use the weights and habits of the programme through all their stages, whatever is learned meanwhile."""

import pytest

from matchmaking.compute import shards
from matchmaking.engine import pipeline
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import log_score_e9
from matchmaking.engine.weights import checksum, default_weights
from matchmaking.models import Habit, Idea, IdeaSuggestion, LearnedWeights, Participant, RunKind, Shard, Suggestion
from matchmaking.selectors import records
from matchmaking.selectors.learning import weights_in
from matchmaking.services import learning, publishing, runs
from matchmaking.services.invariants import check_invariants
from tests.learned import version_of
from tests.runs import compute_all, export, make_cohort, make_programme

pytestmark = pytest.mark.django_db
NEAR = {"place": 9.0, "need": 0.1}  # a taste far from the shipped weights


@pytest.fixture
def event():
    return make_cohort(make_programme(), "talk", 30)


def run_of(event, **words):
    run = compute_all(runs.start(event, by=None, **words)[0])
    assert run.state == "done", run.failure
    return run


def pairs_of(run):
    rows = Suggestion.objects.filter(run=run).values_list("pair__a__key", "pair__b__key", "score_e9")
    return {(*sorted((a, b)), score) for a, b, score in rows}


def terms_of(run, part):
    return {term[1] for row in Suggestion.objects.filter(run=run) for term in (*row.terms_ab, *row.terms_ba) if term[0] == part}


def test_every_stage_uses_the_version_and_the_fingerprint_tells_it(event):
    shipped = run_of(event)
    learned = version_of(event.programme, 1, active=True, **NEAR)
    run = run_of(event, shards=3)
    assert (shipped.learned, run.learned, run.weights_version) == (None, learned, 1)
    assert run.fingerprint != shipped.fingerprint
    wanted = pipeline.suggest(records.cohort_of(event, learned), Parameters(**run.parameters))
    assert pairs_of(run) == {(pair.a, pair.b, pair.score_e9) for pair in wanted.suggestions} != pairs_of(shipped)
    assert (run.fingerprint, run.measures["relevance"]) == (wanted.fingerprint, wanted.measures["relevance"])
    values = {value / 9.0 for value in terms_of(run, "place")}
    shipped_values = {value / default_weights().of["place"] for value in terms_of(shipped, "place")}
    assert {round(value, 9) for value in values} <= {round(value, 9) for value in shipped_values} | {0.0, 0.5}
    for row in Suggestion.objects.filter(run=run):
        assert row.score_e9 == log_score_e9(row.z_ab, row.z_ba)


def test_habits_move_the_scores_of_those_who_have_them_alone(event):
    keen = Participant.objects.order_by("key").first()
    learned = version_of(event.programme, 1, active=True)
    Habit.objects.create(learned=learned, participant=keen, opens=0.4, draws=-0.25)
    run = run_of(event)
    told = {}
    for row in Suggestion.objects.filter(run=run).select_related("pair"):
        forth, back = ({part: value for part, value, _ in terms} for terms in (row.terms_ab, row.terms_ba))
        told.setdefault(keen.pk in (row.pair.a_id, row.pair.b_id), set()).add(
            tuple(sorted((forth.get("habits", 0.0), back.get("habits", 0.0))))
        )
    assert told == {True: {(-0.25, 0.4)}, False: {(0.0, 0.0)}}


def test_what_is_learned_while_a_run_goes_on_waits_for_the_next(event):
    wanted = run_of(event)
    started, _ = runs.start(event, by=None)
    assert shards.run(Shard.objects.get(run=started).pk)  # the snapshot
    version_of(event.programme, 1, active=True, **NEAR)
    run = compute_all(started)
    assert (run.state, run.learned, run.fingerprint) == ("done", None, wanted.fingerprint)
    assert pairs_of(run) == pairs_of(wanted)
    assert run_of(event).learned.version == 1


def test_after_a_rollback_runs_are_as_before_and_published_ones_can_be_taken_back(event):
    first = run_of(event, publish=True)
    version_of(event.programme, 1, active=True, **NEAR)
    before = export(event)
    second = run_of(event, publish=True)
    assert export(event) != before
    learning.roll_back(event.programme, 0, by=None)
    second.refresh_from_db()
    assert second.weights_version == 1
    publishing.take_back(second, by=None)
    assert export(event) == before
    third = run_of(event)
    assert (third.fingerprint, pairs_of(third)) == (first.fingerprint, pairs_of(first))
    assert check_invariants(event) == []


def test_lists_of_ideas_use_the_version_too(event):
    lead = Participant.objects.order_by("key").first()
    Idea.objects.create(programme=event.programme, event=event, lead=lead, title="Posters for schools", needs=["Graphic design"])
    shipped = run_of(event, kind=RunKind.IDEAS)
    learned = version_of(event.programme, 1, active=True, **NEAR)
    run = run_of(event, kind=RunKind.IDEAS)
    assert run.learned == learned
    assert run.fingerprint != shipped.fingerprint

    def needs(one):
        rows = IdeaSuggestion.objects.filter(run=one)
        return {row.participant_id: value for row in rows for part, value, _ in row.terms if part == "need" and value}

    old, new = needs(shipped), needs(run)
    both = old.keys() & new.keys()
    assert both
    ratio = NEAR["need"] / default_weights().of["need"]
    assert [new[one] for one in both] == pytest.approx([old[one] * ratio for one in both])


def test_weights_that_somebody_changed_end_a_run_with_a_sentence(event):
    learned = version_of(event.programme, 1, active=True)
    learned.data["weights"]["place"] = 99.0
    learned.save()
    run = compute_all(runs.start(event, by=None)[0])
    assert (run.state, run.failure["params"]) == ("failed", {"version": 1})
    assert "checksum" in run.failure["template"]
    learning.roll_back(event.programme, 0, by=None)
    assert run_of(event).state == "done"


def test_a_part_that_is_newer_than_a_version_has_its_shipped_weight(event):
    learned = version_of(event.programme, 1, place=9.0)
    whole = weights_in(learned)
    older = LearnedWeights(version=1, data={**learned.data, "weights": {"place": 9.0}})
    older.checksum = checksum(older.data)
    assert dict(weights_in(older).of) == dict(whole.of)
