"""The engine's inner loops are compiled beside a worker that starts, once after an installation."""

from types import SimpleNamespace

import pytest

from matchmaking.compute import warming
from matchmaking.engine import compiled

pytestmark = pytest.mark.once


@pytest.mark.parametrize("there", [True, False])
def test_they_are_compiled_beside_the_worker_unless_that_was_done(monkeypatch, tmp_path, there):
    compiled.warm_up()
    assert compiled.is_warm()
    if not there:
        elsewhere = SimpleNamespace(py_func=compiled.SLOWEST[-1].py_func, stats=SimpleNamespace(cache_path=str(tmp_path)))
        monkeypatch.setattr(compiled, "SLOWEST", (*compiled.SLOWEST, elsewhere))
    started = []
    monkeypatch.setattr(warming.subprocess, "Popen", lambda words, **how: started.append(words))
    warming.warm_up_beside()
    assert len(started) == (0 if there else 1)


def test_what_is_started_compiles_them(monkeypatch):
    called = []
    monkeypatch.setattr(compiled, "warm_up", lambda: called.append("compiled"))
    exec(warming.COMPILE.replace("os.nice(10)", "pass"))  # noqa: S102  # our own words
    assert called == ["compiled"]
