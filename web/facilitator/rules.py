"""Rules in plain words: listed with their sentences, added, changed, removed, put back; what always holds and what is wished for."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matchmaking import access
from matchmaking.engine.teams.spoken import ONCE, WISHED
from matchmaking.errors import BadInput
from matchmaking.models import Event
from matchmaking.selectors.rule_choices import choices
from matchmaking.selectors.team_cases import FIRST_RULES, rules_before, rules_now
from matchmaking.selectors.team_words import rules_told
from matchmaking.services import team_rules
from web import errors
from web.facilitator.home import render_event
from web.facilitator.rule_kinds import GROUPS, KINDS, filled, rule_of
from web.organiser.words import known
from web.pages import page

HERE = "facilitate-rules"
Rules = list[dict[str, Any]]
PROPERTIES = {
    "sector": gettext_lazy("Sectors"),
    "language": gettext_lazy("Languages"),
    "flag": gettext_lazy("Marks"),
    "skill": gettext_lazy("Skills"),
}


@page("get")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """All rules; `?change=N` opens one of them, `?add=KIND` an empty one."""
    return shown(request, access.event_to_facilitate(request.user, known(pk)), request.GET)


@page("post")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a rule, change or remove one, or put back how the rules were before."""
    event = access.event_to_facilitate(request.user, known(pk))
    try:
        step = STEPS.get(request.POST.get("step", ""))
        if step is None:
            raise BadInput("The request cannot be used.")
        rules, told = step(event, request.POST)
        team_rules.save(event=event, rules=rules, version=_number(request.POST, "version"), by=request.user)
    except BadInput as error:
        return shown(request, event, request.POST, wrong=errors.sentence(error), status=400)
    messages.success(request, told)
    return redirect("facilitate-rules", pk=event.pk)


def _add(event: Event, post: QueryDict) -> tuple[Rules, str]:
    return [*_stored(event)[0], rule_of(event, post.get("kind", ""), post)], _("The rule is added.")


def _change(event: Event, post: QueryDict) -> tuple[Rules, str]:
    rules, place = _chosen(event, post)
    rules[place] = rule_of(event, rules[place]["kind"], post)
    return rules, _("The rule is changed.")


def _remove(event: Event, post: QueryDict) -> tuple[Rules, str]:
    rules, place = _chosen(event, post)
    return rules[:place] + rules[place + 1 :], _("The rule is removed. It can be put back below.")


def _put_back(event: Event, post: QueryDict) -> tuple[Rules, str]:
    before = rules_before(event)
    if before is None:
        raise BadInput("There is nothing to put back.")
    return before.rules, _("The rules are as they were before.")


STEPS: dict[str, Callable[[Event, QueryDict], tuple[Rules, str]]] = {
    "add": _add,
    "change": _change,
    "remove": _remove,
    "put-back": _put_back,
}


def _chosen(event: Event, post: QueryDict) -> tuple[Rules, int]:
    rules, place = _stored(event)[0], _number(post, "change")
    if not 0 <= place < len(rules):
        raise BadInput("There is no such rule.")
    return rules, place


def _stored(event: Event) -> tuple[Rules, int]:
    """The event's rules, or those that usually hold; and their version."""
    now = rules_now(event)
    return ([dict(rule) for rule in now.rules], now.version) if now else ([dict(rule) for rule in FIRST_RULES], 0)


def _number(sent: QueryDict, name: str) -> int:
    text = sent.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else -1


def shown(request: HttpRequest, event: Event, asked: QueryDict, *, wrong: str = "", status: int = 200) -> HttpResponse:
    """The page, with the form that was asked for; what was typed wrongly stays in it."""
    stored, version = _stored(event)
    told = rules_told(event, stored, request.user.language)
    rows = [
        {**one, "place": place, "kind": one["rule"]["kind"], "fields": KINDS[one["rule"]["kind"]].fields} for place, one in enumerate(told)
    ]
    there = {rule["kind"] for rule in stored}
    offered = [
        (label, [(kind, about.label) for kind, about in kinds.items() if kind not in ONCE or kind not in there]) for label, kinds in GROUPS
    ]
    context = {
        "version": version,
        "hard": [row for row in rows if row["hard"]],
        "wished": [row for row in rows if row["kind"] in WISHED],
        "notes": [row for row in rows if not row["hard"] and row["kind"] not in WISHED],
        "groups": [(label, kinds) for label, kinds in offered if kinds],
        "can_put_back": rules_before(event) is not None,
        "wrong": wrong,
        "form": form(event, stored, asked, request.user.language),
    }
    return render_event(request, event, "web/facilitator/rules.html", context, here=HERE, status=status)


def form(event: Event, stored: Rules, asked: QueryDict, language: str) -> dict[str, Any] | None:
    """The form of the rule that is to be changed or added, if any."""
    place, kind = _number(asked, "change"), asked.get("add") or asked.get("kind", "")
    changing = 0 <= place < len(stored)
    kind = stored[place]["kind"] if changing else kind
    if kind not in KINDS:
        return None
    offered = choices(event, stored, language)
    values = filled(stored[place], offered["people"], language) if changing else {}
    if asked.get("step"):
        values = {name: asked.getlist(name) if name == "ideas" else asked[name] for name in asked}
    blank = changing or bool(asked.get("step"))  # what is not among the values was left empty
    return {
        "kind": kind,
        "label": KINDS[kind].label,
        "place": place if changing else None,
        "fields": [{"about": one, "value": values.get(one.name, "" if blank else one.usual)} for one in KINDS[kind].fields],
        "offered": offered,
        "properties": [(PROPERTIES[name], pairs) for name, pairs in offered["properties"].items() if pairs],
    }
