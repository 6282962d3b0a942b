"""Why the two of a pair were brought together, in sentences for one of them; never a number."""

from collections.abc import Sequence

from matchmaking.engine.wording import told_apart

StoredTerms = Sequence[tuple[str, float, Sequence[str]]]
OTHER_SIDE = {"unknown:you": "unknown:them", "unknown:them": "unknown:you"}
OF_ONE_SIDE = ("activity", "habits")  # of the one who is looked at: a reader wants to hear nothing of it about oneself
OFFERS = frozenset(("offer", "offer_meaning"))  # told by the other direction, as what that side needs
NOT_BACK = OFFERS | set(OF_ONE_SIDE)


def why(mine: StoredTerms, theirs: StoredTerms, language: str, partner: str) -> dict[str, list[str]]:
    """What the pair gives the reader, what it gives the other side, and what does not fit.

    `mine` are the terms from the reader to the partner, `theirs` those back. Each holds the needs of both sides, so each list
    is made of the need of its own direction and of what both have in common.
    """
    forth = {part: (value, evidence) for part, value, evidence in mine if evidence and part not in OFFERS}
    back = {part: (value, evidence) for part, value, evidence in theirs if evidence and part not in NOT_BACK}
    if "need" in back:  # what the other side needs is what the reader offers
        back["offer"] = back.pop("need")
    if "need_meaning" in back:
        back["offer_meaning"] = back.pop("need_meaning")
    if "language" in back:
        value, codes = back["language"]
        back["language"] = value, [OTHER_SIDE.get(code, code) for code in codes]
    (for_you, misfits), (for_them, misfits_there) = told_apart(forth, back, language, partner=partner)
    return {
        "for_you": for_you,
        "for_them": [text for text in for_them if text not in for_you] or for_them,
        "does_not_fit": list(dict.fromkeys([*misfits, *misfits_there])),
    }
