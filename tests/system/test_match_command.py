"""`manage.py match` and `export_suggestions`, as somebody types them."""

import csv
import io
import json
import re

import pytest
import redis

from matchmaking.models import Run
from tests.runs import make_cohort, make_programme, shown
from tests.system.stack import Databases, Stack

pytestmark = pytest.mark.once


@pytest.fixture
def bare(databases: Databases, tmp_path, django_db_blocker):
    """A database for which nothing runs."""
    stack = Stack(tmp_path / "bare", databases.fresh())
    with django_db_blocker.unblock(), stack.here():
        yield stack


@pytest.mark.xdist_group("stack")
def test_match_starts_what_it_needs_and_leaves_nothing_behind(bare):
    event = make_cohort(make_programme("alone"), "alone", 12)
    told = bare.manage("match", "--event", "alone", "--wait", "--shards", "3").stdout
    run = Run.objects.get()
    assert (run.state, run.shard_count) == ("done", 3)
    assert told.splitlines()[0] == f"Run {run.pk} is asked for."
    assert told.splitlines()[-1] == "Published."
    assert re.search(rf"suggestions\s+{run.measures['pairs']}\b", told)
    assert len(shown(event)) == run.measures["pairs"]
    with pytest.raises(redis.exceptions.ConnectionError):
        bare.redis.ping()


def test_match_uses_the_workers_that_run_and_a_preview_is_not_shown(stack, event):
    told = stack.manage("match", "--event", event.slug, "--wait", "--preview").stdout
    run = Run.objects.get(event=event)
    assert (run.state, run.published_at) == ("done", None)
    assert told.splitlines()[-1] == f"Preview: nothing is shown to anybody. Publish run {run.pk} when it is good."
    assert shown(event) == set()
    assert json.loads(stack.manage("export_suggestions", "--event", event.slug, "--format", "json").stdout) == []


def test_match_without_waiting_asks_and_both_formats_tell_the_same(stack, event):
    event.programme.participants.filter(key__endswith="-000").update(name="=cmd|' /C calc'!A0")
    told = stack.manage("match", "--event", event.slug).stdout
    run = stack.ended(Run.objects.get(event=event))
    assert told == f"Run {run.pk} is asked for.\n"
    rows = json.loads(stack.manage("export_suggestions", "--event", event.slug, "--format", "json").stdout)
    table = list(
        csv.DictReader(io.StringIO(stack.manage("export_suggestions", "--event", event.slug, "--format", "csv").stdout, newline=""))
    )
    assert len(rows) == len(table) == run.measures["pairs"]
    assert [row["a"]["external_id"] for row in rows] == [row["a_external_id"] for row in table]
    assert [(float(row["score"]), json.loads(row["parts_ab"])) for row in table] == [(row["score"], row["parts_ab"]) for row in rows]
    assert table[0]["a_name"].startswith("'=cmd")
    keys = [(row["a"]["external_id"], row["b"]["external_id"]) for row in rows]
    assert keys == sorted(keys)
    assert all(a < b for a, b in keys)
    german = json.loads(stack.manage("export_suggestions", "--event", event.slug, "--format", "json", "--language", "de").stdout)
    assert german[0]["why_a"] != rows[0]["why_a"]


@pytest.mark.parametrize("words", [["match", "--event", "nowhere"], ["export_suggestions", "--event", "nowhere"]])
def test_an_unknown_event_is_one_sentence_and_exit_status_2(stack, words):
    done = stack.manage(*words, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().endswith("There is no event 'nowhere'.")
    assert len(done.stderr.strip().splitlines()) == 1
