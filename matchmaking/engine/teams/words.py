"""Rules, conflicts and ways out as things to be said: a code and its values, put into words of any language by `said.py`.

Standard library only.
"""

from collections.abc import Collection
from functools import partial

from matchmaking.engine.teams.rules import FRAME, Case, Counted, Person
from matchmaking.engine.teams.said import Count, Each, Named, People, Said

MANY = 6  # rules of one kind that are read out one by one
persons, teams_of, times = (partial(Count, of=noun) for noun in ("people", "teams", "times"))


def rule(case: Case, name: str) -> Said:
    """One hard rule as a facilitator reads it."""
    kind, _, rest = name.partition(":")
    if kind == "team_size":
        one = case.smallest == case.largest
        return Said.of("team_size" if one else "team_size_span", least=case.smallest, most=persons(case.largest))
    if kind == "teams":
        return Said.of("teams_any") if case.teams is None else Said.of("teams", teams=teams_of(case.teams))
    if kind == "everyone":
        return Said.of("everyone", count=len(case.people))
    if kind == "common_slots":
        return Said.of(kind, times=times(case.rules.common_slots))
    if kind == "at_least_one":
        return Said.of(kind, skill=Named(f"skill:{rest}"))
    if kind == "never_alone":
        return Said.of(kind, flag=Named(f"flag:{rest}"))
    return Said.of(kind) if kind == "common_language" else _group(case, kind, int(rest))


def _group(case: Case, kind: str, i: int) -> Said:
    if kind == "counted":
        return counted(case.rules.counted[i])
    if kind == "pinned":
        person, number = case.rules.pinned[i]
        return Said.of(kind, person=People((person,)), number=number)
    return Said.of(kind, people=People(getattr(case.rules, kind)[i]))


def counted(rule: Counted) -> Said:
    """`each team that has somebody marked minor has at least 1 marked adult`."""
    if rule.most is None:
        span = Said.of("at_least", least=rule.least)
    else:
        span = Said.of("between", least=rule.least, most=rule.most) if rule.least else Said.of("at_most", most=rule.most)
    return Said.of(
        "counted",
        where=Said.of("where", property=having(rule.where)) if rule.where else "",
        span=span,
        none=Said.of("or_none") if rule.or_none else "",
        property=having(rule.property),
    )


def having(property: str) -> Said:
    """`with coding`, `from business`."""
    return Said.of(property.partition(":")[0], name=Named(property))


def conflict(case: Case, rules: Collection[str], private: Collection[str] = ()) -> Said:
    """Why these rules and the frame cannot all hold: what they say, and the numbers that show it.

    Of the `private` ones it is said only that there are some: who blocked or declined whom is nobody's to read.
    """
    outside = [name for name in rules if name not in FRAME]
    if not outside:
        return Said.of("conflict_frame", people=persons(len(case.people)), size=rule(case, "team_size"), teams=rule(case, "teams"))
    told = [name for name in outside if name not in private]
    said = _listed(case, told) + ([Said.of("private_apart")] if len(told) < len(outside) else [])
    facts = [fact for name in told if (fact := _fact(case, name, rules))]
    return Said.of("conflict_many" if len(outside) > 1 else "conflict_one", rules=Each(tuple(said)), facts=Each(tuple(facts), ""))


def _listed(case: Case, rules: list[str]) -> list[Said]:
    """Each rule in words; of many pairs that must be apart, one sentence."""
    apart = [name for name in rules if name.startswith("apart:")]
    if len(apart) <= MANY:
        return [rule(case, name) for name in rules]
    people = sorted({person for name in apart for person in case.rules.apart[int(name[6:])]})
    most = teams_of(max(case.numbers_of_teams(), default=0))
    together = Said.of("apart_many", pairs=len(apart), people=People(tuple(people)), count=persons(len(people)), teams=most)
    return [*(rule(case, name) for name in rules if name not in apart), together]


def _fact(case: Case, name: str, rules: Collection[str]) -> Said | None:
    """The numbers behind a rule of a conflict, where numbers say something."""
    kind, _, rest = name.partition(":")
    if kind == "at_least_one":
        having = sum(rest in person.skills for person in case.people)
        needed = Count(case.numbers_of_teams().start, "teams_need")
        return Said.of("fact_skill", teams=needed, skill=Named(f"skill:{rest}"), people=Count(having, "people_have"))
    if kind == "never_alone":
        marked = tuple(person.id for person in case.people if rest in person.flags)
        if 0 < len(marked) <= MANY:
            return Said.of("fact_marked", flag=Named(f"flag:{rest}"), people=People(marked))
        return Said.of("fact_marked_count", people=persons(len(marked)), flag=Named(f"flag:{rest}"))
    if kind in ("locked", "together"):
        people = {person.id: person for person in case.people}
        return _shared(case, [people[person] for person in getattr(case.rules, kind)[int(rest)]], rules)
    return None


def _shared(case: Case, group: list[Person], rules: Collection[str]) -> Said | None:
    """What a group shares of what the other rules of the conflict ask for."""
    who = People(tuple(person.id for person in group))
    facts = []
    if "common_slots" in rules:
        slots = frozenset.intersection(*(person.slots for person in group))
        facts.append(Said.of("can_come", people=who, times=times(len(slots))))
    if "common_language" in rules:
        spoken = sorted(frozenset.intersection(*(person.languages for person in group)))
        languages = Each(tuple(Named(f"language:{code}") for code in spoken), "and")
        facts.append(Said.of("share_languages", people=who, languages=languages) if spoken else Said.of("share_no_language", people=who))
    if len(group) > case.largest:
        facts.append(Said.of("too_many", count=len(group), most=case.largest))
    return Said.of("fact_shared", facts=Each(tuple(facts))) if facts else None


def given_up(case: Case, dropped: Collection[str]) -> Said:
    """A relaxation that gives up rules."""
    return Said.of("give_up", rules=Each(tuple(rule(case, name) for name in dropped), "give_up_and"))
