"""Learning from answers, whole: a look becomes a version, runs use it through all stages, and people can go back."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from matchmaking.compute import learning as compute
from matchmaking.engine.weights import default_weights
from matchmaking.errors import Conflict, NotFound
from matchmaking.models import AuditEntry, Consent, Habit, LearnedWeights, Pair, Participant, Response, Run
from matchmaking.selectors import records
from matchmaking.selectors.learning import active_weights, answers_in, weights_in
from matchmaking.selectors.own_data import everything
from matchmaking.services import erasure, learning
from matchmaking.services.shards import Fenced
from matchmaking.services.sweep import sweep
from tests.factories import make_event, make_participant, make_published_run, make_suggestion, make_user
from tests.learned import PAIRS, answer, version_of
from tests.runs import make_cohort, make_programme

pytestmark = pytest.mark.django_db


def learn(programme):
    learned, new = learning.start(programme, by=None)
    assert new
    assert compute.run(learned.pk)
    learned.refresh_from_db()
    return learned


def actions(programme):
    return list(
        AuditEntry.objects.filter(programme_id=programme.pk).exclude(noun="run").order_by("created_at").values_list("action", "data")
    )


@pytest.fixture
def event():
    return make_cohort(make_programme(), "talk", 40)


# --- a look at the answers ---------------------------------------------------------------------------------------------
def test_answers_make_a_version_that_is_used_at_once(event):
    answer(event)
    learned = learn(event.programme)
    assert (learned.version, learned.state, learned.refused, learned.active) == (1, "done", "", True)
    assert 200 < learned.answers <= 2 * PAIRS
    assert 30 < learned.accepts < learned.answers
    assert learned.gains["weights"][0] >= learned.gains["weights"][1] > 0
    weights = weights_in(learned)
    assert weights.version.startswith("answers-1-")
    assert weights.of["place"] > 2 * default_weights().of["place"]
    assert actions(event.programme) == [
        ("learning.asked", {"version": 1}),
        ("learning.done", {"version": 1}),
        ("weights.activated", {"version": 1, "previous": 0}),
    ]


def test_few_answers_change_nothing(event):
    answer(event, count=60)
    learned = learn(event.programme)
    assert (learned.state, learned.refused, learned.active, learned.data) == ("done", "few_answers", False, {})
    assert active_weights(event.programme_id) is None
    with pytest.raises(Conflict, match="no weights that can be used"):
        learning.roll_back(event.programme, 1, by=None)
    assert [action for action, _ in actions(event.programme)] == ["learning.asked", "learning.done"]


def test_who_says_yes_to_all_teaches_nothing(event):
    answer(event, count=220, trolls=6)
    trolls = Participant.objects.order_by("key")[:6]
    learned = learn(event.programme)
    of_trolls = Response.objects.filter(participant__in=trolls)
    assert of_trolls.count() > 50
    assert learned.answers <= Response.objects.count() - of_trolls.count()
    of_trolls.delete()
    again = learn(event.programme)
    assert (again.answers, again.accepts, again.gains) == (learned.answers, learned.accepts, learned.gains)
    assert again.data["weights"] == learned.data["weights"]


def test_the_same_answers_teach_the_same_whatever_the_ids(event):
    other = make_cohort(make_programme("other"), "walk", 40, keys="talk", backwards=True)
    for one in (event, other):
        answer(one)
    first, second = learn(event.programme), learn(other.programme)
    assert first.data == second.data
    assert first.gains == second.gains


def test_who_withdrew_the_consent_is_not_learned_from_and_an_erased_person_leaves_no_habit(event):
    answer(event)
    gone, erased = Participant.objects.order_by("key")[:2]
    Consent.objects.filter(participant=gone).update(withdrawn_at=Now())
    learned = learn(event.programme)
    theirs = Response.objects.filter(pair__a=gone) | Response.objects.filter(pair__b=gone)
    assert learned.answers <= Response.objects.count() - theirs.count()
    Habit.objects.create(learned=learned, participant=erased, opens=0.1, draws=0.2)
    erasure.erase(participant=erased, by=None)
    assert not Habit.objects.filter(participant_id=erased.pk).exists()
    assert records.cohort_of(event, learned).weights == weights_in(learned)


def test_an_answer_is_seen_with_the_dial_of_the_run_that_had_shown_it(event):
    answer(event, count=1)
    pair = Pair.objects.get()
    learned, _ = learning.start(event.programme, by=None)
    for bridge, days in ((2.0, 3), (1.0, 2), (3.0, -1)):
        when = timezone.now() - timedelta(days=days)
        run = Run.objects.create(event=event, state="done", published_at=when, parameters={"bridge": bridge})
        make_suggestion(run, pair.a, pair.b)
    given = list(answers_in(event, learned))
    assert [(one.bridge, {one.by, one.about}, set(one.ids)) for one in given] == [
        (1.0, {pair.a.key, pair.b.key}, {pair.a_id, pair.b_id})
    ] * 2


def test_who_can_sign_in_and_opens_nothing_at_all_is_foretold_to_open_less(event):
    answer(event)
    walk, others = make_event(event.programme), list(Participant.objects.order_by("key")[:10])
    silent, once, few, declined = (make_participant(event.programme, user=make_user()) for _ in range(4))
    without_login = make_participant(event.programme)
    ago = timezone.now() - timedelta(days=1)
    run = make_published_run(walk, published_at=ago)
    for person in (silent, once, few, declined, without_login):
        for other in others[: 4 if person == few else 10]:
            a, b = sorted((person, other), key=lambda one: one.pk)
            pair = make_suggestion(run, a, b).pair
            Pair.objects.filter(pk=pair.pk).update(shown_at=ago, expires_at=ago)
            if person == declined:
                Response.objects.create(pair=pair, participant=other, answer="decline", answered_at=ago)
    Response.objects.create(pair=Pair.objects.filter(Q(a=once) | Q(b=once))[0], participant=once, answer="decline", answered_at=ago)
    learned = learn(event.programme)
    assert learned.refused == ""
    opens = dict(Habit.objects.filter(learned=learned).values_list("participant_id", "opens"))
    assert opens.get(silent.pk) == -0.25
    (told,) = everything(silent.user)["habits"]
    assert (told["opens"], told["learned__version"], "draws" in told) == (-0.25, 1, False)
    assert [opens.get(person.pk, 0.0) for person in (once, few, declined, without_login)] == [0.0] * 4


# --- the job -----------------------------------------------------------------------------------------------------------
def test_a_look_delivered_twice_is_done_once(event):
    answer(event)
    learned, new = learning.start(event.programme, by=None)
    assert learning.start(event.programme, by=None) == (learned, False)
    assert (new, compute.run(learned.pk), compute.run(learned.pk)) == (True, True, False)
    assert LearnedWeights.objects.count() == 1
    assert len(actions(event.programme)) == 3


def test_a_worker_that_was_replaced_cannot_write(event):
    learned, _ = learning.start(event.programme, by=None)
    slow = learning.claim(learned.pk)
    assert learning.claim(learned.pk) is None
    LearnedWeights.objects.update(lease_until=Now() - timedelta(seconds=1))
    quick = learning.claim(learned.pk)
    facts = {"refused": "few_answers", "answers": 7}
    with pytest.raises(Fenced):
        learning.keep(slow, facts=facts, habits={})
    learning.fail(slow, "Too late.", {})
    assert LearnedWeights.objects.values_list("state", "answers").get() == ("running", 0)
    learning.keep(quick, facts=facts, habits={})
    assert LearnedWeights.objects.values_list("state", "answers", "epoch").get() == ("done", 7, 2)


def test_the_sweep_asks_again_and_gives_up_after_three_attempts(event, monkeypatch):
    sent = []
    monkeypatch.setattr("matchmaking.jobs.publish", lambda job, ids: sent.append((job.value, ids)) or True)
    learned, _ = learning.start(event.programme, by=None)
    assert sweep()["learning"] == 0
    LearnedWeights.objects.update(asked_at=Now() - timedelta(hours=1))
    assert (sweep()["learning"], sweep()["learning"]) == (1, 0)
    assert sent[-1] == ("matchmaking.learn", {"learned_id": learned.pk})
    LearnedWeights.objects.update(state="running", attempts=3, lease_until=Now() - timedelta(seconds=1))
    assert sweep()["learning"] == 0
    learned.refresh_from_db()
    assert (learned.state, learned.failure["params"]["attempts"]) == ("failed", 3)
    assert actions(event.programme)[-1][0] == "learning.failed"


def test_a_look_that_breaks_is_tried_again_and_one_with_bad_input_is_not(event, monkeypatch, caplog):
    monkeypatch.setattr(compute, "ROWS_AT_ONCE", 0)  # a division by zero
    answer(event, count=1)
    learned, _ = learning.start(event.programme, by=None)
    assert [compute.run(learned.pk) for _ in range(4)] == [False] * 4
    learned.refresh_from_db()
    assert (learned.state, learned.attempts, learned.failure["params"]["attempts"]) == ("failed", 3, 3)
    monkeypatch.undo()
    version_of(event.programme, 2, active=True)
    LearnedWeights.objects.filter(version=2).update(data={"version": "forged", "weights": {"place": 99.0}})
    third, _ = learning.start(event.programme, by=None)
    assert not compute.run(third.pk)
    third.refresh_from_db()
    assert (third.state, third.attempts, third.failure["params"]) == ("failed", 1, {"version": 2})


def test_looks_are_due_where_answers_came_in_and_not_after_a_rollback(event):
    programme = event.programme
    answer(event, count=24)
    assert learning.start_due() == 0
    answer(make_cohort(programme, "walk", 10), count=1)
    assert (learning.start_due(), learning.start_due()) == (1, 0)
    assert compute.run(LearnedWeights.objects.get().pk)
    assert learning.start_due() == 0  # nothing has come in since then
    version_of(programme, 2)
    LearnedWeights.objects.update(until=timezone.now() - timedelta(days=9))
    assert learning.start_due() == 0  # usable and not in use: somebody rolled back
    learning.roll_back(programme, 2, by=None)
    assert learning.start_due() == 1


# --- versions ----------------------------------------------------------------------------------------------------------
def test_one_version_is_in_use_and_only_one_that_can_be(event):
    first = version_of(event.programme, 1, active=True)
    for refused in (
        {"version": 2, "active": True, "state": "done", "checksum": "x"},
        {"version": 1, "state": "done"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            LearnedWeights.objects.create(programme=event.programme, until=Now(), **refused)
    for unusable in ({"refused": "no_gain"}, {"checksum": ""}, {"state": "failed"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            LearnedWeights.objects.filter(pk=first.pk).update(**unusable)
    LearnedWeights.objects.create(programme=event.programme, until=Now(), version=3)
    with pytest.raises(IntegrityError), transaction.atomic():
        LearnedWeights.objects.create(programme=event.programme, until=Now(), version=4)
    assert active_weights(event.programme_id) == first


def test_rolling_back_is_written_down_once_and_reaches_no_other_programme(event):
    other, organiser = make_programme("other"), make_user()
    first, second = version_of(event.programme, 1), version_of(event.programme, 2, active=True)
    theirs = version_of(other, 1, active=True)
    for _ in range(2):
        assert learning.roll_back(event.programme, 1, by=organiser) == first
    assert learning.roll_back(event.programme, 0, by=organiser) is None
    assert actions(event.programme) == [
        ("weights.rolled_back", {"version": 1, "previous": 2}),
        ("weights.rolled_back", {"version": 0, "previous": 1}),
    ]
    assert set(AuditEntry.objects.values_list("actor_id", flat=True)) == {organiser.pk}
    with pytest.raises(NotFound, match="no version 3"):
        learning.roll_back(event.programme, 3, by=organiser)
    assert active_weights(event.programme_id) is None
    assert active_weights(other.pk) == theirs
    assert learning.roll_back(event.programme, 2, by=organiser) == second
