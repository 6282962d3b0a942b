"""The compiled inner loops, all of them: compiled once after an installation (half a minute), then loaded from beside their source."""

from functools import cache
from pathlib import Path
from typing import Any

from matchmaking.engine import costs, exchange, greedy, pipeline, prices, scanning
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort, Profile
from matchmaking.engine.teams import door, kernel, rounds

SLOWEST: tuple[Any, ...] = (
    kernel.anneal, kernel.walk, rounds._anneal, exchange._pass, exchange._reach, prices._bound, greedy._fill, scanning.enter, costs.costs,
)  # fmt: skip
PEOPLE = 6


@cache
def warm_up() -> None:
    """Load or compile them, so that nobody's first run waits for it."""
    door.warm_up()
    rounds.plan([rounds.Guest(str(number), "ab"[number % 2]) for number in range(PEOPLE)], 2, 2, steps=1)
    pipeline.suggest(Cohort(tuple(map(_person, range(PEOPLE)))), Parameters(cap=2, floor=1, threshold=0.0))


def is_warm() -> bool:
    """Whether they are there, compiled from the source as it is now."""
    return all(_is_there(loop) for loop in SLOWEST)


def _person(number: int) -> Profile:
    return Profile(
        str(number), "ab"[number % 2], organisation=str(number), languages=("en",),
        offers=("museums", "grants"), needs=("grants", "museums"), about="museums, festivals",
    )  # fmt: skip


def _is_there(loop: Any) -> bool:
    source = Path(loop.py_func.__code__.co_filename)
    kept = Path(loop.stats.cache_path).glob(f"{source.stem}.{loop.py_func.__name__}-*.nbi")
    return any(file.stat().st_mtime > source.stat().st_mtime for file in kept)
