"""Rules, conflicts and relaxations in sentences with names and numbers. Standard library only."""

from collections.abc import Collection

from matchmaking.engine.teams.rules import FRAME, Case, Counted, Person

MANY = 6  # rules of one kind that are read out one by one


def rule(case: Case, name: str) -> str:
    """One hard rule as a facilitator reads it."""
    kind, _, rest = name.partition(":")
    rules = case.rules
    if kind == "team_size":
        return f"each team has {_span(case.smallest, case.largest)} people"
    if kind == "teams":
        return "there can be any number of teams" if case.teams is None else f"there are {_count(case.teams, 'team')}"
    if kind == "everyone":
        return f"everybody of the {len(case.people)} has a place"
    if kind == "common_language":
        return "each team has a language that all in it speak"
    if kind == "common_slots":
        return f"each team has at least {_count(rules.common_slots, 'time')} when all in it can come"
    if kind == "at_least_one":
        return f"each team has somebody with {rest}"
    if kind == "never_alone":
        return f"nobody marked {rest} is the only one in a team"
    return _group(case, kind, int(rest))


def _group(case: Case, kind: str, i: int) -> str:
    if kind == "counted":
        return _counted(case.rules.counted[i])
    if kind == "together":
        return f"{names(case.rules.together[i])} are in one team"
    if kind == "apart":
        return f"{names(case.rules.apart[i])} are not in one team"
    if kind == "pinned":
        person, number = case.rules.pinned[i]
        return f"{person} is in team {number}"
    return f"{names(case.rules.locked[i])} are exactly one team"


def _counted(counted: Counted) -> str:
    """`each team with a minor has at least 1 person marked adult`."""
    where = f" that has somebody {_with(counted.where)}" if counted.where else ""
    least = f"at least {counted.least}" if counted.most is None else f"{counted.least} to {counted.most}" if counted.least else ""
    span = least or f"at most {counted.most}"
    none = ", or none," if counted.or_none else ""
    return f"each team{where} has {span}{none} {_with(counted.property)}"


def _with(property: str) -> str:
    kind, _, name = property.partition(":")
    return {"skill": f"with {name}", "flag": f"marked {name}", "language": f"speaking {name}", "sector": f"from {name}"}[kind]


def names(people: Collection[str]) -> str:
    """`a, b and c`."""
    listed = list(people)
    return listed[0] if len(listed) == 1 else ", ".join(listed[:-1]) + " and " + listed[-1]


def conflict(case: Case, rules: Collection[str]) -> str:
    """Why these rules and the frame cannot all hold: what they say, and the numbers that show it."""
    outside = [name for name in rules if name not in FRAME]
    if not outside:
        return f"{len(case.people)} people cannot be split so that {rule(case, 'team_size')} and {rule(case, 'teams')}."
    said = "; ".join(_listed(case, outside))
    facts = [fact for name in outside if (fact := _fact(case, name, rules))]
    many = "These rules cannot hold together" if len(outside) > 1 else "This rule cannot hold"
    return f"{many}: {said}." + "".join(f" {fact}" for fact in facts)


def _listed(case: Case, rules: list[str]) -> list[str]:
    """Each rule in words; of many pairs that must be apart, one sentence."""
    apart = [name for name in rules if name.startswith("apart:")]
    if len(apart) <= MANY:
        return [rule(case, name) for name in rules]
    people = sorted({person for name in apart for person in case.rules.apart[int(name[6:])]})
    of_teams = f" (there are at most {_count(max(case.numbers_of_teams(), default=0), 'team')})"
    together = f"{len(apart)} pairs among {names(people)}, {len(people)} people, are not in one team{of_teams}"
    return [rule(case, name) for name in rules if name not in apart] + [together]


def _fact(case: Case, name: str, rules: Collection[str]) -> str:
    """The numbers behind a rule of a conflict, where numbers say something."""
    kind, _, rest = name.partition(":")
    people = {person.id: person for person in case.people}
    if kind == "at_least_one":
        having = [person.id for person in case.people if rest in person.skills]
        least = case.numbers_of_teams().start
        return f"{_count(least, 'team needs', 'teams need')} somebody with {rest}, {_count(len(having), 'person has', 'people have')} it."
    if kind == "never_alone":
        marked = [person.id for person in case.people if rest in person.flags]
        return f"Marked {rest}: {names(marked)}." if 0 < len(marked) <= 6 else f"{len(marked)} people are marked {rest}."
    if kind in ("locked", "together"):
        group = [people[person] for person in getattr(case.rules, kind)[int(rest)]]
        return _shared(case, group, rules)
    return ""


def _shared(case: Case, group: list[Person], rules: Collection[str]) -> str:
    """What a group shares of what the other rules of the conflict ask for."""
    who = names([person.id for person in group])
    facts = []
    if "common_slots" in rules:
        slots = sorted(frozenset.intersection(*(person.slots for person in group)))
        facts.append(f"{who} can all come at {_count(len(slots), 'time')}")
    if "common_language" in rules:
        spoken = sorted(frozenset.intersection(*(person.languages for person in group)))
        facts.append(f"{who} share " + (f"the languages {names(spoken)}" if spoken else "no language"))
    if len(group) > case.largest:
        facts.append(f"they are {len(group)}, a team has at most {case.largest}")
    return "; ".join(facts) + "." if facts else ""


def given_up(case: Case, dropped: Collection[str]) -> str:
    """A relaxation that gives up rules."""
    return "Give up that " + "; and that ".join(rule(case, name) for name in dropped) + "."


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
