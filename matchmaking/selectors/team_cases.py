"""Rows to team cases: people as the team engine sees them, an event's rules, who must not be together for reasons of their own."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from matchmaking.engine.normalise import term_key
from matchmaking.engine.teams import spoken
from matchmaking.engine.teams.rules import Case, Person, Roster
from matchmaking.engine.teams.spoken import Translation
from matchmaking.engine.vocabulary import default_vocabulary
from matchmaking.models import Block, Event, Registration, Response, TeamBasis, TeamFit, TeamRules
from matchmaking.selectors.records import taking_part

FACTS = ("participant__profile__sector", "participant__profile__languages", "participant__profile__offers", "slots")
# What holds where nobody has written rules yet.
FIRST_RULES: list[dict[str, Any]] = [
    {"kind": "team_size", "least": spoken.SIZES[0], "most": spoken.SIZES[1]},
    {"kind": "common_language"},
    {"kind": "wish_sectors", "most": 3, "points": 60},
    {"kind": "wish_fit", "weight": 1},
]
Name = Callable[[int], str | None]


@dataclass(frozen=True, slots=True)
class Question:
    """A team case; its `private` rules are the apart ones from this number on, and nobody is told whom they are about."""

    case: Case
    told: Translation
    private_from: int

    @property
    def private(self) -> frozenset[str]:
        """The names of the private rules."""
        return frozenset(f"apart:{i}" for i in range(self.private_from, len(self.case.rules.apart)))


def person_of(name: str, sector: str, languages: Iterable[str], offers: Iterable[str], slots: Iterable[int]) -> Person:
    """A participant as the team engine sees them: what they offer are their skills, each with the wider ones it belongs to."""
    return Person(name, sector, frozenset(skills_of(offers)), frozenset(languages), frozenset(slots))


def skills_of(terms: Iterable[str]) -> set[str]:
    """The concepts of picked terms with those above them; a free term stands for itself."""
    vocabulary, found = default_vocabulary(), set[str]()
    for term in terms:
        concept = vocabulary.resolve(term)
        found.add(concept or term_key(term))
        while concept is not None:
            concept = next(iter(vocabulary.parents(concept)), None)
            found |= {concept} if concept else set()
    return found


def skill_id(term: str) -> str:
    """What a skill that a facilitator typed or picked is called among the skills of people."""
    return default_vocabulary().resolve(term) or term_key(term)


def spelled(offers: Iterable[Iterable[str]]) -> dict[str, str]:
    """Skills to how people write them, for those that no vocabulary holds."""
    return {skill_id(term): term for terms in offers for term in terms}


def people_of(event: Event, only: Collection[int] | None = None) -> dict[int, Person]:
    """Everybody who can be placed, by id; all but the ids in `only` by their id alone, which is quicker."""
    rows = taking_part(event)
    if only is None:
        return {pk: person_of(str(pk), *facts) for pk, *facts in rows.values_list("participant_id", *FACTS)}
    full = rows.filter(participant__in=only).values_list("participant_id", *FACTS)
    people = {pk: Person(str(pk)) for pk in rows.values_list("participant_id", flat=True)}
    return people | {pk: person_of(str(pk), *facts) for pk, *facts in full}


def rules_now(event: Event) -> TeamRules | None:
    """The event's rules in their latest version."""
    return TeamRules.objects.filter(event=event).order_by("-version").first()


def rules_before(event: Event) -> TeamRules | None:
    """The version before the latest."""
    return TeamRules.objects.filter(event=event).order_by("-version")[1:2].first()


def named_rules(rules: Sequence[Mapping[str, Any]], name: Name) -> list[dict[str, Any]]:
    """Stored rules with people by other names than ids; those without a name are left out of them."""
    told = []
    for rule in rules:
        people = [found for one in rule.get("people", ()) if (found := name(one)) is not None]
        told.append({**rule, "people": people} if "people" in rule else dict(rule))
    return told


def question(rules: Sequence[Mapping[str, Any]], people: Mapping[int, Person], private: Iterable[tuple[int, int]]) -> Question:
    """The case of an event's stored rules, with people by the names their `Person` has."""
    name: Name = lambda pk: people[pk].id if pk in people else None  # noqa: E731
    told = spoken.case_of(named_rules(rules, name), people.values())
    pairs = [(people[a].id, people[b].id) for a, b in private if a in people and b in people]
    return with_private(told, pairs)


def with_private(told: Translation, pairs: Iterable[tuple[str, str]]) -> Question:
    """The case, and after its own rules the pairs that are apart for reasons of their own."""
    own = told.case.rules.apart
    more = tuple(pair for pair in sorted(pairs) if pair not in own and pair[::-1] not in own)
    return Question(replace(told.case, rules=replace(told.case.rules, apart=(*own, *more))), told, len(own))


def private_pairs(event: Event, among: Collection[int]) -> set[tuple[int, int]]:
    """Who blocked whom, and who declined whom at this event, among these people; the smaller id first."""
    blocks = Block.objects.filter(programme=event.programme_id, by__in=among, whom__in=among).values_list("by_id", "whom_id")
    declined = Response.objects.filter(pair__event=event, pair__a__in=among, pair__b__in=among, answer=Response.Answer.DECLINE).values_list(
        "pair__a_id", "pair__b_id"
    )
    return {(min(pair), max(pair)) for pair in (*blocks, *declined)}


def fits_between(basis: TeamBasis, among: Collection[int] | None = None) -> tuple[tuple[str, str, float], ...]:
    """The points of each two people, all or among some."""
    rows: QuerySet[TeamFit] = TeamFit.objects.filter(basis=basis)
    rows = rows if among is None else rows.filter(a__in=among, b__in=among)
    return tuple((str(a), str(b), float(points)) for a, b, points in rows.values_list("a_id", "b_id", "points"))


def needs_everybody(rules: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a rule counts over the whole event, so that no team can be judged by its members alone."""
    return any(rule["kind"] == "balance" for rule in rules)


def as_roster(teams: int, home: Mapping[int, int]) -> Roster:
    """Teams by number with the ids of their members as texts, from each person's number."""
    members: list[list[str]] = [[] for _ in range(teams)]
    for person, number in home.items():
        members[number - 1].append(str(person))
    return tuple(map(tuple, members))


def registration_of(event: Event, participant_id: int) -> QuerySet[Registration]:
    """The registration by which somebody can be placed in the event's teams, if they can."""
    return taking_part(event).filter(participant=participant_id)
