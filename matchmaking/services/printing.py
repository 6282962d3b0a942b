"""Names that go onto paper: who printed what, and of how many people, is in the audit."""

from matchmaking.errors import BadInput, Conflict
from matchmaking.models import Event, User
from matchmaking.services import trail

KINDS = ("sheets", "badges", "names", "teams")


def record(*, event: Event, by: User, kind: str, people: int, language: str) -> None:
    """Keep that `by` takes out names of `people` for one of `KINDS`, which is its purpose too."""
    if kind not in KINDS:
        raise BadInput("The request cannot be used.")
    if people == 0:
        raise Conflict("There is nobody to print.")
    trail.record("names.printed", event, actor=by, event=event, purpose=kind, rows=people, language=language)
