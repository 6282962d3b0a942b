"""Teams in records: people, hard rules with their references, the value that is wished for. Standard library only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from matchmaking.errors import BadInput

FRAME = ("team_size", "teams", "everyone")

Roster = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to place; `slots` are numbers of the times they can attend, `flags` what they opted in to."""

    id: str
    sector: str = ""
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    slots: frozenset[int] = frozenset()
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Counted:
    """How many people with a property each team has: from `least` to `most` (None: any number).

    A property is `skill:coding`, `flag:minor`, `language:be` or `sector:business`. With `or_none`, a team may also have nobody with it.
    With `where`, the rule is only about teams that have somebody with that other property. So it says: distribute (a `most`),
    gather (`least` or none), an adult with minors (at least one adult where there is a minor), no more than two of a sector.
    """

    property: str
    least: int = 0
    most: int | None = None
    or_none: bool = False
    where: str | None = None

    def holds(self, team: Sequence[Person]) -> bool:
        """Whether a team keeps the rule."""
        have = sum(has(person, self.property) for person in team)
        if (self.or_none and have == 0) or (self.where and not any(has(person, self.where) for person in team)):
            return True
        return self.least <= have and (self.most is None or have <= self.most)


def has(person: Person, property: str) -> bool:
    """Whether a person has a property such as `skill:coding`."""
    kind, _, name = property.partition(":")
    if kind == "sector":
        return person.sector == name
    return name in getattr(person, kind + "s")


