"""F20, F21: answers that meet at the same instant, on real connections, with a twin of each test without the lock."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.system.race_rounds import KINDS
from tests.system.stack import Databases

ROUNDS = int(os.environ.get("RACE_ROUNDS", "200"))  # `make soak` asks for 1,000


def race(databases: Databases, folder: Path, kind: str, rounds: int = ROUNDS, *, lock: bool = True) -> dict[str, Any]:
    """The outcome of `rounds` rounds in a process of their own, on a fresh database."""
    (folder / "failpoints").mkdir()
    if not lock:
        (folder / "failpoints" / "without.pair_lock").touch()
    env = {
        **os.environ, "DATABASE_URL": databases.fresh(), "VAR_DIR": str(folder), "MODE": "demo", "FAST_PASSWORDS": "1",
        "MATCHMAKING_FAILPOINTS": str(folder / "failpoints"),
    }  # fmt: skip
    words = [sys.executable, "-m", "tests.system.race_rounds", kind, str(rounds)]
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(kind, outcome)
    return outcome


@pytest.mark.parametrize("kind", list(KINDS))
def test_f20_f21_every_round_ends_well(databases: Databases, tmp_path: Path, kind: str):
    outcome = race(databases, tmp_path, kind)
    assert outcome["broken"] == 0, outcome


def test_f20_without_the_lock_the_same_rounds_lose_introductions(databases: Databases, tmp_path: Path):
    """The negative control: the same race, the same assertion, one protection off."""
    outcome = race(databases, tmp_path, "both-accept", lock=False)
    with pytest.raises(AssertionError):
        assert outcome["broken"] == 0, outcome
