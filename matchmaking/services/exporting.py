"""A file of what an event shows, for its organisers, with its purpose in the audit."""

from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from matchmaking.errors import BadInput
from matchmaking.models import Event, Suggestion, User
from matchmaking.selectors.exports import exported
from matchmaking.services import trail
from matchmaking.services.cells import clean
from matchmaking.services.table_writing import write_csv, write_workbook

FORMATS = ("xlsx", "csv")
SUGGESTIONS, NETWORK = "suggestions.exported", "network.exported"  # actions of the audit
PURPOSE_SIGNS = 200


def export_suggestions(
    *, suggestions: "QuerySet[Suggestion]", event: Event, by: User, format: str, language: str, purpose: str, path: Path
) -> int:
    """Write names, sectors and reasons of `suggestions` to `path`; how many. No contacts are in it.

    Headings, sectors and reasons are in `language`, the active one. Raises `BadInput` without a purpose.
    """
    if format not in FORMATS:
        raise BadInput("The request cannot be used.")
    purpose = clean(purpose)[:PURPOSE_SIGNS]
    if not purpose:
        raise BadInput("Say what the file is for.", fields={"purpose": "Say what the file is for."})
    labels = {one["key"]: one.get(language) or one.get("en") or one["key"] for one in event.programme.sectors}
    rows = [_cells(row, labels) for row in exported(suggestions, language)]
    if format == "xlsx":
        write_workbook(_head(), rows, path, sheet=_("Suggestions"))
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as out:
            write_csv(_head(), rows, out)
    trail.record(SUGGESTIONS, event, actor=by, event=event, format=format, rows=len(rows), purpose=purpose)
    return len(rows)


def note_network(*, event: Event, by: User, format: str, rows: int) -> None:
    """Note in the audit that `by` takes the partner network along, names and all."""
    trail.record(NETWORK, event, actor=by, event=event, format=format, rows=rows)


def _head() -> list[str]:
    person = [_("External ID"), _("Name"), _("Sector")]
    return [
        *(f"1: {name}" for name in person),
        *(f"2: {name}" for name in person),
        _("Reasons told to the first"),
        _("Reasons told to the second"),
    ]


def _cells(row: dict[str, Any], sectors: dict[str, str]) -> list[Any]:
    people = [(row[side]["external_id"], row[side]["name"], sectors.get(row[side]["sector"], row[side]["sector"])) for side in ("a", "b")]
    return [*people[0], *people[1], row["why_a"], row["why_b"]]
