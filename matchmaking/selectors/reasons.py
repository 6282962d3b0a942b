"""Why the two of a pair were brought together, in sentences for one of them; never a number."""

from collections.abc import Sequence

from matchmaking.engine.telling import Fact
from matchmaking.engine.wording import tell

PLACES = ("for_you", "for_them", "does_not_fit")


def why(told: Sequence[Sequence[Fact]], language: str, partner: str) -> dict[str, list[str]]:
    """What the pair gives the reader, what it gives the other side, and what does not fit: the facts stored for the reader, in words."""
    return {place: tell(facts, language, partner=partner) for place, facts in zip(PLACES, told, strict=True)}
