"""Caps, floors, budgets and their limits. Standard library only, so requests may check an organiser's settings."""

from dataclasses import asdict, dataclass
from typing import Any

from matchmaking.errors import BadInput

CAP_LIMIT = 20
LIMITS = {
    "cap": (1, CAP_LIMIT),
    "floor": (0, 5),
    "per_organisation": (1, CAP_LIMIT),
    "per_sector": (1, CAP_LIMIT),
    "per_industry": (1, CAP_LIMIT),
    "candidates": (8, 256),
    "alpha": (0.0, 4.0),
    "bridge": (0.0, 3.0),
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything that decides a run besides its records and weights.

    `cap` and `floor`: most and fewest suggestions per person; `per_organisation`, `per_sector`, `per_industry`: most partners of
    one of them in one list (None: no limit); `threshold`: the least score (chance of a mutual yes) worth showing, so that nobody
    is given a partner without anything in common just to reach the floor; `candidates`: K of the exact
    candidate lists; `alpha`: fairness exponent of the allocation; `bridge`: how much more
    pairs of sectors count that the programme wants to meet, in z units (the cross-sector dial); `seed`: breaks ties by hash, never by id.
    """

    cap: int = 8
    floor: int = 2
    per_organisation: int = 1
    per_sector: int | None = None
    per_industry: int | None = None
    threshold: float = 0.01
    candidates: int = 64
    alpha: float = 0.5
    bridge: float = 0.0
    same_sector: bool = False
    met_again: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise BadInput("{name} must be between {low} and {high}.", name=name, low=low, high=high)
        if self.floor > self.cap:
            raise BadInput("The floor ({floor}) cannot be above the cap ({cap}).", floor=self.floor, cap=self.cap)

    def as_dict(self) -> dict[str, Any]:
        """The parameters as JSON values, for the run's row and its fingerprint."""
        return asdict(self)
