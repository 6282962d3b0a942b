"""Why the two of a pair were brought together, in sentences for one of them; never a number."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from matchmaking.engine.records import Term
from matchmaking.engine.wording import told_apart

StoredTerms = Sequence[tuple[str, float, Sequence[str]]]
OTHER_WAY = {"need": "offer", "offer": "need"}
OTHER_SIDE = {"unknown:you": "unknown:them", "unknown:them": "unknown:you"}
OF_ONE_SIDE = ("activity", "habits")  # of the one who is looked at: a reader wants to hear nothing of it about oneself


class Read(NamedTuple):
    """A `Term` as stored; cheaper to make than the frozen record, and there are a hundred on a page."""

    part: str
    value: float
    evidence: Sequence[str]


def why(mine: StoredTerms, theirs: StoredTerms, language: str, partner: str) -> dict[str, list[str]]:
    """What the pair gives the reader, what it gives the other side, and what does not fit.

    `mine` are the terms from the reader to the partner, `theirs` those back. Each holds the needs of both sides, so each list
    is made of the need of its own direction and of what both have in common.
    """
    forth = [Read(part, value, evidence) for part, value, evidence in mine if evidence and part != "offer"]
    back = [_turned(part, value, evidence) for part, value, evidence in theirs if evidence and part != "offer" and part not in OF_ONE_SIDE]
    for_you, misfits = told_apart(cast(list[Term], forth), language, partner=partner)
    for_them, misfits_there = told_apart(
        cast(list[Term], [term for term in back if term.part not in OF_ONE_SIDE]), language, partner=partner
    )
    return {
        "for_you": for_you,
        "for_them": [text for text in for_them if text not in for_you] or for_them,
        "does_not_fit": list(dict.fromkeys([*misfits, *misfits_there])),
    }


def _turned(part: str, value: float, evidence: Sequence[str]) -> Read:
    """A term of the other side's direction as the reader sees it: their need is what the reader offers."""
    if part == "language":
        evidence = [OTHER_SIDE.get(code, code) for code in evidence]
    return Read(OTHER_WAY.get(part, part), value, evidence)
