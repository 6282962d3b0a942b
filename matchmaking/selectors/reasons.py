"""Why the two of a pair were brought together, in sentences for one of them; never a number."""

from collections.abc import Iterable, Sequence

from matchmaking.engine.records import Direction, Term
from matchmaking.engine.wording import told_apart

StoredTerms = Sequence[tuple[str, float, Sequence[str]]]
OTHER_WAY = {"need": "offer", "offer": "need"}
OF_ONE_SIDE = ("activity", "habits")  # tell of the one who is looked at: nothing a reader wants to hear of oneself


def why(mine: StoredTerms, theirs: StoredTerms, language: str, partner: str) -> dict[str, list[str]]:
    """What the pair gives the reader, what it gives the other side, and what does not fit.

    `mine` are the terms from the reader to the partner, `theirs` those back. Each holds the needs of both sides, so each list
    is made of the need of its own direction and of what both have in common.
    """
    for_you, misfits = told_apart(_direction(term for term in mine if term[0] != "offer"), language, partner=partner)
    mirrored = ((OTHER_WAY.get(part, part), value, evidence) for part, value, evidence in theirs if part not in OF_ONE_SIDE)
    for_them, misfits_there = told_apart(_direction(term for term in mirrored if term[0] != "need"), language, partner=partner)
    return {
        "for_you": for_you,
        "for_them": [text for text in for_them if text not in for_you] or for_them,
        "does_not_fit": list(dict.fromkeys([*misfits, *misfits_there])),
    }


def _direction(terms: Iterable[tuple[str, float, Sequence[str]]]) -> Direction:
    return Direction(0.0, 0.0, tuple(Term(part, value, tuple(evidence)) for part, value, evidence in terms))
