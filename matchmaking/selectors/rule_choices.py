"""What a facilitator can choose from when writing rules: people, properties, skills and ideas of an event."""

from collections.abc import Iterable, Mapping
from typing import Any

from matchmaking.engine.wording import words_of
from matchmaking.models import Event, Idea
from matchmaking.selectors.labels import sectors_of, term_label
from matchmaking.selectors.naming import people_to_name
from matchmaking.selectors.records import taking_part
from matchmaking.selectors.team_cases import skills_of, spelled

SKILLS_AT_MOST = 300


def choices(event: Event, rules: Iterable[Mapping[str, Any]], language: str) -> dict[str, Any]:
    """Properties by group (sectors, languages, marks, skills), skills and ideas, each as it is kept and as it is read; three queries."""
    fields = ("participant__profile__languages", "participant__profile__offers")
    rows = list(taking_part(event).values_list(*fields))
    known = words_of(language).languages
    sectors = sectors_of(event.programme, language)
    languages = {code: known.get(code, code) for codes, _ in rows for code in codes}
    offered = skills_of({term for _, offers in rows for term in offers})
    typed = spelled(offers for _, offers in rows)
    skills = {skill: term_label(typed.get(skill, skill), language) for skill in sorted(offered)[:SKILLS_AT_MOST]}
    marks = {rule["mark"]: rule["mark"] for rule in rules if rule["kind"] == "mark"}
    groups = {"sector": sectors, "language": languages, "flag": marks, "skill": skills}
    ordered = {kind: sorted(names.items(), key=lambda item: item[1].casefold()) for kind, names in groups.items()}
    return {
        "properties": {kind: [(f"{kind}:{key}", label) for key, label in pairs] for kind, pairs in ordered.items()},
        "skills": [label for _, label in ordered["skill"]],
        "ideas": list(Idea.objects.filter(event=event).order_by("title", "pk").values_list("pk", "title")),
        "people": people_to_name(event),
    }
