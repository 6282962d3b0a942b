"""S7: what a facilitator changes by hand: moves, pins, locks, undo."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as part
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.errors import Moved
from matchmaking.models import Roster
from matchmaking.selectors.boards import FOUND, people_named, standing_moves
from matchmaking.selectors.naming import only_one
from matchmaking.selectors.team_words import changes_told
from matchmaking.services import roster_moves
from matchmaking.services.roster_moves import Done, Wanted
from web import errors
from web.facilitator.forms import NOWHERE, LockForm, MoveForm, PinForm
from web.facilitator.showing import answered, broken_told, whole
from web.facilitator.words import move_told
from web.forms import checked
from web.organiser.words import known, signed
from web.pages import is_htmx, page, render

UNDO_AT_ONCE = 20


@page("post")
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Move a person to a team by its number or by the name of somebody in it; where somebody else moved them since, ask."""
    roster = access.roster_to_edit(request.user, known(pk))
    said = checked(MoveForm(request.POST))
    person, seen = said["participant"], said["seen"]
    if said["exchange"]:
        said |= partner(roster, said["to"])
    wanted = Wanted(person, destination(roster, said["to"]), seen, said["swap"])
    try:
        done = roster_moves.move(roster=roster, wanted=wanted, by=request.user, anyway=said["anyway"])
    except Moved as error:
        return elsewhere(request, roster, said, error)
    now = with_event(done.roster, roster)
    touched = {seen, wanted.number, *(done.score.after if done.score else ())}
    before = now.version - (done.score is not None)
    return answered(request, now, touched, move_said(now, wanted, done, request.user.language), before=before, at=f"#person-{person}")


def partner(roster: Roster, text: str) -> dict[str, Any]:
    """Who changes places, by a name that only one person can have, and the team they leave."""
    found = people_named(roster, text.strip())
    only_one({one["id"]: one["name"] for one in found}, [one["id"] for one in found], text.strip())
    return {"swap": found[0]["id"], "to": str(found[0]["team"] or NOWHERE)}


def destination(roster: Roster, text: str) -> int | None:
    """The team that was meant: its number, or the name of one person who is in it."""
    wanted = text.strip()
    if wanted in ("", NOWHERE):
        return None
    if wanted.isascii() and wanted.isdecimal() and len(wanted) <= 4:
        return int(wanted)
    found = people_named(roster, wanted)
    if not found and (numbered := re.fullmatch(r"\D{0,20}(\d{1,4})", wanted)):
        return int(numbered[1])
    homes = {one["team"] for one in found}
    if len(homes) != 1 or len(found) >= FOUND:
        only_one({one["id"]: one["name"] for one in found}, [one["id"] for one in found], wanted)
    return found[0]["team"]


def move_said(roster: Roster, wanted: Wanted, done: Done, language: str) -> list[str]:
    """What a move did: who went where, what that is worth, which rules it broke or mended."""
    if done.score is None:
        return [_("Nothing changed: this person is there already.")]
    worth = sum(done.score.after.values()) - sum(done.score.before.values())
    told = changes_told(roster.event, done.score.question, done.score.breaks, done.score.mends, language)
    return [_("{move}. Value of the teams: {change}.").format(move=_made(roster), change=signed(worth)), *broken_told(*told)]


def _made(roster: Roster) -> str:
    """The move that led to the version of `roster`, in words."""
    return next((move_told(one) for one in standing_moves(roster, 1, version=roster.version)), "")


def elsewhere(request: HttpRequest, roster: Roster, said: dict[str, Any], error: Moved) -> HttpResponse:
    """Somebody else moved this person: where they are now, and the choice to move them anyway or to keep it so."""
    context = {
        **whole(request, access.roster_for(request.user, roster.pk)),
        "sentence": errors.sentence(error),
        "wanted": {"participant": said["participant"], "seen": error.present["team"] or "", "to": said["to"], "swap": said["swap"] or ""},
        "with_unplaced": True,
    }
    if is_htmx(request):
        return part(request, "web/facilitator/parts/elsewhere.html", {**context, "all": True}, status=409)
    return render(request, "web/facilitator/elsewhere.html", context, room="facilitate", status=409)


@page("post")
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back the last hand move, or as many as are asked for."""
    roster = access.roster_to_edit(request.user, known(pk))
    steps = request.POST.get("steps", "1")
    count = max(1, min(int(steps), UNDO_AT_ONCE)) if steps.isascii() and steps.isdecimal() and len(steps) < 4 else 1
    last = standing_moves(roster, count)
    now, undone = roster_moves.undo(roster=roster, by=request.user, steps=count)
    touched = {number for one in last for number in (one.before, one.after)}
    sentences = [_("Taken back: {move}").format(move=move_told(one)) for one in last[:undone]] or [_("There is nothing to take back.")]
    at = next((f"#person-{one.participant_id}" for one in last if one.participant_id), "")
    return answered(request, with_event(now, roster), touched, sentences, before=now.version - bool(undone), at=at)


@page("post")
def pin(request: HttpRequest, pk: int) -> HttpResponse:
    """Pin a person to the team they are in, or let them go again."""
    roster = access.roster_to_edit(request.user, known(pk))
    said = checked(PinForm(request.POST))
    before = roster.version
    now = roster_moves.pin(roster=roster, by=request.user, participant=said["participant"], pinned=said["pinned"])
    return steered(request, roster, now, before, at=f"#person-{said['participant']}")


@page("post")
def lock(request: HttpRequest, pk: int) -> HttpResponse:
    """Lock a team, or open it again."""
    roster = access.roster_to_edit(request.user, known(pk))
    said = checked(LockForm(request.POST))
    before = roster.version
    now = roster_moves.lock(roster=roster, by=request.user, numbers=[said["team"]], locked=said["locked"])
    return steered(request, roster, now, before, at=f"#team-{said['team']}")


def steered(request: HttpRequest, roster: Roster, now: Roster, before: int, at: str) -> HttpResponse:
    """The answer to a pin or a lock; again changes nothing and says so."""
    last = standing_moves(now, 1, version=now.version) if now.version != before else []
    sentences = [move_told(one) for one in last] or [_("Nothing changed: it is so already.")]
    return answered(request, with_event(now, roster), {one.after for one in last}, sentences, before=before, at=at)


def with_event(now: Roster, before: Roster) -> Roster:
    """The changed row with what is known of its event."""
    now.event = before.event
    return now
