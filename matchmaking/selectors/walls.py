"""What a team wall shows: the published teams by place, who is in each, and where to find somebody."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from matchmaking.models import Roster, Seat, Team, Wall
from matchmaking.selectors.labels import alphabetical

WITHOUT_END = timedelta(days=7)  # how long the wall of an event stays that has no end
NAME_SIGNS = 23  # of a name that still fits a line at ten metres
LAYOUTS = ((3, 9, False), (5, 6, True), (6, 6, False))  # up to so many members: teams on a screen, and whether tasks fit too
WITHOUT_NAMES, FEWEST = (12, True), (3, True)
MEMBERS_SHOWN = 14
NAMES_A_PAGE = 28
TURN_S = 12  # how long one page stays


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on the wall; without a name it is `a participant`."""

    name: str
    sector: str


@dataclass(frozen=True, slots=True)
class OnWall:
    """A team as the wall shows it."""

    number: int
    name: str
    place: str
    task: str
    members: tuple[Member, ...]


def live(walls: QuerySet[Wall]) -> QuerySet[Wall]:
    """Those that were not taken down and whose event is not over."""
    going_on = Q(event__ends_at__gt=Now()) | Q(event__ends_at__isnull=True, created_at__gt=timezone.now() - WITHOUT_END)
    return walls.filter(going_on, revoked_at__isnull=True).select_related("event__programme")


def seated(wall: Wall) -> list[dict[str, Any]]:
    """The teams of what is published, as `Wall.frozen` keeps them; two queries."""
    shown = Team.objects.filter(roster__event=wall.event_id, roster__state=Roster.State.PUBLISHED)
    teams = list(shown.select_related("idea").order_by("number"))
    people = defaultdict[int, list[int]](list)
    seats = Seat.objects.filter(team__in=teams, participant__isnull=False)
    for team, person in seats.order_by("created_at", "pk").values_list("team_id", "participant_id"):
        people[team].append(person)
    return [{"number": one.number, "name": one.name, "place": one.place, "task": task_of(one), "people": people[one.pk]} for one in teams]


def published_at(wall: Wall) -> datetime | None:
    """When what the wall shows was published."""
    return Roster.objects.filter(event=wall.event_id, state=Roster.State.PUBLISHED).values_list("published_at", flat=True).first()


def task_of(team: Team) -> str:
    """What a team works on: its task, else the title of its idea."""
    return team.task or (team.idea.title if team.idea else "")


def on_wall(teams: Sequence[Mapping[str, Any]], named: Mapping[int, Member]) -> list[OnWall]:
    """Teams as `seated` gives them, by place, with the names of `named`; whoever is not in it is gone."""
    told = [
        OnWall(one["number"], one["name"], one["place"], one["task"], tuple(named[pk] for pk in one["people"] if pk in named))
        for one in teams
    ]
    return sorted(told, key=lambda team: (not team.place, _natural(team.place), team.number))


def _natural(text: str) -> tuple[tuple[int, str], ...]:
    """`Table 10` after `Table 9`."""
    parts, digits = [""], False
    for sign in text.casefold():
        if sign.isdecimal() != digits:
            parts.append("")
            digits = not digits
        parts[-1] += sign
    return tuple((int(part), "") if part.isdecimal() else (0, part) for part in parts)


def layout(teams: Sequence[OnWall], with_names: bool) -> tuple[int, bool]:
    """How many teams fit a screen in letters that are read at ten metres, and whether what they work on fits below."""
    if not with_names:
        return WITHOUT_NAMES
    tallest = max((len(team.members) for team in teams), default=0)
    layouts = LAYOUTS if len(teams) > LAYOUTS[1][1] else LAYOUTS[1:]  # where all fit one screen, there is room for tasks
    return next(((count, tasks) for most, count, tasks in layouts if tallest <= most), FEWEST)


def by_name(teams: Sequence[OnWall]) -> list[tuple[str, OnWall]]:
    """Everybody who is named, in the order of the alphabet, with their team."""
    return sorted(((one.name, team) for team in teams for one in team.members if one.name), key=lambda row: alphabetical(row[0]))


def found(rows: Sequence[tuple[str, OnWall]], wanted: str) -> list[tuple[str, OnWall]]:
    """Those of `by_name` whose name is sought."""
    return [row for row in rows if is_sought(row[0], wanted)]


def is_sought(name: str, wanted: str) -> bool:
    """Whether each word of `wanted` begins a word of the name; signs over and between letters do not count."""
    words = _words(name)
    return all(any(word.startswith(one) for word in words) for one in _words(wanted))


def _words(name: str) -> list[str]:
    return alphabetical(name)[0].replace(".", " ").replace("-", " ").split()


def fingerprint(*shown: Any) -> str:
    """The same for the same content; another one as soon as anything of it changes."""
    return hashlib.sha256(json.dumps(shown, default=repr, sort_keys=True).encode()).hexdigest()[:16]


def page_at(seconds: float, pages: int) -> int:
    """Which page is on at a moment: all screens turn together; counted from 1."""
    return int(seconds // TURN_S) % max(pages, 1) + 1


def initials(name: str) -> str:
    """`Ада Кулеш` as `А. К.`"""
    return _fitting(_initial(word) for word in name.replace("-", " ").split() if word[0].isalpha())


def short(name: str) -> str:
    """A name as it fits a line of the wall: what is too long keeps its first word and initials of others."""
    if len(name) <= NAME_SIGNS:
        return name
    first, *others = name.split()
    if len(first) > NAME_SIGNS:
        return f"{first[: NAME_SIGNS - 1]}…"
    return _fitting((first, *map(_initial, others)))


def _initial(word: str) -> str:
    return "".join((word[0].upper(), "."))


def _fitting(words: Iterable[str]) -> str:
    """As many of the words, from the first on, as fit a line."""
    line = ""
    for word in words:
        longer = f"{line} {word}".strip()
        if len(longer) > NAME_SIGNS:
            break
        line = longer
    return line
