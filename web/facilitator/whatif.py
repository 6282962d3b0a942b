"""S8: two rosters side by side; a team or all of one taken over; a wish weighed otherwise and compared."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.errors import BadInput
from matchmaking.models import Roster
from matchmaking.selectors.beside import beside as beside_each_other
from matchmaking.selectors.rosters import with_measures
from matchmaking.selectors.team_cases import FIRST_RULES, rules_now
from matchmaking.selectors.team_words import rules_told
from matchmaking.services import roster_choice, team_rules, team_runs
from matchmaking.services.throttles import take
from web.facilitator.home import render_event
from web.facilitator.running import AGAIN_ALTERNATIVES, AGAIN_S, HERE, asked, row_of
from web.facilitator.showing import rights
from web.facilitator.words import STATES, measure_rows, roster_name
from web.names import moment
from web.organiser.words import known
from web.pages import page

OFFERED = 12  # other rosters to compare with
WEIGHTS = {"wish_skills": "points", "wish_sectors": "points", "wish_fit": "weight"}  # where each wish holds how much it counts
MOST = {"points": 10_000, "weight": 100}


@page("get")
def beside(request: HttpRequest, pk: int) -> HttpResponse:
    """Another roster beside this one; without one, those there are, and the wishes to weigh otherwise."""
    roster = access.roster_for(request.user, known(pk))
    wanted = request.GET.get("with", "")
    context = {"roster": roster, "roster_name": roster_name(roster), **rights(request, roster)}
    if wanted.isascii() and wanted.isdecimal() and len(wanted) <= 16:
        context |= side_by_side(request, roster, access.roster_for(request.user, int(wanted)))
        return render_event(request, roster.event, "web/facilitator/compared.html", context, here=HERE)
    others = with_measures(access.rosters_visible_to(request.user).filter(event=roster.event_id)).exclude(pk=roster.pk)
    others = others.exclude(state=Roster.State.ASIDE).order_by("-created_at", "number")[:OFFERED]
    context |= {"others": [row_of(one, roster.event, request.user.language) for one in others], **wishes(request, roster)}
    return render_event(request, roster.event, "web/facilitator/what_if.html", context, here=HERE)


def side_by_side(request: HttpRequest, roster: Roster, other: Roster) -> dict[str, Any]:
    """Measures of both, and who would leave and join each team."""
    if other.event_id != roster.event_id or other.pk == roster.pk:
        raise BadInput("Compare with another roster of the same event.")
    measured = with_measures(access.rosters_visible_to(request.user).filter(pk__in=[roster.pk, other.pk])).select_related("basis")
    rows = {row.pk: row for row in measured}
    told = beside_each_other(rows[roster.pk], rows[other.pk], request.user.language)
    return {
        "other": other,
        "other_name": roster_name(other),
        "states": [f"{STATES[Roster.State(one.state)]}, {moment(one.created_at, roster.event.time_zone).text}" for one in (roster, other)],
        "rows": measure_rows(*told["measures"]),
        "teams": told["teams"],
        "beyond": told["beyond"],
        "moved": told["moved"],
        "other_is_draft": other.state == Roster.State.DRAFT,
    }


def wishes(request: HttpRequest, roster: Roster) -> dict[str, Any]:
    """What is wished for now, each with how much it counts."""
    now = rules_now(roster.event)
    stored = now.rules if now else FIRST_RULES
    told = rules_told(roster.event, stored, request.user.language)
    rows = [
        {"place": place, "sentence": one["sentence"], "value": rule[WEIGHTS[rule["kind"]]], "most": MOST[WEIGHTS[rule["kind"]]]}
        for place, (rule, one) in enumerate(zip(stored, told, strict=True))
        if rule["kind"] in WEIGHTS
    ]
    return {"wishes": rows, "rules_version": now.version if now else 0}


@page("post")
def weigh(request: HttpRequest, pk: int) -> HttpResponse:
    """Let wishes count otherwise, and ask for teams to compare with these; locked teams and pins stay."""
    roster = access.roster_to_edit(request.user, known(pk))
    now = rules_now(roster.event)
    stored = [dict(rule) for rule in (now.rules if now else FIRST_RULES)]
    for place, rule in enumerate(stored):
        if rule["kind"] in WEIGHTS and f"weight-{place}" in request.POST:
            rule[WEIGHTS[rule["kind"]]] = weight(request.POST[f"weight-{place}"], MOST[WEIGHTS[rule["kind"]]])
    version = request.POST.get("version", "")
    seen = int(version) if version.isascii() and version.isdecimal() and len(version) <= 9 else -1
    take("run", str(request.user.pk))
    with transaction.atomic():
        team_rules.save(event=roster.event, rules=stored, version=seen, by=request.user)
        run = team_runs.form(event=roster.event, by=request.user, base=roster, seconds=AGAIN_S, alternatives=AGAIN_ALTERNATIVES)
    return asked(request, *run)


def weight(text: str, most: int) -> float:
    """How much a wish counts, as typed; a comma may stand for the point."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise BadInput("How much a wish counts is a number from 0 to {most}.", most=most)
    return int(value) if value == int(value) else value


@page("post")
def take_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Make one team what it is in the other roster; each move that this takes can be taken back on the board."""
    roster = access.roster_to_edit(request.user, known(pk))
    numbers = [request.POST.get(name, "") for name in ("other", "team")]
    if not all(one.isascii() and one.isdecimal() and len(one) <= 16 for one in numbers):
        raise BadInput("The request cannot be used.")
    other, number = access.roster_for(request.user, int(numbers[0])), int(numbers[1])
    moves = roster_choice.take_over(roster=roster, other=other, number=number, by=request.user)
    messages.success(request, _("Team {number} is as in the other roster; moves: {count}.").format(number=number, count=moves))
    return redirect(f"{reverse('facilitate-beside', args=[roster.pk])}?with={other.pk}")
