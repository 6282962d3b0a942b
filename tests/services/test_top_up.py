"""Top-ups in this process: who is asked for, what comes, what stays, and what other changes at the same time do to it."""

import pytest
from django.db.models import Q
from django.db.models.functions import Now

from matchmaking.engine import pipeline
from matchmaking.engine import top_up as engine
from matchmaking.engine.parameters import Parameters
from matchmaking.errors import Conflict
from matchmaking.models import (
    FROZEN,
    Artefact,
    AuditEntry,
    Event,
    Intent,
    Pair,
    Participant,
    Response,
    Run,
    Suggestion,
    TopUpDue,
)
from matchmaking.selectors import records
from matchmaking.services import erasure, joining, participants, publishing, runs, top_up
from matchmaking.services.invariants import check_invariants
from matchmaking.services.sweep import sweep
from tests.factories import make_user
from tests.runs import compute_all, make_cohort, make_programme, shown

pytestmark = pytest.mark.django_db
ROOMY = {"cap": 8, "per_sector": 1}  # four other sectors: at most four suggestions each


@pytest.fixture
def event() -> Event:
    """An event of 20 people whose run is published, with room in everybody's list."""
    event = make_cohort(make_programme(), "talk", 20)
    publish_run(event)
    return event


def publish_run(event: Event) -> Run:
    run, _ = runs.start(event, by=None, publish=True, parameters=ROOMY, shards=1)
    run = compute_all(run)
    assert run.state == "done", run.failure
    return run


def come(event: Event, key: str = "late", **told: object) -> Participant:
    """Somebody an organiser enters, with their consent: taking part at once."""
    data = {"name": f"Late {key}", "sector": "other", "languages": ["en"], "needs": ["Graphic design"], "offers": ["Mentoring"], **told}
    return joining.enter(event=event, by=make_user(), data=data, external_id=key, consent="at the door").participant


def topped_up(event: Event) -> Run | None:
    """The top-up that the event waits for, computed and published; None where nobody waits."""
    run = top_up.begin(event.pk)
    if run is not None:
        run = compute_all(run)
        assert run.state == "done", run.failure
        assert check_invariants(event) == []
    return run


def of(person: Participant) -> dict[int, Suggestion]:
    """What the person is shown, by pair."""
    rows = Suggestion.objects.filter(Q(pair__a=person) | Q(pair__b=person), pk__in=shown(person.registrations.get().event))
    return {row.pair_id: row for row in rows}


def test_somebody_who_comes_late_gets_suggestions_and_nothing_else_moves(event):
    before = {row.pk: row for row in Suggestion.objects.filter(pk__in=shown(event))}
    late = come(event)
    run = topped_up(event)
    mine = of(late)
    assert 3 <= len(mine) <= 5
    assert run.measures == {"people": 1, "pairs": len(mine), "came": len(mine), "made_anew": 0, "went": 0}
    after = {row.pk: row for row in Suggestion.objects.filter(pk__in=shown(event))}
    assert {pk: row.__dict__ | {"_state": 0} for pk, row in after.items() if pk in before} == {
        pk: row.__dict__ | {"_state": 0} for pk, row in before.items()
    }
    assert {row.pair_id for row in after.values() if row.pk not in before} == set(mine)
    assert sorted(row.rank_a if row.pair.a_id == late.pk else row.rank_b for row in mine.values()) == list(range(1, len(mine) + 1))
    told = Intent.objects.filter(dedupe_key=f"run:{run.pk}").values_list("recipient_id", flat=True)
    assert set(told) == {person for row in mine.values() for person in (row.pair.a_id, row.pair.b_id)}
    assert not TopUpDue.objects.exists()
    assert topped_up(event) is None
    written = AuditEntry.objects.filter(noun_id=run.pk).order_by("created_at").values_list("action", flat=True)
    assert list(written) == ["run.asked", "run.done", "run.published"]


def test_it_shows_what_the_engine_finds_with_production_scores(event):
    late = come(event)
    topped_up(event)
    base = Run.objects.get(publications__event=event)
    cohort = pipeline.decode_cohort(bytes(Artefact.objects.get(run=base, stage="snapshot").data))
    vectors = [bytes(row.data) for row in Artefact.objects.filter(run=base, stage="vectors").order_by("number")]
    space, now = pipeline.merge_vectors(cohort, vectors), pipeline.order(records.cohort_of(event))
    frozen = engine.thaw(bytes(Artefact.objects.get(run=base, stage=FROZEN).data))
    first = Suggestion.objects.filter(run=base, top_up=None, dropped_at=None).values_list("pair__a__key", "pair__b__key")
    kept = {(min(pair), max(pair)) for pair in first}
    found = engine.top_up(engine.late_to(space, cohort, now), frozen, Parameters(**base.parameters), kept, {late.key})
    assert {(row.score_e9, row.score) for row in of(late).values()} == {(row.score_e9, row.score) for row in found}
    for row in of(late).values():
        for terms, z in ((row.terms_ab, row.z_ab), (row.terms_ba, row.z_ba)):
            assert abs(sum(value for _, value, _ in terms) - z) < 1e-9


