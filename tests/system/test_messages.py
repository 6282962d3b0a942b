"""Poison in the queue (T91, T92, F25): refused and logged, never run, and the queue goes on."""

import base64
import json
import pickle
import uuid

import pytest

from matchmaking.jobs import Job
from matchmaking.services import runs
from matchmaking.services.invariants import check_invariants
from tests.system.stack import Stack


class Bomb:
    """Unpickling it writes a file: the proof that somebody did."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


def message(stack: Stack, task: str, body: bytes, content_type: str, encoding: str = "utf-8") -> str:
    """A message as kombu puts it into the list that is the queue."""
    name = str(uuid.uuid4())
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": encoding,
            "content-type": content_type,
            "headers": {"lang": "py", "task": task, "id": name, "root_id": name, "argsrepr": "()", "kwargsrepr": "{}", "retries": 0},
            "properties": {
                "correlation_id": name,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": f"{stack.key}.runs"},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": name,
            },
        }
    )


def arguments(**words: object) -> bytes:
    return json.dumps([[], words, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()


@pytest.mark.parametrize("kind", ["pickle", "unknown task", "unknown argument", "no such shard", "no JSON"])
def test_a_poisonous_message_is_refused_and_the_queue_goes_on(stack, event, tmp_path, kind):
    trap = tmp_path / "unpickled"
    bomb = pickle.dumps([[], {"shard_id": Bomb(str(trap))}, {}])
    poison, sign = {
        "pickle": (message(stack, Job.RUN_SHARD, bomb, "application/x-python-serialize", "binary"), "ContentDisallowed"),
        "unknown task": (message(stack, "os.system", arguments(command="true"), "application/json"), "unregistered task"),
        "unknown argument": (message(stack, Job.RUN_SHARD, arguments(command="true"), "application/json"), "unexpected keyword"),
        "no such shard": (message(stack, Job.RUN_SHARD, arguments(shard_id=1), "application/json"), ""),
        "no JSON": (message(stack, Job.RUN_SHARD, b"{", "application/json"), "DecodeError"),
    }[kind]
    log = stack.folder / "runs.log"
    before = log.stat().st_size
    for _ in range(20):
        stack.redis.lpush(f"{stack.key}.runs", poison)
    run, _ = runs.start(event, by=None, publish=True)
    assert stack.ended(run).state == "done"
    stack.until(lambda: stack.redis.llen(f"{stack.key}.runs") == 0, "the queue is empty")
    told = log.read_bytes()[before:].decode(errors="replace")
    assert told.count(sign) >= 20 or not sign, told[-3000:]
    assert not trap.exists()
    assert stack.processes["runs"].poll() is None
    assert check_invariants(event) == []
