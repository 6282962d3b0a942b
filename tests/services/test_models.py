"""Constraints that the database itself keeps."""

import pytest
from django.db import IntegrityError, connection, transaction

from matchmaking.models import Pair, Run
from tests.factories import make_event, make_participant

pytestmark = pytest.mark.django_db


def test_one_unordered_pair_stands_once_per_event():
    event = make_event()
    a, b = sorted((make_participant(event.programme), make_participant(event.programme)), key=lambda p: p.pk)
    Pair.objects.create(event=event, a=a, b=b)
    for first, second in ((a, b), (b, a), (a, a)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Pair.objects.create(event=event, a=first, b=second)
    assert Pair.objects.count() == 1


def test_one_active_run_per_event_and_kind():
    event = make_event()
    Run.objects.create(event=event)
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.create(event=event, state=Run.State.RUNNING)
    Run.objects.create(event=event, state=Run.State.DONE)
    assert Run.objects.count() == 2


def test_sqlite_writes_ahead_and_waits_for_its_turn():
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            assert cursor.execute("PRAGMA synchronous").fetchone() == (2,)
            assert cursor.execute("PRAGMA foreign_keys").fetchone() == (1,)
    else:
        assert connection.vendor == "postgresql"
