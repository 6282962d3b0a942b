"""Moves, rosters and measures of a facilitator's pages in words of the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matchmaking.models import Event, Roster, RosterMove
from web.names import moment
from web.organiser.words import number, signed

STATES = {
    Roster.State.DRAFT: gettext_lazy("draft, seen by nobody yet"),
    Roster.State.PUBLISHED: gettext_lazy("published"),
    Roster.State.ASIDE: gettext_lazy("put away"),
}
LEANINGS = {
    "": gettext_lazy("as the rules say"),
    "sectors": gettext_lazy("leaning to mixed sectors"),
    "fit": gettext_lazy("leaning to people who suit each other"),
}
MEASURES = {  # by the names of `selectors.rosters.compared`; whether more is better
    "total": (gettext_lazy("Value of all teams"), True),
    "worst": (gettext_lazy("Value of the weakest team"), True),
    "teams": (gettext_lazy("Teams"), None),
    "unplaced": (gettext_lazy("People without a team"), False),
    "warnings": (gettext_lazy("Rules that do not hold"), False),
    "sectors_in_a_team": (gettext_lazy("Sectors in a team, on average"), True),
}


def team(at: int | None) -> str:
    """Where somebody is."""
    return _("team {number}").format(number=at) if at is not None else _("no team")


def moved(name: str, before: int | None, after: int | None) -> str:
    """Somebody's way from one team to another."""
    return f"{name}: {team(before)} → {team(after)}"


def move_told(move: RosterMove) -> str:
    """What a hand move did."""
    kinds = RosterMove.Kind
    if move.kind == kinds.MOVE:
        ways = [(move.participant, move.before, move.after), (move.swapped, move.after, move.before)]
        return "; ".join(moved(person.name, before, after) for person, before, after in ways if person is not None)
    if move.kind in (kinds.LOCK, kinds.UNLOCK):
        told = _("Team {number} is locked.") if move.kind == kinds.LOCK else _("Team {number} is open again.")
        return told.format(number=move.after)
    told = _("{name} is pinned to team {number}.") if move.kind == kinds.PIN else _("{name} is no longer pinned.")
    return told.format(name=move.participant.name if move.participant else "…", number=move.after)


def last_told(move: RosterMove | None, event: Event) -> str:
    """The latest change, who made it and when."""
    if move is None:
        return ""
    time = move.undone_at or move.created_at
    who = [move.made_by.name] if move.made_by and move.made_by.name else []
    what = _("taken back: {move}").format(move=move_told(move)) if move.undone_at else move_told(move)
    return f"{what} ({', '.join([*who, moment(time, event.time_zone).text.rpartition(', ')[2]])})"


def roster_name(roster: Roster | Mapping[str, Any]) -> str:
    """What a roster is called on pages: its number in its run and what it leans to."""
    told = roster if isinstance(roster, Mapping) else {"number": roster.number, "emphasis": roster.emphasis}
    leaning = LEANINGS.get(told["emphasis"], LEANINGS[""])
    return _("Roster {number}, {leaning}").format(number=told["number"], leaning=leaning)


def measure_rows(one: Mapping[str, float], other: Mapping[str, float]) -> Sequence[dict[str, Any]]:
    """Two rosters' measures side by side; `good` says whether the other one's difference is for the better."""
    rows = []
    for name, (label, more) in MEASURES.items():
        digits = 2 if name == "sectors_in_a_team" else 0
        change = round(other[name] - one[name], digits)
        good = None if more is None or not change else (change > 0) == more
        figures = {"one": number(one[name], digits), "other": number(other[name], digits), "change": signed(change, digits)}
        rows.append({"label": label, **figures, "good": good})
    return rows
