"""What is published, as rows for a file: oriented and ordered by content keys, so that every database gives the same."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from matchmaking.models import Suggestion
from matchmaking.selectors.reasons import why

ROWS_AT_ONCE = 500
PERSON = ("id", "external_id", "name", "sector")
PERSON_PATHS = ("pk", "external_id", "name", "profile__sector")
SCORES = ("p_ab", "p_ba", "z_ab", "z_ba", "terms_ab", "terms_ba", "told_a", "told_b", "rank_a", "rank_b")
SCORES_TURNED = ("p_ba", "p_ab", "z_ba", "z_ab", "terms_ba", "terms_ab", "told_b", "told_a", "rank_b", "rank_a")


def exported(suggestions: "QuerySet[Suggestion]", language: str) -> Iterator[dict[str, Any]]:
    """Each suggestion with both people, the score, the parts that add up to z with the constant, and the why of both sides.

    Sorted here: databases order text by the rules of a language, the engine by code points.
    """
    keys = suggestions.values_list("pk", "pair__a__key", "pair__b__key")
    order = sorted((min(a, b), max(a, b), pk, a > b) for pk, a, b in keys.iterator(chunk_size=ROWS_AT_ONCE))
    paths = [f"pair__{side}__{path}" for side in ("a", "b") for path in PERSON_PATHS]
    for start in range(0, len(order), ROWS_AT_ONCE):
        piece = order[start : start + ROWS_AT_ONCE]
        rows = suggestions.filter(pk__in=[pk for _, _, pk, _ in piece]).values_list("pk", "score", *paths, *SCORES)
        found = {row[0]: row[1:] for row in rows}
        yield from (_row(found[pk], turned, language) for _, _, pk, turned in piece if pk in found)


def _row(row: tuple[Any, ...], turned: bool, language: str) -> dict[str, Any]:
    score, people, rest = row[0], (row[1:5], row[5:9]), row[9:]
    a, b = reversed(people) if turned else people
    pair = dict(zip(SCORES_TURNED if turned else SCORES, rest, strict=True))
    return {
        "a": dict(zip(PERSON, a, strict=True)),
        "b": dict(zip(PERSON, b, strict=True)),
        "score": score,
        **{name: pair[name] for name in ("p_ab", "p_ba", "z_ab", "z_ba")},
        "parts_ab": _parts(pair["terms_ab"]),
        "parts_ba": _parts(pair["terms_ba"]),
        "why_a": _told(why(pair["told_a"], language, b[2])),
        "why_b": _told(why(pair["told_b"], language, a[2])),
        "rank_a": pair["rank_a"],
        "rank_b": pair["rank_b"],
    }


def _parts(terms: list[tuple[str, float, list[str]]]) -> dict[str, float]:
    return {part: value for part, value, _ in terms}


def _told(said: dict[str, list[str]]) -> str:
    return " ".join(dict.fromkeys(sentence for sentences in said.values() for sentence in sentences))
