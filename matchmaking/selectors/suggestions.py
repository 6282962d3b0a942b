"""A person's own suggestions: where each stands, and what is told of it. Two queries, whatever their number."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import orjson
from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Now

from matchmaking.models import Response, Suggestion, User
from matchmaking.selectors.labels import name_in, sector_labels, term_labels
from matchmaking.selectors.prepared import Prepared, instant
from matchmaking.selectors.reasons import why

ALIVE = Q(pair__introduction__isnull=False) | Q(pair__expires_at__isnull=True) | Q(pair__expires_at__gt=Now())
MOST_TOLD = 10  # suggestions read at once: the largest page
Sides = Callable[[User], tuple[QuerySet[Suggestion], QuerySet[Suggestion]]]


class Standing(NamedTuple):
    """Where a suggestion stands for the person on one side of it. The other side's answer is no part of it."""

    id: int
    rank: int
    event_id: int
    open_limit: int
    my_answer: str | None
    expired: bool
    introduction_id: int | None
    closed: bool

    @property
    def state(self) -> str:
        """`open`, `answered`, `introduced`, `closed` (an introduction that somebody withdrew from) or `expired`."""
        if self.introduction_id is not None:
            return "closed" if self.closed else "introduced"
        if self.expired:
            return "expired"
        return "answered" if self.my_answer else "open"


class Reader:
    """Reads a person's suggestions out of the two halves of them that `sides` lets them see."""

    def __init__(self, sides: Sides) -> None:
        self._standings = Prepared(lambda user: _united(sides(User(pk=user)), _standing_columns), 1)
        self._details = Prepared(lambda user, *ids: _united(sides(User(pk=user)), _detail_columns, ids), 1 + MOST_TOLD)

    def standings(self, user: User) -> list[Standing]:
        """All that is published for `user`, the best first."""
        rows = [Standing(*row) for row in self._standings.rows(user.pk)]
        return sorted(rows, key=lambda row: (row.rank, row.id))

    def told(self, user: User, standings: Sequence[Standing], language: str) -> list[dict[str, Any]]:
        """At most ten suggestions in words of a language, in the order given."""
        if not standings:
            return []
        ids = [standing.id for standing in standings]
        ids += [0] * (MOST_TOLD - len(ids))
        details = {row[0]: row for row in self._details.rows(user.pk, *ids)}
        return [_told(standing, details[standing.id], language) for standing in standings if standing.id in details]


def shown(standings: Iterable[Standing]) -> list[Standing]:
    """Those on the person's list: answered ones, and unanswered ones up to the limit of open ones of each event."""
    seen: Counter[int] = Counter()
    rows = []
    for row in standings:
        if row.state == "open":
            seen[row.event_id] += 1
            if seen[row.event_id] > row.open_limit:
                continue
        if row.my_answer or row.state != "expired":
            rows.append(row)
    return rows


def _united(
    sides: tuple[QuerySet[Suggestion], QuerySet[Suggestion]], columns: Callable[..., Any], ids: Sequence[int] = ()
) -> "QuerySet[Any, Any]":
    a, b = (side.filter(pk__in=ids) if ids else side for side in sides)
    united: QuerySet[Any, Any] = columns(a, "a", "b").union(columns(b, "b", "a"), all=True)
    return united


def _standing_columns(side: QuerySet[Suggestion], me: str, _other: str) -> "QuerySet[Any, Any]":
    """The columns of a `Standing`."""
    mine = Response.objects.filter(pair=OuterRef("pair"), participant=OuterRef(f"pair__{me}")).values("answer")[:1]
    return side.annotate(
        answer=Subquery(mine),
        expired=Case(When(Q(pair__expires_at__lte=Now()), then=Value(1)), default=Value(0)),
        closed=Case(When(pair__introduction__closed_at__isnull=False, then=Value(1)), default=Value(0)),
    ).values_list(
        "pk", f"rank_{me}", "pair__event_id", "pair__event__open_limit", "answer", "expired", "pair__introduction__pk", "closed"
    )  # fmt: skip


def _detail_columns(side: QuerySet[Suggestion], me: str, other: str) -> "QuerySet[Any, Any]":
    """What is told of a suggestion; of the other side the public part only."""
    they = f"pair__{other}"
    return side.values_list(
        "pk", f"told_{me}", "pair__expires_at", "pair__event_id", "pair__event__name", "pair__event__names",
        "pair__event__programme__sectors", f"{they}_id", f"{they}__name", f"{they}__organisation__name",
        f"{they}__profile__sector", f"{they}__profile__city", f"{they}__profile__languages", f"{they}__profile__industries",
        f"{they}__profile__offers", f"{they}__profile__needs", f"{they}__profile__about",
    )  # fmt: skip


def _told(standing: Standing, row: tuple[Any, ...], language: str) -> dict[str, Any]:
    (
        suggestion_id, told, expires_at, event_id, event, events, sectors,
        partner_id, name, organisation, sector, city, languages, industries, offers, needs, about,
    ) = row  # fmt: skip
    return {
        "id": suggestion_id,
        "event": {"id": event_id, "name": name_in(event, events, language)},
        "partner": {
            "id": partner_id,
            "name": name,
            "organisation": organisation or "",
            "sector": sector_labels(sectors, language).get(sector, sector),
            "sector_key": sector,
            "city": city or "",
            "languages": orjson.loads(languages or "[]"),
            "industries": term_labels(industries or "[]", language),
            "offers": term_labels(offers or "[]", language),
            "needs": term_labels(needs or "[]", language),
            "about": about or "",
        },
        "why": why(orjson.loads(told), language, name),
        "expires_at": instant(expires_at),
        **place_of(standing),
    }


def place_of(standing: Standing) -> dict[str, Any]:
    """Where a suggestion stands, for its reader."""
    state = standing.state
    return {
        "id": standing.id,
        "state": state,
        "my_answer": standing.my_answer,
        "introduced": state == "introduced",
        "introduction": standing.introduction_id if state == "introduced" else None,
    }
