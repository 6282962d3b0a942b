"""Tasks are doors: one for every job, registered under its name, with keyword arguments only."""

import inspect
import subprocess
import sys

import pytest
from celery import current_app
from django.conf import settings

from matchmaking.jobs import QUEUE, Job, queue_name
from matchmaking.models import Pulse, Shard
from matchmaking.services import runs
from tests.runs import make_cohort, make_programme
from workers import tasks
from workers.schedule import SCHEDULE

DOORS = {
    Job.RUN_SHARD: tasks.run_shard,
    Job.PUBLISH_RUN: tasks.publish_run,
    Job.READ_IMPORT: tasks.read_import,
    Job.SAVE_IMPORT: tasks.save_import,
    Job.LEARN: tasks.learn,
    Job.LEARN_DUE: tasks.learn_due,
    Job.MAIL_SIGN_IN: tasks.mail_sign_in,
    Job.SWEEP: tasks.sweep,
}


def test_every_job_has_its_task_and_its_queue():
    current_app.loader.import_default_modules()
    ours = {name for name in current_app.tasks if name.startswith("matchmaking.")}
    assert ours >= {job.value for job in Job}
    assert set(QUEUE) == set(Job)
    assert {queue_name(queue) for queue in QUEUE.values()} <= set(settings.QUEUES)


@pytest.mark.parametrize("job", DOORS)
def test_a_task_takes_ids_by_name_and_has_a_time_limit(job):
    task = DOORS[job]
    assert task.name == job.value
    assert all(p.kind is p.KEYWORD_ONLY and p.annotation is int for p in inspect.signature(task.run).parameters.values())
    assert task.time_limit < settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]


def test_messages_are_json_acknowledged_late_and_nothing_is_kept():
    conf = current_app.conf
    assert (conf.task_serializer, list(conf.accept_content)) == ("json", ["json"])
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.worker_prefetch_multiplier) == (True, True, 1)
    assert conf.task_ignore_result
    assert conf.result_backend is None


def test_the_sweep_is_on_the_schedule():
    entry = SCHEDULE["sweep"]
    assert (entry["task"], entry["schedule"]) == (Job.SWEEP.value, settings.SWEEP_S)
    assert entry["options"]["queue"] == queue_name("interactive")


@pytest.mark.django_db
def test_a_shard_delivered_twice_is_computed_once():
    event = make_cohort(make_programme(), "talk", 8)
    run, _ = runs.start(event, by=None)
    shard = Shard.objects.get(run=run)
    for _ in range(2):
        tasks.run_shard(shard_id=shard.pk)
    shard.refresh_from_db()
    assert (shard.state, shard.epoch, shard.attempts) == ("done", 1, 1)
    assert run.shards.filter(stage="vectors").count() == 2


@pytest.mark.django_db
def test_the_sweep_leaves_its_pulse():
    tasks.sweep()
    tasks.sweep()
    assert Pulse.objects.filter(name="sweep").count() == 1


def test_asking_for_work_loads_no_heavy_library():
    script = (
        "import django, sys; django.setup();"
        "from matchmaking.services import runs, publishing, sweep; from matchmaking.selectors import records, exports;"
        "import workers.tasks;"
        "print(sorted({'numpy', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    env = {"DJANGO_SETTINGS_MODULE": "config.settings", "PATH": "/usr/bin", "VAR_DIR": str(settings.VAR_DIR)}
    done = subprocess.run([sys.executable, "-c", script], cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
