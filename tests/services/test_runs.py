"""Runs in this process: from the question to what is published, and back."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from matchmaking.errors import BadInput, Conflict
from matchmaking.models import (
    KEPT,
    Artefact,
    AuditEntry,
    Consent,
    Event,
    Intent,
    Introduction,
    Pair,
    Participant,
    Publication,
    Pulse,
    Registration,
    Response,
    Run,
    Shard,
    Suggestion,
)
from matchmaking.selectors import records
from matchmaking.selectors.runs import progress
from matchmaking.services import publishing, runs, shards
from matchmaking.services.invariants import check_invariants
from matchmaking.services.sweep import sweep
from tests.runs import compute_all, export, make_cohort, make_programme, shown

pytestmark = pytest.mark.django_db


def published_run(event: Event) -> Run | None:
    """The run whose results the event shows."""
    return Run.objects.filter(publications__event=event).first()


@pytest.fixture
def event():
    return make_cohort(make_programme(), "talk", 40)


def publish_run(event: Event, **words: object) -> Run:
    run, new = runs.start(event, by=None, publish=True, **words)
    assert new
    run = compute_all(run)
    assert run.state == "done", run.failure
    return run


def answer(pair: Pair, person: Participant, what: str) -> None:
    Response.objects.create(pair=pair, participant=person, answer=what, answered_at=Now())


def first_pair(event: Event) -> Pair:
    return Pair.objects.filter(suggestions__pk__in=shown(event)).order_by("a__key", "b__key").first()


# --- the road --------------------------------------------------------------------------------------------------------
def test_a_run_goes_through_its_stages_and_is_published_whole(event):
    run = publish_run(event, shards=3)
    stages = Shard.objects.order_by("created_at", "number").values_list("stage", flat=True)
    assert list(dict.fromkeys(stages)) == ["snapshot", "vectors", "candidates", "allocation", "reasons", "finish"]
    assert [list(stages).count(stage) for stage in dict.fromkeys(stages)] == [1, 3, 3, 1, 3, 1]
    assert published_run(event) == run
    assert Suggestion.objects.filter(run=run).count() == run.measures["pairs"] > 40
    assert run.measures["people"] == 40
    assert set(Artefact.objects.values_list("run_id", "stage")) == {(run.pk, stage) for stage in KEPT}
    assert Intent.objects.filter(kind="suggestions", dedupe_key=f"run:{run.pk}").count() == 40
    assert check_invariants(event) == []


def test_a_preview_is_shown_to_nobody_until_it_is_published(event):
    run, _ = runs.start(event, by=None)
    run = compute_all(run)
    assert (run.state, run.published_at, shown(event)) == ("done", None, set())
    publishing.publish(run, by=None)
    assert len(shown(event)) == run.measures["pairs"]
    first = AuditEntry.objects.filter(action="run.published").count()
    publishing.publish(run, by=None)
    assert AuditEntry.objects.filter(action="run.published").count() == first == 1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_an_event_with_hardly_anybody_ends_well(count):
    event = make_cohort(make_programme(), "small", count)
    run = publish_run(event, shards=7)
    assert run.measures["people"] == count
    assert check_invariants(event) == []


# --- sameness --------------------------------------------------------------------------------------------------------
def test_shards_order_and_database_ids_change_nothing():
    files = set()
    for number, (shard_count, reverse) in enumerate([(1, False), (2, True), (7, True), (7, False)]):
        programme = make_programme(f"city-{number}")
        event = make_cohort(programme, f"talk-{number}", 40, keys="talk", backwards=reverse)
        run, _ = runs.start(event, by=None, publish=True, shards=shard_count)
        run = compute_all(run, reverse=reverse)
        files.add((run.fingerprint, export(event)))
    assert len(files) == 1
    (fingerprint, file) = files.pop()
    assert len(fingerprint) == 64
    assert len(json.loads(file)) == run.measures["pairs"]


def test_parts_add_up_to_z_in_both_directions(event):
    publish_run(event)
    for row in json.loads(export(event)):
        assert abs(sum(row["parts_ab"].values()) - row["z_ab"]) < 1e-9
        assert abs(sum(row["parts_ba"].values()) - row["z_ba"]) < 1e-9
        assert row["score"] == row["p_ab"] * row["p_ba"]


@pytest.mark.parametrize("count", [1, 3, 40])
def test_reading_a_cohort_costs_the_same_for_any_length(count, django_assert_num_queries):
    event = make_cohort(make_programme(), "talk", count)
    with django_assert_num_queries(9):
        assert len(records.cohort_of(event).profiles) == count


# --- who is in a run -------------------------------------------------------------------------------------------------
def test_unapproved_and_unconsenting_people_are_in_no_run(event):
    people = list(Participant.objects.order_by("key"))
    Registration.objects.filter(participant=people[0]).update(state="waiting")
    Consent.objects.filter(participant=people[1]).update(withdrawn_at=Now())
    keys = {profile.key for profile in records.cohort_of(event).profiles}
    assert keys == {person.key for person in people[2:]}


# --- asking ----------------------------------------------------------------------------------------------------------
def test_a_second_question_gets_the_active_run(event):
    run, new = runs.start(event, by=None)
    again, new_again = runs.start(event, by=None, publish=True)
    assert (new, new_again, again) == (True, False, run)
    assert Run.objects.get(event=event, state__in=Run.ACTIVE) == run
    assert AuditEntry.objects.filter(action="run.asked").count() == 1


@pytest.mark.parametrize(
    "parameters",
    [{"cap": 99}, {"cap": "8"}, {"cap": True}, {"same_sector": 1}, {"colour": 1}, {"threshold": "0.5"}, {"floor": 5, "cap": 3}],
)
def test_bad_parameters_are_refused_before_anything_is_written(event, parameters):
    with pytest.raises(BadInput):
        runs.start(event, by=None, parameters=parameters)
    assert not Run.objects.exists()


def test_parameters_come_from_the_event_and_can_be_overridden(event):
    Event.objects.filter(pk=event.pk).update(cap=5, met_again=True)
    event.refresh_from_db()
    run, _ = runs.start(event, by=None, parameters={"floor": 1, "threshold": 0.01})
    chosen = {name: run.parameters[name] for name in ("cap", "floor", "met_again", "threshold")}
    assert chosen == {"cap": 5, "floor": 1, "met_again": True, "threshold": 0.01}


# --- answers over runs -----------------------------------------------------------------------------------------------
def test_answers_are_carried_into_the_next_run(event):
    publish_run(event)
    accepted, declined = Pair.objects.filter(suggestions__pk__in=shown(event)).order_by("a__key", "b__key")[:2]
    answer(accepted, accepted.a, "accept")
    answer(declined, declined.b, "decline")
    publish_run(event)
    pairs = set(Suggestion.objects.filter(pk__in=shown(event)).values_list("pair_id", flat=True))
    assert accepted.pk in pairs
    assert declined.pk not in pairs
    assert check_invariants(event) == []


def test_an_answer_given_to_the_old_run_while_the_new_one_waits_is_not_lost(event):
    publish_run(event)
    preview, _ = runs.start(event, by=None, parameters={"cap": 2, "floor": 1})
    preview = compute_all(preview)
    kept = Pair.objects.filter(suggestions__pk__in=shown(event)).exclude(suggestions__run=preview).order_by("a__key", "b__key").first()
    answer(kept, kept.a, "accept")
    publishing.publish(preview, by=None)
    visible = Suggestion.objects.filter(pk__in=shown(event))
    assert set(visible.values_list("run_id", flat=True)) == {preview.pk}
    assert visible.filter(pair=kept).count() == 1
    for person in (kept.a_id, kept.b_id):
        assert visible.filter(pair__a=person).count() + visible.filter(pair__b=person).count() <= 2
    assert check_invariants(event) == []


def test_who_met_at_another_event_of_the_programme_is_not_suggested_again(event):
    publish_run(event)
    pair = first_pair(event)
    other = Event.objects.create(programme=event.programme, slug="earlier", name="Earlier")
    Introduction.objects.create(pair=Pair.objects.create(event=other, a=pair.a, b=pair.b))
    cohort = records.cohort_of(event)
    assert cohort.met == {(min(pair.a.key, pair.b.key), max(pair.a.key, pair.b.key))}
    publish_run(event)
    assert not Suggestion.objects.filter(pk__in=shown(event), pair=pair).exists()


def test_what_people_were_shown_elsewhere_counts_half(event):
    run = publish_run(event)
    later = Event.objects.create(programme=event.programme, slug="later", name="Later")
    for person in Participant.objects.all():
        Registration.objects.create(event=later, participant=person, state="approved")
    row = Suggestion.objects.filter(run=run).order_by("-score").first()
    mine = Suggestion.objects.filter(run=run, pair__a=row.pair.a) | Suggestion.objects.filter(run=run, pair__b=row.pair.a)
    value = records.cohort_of(later).past_value[row.pair.a.key]
    assert value == pytest.approx(sum(mine.values_list("score", flat=True)) / 2)


# --- taking back, cancelling, beginning anew -------------------------------------------------------------------------
def test_taking_back_brings_the_previous_run_and_keeps_answers(event):
    first = publish_run(event)
    before = shown(event)
    second = publish_run(event, parameters={"seed": 5, "cap": 5})
    assert second.previous == first
    pair = first_pair(event)
    answer(pair, pair.a, "accept")
    publishing.take_back(second, by=None)
    assert published_run(event) == first
    assert before <= shown(event)
    assert Suggestion.objects.filter(pk__in=shown(event), pair=pair).count() == 1
    with pytest.raises(Conflict):
        publishing.publish(second, by=None)
    with pytest.raises(Conflict):
        publishing.take_back(second, by=None)
    assert check_invariants(event) == []


def test_taking_back_the_only_run_leaves_what_was_answered(event):
    run = publish_run(event)
    pair = first_pair(event)
    answer(pair, pair.a, "accept")
    publishing.take_back(run, by=None)
    assert list(Suggestion.objects.filter(pk__in=shown(event)).values_list("pair_id", flat=True)) == [pair.pk]
    assert check_invariants(event) == []


def test_taking_back_the_only_run_without_answers_leaves_nothing(event):
    run = publish_run(event)
    publishing.take_back(run, by=None)
    assert shown(event) == set()
    assert published_run(event) is None


def test_a_cancelled_run_leaves_nothing(event):
    run, _ = runs.start(event, by=None)
    for shard_id in list(Shard.objects.filter(run=run).values_list("pk", flat=True)):
        claim = shards.claim(shard_id)
    assert claim
    run = runs.cancel(run, by=None)
    assert (run.state, run.epoch) == ("cancelled", 2)
    with pytest.raises(shards.Fenced), shards.fenced(claim):
        raise AssertionError("nothing may be written")
    assert Shard.objects.get(pk=claim.shard_id).fenced == 1
    with pytest.raises(Conflict):
        runs.cancel(run, by=None)
    assert progress(run)["template"] == "Cancelled."
    assert check_invariants(event) == []


def test_an_erasure_begins_the_run_anew(event):
    run, _ = runs.start(event, by=None, publish=True, shards=1)
    for _ in range(2):
        from matchmaking.compute import shards as compute

        compute.run(Shard.objects.get(run=run, state="waiting").pk)
    person = Participant.objects.order_by("key").first()
    assert runs.restart_runs_of(person) == 1
    run.refresh_from_db()
    assert (run.state, run.epoch, Artefact.objects.count()) == ("waiting", 2, 0)
    person.delete()
    run = compute_all(run)
    assert (run.state, run.measures["people"]) == ("done", 39)
    assert check_invariants(event) == []


# --- failing ---------------------------------------------------------------------------------------------------------
def test_three_failed_attempts_end_the_run_with_a_sentence(event, monkeypatch, caplog):
    from matchmaking.compute import suggestions

    def broken(*words: object) -> None:
        raise MemoryError

    monkeypatch.setitem(suggestions.STAGES, "vectors", broken)
    run, _ = runs.start(event, by=None, shards=1)
    run = compute_all(run)
    assert run.state == "failed"
    told = progress(run)
    assert told["template"].format_map(told["params"]) == (
        "The work stopped 3 times at one stage (Reading what people offer and need). "
        f"Start a new run; if it stops again, tell the operator: run {run.pk}."
    )
    assert "Person" not in caplog.text
    assert check_invariants(event) == []


def test_the_sweep_gives_up_after_the_third_lost_worker(event):
    run, _ = runs.start(event, by=None)
    Shard.objects.update(state="running", attempts=3, lease_until=Now() - timedelta(seconds=1))
    assert sweep()["given_up"] == 1
    run.refresh_from_db()
    assert run.state == "failed"
    assert Pulse.objects.get().name == "sweep"
    assert check_invariants(event) == []


# --- leases: by the database's clock, on both databases --------------------------------------------------------------
@pytest.fixture
def shard(event):
    runs.start(event, by=None)
    return Shard.objects.get()


def test_a_claim_takes_a_lease_and_nobody_else_gets_it(shard, settings):
    claim = shards.claim(shard.pk)
    assert (claim.epoch, claim.stage) == (1, "snapshot")
    assert shards.claim(shard.pk) is None
    shard.refresh_from_db()
    lease = shard.lease_until - shard.started_at
    assert abs(lease.total_seconds() - settings.LEASE_S) < 1
    assert abs((shard.lease_until - datetime.now(UTC)).total_seconds() - settings.LEASE_S) < 5


@pytest.mark.parametrize(("left", "taken"), [(0.5, False), (-0.01, True)])
def test_a_lease_that_ran_out_is_taken_over(shard, left, taken):
    first = shards.claim(shard.pk)
    Shard.objects.update(lease_until=shards.in_seconds(left))
    second = shards.claim(shard.pk)
    assert (second is not None) == taken
    if taken:
        assert second.epoch == first.epoch + 1
        with pytest.raises(shards.Fenced), shards.fenced(first):
            raise AssertionError("nothing may be written")
        with shards.fenced(second) as run:
            assert run.pk == shard.run_id
        assert Shard.objects.values_list("fenced", "attempts").get() == (1, 2)


def test_a_heartbeat_renews_until_the_lease_is_lost(shard):
    claim = shards.claim(shard.pk)
    heart = shards.Heartbeat(shards.held(claim))
    Shard.objects.update(lease_until=shards.in_seconds(1))
    heart._renew()
    assert Shard.objects.filter(lease_until__gt=shards.in_seconds(2)).exists()
    Shard.objects.update(epoch=F("epoch") + 1)
    heart._renew()
    assert heart.lost


def test_progress_tells_of_the_second_attempt_in_one_query(shard, django_assert_num_queries):
    assert progress(shard.run)["template"] == "Queued, will start shortly."
    shards.claim(shard.pk)
    run = Run.objects.get()
    assert progress(run)["template"] == "Reading the profiles."
    Shard.objects.update(lease_until=shards.in_seconds(-1))
    with django_assert_num_queries(1):
        told = progress(run)
    assert (told["percent"], told["attempt"], told["template"], told["params"]) == (0, 2, "Resuming (attempt {attempt}).", {"attempt": 2})


# --- times to answer -------------------------------------------------------------------------------------------------
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("starts", "ends", "due"),
    [
        (None, None, NOW + 3 * DAY),
        (NOW + 10 * DAY, NOW + 11 * DAY, NOW + 10 * DAY),
        (NOW + DAY, NOW + 2 * DAY, NOW + 3 * DAY),
        (NOW - 14 * DAY, NOW - 13 * DAY, NOW + DAY),
    ],
    ids=["no date", "start is later", "72 hours are later", "never past end + 14 days"],
)
def test_when_an_answer_is_due(starts, ends, due):
    assert publishing.expiry(Event(starts_at=starts, ends_at=ends), NOW) == due


def test_a_pair_that_lapsed_without_an_answer_gets_new_time_and_others_keep_theirs(event):
    publish_run(event)
    lapsed, other = Pair.objects.filter(suggestions__pk__in=shown(event)).order_by("a__key", "b__key")[:2]
    Pair.objects.filter(pk=lapsed.pk).update(expires_at=Now() - timedelta(hours=1))
    publish_run(event)
    assert Pair.objects.get(pk=lapsed.pk).expires_at > lapsed.expires_at - timedelta(minutes=5)
    assert Pair.objects.get(pk=other.pk).expires_at == other.expires_at
    assert Publication.objects.count() == 1