def test_several_who_come_at_once_are_taken_together(event):
    people = [come(event, f"late-{number}") for number in range(3)]
    run = topped_up(event)
    assert run.measures["people"] == 3
    assert all(of(person) for person in people)


def test_a_changed_profile_gets_its_open_suggestions_anew_and_keeps_what_was_answered(event):
    person = Participant.objects.get(key="x:talk-003")
    mine = of(person)
    answered = min(mine)
    other = Pair.objects.get(pk=answered)
    Response.objects.create(pair=other, participant=other.a if other.b_id == person.pk else other.b, answer="accept", answered_at=Now())
    change(person, {"needs": ["Translation"], "offers": ["Architecture"], "need_text": "", "offer_text": ""})
    run = topped_up(event)
    after = of(person)
    assert (after[answered].terms_ab, after[answered].top_up) == (mine[answered].terms_ab, None)
    anew = {pair: row for pair, row in after.items() if pair != answered}
    assert anew
    assert all(row.top_up_id == run.pk for row in anew.values())
    assert run.measures["made_anew"] == len(anew.keys() & mine.keys())
    assert run.measures["went"] == len(mine.keys() - after.keys())
    assert {mine[pair].pk for pair in anew.keys() & mine.keys()} == {after[pair].pk for pair in anew.keys() & mine.keys()}


def change(person: Participant, data: dict[str, object]) -> None:
    participants.change(participant=person, data=data, by=make_user(), version=person.version)
    TopUpDue.objects.update(since="2020-01-01T00:00:00Z")  # long enough ago that nobody is typing any more


def test_who_is_still_typing_is_not_made_anew_yet(event, settings):
    settings.TOP_UP_PAUSE_S = 60
    person = Participant.objects.get(key="x:talk-003")
    participants.change(participant=person, data={"needs": ["Translation"]}, by=make_user(), version=person.version)
    assert TopUpDue.objects.get().changed
    assert top_up.begin(event.pk) is None


@pytest.mark.parametrize("fields", [{"phone": "+375 17 000"}, {"private_answers": "quiet please"}, {"listed": False}])
def test_what_suggestions_do_not_rest_on_asks_for_nothing(event, fields):
    person = Participant.objects.get(key="x:talk-003")
    participants.change(participant=person, data=fields, by=make_user(), version=person.version)
    assert not TopUpDue.objects.exists()


def test_who_withdraws_leaves_room_and_who_comes_back_gets_suggestions_again(event):
    person = Participant.objects.get(key="x:talk-003")
    user = make_user()
    Participant.objects.filter(pk=person.pk).update(user=user)
    registration = person.registrations.get()
    partners = {who for row in of(person).values() for who in (row.pair.a_id, row.pair.b_id)} - {person.pk}
    joining.withdraw(registration=registration, by=user)
    assert set(TopUpDue.objects.values_list("registration__participant_id", flat=True)) == partners
    topped_up(event)
    assert of(person) == {}
    joining.join(event=event, user=user, data={})
    registration.refresh_from_db()
    joining.approve(registration=registration, by=make_user())
    topped_up(event)
    assert of(person)


def test_nothing_is_begun_before_a_run_is_shown_and_the_next_run_takes_care_of_those_it_read():
    event = make_cohort(make_programme(), "talk", 20)
    late = come(event)
    assert top_up.begin(event.pk) is None
    run = publish_run(event)
    assert of(late)
    asked = topped_up(event)
    assert asked.measures == {"people": 0, "pairs": 0, "came": 0, "made_anew": 0, "went": 0}
    assert not TopUpDue.objects.exists()
    assert Suggestion.objects.filter(run=run, top_up=None).count() == run.measures["pairs"]


def test_who_comes_while_a_run_computes_is_added_after_it(event):
    late = come(event)
    run, _ = runs.start(event, by=None, publish=True, parameters=ROOMY)
    later = None
    for shard in list(run.shards.all()):
        from matchmaking.compute import shards

        shards.run(shard_id=shard.pk)
        later = come(event, "later")
    compute_all(run)
    assert of(late)
    assert of(later) == {}
    topped_up(event)
    assert of(later)


