"""The compiled inner loops, all of them: compiled once after an installation (half a minute), then loaded from beside their source."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from matchmaking.engine import costs, elsewhere, exchange, greedy, pipeline, prices, scanning
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort, PastProject, Profile
from matchmaking.engine.teams import door, kernel, rounds

SLOWEST: tuple[Any, ...] = (
    kernel.anneal, kernel.walk, rounds._anneal, exchange._pass, exchange._reach, prices._bound, greedy._fill,
    scanning.enter, scanning.promising, scanning.reaching, scanning.scatter, scanning.overlay, scanning.look_up, costs.costs,
    elsewhere._shared,
)  # fmt: skip
PEOPLE = 40
SAID = ("museums", "grants", "mobile-apps", "festivals", "photography", "printmaking", "sound-design")


@cache
def warm_up() -> None:
    """Load or compile them, so that nobody's first run waits for it."""
    door.warm_up()
    rounds.plan([rounds.Guest(str(number), "ab"[number % 2]) for number in range(PEOPLE)], 2, 2, steps=1)
    projects = tuple(
        PastProject(f"p{number}", date(2024, 1, 1), str(number), (str(number), str(number + 2)), (SAID[number % 7],), f"work {number}")
        for number in range(0, PEOPLE - 2, 3)
    )
    pipeline.suggest(Cohort(tuple(map(_person, range(PEOPLE))), projects), Parameters(cap=4, floor=3, threshold=0.0), shards=2)


def is_warm() -> bool:
    """Whether they are there, compiled from the source as it is now."""
    return all(_is_there(loop) for loop in SLOWEST)


def _person(number: int) -> Profile:
    """One of a crowd that needs all of them: rare and frequent words, places, work done, people who are hard to suggest to anybody."""
    said = tuple(SAID[(number + step) % 7] for step in range(2))
    return Profile(
        str(number), "a" if number % 8 else "b", organisation=str(number), languages=("en",), city=f"city {number % 3}", country="x",
        offers=said, needs=said[::-1] if number % 5 else (), about=f"word{number} and words of all",
    )  # fmt: skip


def _is_there(loop: Any) -> bool:
    source = Path(loop.py_func.__code__.co_filename)
    kept = Path(loop.stats.cache_path).glob(f"{source.stem}.{loop.py_func.__name__}-*.nbi")
    return any(file.stat().st_mtime > source.stat().st_mtime for file in kept)
