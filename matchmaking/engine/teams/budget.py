"""Seconds into steps by a fixed table, so that the same seed and seconds give the same roster; a clock only ever stops early."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

STEPS_A_SECOND = (
    (500, 3_000_000),
    (2_000, 2_600_000),
    (1_000_000, 2_200_000),
)  # up to so many units; about half of what one idle core does
PARTNERS = 40  # pair scores of a person above which a step takes longer in proportion
CHUNK = 250_000  # steps between two looks at the clock
GUARD = 0.95  # the share of the budget at which the search stops at the latest; writing the answer takes the rest


@dataclass
class Budget:
    """What a search may use. `spent` counts steps done; `cut` says that the clock ended it before the steps were done."""

    seconds: float
    now: Callable[[], float] = time.monotonic
    spent: int = 0
    cut: bool = False
    begun: float = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.now()

    def steps(self, units: int, pairs: int) -> int:
        """How many steps the seconds are worth for a case of so many units with so many pair scores between them."""
        rate = next(rate for most, rate in STEPS_A_SECOND if units <= most)
        dense = max(1.0, 2 * pairs / units / PARTNERS)
        return int(self.seconds * GUARD * rate / dense)

    def left(self, share: float = 1.0) -> float:
        """Seconds until that share of the budget is used up; never negative."""
        return max(0.0, self.begun + self.seconds * GUARD * share - self.now())

    def over(self, share: float = 1.0) -> bool:
        """Whether that share of the seconds is gone; remembered as a cut."""
        gone = self.left(share) <= 0
        self.cut = self.cut or gone
        return gone
