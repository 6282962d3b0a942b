"""Changes that participants ask for: a person decides, and says why. Nothing here moves anybody."""

from collections.abc import Callable

from django.db import transaction
from django.db.models.functions import Now

from matchmaking.errors import BadInput, Conflict
from matchmaking.models import ChangeRequest, Event, Participant, Registration, Roster, User
from matchmaking.services import trail
from matchmaking.services.cells import clean

SIGNS = 500
State = ChangeRequest.State
DECISIONS = (State.DONE, State.DECLINED)


def ask(*, event: Event, participant: Participant, text: str) -> ChangeRequest:
    """Ask the facilitators for a change of one's team, or for one. While one request is open, the next text takes its place."""
    text = _checked(text, "Say what you would like to be different.")
    with transaction.atomic():
        if not Registration.objects.select_for_update().filter(event=event, participant=participant, state="approved").exists():
            raise Conflict("You do not take part in this event.")
        if not Roster.objects.filter(event=event, state=Roster.State.PUBLISHED).exists():
            raise Conflict("No teams are published yet.")
        request, new = ChangeRequest.objects.update_or_create(
            event=event, participant=participant, state=State.OPEN, defaults={"text": text}
        )
        trail.record("change.asked" if new else "change.reworded", request, actor=participant.user, event=event)
    return request


def take_back(*, request: ChangeRequest, by: User) -> ChangeRequest:
    """Take back one's own request while nobody has decided; afterwards it changes nothing."""
    with transaction.atomic():
        if ChangeRequest.objects.filter(pk=request.pk, state=State.OPEN).update(state=State.TAKEN_BACK, decided_at=Now()) == 1:
            trail.record("change.taken_back", request, actor=by, event=request.event)
    request.refresh_from_db()
    return request


def decide(*, request: ChangeRequest, decision: str, answer: str, by: User) -> ChangeRequest:
    """Say that a request is done or declined, with a sentence back to whoever asked. The same decision again changes nothing."""
    if decision not in DECISIONS:
        raise BadInput("The request cannot be used.")
    needed = "Say in a sentence why not." if decision == State.DECLINED else ""
    answer = _checked(answer, needed)
    with transaction.atomic():
        values = {"state": decision, "answer": answer, "decided_by": by, "decided_at": Now()}
        if ChangeRequest.objects.filter(pk=request.pk, state=State.OPEN).update(**values) == 1:
            trail.intend(request.participant, "change_decided", f"request:{request.pk}", event=request.event)
            trail.record(f"change.{decision}", request, actor=by, event=request.event)
        elif ChangeRequest.objects.filter(pk=request.pk).exclude(state=decision).exists():
            raise Conflict("This request is no longer open: somebody has decided it, or it was taken back.")
    request.refresh_from_db()
    return request


def reword(programme_id: int, change: Callable[[str], str]) -> int:
    """Change what was written in requests and answers, within the caller's transaction: they may name somebody; how many."""
    changed = 0
    for pk, *texts in ChangeRequest.objects.filter(event__programme=programme_id).values_list("pk", "text", "answer"):
        if (told := [change(text) for text in texts]) != texts:
            changed += ChangeRequest.objects.filter(pk=pk).update(text=told[0], answer=told[1])
    return changed


def _checked(text: str, needed: str) -> str:
    if len(text) > 4 * SIGNS or len(text := clean(text)) > SIGNS:
        raise BadInput("This text is too long.", fields={"text": "This text is too long."})
    if needed and not text:
        raise BadInput(needed)
    return text
