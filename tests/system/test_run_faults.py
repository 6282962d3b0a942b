"""Faults of the quality bar's section 1.4 on real processes. Each race has a twin with one protection off that fails the same way."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import contextmanager
from itertools import count
from threading import Barrier, Thread

import pytest
from django.db import connection

from matchmaking import jobs
from matchmaking.jobs import Job
from matchmaking.models import AuditEntry, Consent, Event, Intent, Pair, Participant, Publication, Run, Shard, Suggestion
from matchmaking.selectors.runs import progress
from matchmaking.services import blocks, consents, erasure, publishing, runs
from matchmaking.services.invariants import check_invariants
from matchmaking.services.sweep import sweep
from tests.factories import make_user
from tests.runs import export, make_cohort, make_programme, shown
from tests.system.servers import gone
from tests.system.stack import SCALE, Stack

TAKEN_UP_S = 60 * SCALE  # the promise, in the stack's time
WORK_S = 12  # what the work itself may take, at real speed
numbers = count(1)


@contextmanager
def must_fail():
    """The negative control: what holds with all protections on must fail here, in an assertion."""
    with pytest.raises(AssertionError) as caught:
        yield
    print("control:", str(caught.value).splitlines()[0])


def started(event: Event, **words: object) -> Run:
    run, new = runs.start(event, by=None, publish=True, **words)
    assert new
    return run


def published(stack: Stack, event: Event) -> tuple[set[int], str]:
    """Run undisturbed; what is shown then, as ids and as a file."""
    run = stack.ended(started(event))
    assert run.state == "done", stack.state()
    return shown(event), export(event)


# --- F1: kill -9 while scoring ---------------------------------------------------------------------------------------
def survives_a_kill_while_scoring(stack: Stack, event: Event, failpoint: str = "run.claimed.candidates") -> None:
    ids, file = published(stack, event)
    stack.arm(failpoint, "kill")
    run = started(event)
    stack.until(gone(stack.hit(failpoint)), "the worker is dead")
    killed = time.monotonic()
    assert shown(event) == ids
    stack.until(lambda: progress(run)["params"] == {"attempt": 2} or run.refresh_from_db(), "it says that it is resuming", WORK_S)
    run = stack.ended(run, TAKEN_UP_S + WORK_S)
    print(f"ended {time.monotonic() - killed:.1f} s after the kill, at a scale of {stack.scale}")
    assert (run.state, export(event)) == ("done", file)
    assert shown(event).isdisjoint(ids)
    assert check_invariants(event) == []


@pytest.mark.parametrize("stage", ["snapshot", "candidates", "finish"])
def test_f1_a_killed_worker_is_replaced_and_the_result_is_the_same(stack, event, stage):
    survives_a_kill_while_scoring(stack, event, f"run.claimed.{stage}")


@pytest.mark.once
def test_f1_control_without_taking_up(stack, event):
    stack.without("take_up")
    with must_fail():
        survives_a_kill_while_scoring(stack, event)


def test_three_lost_workers_are_enough(stack, event):
    run = started(event, shards=1)
    for _ in range(3):
        stack.arm("run.claimed.vectors", "kill")
        stack.until(lambda: not (stack.failpoints / "run.claimed.vectors").exists() or run.refresh_from_db(), "a worker is hit")
    run = stack.ended(run, 3 * TAKEN_UP_S + WORK_S)
    assert run.state == "failed"
    assert run.failure["template"].startswith("The work stopped {attempts} times")
    assert run.failure["params"] == {"attempts": 3, "stage": "vectors", "run": run.pk}
    assert check_invariants(event) == []


# --- F2: kill -9 half way through staging ----------------------------------------------------------------------------
def survives_a_kill_while_staging(stack: Stack, event: Event) -> None:
    ids, file = published(stack, event)
    stack.arm("run.staged_half", "kill")
    run = started(event)
    stack.until(gone(stack.hit("run.staged_half")), "the worker is dead")
    assert 0 < Suggestion.objects.filter(run=run).count() < len(ids)
    assert shown(event) == ids
    run = stack.ended(run, 3 * TAKEN_UP_S + WORK_S)
    assert (run.state, export(event)) == ("done", file)
    assert Suggestion.objects.filter(run=run).count() == run.measures["pairs"]
    assert check_invariants(event) == []


def test_f2_half_staged_rows_are_invisible_and_replaced(stack, event):
    survives_a_kill_while_staging(stack, event)


@pytest.mark.once
def test_f2_control_without_clearing_the_half(stack, event):
    stack.without("staging")
    with must_fail():
        survives_a_kill_while_staging(stack, event)


# --- F3: kill around the publishing commit ---------------------------------------------------------------------------
def told(run: Run) -> int:
    return Intent.objects.filter(dedupe_key=f"run:{run.pk}").count()


def survives_a_kill_before_the_commit(stack: Stack, event: Event) -> None:
    ids, file = published(stack, event)
    stack.arm("publish.before_commit", "kill")
    run = started(event)
    stack.until(gone(stack.hit("publish.before_commit")), "the worker is dead")
    assert (shown(event), told(run)) == (ids, 0)
    run = stack.ended(run, TAKEN_UP_S + WORK_S)
    assert (export(event), told(run)) == (file, 40)
    assert check_invariants(event) == []


def test_f3_a_kill_before_the_commit_leaves_the_old_set(stack, event):
    survives_a_kill_before_the_commit(stack, event)


def test_f3_control_without_one_transaction(stack, event):
    stack.without("whole")
    with must_fail():
        survives_a_kill_before_the_commit(stack, event)


def test_f3_a_kill_after_the_commit_leaves_the_new_set_with_all_intents_once(stack, event):
    ids, file = published(stack, event)
    stack.arm("publish.after_commit", "kill")
    run = started(event)
    stack.until(gone(stack.hit("publish.after_commit")), "the worker is dead")
    assert shown(event).isdisjoint(ids)
    assert (export(event), told(run)) == (file, 40)
    time.sleep(3 * SCALE * 10)  # a few sweeps: nothing may happen again
    assert told(run) == 40
    assert AuditEntry.objects.filter(noun_id=run.pk, action="run.published").count() == 1
    assert check_invariants(event) == []


# --- F7: frozen past the lease ---------------------------------------------------------------------------------------
def refuses_a_worker_that_was_frozen(stack: Stack, event: Event) -> None:
    stack.arm("run.reasoned", "pause")
    run = started(event)
    pid = stack.hit("run.reasoned")
    os.kill(pid, signal.SIGSTOP)
    try:
        run = stack.ended(run, TAKEN_UP_S + WORK_S)
        ids, file = shown(event), export(event)
        assert run.state == "done"
    finally:
        stack.go("run.reasoned")
        os.kill(pid, signal.SIGCONT)
    fenced = Shard.objects.filter(run=run, fenced__gt=0)
    stack.until(lambda: fenced.exists() or shown(event) != ids, "the frozen worker writes, or is refused", WORK_S)
    assert shown(event) == ids
    assert list(fenced.values_list("stage", "fenced", "epoch")) == [("reasons", 1, 2)]
    assert export(event) == file
    assert check_invariants(event) == []


def test_f7_a_frozen_worker_cannot_write_any_more(stack, event):
    refuses_a_worker_that_was_frozen(stack, event)


@pytest.mark.once
def test_f7_control_without_fencing(stack, event):
    stack.without("fencing")
    with must_fail():
        refuses_a_worker_that_was_frozen(stack, event)


# --- F8: the same message many times ---------------------------------------------------------------------------------
def computes_once_whatever_is_delivered(stack: Stack, event: Event) -> None:
    run, sent = started(event), set[int]()

    def send_again() -> bool:
        for shard_id in set(Shard.objects.filter(run=run).values_list("pk", flat=True)) - sent:
            sent.add(shard_id)
            for _ in range(9):
                jobs.publish(Job.RUN_SHARD, {"shard_id": shard_id})
        run.refresh_from_db()
        return run.state not in Run.ACTIVE or Shard.objects.filter(run=run, epoch__gt=1).exists()

    stack.until(send_again, "the run ends, or something is computed twice")
    for _ in range(10):
        jobs.publish(Job.PUBLISH_RUN, {"run_id": run.pk})
    assert set(Shard.objects.filter(run=run).values_list("epoch", "attempts")) == {(1, 1)}
    run = stack.ended(run)
    time.sleep(0.5)
    assert AuditEntry.objects.filter(noun_id=run.pk, action="run.published").count() == 1
    assert told(run) == 40
    assert check_invariants(event) == []


def test_f8_a_message_delivered_ten_times_computes_and_publishes_once(stack, event):
    computes_once_whatever_is_delivered(stack, event)


def test_f8_control_without_the_claim(stack, event):
    stack.without("claim")
    with must_fail():
        computes_once_whatever_is_delivered(stack, event)


def test_f34_sweeps_at_the_same_time_have_one_effect(stack, event):
    stack.stop("runs", "beat")
    run = started(event)
    time.sleep(2 * 15 * SCALE)
    together(6, sweep)
    depth = stack.redis.llen(f"{stack.key}.runs")
    assert depth == 2  # the first message and one more
    stack.start("runs", "beat")
    assert stack.ended(run).state == "done"
    assert check_invariants(event) == []


# --- F9, F11: lost messages, no Redis --------------------------------------------------------------------------------
def starts_what_lost_its_message(stack: Stack, runs_waiting: int, seconds: float) -> None:
    stack.stop("runs")
    programme = make_programme(f"lost-{next(numbers)}")
    events = [make_cohort(programme, f"{programme.slug}-{number}", 4) for number in range(runs_waiting)]
    asked = [started(event, shards=1) for event in events]
    stack.redis.flushall()
    stack.start("runs")
    waiting = Run.objects.filter(pk__in=[run.pk for run in asked], started_at__isnull=True)
    print(f"the last of {runs_waiting} started after {stack.until(lambda: not waiting.exists(), 'all have started', seconds):.1f} s")
    for run, event in zip(asked, events, strict=True):
        assert stack.ended(run, 150).state == "done"
        assert check_invariants(event) == []


@pytest.mark.once
def test_f9_fifty_waiting_runs_survive_a_flush(stack):
    starts_what_lost_its_message(stack, 50, 20)


@pytest.mark.once
def test_f9_control_without_sending_again(stack):
    stack.without("resend")
    with must_fail():
        starts_what_lost_its_message(stack, 2, 6)


def starts_what_was_asked_for_without_redis(stack: Stack, event: Event, seconds: float = 20) -> None:
    stack.stop("redis")
    asked = time.monotonic()
    run = started(event)
    assert time.monotonic() - asked < 3
    assert progress(run)["template"] == "Queued, will start shortly."
    time.sleep(1)
    stack.start("redis")
    run = stack.ended(run, seconds)
    assert run.state == "done"
    assert check_invariants(event) == []


def test_f11_a_run_asked_for_without_redis_starts_when_it_is_back(stack, event):
    starts_what_was_asked_for_without_redis(stack, event)


@pytest.mark.once
def test_f11_control_without_sending_again(stack, event):
    stack.without("resend")
    with must_fail():
        starts_what_was_asked_for_without_redis(stack, event, 6)


# --- F15: many ask at once -------------------------------------------------------------------------------------------
def together(callers: int, call: Callable[[], object]) -> list[object]:
    """Call from many threads at the same instant, each with a connection of its own."""
    barrier, answers = Barrier(callers), []

    def one() -> None:
        barrier.wait()
        try:
            answers.append(call())
        finally:
            connection.close()

    threads = [Thread(target=one) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def gives_all_callers_one_run(stack: Stack, event: Event) -> None:
    stack.arm("run.claimed.snapshot", "pause")
    answers = together(20, lambda: runs.start(event, by=None))
    assert len(answers) == 20
    assert (len({run.pk for run, _ in answers}), sum(new for _, new in answers)) == (1, 1)
    stack.hit("run.claimed.snapshot")
    stack.go("run.claimed.snapshot")
    assert stack.ended(answers[0][0]).state == "done"
    assert check_invariants(event) == []


def test_f15_of_twenty_callers_one_starts_the_run(stack, event):
    gives_all_callers_one_run(stack, event)


def test_f15_control_without_the_index(stack, event):
    (index,) = [c for c in Run._meta.constraints if c.name == "run_one_active_per_event_and_kind"]
    with connection.schema_editor() as editor:
        editor.remove_constraint(Run, index)
    try:
        with must_fail():
            gives_all_callers_one_run(stack, event)
    finally:
        stack.calm()
        for run in Run.objects.filter(event=event, state__in=Run.ACTIVE):
            runs.cancel(run, by=None)  # so that no worker adds rows while they are deleted
        Publication.objects.filter(event=event).delete()
        Run.objects.filter(event=event).delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Run, index)


# --- F19: withdrawal, block, erasure meanwhile -----------------------------------------------------------------------
FAILPOINTS = ("run.computed.snapshot", "run.claimed.reasons", "run.staged_half", "publish.before_commit")


def meanwhile(stack: Stack, event: Event, failpoint: str, change: Callable[[], object]) -> Run:
    """Start a run, make a change while it waits at a failpoint, let it go on."""
    stack.arm(failpoint, "pause")
    run = started(event)
    stack.hit(failpoint)
    thread = Thread(target=lambda: (change(), connection.close()))  # on SQLite it waits for a transaction that is under way
    thread.start()
    thread.join(0.5)
    stack.go(failpoint)
    thread.join(30)
    assert not thread.is_alive()
    return stack.ended(run)


def person_of(event: Event) -> Participant:
    return Participant.objects.get(registrations__event=event, key__endswith="-007")


def suggestions_of(event: Event, person: int) -> int:
    rows = Suggestion.objects.filter(pk__in=shown(event))
    return rows.filter(pair__a=person).count() + rows.filter(pair__b=person).count()


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_f19_who_withdraws_meanwhile_is_in_nothing_that_is_published(stack, event, failpoint):
    person, user = person_of(event), make_user(mail=f"{event.slug}@example.org")
    run = meanwhile(stack, event, failpoint, lambda: consents.withdraw(participant=person, purpose="suggestions", by=user))
    assert (run.state, suggestions_of(event, person.pk)) == ("done", 0)
    assert check_invariants(event) == []


def drops_a_consent_that_ended_meanwhile(stack: Stack, event: Event) -> None:
    """The bare row changes, with no service that would clear up behind it."""
    person = person_of(event)
    consent = Consent.objects.filter(participant=person)
    run = meanwhile(stack, event, "run.claimed.reasons", lambda: consent.update(withdrawn_at=event.created_at))
    assert (run.state, suggestions_of(event, person.pk)) == ("done", 0)


def test_f19_publishing_looks_again_at_consents(stack, event):
    drops_a_consent_that_ended_meanwhile(stack, event)


def test_f19_control_without_looking_again(stack, event):
    stack.without("recheck")
    with must_fail():
        drops_a_consent_that_ended_meanwhile(stack, event)


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_f19_who_is_blocked_meanwhile_is_not_shown_to_the_other(stack, event, failpoint):
    published(stack, event)
    pair = Pair.objects.filter(event=event, suggestions__pk__in=shown(event)).order_by("a__key", "b__key").first()
    run = meanwhile(stack, event, failpoint, lambda: blocks.block(by=pair.a, whom=pair.b))
    assert run.state == "done"
    assert not Suggestion.objects.filter(pk__in=shown(event), pair=pair).exists()
    assert check_invariants(event) == []


def forgets_who_is_erased(stack: Stack, event: Event, failpoint: str) -> None:
    person = person_of(event)
    run = meanwhile(stack, event, failpoint, lambda: erasure.erase(participant=person, by=None))
    assert run.state == "done"
    assert suggestions_of(event, person.pk) == 0
    assert run.measures["people"] == (40 if failpoint.startswith("publish") else 39)
    assert person.key not in export(event)
    assert not Intent.objects.filter(recipient_id=person.pk).exists()
    assert check_invariants(event) == []


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_f19_who_is_erased_meanwhile_is_gone_from_the_run(stack, event, failpoint):
    forgets_who_is_erased(stack, event, failpoint)


def test_f19_control_without_beginning_anew(stack, event):
    stack.without("restart")
    with must_fail():
        forgets_who_is_erased(stack, event, "run.claimed.reasons")


# --- cancelling, taking back -----------------------------------------------------------------------------------------
def test_a_cancelled_run_leaves_nothing_and_its_workers_notice(stack, event):
    ids, _ = published(stack, event)
    stack.arm("run.staged_half", "pause")
    run = started(event)
    stack.hit("run.staged_half")
    runs.cancel(run, by=None)
    stack.go("run.staged_half")
    stack.until(lambda: Shard.objects.filter(run=run, fenced=1).exists(), "the worker is refused", WORK_S)
    assert Suggestion.objects.filter(run=run).count() == 0
    assert shown(event) == ids
    assert check_invariants(event) == []


def test_a_run_that_is_taken_back_gives_way_to_the_one_before(stack, event):
    ids, file = published(stack, event)
    second = stack.ended(started(event))
    publishing.take_back(second, by=None)
    assert (shown(event), export(event)) == (ids, file)
    assert check_invariants(event) == []
