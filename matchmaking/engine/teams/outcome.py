"""What comes out: a roster and what is proved of it, or rules in conflict, or plainly that none was found. Standard library only."""

from dataclasses import dataclass
from enum import StrEnum

from matchmaking.engine.teams.measure import Worth
from matchmaking.engine.teams.rules import Case, Roster
from matchmaking.engine.teams.said import Said

NOTHING = Worth(())


class Proof(StrEnum):
    """How much is known of a roster's value (and, in a repair, of its moves)."""

    OPTIMAL = "optimal"
    BOUNDED = "bounded"
    BEST_FOUND = "best_found"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is proved of a roster: `bound` is a true upper bound of the value, `gap` the share of it that may be missing.

    In a repair `fewest_moves` says whether fewer moves are proved impossible.
    """

    proof: Proof
    bound: float | None = None
    gap: float | None = None
    fewest_moves: bool | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rules that cannot hold together with the frame; `minimal` where every smaller set was shown to have a roster."""

    rules: tuple[str, ...]
    said: Said
    minimal: bool

    @property
    def why(self) -> str:
        """The same in English."""
        return str(self.said)


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A change of the rules that was checked to leave a roster; `drops` names the rules given up, if it gives up any."""

    said: Said
    case: Case
    roster: Roster
    drops: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The same in English."""
        return str(self.said)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a case. Exactly one of the three: a `roster` that keeps every rule, a `conflict`, or neither.

    `said` says in a sentence what the answer is worth; `steps` were done; `cut` says that the clock ended the search early, so that
    another machine may come to another roster.
    """

    said: Said
    roster: Roster = ()
    unplaced: tuple[str, ...] = ()
    worth: Worth = NOTHING
    certificate: Certificate | None = None
    conflict: Conflict | None = None
    moved: tuple[str, ...] = ()
    steps: int = 0
    cut: bool = False

    @property
    def why(self) -> str:
        """The same in English."""
        return str(self.said)
