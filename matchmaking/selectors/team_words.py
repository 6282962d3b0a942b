"""What is said of teams, with the names of this event's people, skills, sectors and ideas, in the reader's language."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from matchmaking.engine.teams import spoken
from matchmaking.engine.teams.measure import Broken
from matchmaking.engine.teams.said import Said, Teller, loaded, people_in
from matchmaking.engine.teams.words import rule as rule_said
from matchmaking.engine.vocabulary import default_vocabulary
from matchmaking.engine.wording import words_of
from matchmaking.models import Event, Idea, Participant
from matchmaking.selectors.labels import sectors_of
from matchmaking.selectors.team_cases import Question, spelled

GONE = "…"  # somebody who was erased


def teller(event: Event, language: str, said: Iterable[Any] = (), people: Iterable[int] = ()) -> Teller:
    """One that knows the names of everybody in `said` and `people`, and how they spell what they offer; two queries."""
    ids = {int(one) for what in said for one in people_in(what)} | set(people)
    rows = list(Participant.objects.filter(pk__in=ids, programme=event.programme_id).values_list("pk", "name", "profile__offers"))
    names = {str(pk): name for pk, name, _ in rows}
    ideas = {str(pk): title for pk, title in Idea.objects.filter(event=event).values_list("pk", "title")}
    sectors = sectors_of(event.programme, language)
    languages = words_of(language).languages

    @cache
    def typed() -> dict[str, str]:
        return spelled(offers or () for *_, offers in rows)

    def thing(property: str) -> str:
        kind, _, name = property.partition(":")
        if kind == "skill":
            return default_vocabulary().label(name, language) if name in default_vocabulary() else typed().get(name, name)
        known: Mapping[str, str] = {"sector": sectors, "language": languages, "idea": ideas}.get(kind, {})
        return known.get(name, name)

    return Teller(language, lambda one: names.get(one, GONE), thing)


def rules_told(event: Event, rules: Sequence[Mapping[str, Any]], language: str) -> list[dict[str, Any]]:
    """Each rule with its sentence, and whether it is hard or wished for."""
    texts = [spoken.said({**rule, "people": list(map(str, rule["people"]))} if "people" in rule else rule) for rule in rules]
    words = teller(event, language, texts)
    return [
        {"rule": dict(rule), "hard": rule["kind"] not in (*spoken.WISHED, "idea", "mark"), "sentence": words.sentence(text)}
        for rule, text in zip(rules, texts, strict=True)
    ]


def conflict_told(event: Event, stored: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The rules in conflict and the ways out, in words."""
    said, ways = loaded(stored["said"]), [(loaded(way["said"]), way["drops"]) for way in stored["ways_out"]]
    words = teller(event, language, [said, *(way for way, _ in ways)])
    return {
        "sentence": words.sentence(said),
        "rules": stored["rules"],
        "minimal": stored["minimal"],
        "ways_out": [{"sentence": words.sentence(way), "gives_up": drops} for way, drops in ways],
    }


def warnings(question: Question, broken: Iterable[Broken], words: Teller) -> list[dict[str, Any]]:
    """Rules that do not hold, in words; `rule` counts from 0, as the event's do.

    Private ones are left out: moving people about would tell of each two whether they are apart. Publishing looks at them.
    """
    return [
        {"rule": question.told.origins.get(one.rule), "team": one.team, "sentence": words.sentence(rule_said(question.case, one.rule))}
        for one in broken
        if one.rule not in question.private
    ]


def changes_told(
    event: Event, question: Question, breaks: Iterable[Broken], mends: Iterable[Broken], language: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rules that a move breaks and mends, in words; two queries."""
    broken, mended = list(breaks), list(mends)
    words = teller(event, language, names_needed(question, [*broken, *mended]))
    return warnings(question, broken, words), warnings(question, mended, words)


def names_needed(question: Question, broken: Iterable[Broken]) -> list[Said]:
    """What has to be said of broken rules, to look up the names in it."""
    return [rule_said(question.case, one.rule) for one in broken if one.rule not in question.private and one.rule != "answer"]
