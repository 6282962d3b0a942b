"""F14 and the N-th statement sweep: whatever statement fails, a retry with the same key has the effect once, and whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection

from matchmaking.models import AuditEntry, Block, Introduction, Publication, Response, Suggestion
from tests.answers import Two, assert_invariants, make_two

pytestmark = pytest.mark.django_db(transaction=True)
LEAST_STATEMENTS, MOST_STATEMENTS = 8, 80


class FailAt:
    """Fails one statement: before it runs, or after it ran but before its result came back."""

    def __init__(self, number: int, *, after: bool) -> None:
        self.number, self.after, self.seen = number, after, 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.seen += 1
        if self.seen != self.number:
            return execute(sql, params, many, context)
        if self.after:
            execute(sql, params, many, context)
            if sql.startswith("BEGIN"):
                connection.connection.rollback()  # the file forgets what a lost connection had begun
        raise OperationalError("the connection was lost")


@contextmanager
def lost_after_commit() -> Iterator[None]:
    """The database commits, the connection is lost before it can say so; once."""
    commit = connection._commit

    def commit_and_lose() -> None:
        commit()
        connection._commit = commit
        raise OperationalError("the connection was lost")

    connection._commit = commit_and_lose
    try:
        yield
    finally:
        connection._commit = commit


def state() -> list[Any]:
    """All rows that an answer, a choice or a block can touch."""
    return [
        sorted(Response.objects.values_list("participant_id", "answer")),
        sorted(Introduction.objects.values_list("pair_id", "a_shares", "b_shares", "closed_at")),
        sorted(Block.objects.values_list("by_id", "whom_id")),
        sorted(Suggestion.objects.filter(dropped_at__isnull=False).values_list("pk", flat=True)),
        sorted(AuditEntry.objects.values_list("action", flat=True)),
    ]


Call = tuple[str, str, Any]


def half() -> Two:
    """Ada has said yes."""
    two = make_two()
    two.answer(two.ada, shares=["mail"])
    return two


def introduced() -> Two:
    two = make_two()
    two.introduce(shares=["mail"])
    return two


def declined() -> Two:
    two = half()
    two.answer(two.ben, "decline")
    return two


def introduction(two: Two) -> str:
    return f"/api/v1/introductions/{Introduction.objects.get(pair=two.suggestion.pair_id).pk}/"


# What stands before, and Ben's request.
CASES: dict[str, tuple[Callable[[], Two], Callable[[Two], Call]]] = {
    "accept": (half, lambda two: ("post", two.path("response"), {"answer": "accept", "shares": ["phone"]})),
    "decline": (half, lambda two: ("post", two.path("response"), {"answer": "decline"})),
    "undo": (declined, lambda two: ("delete", two.path("response"), None)),
    "choose contacts": (introduced, lambda two: ("patch", introduction(two), {"shares": ["telegram"]})),
    "close": (introduced, lambda two: ("post", f"{introduction(two)}close/", None)),
    "block": (introduced, lambda two: ("post", "/api/v1/blocks/", {"participant": two.ada.pk})),
}


def send(two: Two, call: Call) -> Any:
    method, path, body = call
    return getattr(two.client(two.ben), method)(path, body, headers={"Idempotency-Key": "the key"})


def check_ending(two: Two, name: str) -> None:
    if name in ("block", "close"):
        assert not Introduction.objects.filter(closed_at__isnull=True).exists()
    else:
        assert_invariants(two.event)


def check_retry(two: Two, name: str, call: Call) -> None:
    """The same request with the same key gets the first answer and changes nothing."""
    done = state()
    again = send(two, call)
    assert again.status_code in (200, 201, 204)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert state() == done
    check_ending(two, name)


def wipe(two: Two) -> None:
    Publication.objects.all().delete()
    two.event.programme.delete()
    AuditEntry.objects.all().delete()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", list(CASES))
def test_any_statement_may_fail(name: str, after: bool):
    for number in range(1, MOST_STATEMENTS):
        two = CASES[name][0]()
        call, before, fault = CASES[name][1](two), state(), FailAt(number, after=after)
        with connection.execute_wrapper(fault):
            answer = send(two, call)
        if fault.seen < number:
            assert answer.status_code in (200, 201, 204)
            assert number > LEAST_STATEMENTS, "the sweep has to meet statements"
            return
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "2"), (number, answer.content)
        assert state() == before, f"statement {number} left half of it"
        assert send(two, call).status_code in (200, 201, 204)
        assert state() != before
        check_retry(two, name, call)
        wipe(two)
    raise AssertionError("the sweep did not come to an end")


@pytest.mark.parametrize("name", list(CASES))
def test_f14_an_answer_lost_after_the_commit_is_found_again(name: str):
    two = CASES[name][0]()
    call, before = CASES[name][1](two), state()
    with lost_after_commit():
        assert send(two, call).status_code == 503
    assert state() != before, "it was committed"
    check_retry(two, name, call)