def test_one_top_up_at_a_time_and_none_beside_one_that_is_not_published(event):
    come(event)
    run = top_up.begin(event.pk)
    assert top_up.begin(event.pk) is None
    Run.objects.filter(pk=run.pk).update(state="done")
    assert top_up.begin(event.pk) is None


def test_where_another_run_is_shown_by_then_it_is_given_up_and_begun_again(event, monkeypatch):
    late = come(event)
    run = top_up.begin(event.pk)
    monkeypatch.setattr("matchmaking.compute.shards.publish_if_due", lambda run_id: None)
    compute_all(run)
    monkeypatch.undo()
    assert Suggestion.objects.filter(run=run).exists()
    assert of(late) == {}
    other = publish_run(event)
    top_up.publish_if_due(run.pk)
    run.refresh_from_db()
    assert (run.publish, run.published_at, Suggestion.objects.filter(run=run).count()) == (False, None, 0)
    assert check_invariants(event) == []
    topped_up(event)
    assert len(shown(event)) == Suggestion.objects.filter(run=other, dropped_at=None).count()
    assert of(late)


def test_an_answer_or_a_block_between_computing_and_publishing_wins(event, monkeypatch):
    person = Participant.objects.get(key="x:talk-003")
    mine = of(person)
    change(person, {"needs": ["Photography"], "need_text": ""})
    run = top_up.begin(event.pk)
    monkeypatch.setattr("matchmaking.compute.shards.publish_if_due", lambda run_id: None)
    compute_all(run)
    monkeypatch.undo()
    said_yes, said_no, *_ = sorted(mine)
    Response.objects.create(pair_id=said_yes, participant=person, answer="accept", answered_at=Now())
    Response.objects.create(pair_id=said_no, participant=person, answer="decline", answered_at=Now())
    top_up.publish_if_due(run.pk)
    assert check_invariants(event) == []
    assert of(person)[said_yes].terms_ab == mine[said_yes].terms_ab
    assert Suggestion.objects.get(pair=said_no, run__publications__event=event).top_up is None


def test_an_erased_person_is_in_nothing_that_top_ups_keep_and_the_next_one_works(event):
    gone = Participant.objects.get(key="x:talk-007")
    erasure.erase(participant=gone, by=None)
    assert not Artefact.objects.exclude(stage=FROZEN).exists()
    assert b"talk-007" not in bytes(Artefact.objects.get().data)
    late = come(event)
    topped_up(event)
    assert of(late)
    assert not any(b"talk-007" in bytes(row.data) for row in Artefact.objects.all())


def test_a_run_that_left_nothing_says_what_to_do(event):
    come(event)
    run = top_up.begin(event.pk)
    Artefact.objects.all().delete()
    run = compute_all(run)
    assert (run.state, run.failure["template"]) == (
        "failed",
        "What this run left for late arrivals is not there any more. Start a new run of the event.",
    )
    assert check_invariants(event) == []
    assert top_up.begin(event.pk) is None


def test_nobody_is_added_to_a_run_that_left_nothing_or_to_an_event_that_is_over(event):
    come(event)
    Artefact.objects.all().delete()
    assert top_up.begin(event.pk) is None
    assert not Run.objects.filter(kind="top_up").exists()
    TopUpDue.objects.all().delete()
    Event.objects.filter(pk=event.pk).update(starts_at="2020-01-01T08:00:00Z", ends_at="2020-01-01T18:00:00Z")
    top_up.ask_for(Participant.objects.get(key="x:late"))
    assert not TopUpDue.objects.exists()


def test_it_cannot_be_published_or_taken_back_by_hand(event):
    come(event)
    run = topped_up(event)
    for act in (publishing.publish, publishing.take_back):
        with pytest.raises(Conflict, match="A top-up"):
            act(run, by=None)


def test_the_sweep_asks_again_where_the_message_was_lost(event, monkeypatch):
    sent = []
    monkeypatch.setattr("matchmaking.jobs.publish", lambda job, ids, **more: sent.append((job.name, ids)) or True)
    come(event)
    assert sweep()["top_ups"] == 0
    TopUpDue.objects.update(asked_at="2020-01-01T00:00:00Z")
    assert sweep()["top_ups"] == 1
    assert ("TOP_UP", {"event_id": event.pk}) in sent
    assert sweep()["top_ups"] == 0


def test_taking_back_the_run_takes_its_top_ups_with_it(event):
    first = set(shown(event))
    publish_run(event)
    late = come(event)
    topped_up(event)
    assert of(late)
    publishing.take_back(Run.objects.get(publications__event=event), by=None)
    assert shown(event) == first
    assert of(late) == {}
    assert check_invariants(event) == []
