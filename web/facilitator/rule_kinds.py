"""The kinds of rules as forms: what each asks, and what was typed turned into the rule that `team_rules` keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from matchmaking.engine.teams.spoken import FEWEST, MOST
from matchmaking.errors import BadInput
from matchmaking.models import Event
from matchmaking.selectors.labels import term_label
from matchmaking.selectors.naming import meant, only_one, people_to_name

NUMBER_MOST = 10_000
TEXT_MOST = 200_000  # signs: names of a whole hall, a line each


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a kind of rule asks for; `type` is number, weight, text, property, people, person, idea, ideas, skills or yes."""

    name: str
    label: str | Promise
    type: str
    usual: Any = ""
    needed: bool = True


LEAST, MOST_OF = Field("least", _("at least"), "number", 0), Field("most", _("at most"), "number", needed=False)
PEOPLE, PERSON = Field("people", _("People, a name on each line"), "people"), Field("people", _("Person"), "person")
TEAM, POINTS = Field("team", _("Number of the team"), "number", 1), Field("points", _("Points"), "weight", 50)
MARK, SKILL = Field("mark", _("Mark, for example: minor"), "text"), Field("skill", _("Skill"), "skill")
PROPERTY = Field("property", _("People"), "property")
IDEA = Field("idea", _("Idea"), "idea")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule: what it says before it is filled, and its fields."""

    label: str | Promise
    fields: tuple[Field, ...] = ()


GROUPS: tuple[tuple[str | Promise, dict[str, Kind]], ...] = (
    (
        _("How many"),
        {
            "team_size": Kind(
                _("People in a team"), (Field("least", _("at least"), "number", 3), Field("most", _("at most"), "number", 6))
            ),
            "teams": Kind(_("Number of teams"), (Field("number", _("Teams"), "number", 10),)),
        },
    ),
    (
        _("What each team has"),
        {
            "common_language": Kind(_("A language that all in a team speak")),
            "common_time": Kind(_("Times when all in a team can come"), (Field("half_hours", _("Half hours"), "number", 4),)),
            "has": Kind(_("Somebody with a skill"), (SKILL,)),
            "count": Kind(
                _("A number of people of a sector, a language, a skill or a mark"),
                (
                    PROPERTY, LEAST, MOST_OF,
                    Field("or_none", _("or none of them"), "yes", needed=False),
                    Field("where", _("only in teams with somebody"), "property", needed=False),
                ),
            ),
            "balance": Kind(_("People of a kind are spread evenly; say also how many teams there are"), (PROPERTY,)),
        },
    ),
    (
        _("People by name"),
        {
            "together": Kind(_("In one team"), (PEOPLE,)),
            "apart": Kind(_("Not in one team (two people)"), (PEOPLE,)),
            "exactly": Kind(_("Exactly these are a team"), (PEOPLE,)),
            "pin": Kind(_("Somebody in a certain team"), (PERSON, TEAM)),
            "mark": Kind(_("Mark people, for other rules"), (MARK, PEOPLE)),
            "never_alone": Kind(_("Nobody with a mark is the only one in a team"), (MARK,)),
        },
    ),
    (
        _("What is wished for"),
        {
            "wish_fit": Kind(_("People who suit each other"), (Field("weight", _("Counted so many times"), "weight", 1),)),
            "wish_sectors": Kind(
                _("Different sectors in a team"), (Field("most", _("up to"), "number", 3), Field("points", _("Points"), "weight", 60))
            ),
            "wish_skills": Kind(_("Skills in each team"), (Field("skills", _("Skills, one on each line"), "skills"), POINTS)),
            "wish": Kind(_("Somebody in a certain team"), (PERSON, TEAM, POINTS)),
            "idea": Kind(_("A team works on an idea"), (TEAM, IDEA)),
            "prefers": Kind(_("Ideas that somebody would like, first choice first"), (PERSON, Field("ideas", _("Ideas"), "ideas"))),
        },
    ),
)  # fmt: skip
KINDS: dict[str, Kind] = {name: kind for _label, kinds in GROUPS for name, kind in kinds.items()}


def rule_of(event: Event, kind: str, post: QueryDict) -> dict[str, Any]:
    """The rule that a form says; raises `BadInput` with what is wrong."""
    if kind not in KINDS:
        raise BadInput("There is no such kind of rule.")
    told: dict[str, Any] = {"kind": kind}
    for field in KINDS[kind].fields:
        value = _read(event, kind, field, post)
        if value is not None:
            told[field.name] = value
        elif field.needed:
            raise BadInput("Something is missing: {field}.", field=str(field.label))
    return told


def _read(event: Event, kind: str, field: Field, post: QueryDict) -> Any:
    text = post.get(field.name, "").strip()
    if len(text) > TEXT_MOST:
        raise BadInput("This text is too long.")
    if field.type in ("number", "weight"):
        return _number(text, field) if text else None
    if field.type == "yes":
        return field.name in post or None
    if field.type in ("people", "person"):
        return _people(event, kind, text.splitlines() if field.type == "people" else [text])
    if field.type == "skills":
        return [line.strip() for line in text.splitlines() if line.strip()] or None
    if field.type in ("idea", "ideas"):
        ids = [int(one) for one in post.getlist(field.name) if one.isascii() and one.isdecimal() and len(one) <= 16]
        return (ids if field.type == "ideas" else ids[0]) if ids else None
    return text or None


def _number(text: str, field: Field) -> float:
    try:
        value = float(text.replace(",", ".")) if field.type == "weight" else float(int(text))
    except (ValueError, OverflowError):
        value = -1.0
    if not 0 <= value <= NUMBER_MOST:
        raise BadInput("{field}: this is a number from 0 to {most}.", field=str(field.label), most=NUMBER_MOST)
    return int(value) if value == int(value) else value


def _people(event: Event, kind: str, lines: list[str]) -> list[int] | None:
    people = people_to_name(event)
    ids = list(dict.fromkeys(only_one(people, meant(people, text), text) for line in lines if (text := line.strip())))
    if ids and not FEWEST.get(kind, 0) <= len(ids) <= MOST.get(kind, len(ids)):
        told = "This rule is about {count} people." if kind in MOST else "This rule is about {count} people or more."
        raise BadInput(told, count=MOST.get(kind, FEWEST[kind]))
    return ids or None


def filled(rule: Mapping[str, Any], names: Mapping[int, str], language: str) -> dict[str, Any]:
    """A rule's values as its form shows them."""
    told = {name: "" if value is None else value for name, value in rule.items()}
    if "people" in rule:
        told["people"] = "\n".join(names[one] for one in rule["people"] if one in names)
    if "skills" in rule:
        told["skills"] = "\n".join(term_label(one, language) for one in rule["skills"])
    if "skill" in rule:
        told["skill"] = term_label(rule["skill"], language)
    return told