@dataclass(frozen=True, slots=True)
class Rules:
    """Hard rules. Each group, pair or pin is named by its kind and its place in the tuple: `apart:3`.

    `pinned` holds (person, number of the team counted from 1); a `locked` group is exactly one team, at any number.
    """

    common_language: bool = False
    common_slots: int = 0
    at_least_one: tuple[str, ...] = ()
    never_alone: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    apart: tuple[tuple[str, str], ...] = ()
    pinned: tuple[tuple[str, int], ...] = ()
    locked: tuple[tuple[str, ...], ...] = ()
    counted: tuple[Counted, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """What is wished for, summed over the teams: skills and sectors present, the pair scores inside, and wishes.

    A wish (person, number of a team, points) is worth its points where it comes true: ranked ideas are wishes for their teams.
    """

    skills_wanted: tuple[str, ...] = ()
    points_per_skill: float = 0
    points_per_sector: float = 0
    sectors_cap: int = 0
    pair_weight: float = 1
    wishes: tuple[tuple[str, int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One question: these people into `teams` teams (None: as many as you like) of `smallest` to `largest`, everyone placed.

    `pair_scores` (person, person, score), each pair once. `current` is the roster before people left and arrived, if there was one:
    the place in it is the team's number.
    """

    people: tuple[Person, ...]
    smallest: int
    largest: int
    teams: int | None = None
    rules: Rules = Rules()
    value: Value = Value()
    pair_scores: tuple[tuple[str, str, float], ...] = ()
    current: Roster | None = None

    def numbers_of_teams(self) -> range:
        """The numbers of teams that the sizes allow, fewest first; empty where none does."""
        n = len(self.people)
        least, most = -(-n // self.largest), n // self.smallest
        if self.teams is not None:
            least, most = max(least, self.teams), min(most, self.teams)
        return range(least, most + 1)

    def names(self) -> Iterator[str]:
        """The reference of every hard rule outside the frame."""
        rules = self.rules
        if rules.common_language:
            yield "common_language"
        if rules.common_slots:
            yield "common_slots"
        yield from (f"at_least_one:{skill}" for skill in rules.at_least_one)
        yield from (f"never_alone:{flag}" for flag in rules.never_alone)
        for kind in GROUPS:
            yield from (f"{kind}:{i}" for i in range(len(getattr(rules, kind))))

    def only(self, names: frozenset[str]) -> "Case":
        """The same question with no other rules than these; what is renumbered is found by `indices`."""
        rules = self.rules
        kept: dict[str, Any] = {kind: tuple(getattr(rules, kind)[i] for i in indices(kind, names)) for kind in GROUPS}
        kept["at_least_one"] = tuple(skill for skill in rules.at_least_one if f"at_least_one:{skill}" in names)
        kept["never_alone"] = tuple(flag for flag in rules.never_alone if f"never_alone:{flag}" in names)
        kept["common_language"] = rules.common_language and "common_language" in names
        kept["common_slots"] = rules.common_slots if "common_slots" in names else 0
        return replace(self, rules=Rules(**kept))


GROUPS = ("together", "apart", "pinned", "locked", "counted")
PROPERTIES = ("skill", "flag", "language", "sector")


def indices(kind: str, names: frozenset[str]) -> list[int]:
    """Which rules of a kind are named, in order."""
    return sorted(int(name.partition(":")[2]) for name in names if name.startswith(kind + ":"))


def read_case(document: Mapping[str, Any]) -> Case:
    """The case in a JSON document of the form described in docs/teams.md; raises `BadInput` with a sentence."""
    try:
        case = _case(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput("This is no team case: {what}.", what=repr(error)) from error
    _refuse_what_cannot_be_meant(case)
    return case


def _case(document: Mapping[str, Any]) -> Case:
    rules, value, size = document["rules"], document["value"], document["team_size"]
    return Case(
        people=tuple(_person(row) for row in document["people"]),
        smallest=int(size["min"]),
        largest=int(size["max"]),
        teams=document.get("teams"),
        rules=Rules(
            common_language=bool(rules.get("common_language")),
            common_slots=int(rules.get("common_slots") or 0),
            at_least_one=tuple(dict.fromkeys(rules.get("at_least_one", ()))),
            never_alone=tuple(dict.fromkeys(rules.get("never_alone", ()))),
            together=tuple(tuple(group) for group in rules.get("together", ())),
            apart=tuple((a, b) for a, b in rules.get("apart", ())),
            pinned=tuple((person, int(number)) for person, number in rules.get("pinned", ())),
            locked=tuple(tuple(group) for group in rules.get("locked", ())),
            counted=tuple(Counted(**rule) for rule in rules.get("counted", ())),
        ),
        value=Value(
            skills_wanted=tuple(dict.fromkeys(value.get("skills_wanted", ()))),
            points_per_skill=value.get("points_per_skill", 0),
            points_per_sector=value.get("points_per_sector", 0),
            sectors_cap=int(value.get("sectors_cap", 0)),
            pair_weight=value.get("pair_weight", 1),
            wishes=tuple((person, int(number), points) for person, number, points in value.get("wishes", ())),
        ),
        pair_scores=tuple((a, b, score) for a, b, score in document.get("pair_scores", ())),
        current=tuple(tuple(team) for team in document["current"]) if document.get("current") is not None else None,
    )


def _person(row: Mapping[str, Any]) -> Person:
    many = {name: frozenset(row.get(name, ())) for name in ("skills", "languages", "slots", "flags")}
    return Person(id=row["id"], sector=row.get("sector", ""), **many)


def _refuse_what_cannot_be_meant(case: Case) -> None:
    known = {person.id for person in case.people}
    if len(known) < len(case.people):
        raise BadInput("Two people have the same id.")
    if not known or not 1 <= case.smallest <= case.largest:
        raise BadInput("A case needs people, and a team size from 1 up whose least is not above its most.")
    for kind in ("together", "apart", "locked"):
        for i, group in enumerate(getattr(case.rules, kind)):
            if strangers := [person for person in group if person not in known]:
                raise BadInput("The rule {rule} names {who}, who is not among the people.", rule=f"{kind}:{i}", who=strangers[0])
    for i, rule in enumerate(case.rules.counted):
        if any(name is not None and name.partition(":")[0] not in PROPERTIES for name in (rule.property, rule.where)):
            raise BadInput("The rule {rule} counts no property: skill, flag, language or sector, a colon and a name.", rule=f"counted:{i}")
    for i, (person, _) in enumerate(case.rules.pinned):
        if person not in known:
            raise BadInput("The rule {rule} names {who}, who is not among the people.", rule=f"pinned:{i}", who=person)
