"""Protections that a test may switch off, one at a time, to show that it would notice their absence.

Each is on, always, outside tests: a file `without.NAME` in the failpoints' folder switches NAME off, and production refuses
to start where there is such a folder.
"""

from pathlib import Path

from matchmaking.failpoints import FOLDER


def protected(name: str) -> bool:
    """Whether the protection `name` is on."""
    return not (FOLDER and (Path(FOLDER) / f"without.{name}").exists())
