"""Runs of teams: asked for, followed, cancelled; what came of them: drafts side by side, or rules in conflict with the ways out."""

from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.errors import NotFound
from matchmaking.models import Event, Roster, Run, RunKind, User
from matchmaking.selectors.facilitating import RUNS_LISTED, movers, runs_of_teams
from matchmaking.selectors.rosters import at_a_glance, standing, with_measures
from matchmaking.selectors.team_words import conflict_told, warnings
from matchmaking.services import roster_choice, runs, team_runs, ways_out
from matchmaking.services.throttles import take
from web.facilitator.forms import RunForm
from web.facilitator.home import render_event
from web.facilitator.words import STATES, moved, roster_name
from web.forms import checked
from web.names import moment
from web.organiser.running import follow
from web.organiser.words import RUN_STATES, known, number
from web.pages import is_htmx, page

HERE = "facilitate-teams"
SECONDS = (2, 5, 10, 30)
AGAIN_S = 3  # each alternative of a run for which a facilitator waits beside the board
AGAIN_ALTERNATIVES = 2
LISTED = 20  # rosters on the page of an event


@page("get")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """Form teams; the rosters there are, the published one first."""
    event = access.event_to_facilitate(request.user, known(pk))
    newest = F("run__created_at").desc(nulls_last=True)
    found = with_measures(access.rosters_visible_to(request.user).filter(event=event)).order_by("-state", newest, "number")
    rows = [row_of(roster, event, request.user.language) for roster in found[:LISTED]]  # published, drafts, aside: by their names
    latest = list(runs_of_teams().filter(event=event)[:RUNS_LISTED])
    context = {
        "active": next((run for run in latest if run.state in Run.ACTIVE), None),
        "rows": rows,
        "runs": [(run.pk, moment(run.created_at, event.time_zone), RUN_STATES[Run.State(run.state)]) for run in latest],
        "seconds": SECONDS,
    }
    return render_event(request, event, "web/facilitator/teams.html", context, here=HERE)


def row_of(roster: Roster, event: Event, language: str) -> dict[str, Any]:
    """A roster as a row of a list; the roster comes from `with_measures`."""
    told = at_a_glance(roster, language)
    return {
        **told,
        "name": roster_name(roster),
        "state_told": STATES[Roster.State(roster.state)],
        "is_draft": roster.state == Roster.State.DRAFT,
        "total": number(told["total"]),
        "worst": number(told["worst"]),
        "made": moment(roster.created_at, event.time_zone),
    }


@page("post")
def form(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for teams by the rules."""
    event = access.event_to_facilitate(request.user, known(pk))
    take("run", str(request.user.pk))
    chosen = {name: value for name, value in checked(RunForm(request.POST)).items() if value is not None}
    return asked(request, *team_runs.form(event=event, by=request.user, **chosen))


@page("post")
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the locked teams and the pins of a roster, and form the rest anew."""
    roster = access.roster_to_edit(request.user, known(pk))
    take("run", str(request.user.pk))
    return asked(
        request, *team_runs.form(event=roster.event, by=request.user, base=roster, seconds=AGAIN_S, alternatives=AGAIN_ALTERNATIVES)
    )


@page("post")
def repair(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for ways to mend a roster after people left or arrived."""
    roster = access.roster_to_edit(request.user, known(pk))
    take("run", str(request.user.pk))
    return asked(request, *team_runs.repair(roster=roster, by=request.user, seconds=AGAIN_S))


def asked(request: HttpRequest, run: Run, new: bool) -> HttpResponse:
    """To the page of a run, or of the one that is active already."""
    if not new:
        messages.info(request, _("A run is under way already. It is this one."))
    return redirect("facilitate-run", pk=run.pk)


@page("get")
def single(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: where it stands; its drafts to choose from, or why there are none."""
    run, event = steered(request.user, pk)
    context = {**follow(run, event, "facilitate"), "repair": bool(run.parameters.get("repair"))}
    if run.state == Run.State.DONE:
        context |= outcome(request.user, run, event)
    return render_event(request, event, "web/facilitator/run.html", context, here=HERE)


def outcome(user: User, run: Run, event: Event) -> dict[str, Any]:
    """What a run left: drafts, each with who sits elsewhere than in the roster it began with; or a conflict."""
    base = access.rosters_visible_to(user).filter(pk=run.parameters.get("base") or 0).first()
    drafts = with_measures(access.rosters_visible_to(user).filter(run=run)).order_by("number")
    rows = [row_of(roster, event, user.language) for roster in drafts]
    ways = movers(base, [row["id"] for row in rows], by_number=bool(run.parameters["repair"])) if base else {}
    for row in rows:
        row["moved"] = [moved(*way) for way in ways.get(row["id"], ())]
    conflict = run.measures.get("conflict")
    return {
        "base": base,
        "to_mend": to_mend(base.pk, user) if base is not None and run.parameters.get("repair") else [],
        "rows": rows,
        "conflict": conflict_told(event, conflict, user.language) if conflict else None,
        "cut": run.measures.get("cut"),
    }


def to_mend(base: int, user: User) -> list[dict[str, Any]]:
    """What does not hold in the roster that is to be repaired."""
    now = standing(access.roster_for(user, base), user.language)
    return warnings(now.question, now.broken, now.words)


@page("get")
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress alone, for who follows it; once it has ended the page is read anew."""
    run, event = steered(request.user, pk)
    if not is_htmx(request):
        return redirect("facilitate-run", pk=run.pk)
    if run.state not in Run.ACTIVE:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return part(request, "web/organiser/parts/progress.html", follow(run, event, "facilitate"))


@page("post")
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """End a run at once."""
    run, _event = steered(request.user, pk)
    runs.cancel(run, by=request.user)
    messages.success(request, _("The run is cancelled."))
    return redirect("facilitate-run", pk=run.pk)


@page("post")
def way_out(request: HttpRequest, pk: int, place: int) -> HttpResponse:
    """Take one of the ways out of a conflict: the rules are changed, and the run is asked for again."""
    run, _event = steered(request.user, pk)
    take("run", str(request.user.pk))
    return asked(request, *ways_out.take(run=run, place=place, by=request.user))


@page("post")
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with one draft: the others of its run are put away; in place of a published one it is to be published."""
    roster = access.roster_to_edit(request.user, known(pk))
    roster_choice.go_on_with(roster=roster, by=request.user)
    replaces = roster.base_id and Roster.objects.filter(pk=roster.base_id, state=Roster.State.PUBLISHED).exists()
    return redirect("facilitate-publish" if replaces else "facilitate-board", pk=roster.pk)


def steered(user: User, pk: int) -> tuple[Run, Event]:
    """A run of teams of an event that `user` facilitates or organises."""
    run = access.run_to_steer(user, known(pk))
    if run.kind != RunKind.TEAMS:
        raise NotFound("There is no such run.")
    return run, access.event_to_facilitate(user, run.event_id)
