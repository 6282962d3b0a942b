"""A Chromium for the tests of pages: the one that is installed; `python -m tests.chromium` installs Debian's where there is none.

Never in the way: where it cannot be had, a sentence says so, and the tests that need it are skipped.
"""

import os
import shutil
import signal
import subprocess
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
LIMIT_S = 180
UNPACKING_S = 30  # of it are kept for unpacking: a download that is cut off does no harm, unpacking should not be cut off
PACKAGES = ("chromium", "fonts-dejavu-core")
WAYS = "install it (Debian: apt-get install chromium) or name it in CHROMIUM"


def installed() -> str | None:
    """Where the browser is: CHROMIUM names it, else the first that is found."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def ensure(limit_s: float = LIMIT_S) -> str | None:
    """Where the browser is, after installing it once where we may; None, with a sentence, where it cannot be had."""
    if where := installed():
        return where
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing Chromium for the tests of pages (once; at most {limit_s:.0f} s) ...", flush=True)
        _install(limit_s)
    if (where := installed()) is None:
        print(f"There is no Chromium: the tests that look at pages in a browser are skipped. To run them, {WAYS}.", flush=True)
    return where


def _install(limit_s: float) -> None:
    """Download, then unpack; whatever fails ends it."""
    deadline = time.monotonic() + limit_s
    install = ("install", "--yes", "--no-install-recommends", *PACKAGES)
    for words, until in (
        (("update",), deadline - UNPACKING_S),
        ((*install, "--download-only"), deadline - UNPACKING_S),
        (install, deadline),
    ):
        if not _done(("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=20", *words), until - time.monotonic()):
            return


def _done(command: tuple[str, ...], limit_s: float) -> bool:
    """Whether the command succeeded in time; it and its children are ended otherwise."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=env, start_new_session=True, **silent) as process:  # type: ignore[call-overload]
        try:
            return bool(process.wait(max(limit_s, 0)) == 0)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return False


if __name__ == "__main__":
    ensure()
