"""A facilitator's rules, hard or wished for, to the engine's and back without loss, each with its sentence. Standard library only.

A rule is a mapping with a `kind`; `FIELDS` says what else each kind holds. People are named by id, skills, marks, languages and
sectors as properties (`skill:coding`, `flag:minor`). Reading again what was read gives the same engine's rules.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from matchmaking.engine.teams import words
from matchmaking.engine.teams.rules import PROPERTIES, Case, Counted, Person, Rules, Value, has
from matchmaking.engine.teams.said import Each, Named, People, Said
from matchmaking.errors import BadInput

Rule = Mapping[str, Any]

# What each kind holds besides. People are lists of ids, even of one.
FIELDS: dict[str, tuple[str, ...]] = {
    "team_size": ("least", "most"),
    "teams": ("number",),
    "common_language": (),
    "common_time": ("half_hours",),
    "has": ("skill",),
    "never_alone": ("mark",),
    "count": ("property", "least", "most", "or_none", "where"),
    "balance": ("property",),
    "together": ("people",),
    "apart": ("people",),
    "pin": ("people", "team"),
    "exactly": ("people",),
    "mark": ("mark", "people"),
    "wish_skills": ("skills", "points"),
    "wish_sectors": ("most", "points"),
    "wish_fit": ("weight",),
    "idea": ("idea", "team"),
    "prefers": ("people", "ideas"),
    "wish": ("people", "team", "points"),
}
OPTIONAL = {"least": 0, "most": None, "or_none": False, "where": None}  # of `count`
ONCE = ("team_size", "teams", "common_language", "common_time", "wish_skills", "wish_sectors", "wish_fit")
WISHED = ("wish_skills", "wish_sectors", "wish_fit", "prefers", "wish")
SIZES = (3, 6)  # of a team where nobody said it
PLAIN_VALUE = Value((), 50, 60, 3, 1)  # what is wished for where nobody said it: three sectors, people who suit each other
RANKED = (30, 20, 10)  # points of the first, second and third choice of an idea
FEWEST = {"together": 2, "apart": 2, "pin": 1, "exactly": 1, "mark": 0, "prefers": 1, "wish": 1}
MOST = {"apart": 2, "pin": 1, "prefers": 1, "wish": 1}


@dataclass(frozen=True, slots=True)
class Translation:
    """The engine's question, and which of the facilitator's `count` rules each of its names came from; `idle` ones name too few people."""

    case: Case
    origins: Mapping[str, int]
    idle: tuple[int, ...] = ()
    count: int = 0


@dataclass
class _Draft:
    people: dict[str, Person]
    rules: Rules = field(default_factory=Rules)
    value: Value = PLAIN_VALUE
    smallest: int = SIZES[0]
    largest: int = SIZES[1]
    teams: int | None = None
    ideas: dict[Any, list[int]] = field(default_factory=dict)
    origins: dict[str, int] = field(default_factory=dict)
    idle: list[int] = field(default_factory=list)


def check_rules(rules: Sequence[Rule]) -> None:
    """Raises `BadInput` with a sentence for the first rule that says nothing, too much, or the same as another."""
    for number, rule in enumerate(rules, 1):
        kind = rule.get("kind")
        if kind not in FIELDS:
            raise BadInput("Rule {number} is of no known kind. Known are: {known}.", number=number, known=", ".join(FIELDS))
        _check_fields(number, rule, str(kind))
    for kind in ONCE:
        if sum(rule["kind"] == kind for rule in rules) > 1:
            raise BadInput("There is more than one rule {kind}. Keep one.", kind=kind)
    if any(rule["kind"] == "balance" for rule in rules) and not any(rule["kind"] == "teams" for rule in rules):
        raise BadInput("To spread people evenly, say also how many teams there are.")


def _check_fields(number: int, rule: Rule, kind: str) -> None:
    needed = [name for name in FIELDS[kind] if not (kind == "count" and name in OPTIONAL)]
    if missing := [name for name in needed if rule.get(name) is None]:
        raise BadInput("Rule {number} lacks {name}.", number=number, name=missing[0])
    if unknown := sorted(set(rule) - {"kind", *FIELDS[kind]}):
        raise BadInput("Rule {number} cannot hold {name}.", number=number, name=unknown[0])
    if "people" in rule:
        count = len(set(rule["people"]))
        if count < len(rule["people"]) or count < FEWEST[kind] or count > MOST.get(kind, count):
            raise BadInput("Rule {number} names the same person twice, too few people or too many.", number=number)
    properties: list[str] = [rule[name] for name in ("property", "where") if rule.get(name) is not None]
    if any(one.partition(":")[0] not in PROPERTIES or not one.partition(":")[2] for one in properties):
        raise BadInput("Rule {number} counts no property: skill, flag, language or sector, a colon and a name.", number=number)
    spans = (rule.get("least"), rule.get("most"))
    if None not in spans and rule["least"] > rule["most"]:
        raise BadInput("Rule {number}: the least is above the most.", number=number)
    if kind == "count" and rule.get("most") is None and not rule.get("least"):
        raise BadInput("Rule {number} asks for nothing: give a least or a most.", number=number)


def case_of(rules: Sequence[Rule], people: Iterable[Person]) -> Translation:
    """The engine's question for these people; whoever is no longer among them is left out of the rules.

    Rules that name too few people by now say nothing, and keep their places.
    """
    spoken = [(number, rule) for number, rule in enumerate(rules) if _speaks(rule)]
    check_rules([rule for _, rule in spoken])
    draft = _Draft({person.id: person for person in people}, idle=[number for number, rule in enumerate(rules) if not _speaks(rule)])
    for kind in ("mark", "idea", "teams"):  # what other rules lean on
        for number, rule in spoken:
            if rule["kind"] == kind:
                _READ[kind](draft, number, rule)
    for number, rule in spoken:
        if rule["kind"] not in ("mark", "idea", "teams"):
            _READ[rule["kind"]](draft, number, rule)
    case = Case(tuple(draft.people.values()), draft.smallest, draft.largest, draft.teams, draft.rules, draft.value)
    return Translation(case, draft.origins, tuple(draft.idle), len(rules))


def _speaks(rule: Rule) -> bool:
    return "people" not in rule or len(rule["people"]) >= FEWEST[rule["kind"]]


def _added(draft: _Draft, number: int, kind: str, item: Any) -> None:
    """One more of a group of engine rules, unless it is there already."""
    there = getattr(draft.rules, kind)
    named = kind in ("at_least_one", "never_alone")
    if item not in there:
        changes: dict[str, Any] = {kind: (*there, item)}
        draft.rules = replace(draft.rules, **changes)
        draft.origins[f"{kind}:{item if named else len(there)}"] = number


def _size(draft: _Draft, number: int, rule: Rule) -> None:
    draft.smallest, draft.largest = rule["least"], rule["most"]
    draft.origins["team_size"] = number


def _teams(draft: _Draft, number: int, rule: Rule) -> None:
    draft.teams = rule["number"]
    draft.origins["teams"] = number


def _language(draft: _Draft, number: int, rule: Rule) -> None:
    draft.rules = replace(draft.rules, common_language=True)
    draft.origins["common_language"] = number


def _time(draft: _Draft, number: int, rule: Rule) -> None:
    draft.rules = replace(draft.rules, common_slots=rule["half_hours"])
    draft.origins["common_slots"] = number


def _count(draft: _Draft, number: int, rule: Rule) -> None:
    given = {name: rule.get(name, usual) for name, usual in OPTIONAL.items()}
    _added(draft, number, "counted", Counted(rule["property"], **given))


def _balance(draft: _Draft, number: int, rule: Rule) -> None:
    """As many in each team as the number of teams allows, one more or less."""
    have, teams = sum(has(person, rule["property"]) for person in draft.people.values()), draft.teams or 1
    _added(draft, number, "counted", Counted(rule["property"], have // teams, -(-have // teams)))


def _group(draft: _Draft, number: int, rule: Rule) -> None:
    there = tuple(person for person in rule["people"] if person in draft.people)
    if len(there) < FEWEST[rule["kind"]]:
        draft.idle.append(number)
    elif rule["kind"] == "pin":
        _added(draft, number, "pinned", (there[0], rule["team"]))
    else:
        _added(draft, number, "locked" if rule["kind"] == "exactly" else rule["kind"], there)


def _mark(draft: _Draft, number: int, rule: Rule) -> None:
    for person in rule["people"]:
        if (known := draft.people.get(person)) is not None:
            draft.people[person] = replace(known, flags=known.flags | {rule["mark"]})


def _idea(draft: _Draft, number: int, rule: Rule) -> None:
    draft.ideas.setdefault(rule["idea"], []).append(rule["team"])


def _wish(draft: _Draft, number: int, rule: Rule) -> None:
    _wished(draft, number, rule["people"][0], [(rule["team"], rule["points"])])


def _prefers(draft: _Draft, number: int, rule: Rule) -> None:
    ranked = zip(rule["ideas"], (*RANKED, *[RANKED[-1]] * len(rule["ideas"])), strict=False)
    _wished(draft, number, rule["people"][0], [(team, points) for idea, points in ranked for team in draft.ideas.get(idea, ())])


def _wished(draft: _Draft, number: int, person: str, wishes: list[tuple[int, float]]) -> None:
    if person not in draft.people or not wishes:
        draft.idle.append(number)
        return
    draft.value = replace(draft.value, wishes=(*draft.value.wishes, *((person, team, points) for team, points in wishes)))


def _value(**names: str) -> Callable[[_Draft, int, Rule], None]:
    def read(draft: _Draft, number: int, rule: Rule) -> None:
        given: dict[str, Any] = {name: tuple(told) if isinstance(told := rule[own], list | tuple) else told for name, own in names.items()}
        draft.value = replace(draft.value, **given)

    return read


_READ: dict[str, Callable[[_Draft, int, Rule], None]] = {
    "team_size": _size,
    "teams": _teams,
    "common_language": _language,
    "common_time": _time,
    "has": lambda draft, number, rule: _added(draft, number, "at_least_one", rule["skill"]),
    "never_alone": lambda draft, number, rule: _added(draft, number, "never_alone", rule["mark"]),
    "count": _count,
    "balance": _balance,
    "together": _group,
    "apart": _group,
    "pin": _group,
    "exactly": _group,
    "mark": _mark,
    "wish_skills": _value(skills_wanted="skills", points_per_skill="points"),
    "wish_sectors": _value(sectors_cap="most", points_per_sector="points"),
    "wish_fit": _value(pair_weight="weight"),
    "idea": _idea,
    "prefers": _prefers,
    "wish": _wish,
}


def rules_of(case: Case) -> list[dict[str, Any]]:
    """The engine's rules and wishes as a facilitator's; `case_of` makes the same of them again."""
    rules, value = case.rules, case.value
    said: list[dict[str, Any]] = [{"kind": "team_size", "least": case.smallest, "most": case.largest}]
    said += [{"kind": "teams", "number": case.teams}] if case.teams is not None else []
    said += [{"kind": "common_language"}] if rules.common_language else []
    said += [{"kind": "common_time", "half_hours": rules.common_slots}] if rules.common_slots else []
    said += [{"kind": "has", "skill": skill} for skill in rules.at_least_one]
    said += [{"kind": "never_alone", "mark": flag} for flag in rules.never_alone]
    said += [{"kind": kind, "people": list(group)} for kind in ("together", "apart") for group in getattr(rules, kind)]
    said += [{"kind": "exactly", "people": list(group)} for group in rules.locked]
    said += [{"kind": "pin", "people": [person], "team": number} for person, number in rules.pinned]
    said += [
        {"kind": "count", "property": one.property, "least": one.least, "most": one.most, "or_none": one.or_none, "where": one.where}
        for one in rules.counted
    ]
    said += [{"kind": "mark", "mark": flag, "people": people} for flag, people in _marked(case)]
    said.append({"kind": "wish_skills", "skills": list(value.skills_wanted), "points": value.points_per_skill})
    said.append({"kind": "wish_sectors", "most": value.sectors_cap, "points": value.points_per_sector})
    said.append({"kind": "wish_fit", "weight": value.pair_weight})
    said += [{"kind": "wish", "people": [person], "team": team, "points": points} for person, team, points in value.wishes]
    return said


def _marked(case: Case) -> Iterator[tuple[str, list[str]]]:
    for flag in sorted({flag for person in case.people for flag in person.flags}):
        yield flag, [person.id for person in case.people if flag in person.flags]


def said(rule: Rule) -> Said:
    """One rule as a facilitator reads it."""
    kind = rule["kind"]
    if kind in ("has", "never_alone"):
        name = f"skill:{rule['skill']}" if kind == "has" else f"flag:{rule['mark']}"
        return Said.of("at_least_one", skill=Named(name)) if kind == "has" else Said.of(kind, flag=Named(name))
    if kind in ("count", "balance"):
        return _property_said(rule)
    if kind in ("together", "apart", "exactly"):
        return Said.of("locked" if kind == "exactly" else kind, people=People(tuple(rule["people"])))
    return _SAID[kind](rule)


def _property_said(rule: Rule) -> Said:
    if rule["kind"] == "balance":
        return Said.of("balance", property=words.having(rule["property"]))
    given = {name: rule.get(name, usual) for name, usual in OPTIONAL.items()}
    return words.counted(Counted(rule["property"], **given))


def _size_said(rule: Rule) -> Said:
    return words.rule(Case((), rule["least"], rule["most"]), "team_size")


def _ideas(ids: Iterable[Any]) -> Each:
    return Each(tuple(Named(f"idea:{one}") for one in ids), ", ")


_SAID: dict[str, Callable[[Rule], Said]] = {
    "team_size": _size_said,
    "teams": lambda rule: Said.of("teams", teams=words.teams_of(rule["number"])),
    "common_language": lambda rule: Said.of("common_language"),
    "common_time": lambda rule: Said.of("common_slots", times=words.times(rule["half_hours"])),
    "pin": lambda rule: Said.of("pinned", person=People(tuple(rule["people"])), number=rule["team"]),
    "mark": lambda rule: Said.of("mark", flag=Named(f"flag:{rule['mark']}"), people=People(tuple(rule["people"]))),
    "wish_skills": lambda rule: Said.of(
        "wish_skills", skills=Each(tuple(Named(f"skill:{skill}") for skill in rule["skills"]), "and"), points=float(rule["points"])
    ),
    "wish_sectors": lambda rule: Said.of("wish_sectors", points=float(rule["points"]), most=rule["most"]),
    "wish_fit": lambda rule: Said.of("wish_fit", weight=float(rule["weight"])),
    "idea": lambda rule: Said.of("idea", number=rule["team"], idea=Named(f"idea:{rule['idea']}")),
    "prefers": lambda rule: Said.of("prefers", person=People(tuple(rule["people"])), ideas=_ideas(rule["ideas"])),
    "wish": lambda rule: Said.of("wish", person=People(tuple(rule["people"])), number=rule["team"], points=float(rule["points"])),
}
