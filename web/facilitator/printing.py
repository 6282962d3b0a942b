"""S10: team sheets, badges and lists as PDF, made when asked for and kept nowhere; each also for one team or one person."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import override

from matchmaking import access
from matchmaking.errors import BadInput, Conflict, NotFound
from matchmaking.models import Event, Language, Roster
from matchmaking.selectors.labels import event_name
from matchmaking.selectors.printed import PersonPrinted, TeamPrinted, people_printed, teams_printed
from matchmaking.selectors.walls import is_sought
from matchmaking.services import printing
from web.facilitator.home import render_event
from web.names import day
from web.organiser.words import known
from web.pages import page

HERE = "facilitate-print"
FOUND_AT_MOST = 20
# What can be asked for, and as what it stands in the audit.
WHAT = {"sheets": "sheets", "teams": "teams", "names": "names", "badges-a4": "badges", "badges-a6": "badges", "team-badges": "badges"}
OF_TEAMS = ("sheets", "teams", "team-badges")


@page("get")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """What can be printed; `?q=` finds a person for one badge."""
    event, roster = access.roster_shown(request.user, known(pk))
    people = people_printed(event, roster, request.user.language)
    wanted = request.GET.get("q", "").strip()[:100]
    context = {
        "people": len(people), "teams": list(roster.teams.order_by("number")) if roster else [], "wanted": wanted,
        "found": [one for one in people if is_sought(one.name, wanted)][:FOUND_AT_MOST] if wanted else [],
        "languages": settings.LANGUAGES, "mine": request.user.language,
    }  # fmt: skip
    return render_event(request, event, "web/facilitator/print.html", context, here=HERE)


@page("post")
def file(request: HttpRequest, pk: int) -> HttpResponse:
    """The PDF itself, of `what`: one of `WHAT`, and after a colon the id of one team or one person; who made it is in the audit."""
    event, roster = access.roster_shown(request.user, known(pk))
    what, _, only = request.POST.get("what", "").partition(":")
    language = request.POST.get("language", request.user.language)
    if what not in WHAT or language not in Language.values:
        raise BadInput("The request cannot be used.")
    people = people_printed(event, roster, language)
    teams: list[TeamPrinted] = []
    if what in OF_TEAMS:
        teams = _teams(event, roster, people, language, only)
        people = [one for team in teams for one in team.people]
    elif only:
        people = _one(people, only)
    printing.record(event=event, by=request.user, kind=WHAT[what], people=len(people), language=language)
    with override(language):
        content = _made(what, event, people, teams, language)
    headers = {"Content-Disposition": f'attachment; filename="{slugify(event.slug) or "event"}-{WHAT[what]}.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _made(what: str, event: Event, people: list[PersonPrinted], teams: list[TeamPrinted], language: str) -> bytes:
    from web.printing import badges, lists, sheets  # most processes never print: they need not load it

    told = {"event": event_name(event, language), "language": language}
    date = day(event.starts_at, event.time_zone) if event.starts_at else ""
    if WHAT[what] == "badges":
        address = f"{settings.PUBLIC_URL}{reverse('own-team')}?event={event.pk}"
        return badges.badges(people, address=address, layout="a6" if what == "badges-a6" else "a4", **told)
    if what == "names":
        return lists.by_name(people, date=date, **told)
    return (lists.by_team if what == "teams" else sheets.sheets)(teams, date=date, **told)


def _teams(event: Event, roster: Roster | None, people: list[PersonPrinted], language: str, only: str) -> list[TeamPrinted]:
    """All teams of what is published, or the one asked for."""
    if roster is None:
        raise Conflict("No teams are published yet.")
    found = teams_printed(event, roster, people, language, only=_id(only) if only else None)
    if only and not found:
        raise NotFound("There is no such team.")
    return found


def _one(people: list[PersonPrinted], only: str) -> list[PersonPrinted]:
    found = [one for one in people if one.id == _id(only)]
    if not found:
        raise NotFound("There is no such participant.")
    return found


def _id(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= 16 else 0
