"""The one door to the team engine: records in, records out."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from matchmaking.engine.teams import conflicts as _conflicts
from matchmaking.engine.teams import form as _form
from matchmaking.engine.teams import repair as _repair
from matchmaking.engine.teams.budget import Budget
from matchmaking.engine.teams.measure import check, worth
from matchmaking.engine.teams.moves import Move, Scored, score_move
from matchmaking.engine.teams.outcome import Conflict, Outcome, Relaxation
from matchmaking.engine.teams.rules import Case, Person, Rules, read_case

__all__ = [
    "Move",
    "Scored",
    "check",
    "conflicts",
    "form",
    "read_case",
    "relaxations",
    "repair",
    "score_move",
    "warm_up",
    "worth",
]

SECONDS = 10.0


@cache
def warm_up() -> None:
    """Load or compile the inner loops, so that this is not taken for the search's own time (some 10 s once after an installation)."""
    people = tuple(Person(str(i), "a", frozenset({"s"}), frozenset({"l"}), frozenset({0})) for i in range(4))
    case = Case(people, 1, 3, None, Rules(common_slots=1, at_least_one=("s",)), pair_scores=(("0", "1", 1.0),))
    _form.best(case, 1e-3, 0, time.monotonic)


def form(case: Case, seconds: float = SECONDS, seed: int = 0, now: Callable[[], float] = time.monotonic) -> Outcome:
    """A roster that keeps every hard rule and is worth much; a conflict where none can exist; or neither, said plainly."""
    warm_up()
    if case.current is not None:
        return _repair.options(_ordered(case), seconds, seed, now)[0]
    return _form.best(_ordered(case), seconds, seed, now)


def repair(case: Case, seconds: float = SECONDS, seed: int = 0, now: Callable[[], float] = time.monotonic) -> list[Outcome]:
    """Rosters to choose from after people left or arrived: fewest moves first, then each with more moves and more value."""
    warm_up()
    return _repair.options(_ordered(case), seconds, seed, now)


def _ordered(case: Case) -> Case:
    """The case with its people by id, so that the order in which they came changes nothing."""
    return replace(case, people=tuple(sorted(case.people, key=lambda person: person.id)))


def conflicts(case: Case, seconds: float = SECONDS, seed: int = 0) -> Conflict | None:
    """The smallest set of rules in conflict, or None where none is proved."""
    return _conflicts.find(_ordered(case), seed, Budget(seconds))


def relaxations(case: Case, conflict: Conflict, seconds: float = SECONDS, seed: int = 0) -> list[Relaxation]:
    """The cheapest changes after which a roster exists; each comes with that roster."""
    return _conflicts.relaxations(_ordered(case), conflict, seed, Budget(seconds))
