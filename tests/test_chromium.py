"""The browser of the tests: found, installed once where that may be, and never in the way."""

import os
import sys

import pytest

from tests import chromium

APT = """#!{python}
import os, sys, time
with open({log!r}, "a") as log:
    words = [word for word in sys.argv[1:] if not word.startswith(("-", "DPkg"))]
    print(os.getpid(), *words, "download" if "--download-only" in sys.argv else "", file=log)
{does}
"""
MAKES = """if "install" in sys.argv and "--download-only" not in sys.argv:
    open({browser!r}, "w").close(); os.chmod({browser!r}, 0o755)"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without a browser whose apt-get does what it is told to."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    log = tmp_path / "log"

    def apt(does):
        script = tmp_path / "apt-get"
        script.write_text(APT.format(python=sys.executable, log=str(log), does=does.format(browser=str(tmp_path / "chromium"))))
        script.chmod(0o755)

    apt.asked = lambda: [" ".join(line.split()[1:]) for line in log.read_text().splitlines()] if log.exists() else []
    apt.pids = lambda: [int(line.split()[0]) for line in log.read_text().splitlines()]
    apt.browser = str(tmp_path / "chromium")
    return apt


def test_it_is_installed_once(machine):
    machine(MAKES)
    assert chromium.ensure() == machine.browser
    packages = " ".join(chromium.PACKAGES)
    assert machine.asked() == ["update", f"install {packages} download", f"install {packages}"]
    assert chromium.ensure() == machine.browser
    assert len(machine.asked()) == 3, "found, so nothing is asked for"


def test_where_it_fails_a_sentence_says_what_is_skipped(machine, capsys):
    machine("sys.exit(100)")
    assert (chromium.ensure(), machine.asked()) == (None, ["update"])
    assert "the tests that look at pages in a browser are skipped" in capsys.readouterr().out


def test_what_hangs_is_ended(machine):
    machine("time.sleep(600)")
    assert chromium.ensure(chromium.UNPACKING_S + 5) is None
    (pid,) = machine.pids()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_who_may_not_install_is_only_told(machine, monkeypatch, capsys):
    machine(MAKES)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert (chromium.ensure(), machine.asked()) == (None, [])
    assert "apt-get install chromium" in capsys.readouterr().out
