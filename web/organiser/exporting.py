"""S17: what an event shows as a file for a spreadsheet program: who asked for it, when and what for is in the audit."""

import tempfile
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.errors import BadInput
from matchmaking.models import AuditEntry, Event
from matchmaking.services import exporting
from web import errors
from web.names import moment
from web.organiser.home import render_event
from web.organiser.words import known
from web.pages import page

HERE = "organise-exports"
LISTED = 20
TYPES = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8"}


@page("get")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a file; who had one before."""
    event = access.event_to_organise(request.user, known(pk))
    return render_event(request, event, "web/organiser/exports.html", _listed(request, event), here=HERE)


@page("post")
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """The file itself. It is sent at once and kept nowhere, so there is no link that could go astray."""
    event = access.event_to_organise(request.user, known(pk))
    format = request.POST.get("format", "")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"suggestions.{format if format in TYPES else 'csv'}"
        try:
            exporting.export_suggestions(
                suggestions=access.published_suggestions().filter(pair__event=event), event=event, by=request.user, format=format,
                language=request.user.language, purpose=request.POST.get("purpose", ""), path=path,
            )  # fmt: skip
        except BadInput as error:
            context = {**_listed(request, event), "wrong": errors.sentence(error)}
            return render_event(request, event, "web/organiser/exports.html", context, here=HERE, status=400)
        content = path.read_bytes()
    name = f"{slugify(event.slug) or 'event'}-suggestions.{format}"
    return HttpResponse(content, content_type=TYPES[format], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _listed(request: HttpRequest, event: Event) -> dict[str, Any]:
    """How many suggestions there are, and the last files."""
    taken = access.audit_of_event(request.user, event.pk).filter(action__in=[exporting.SUGGESTIONS, exporting.NETWORK])
    entries = taken.order_by("-created_at", "pk")[:LISTED]
    return {
        "total": access.published_suggestions().filter(pair__event=event).count(),
        "entries": [_told(entry, event, request.user.pk) for entry in entries],
    }


def _told(entry: AuditEntry, event: Event, me: int) -> dict[str, Any]:
    data = entry.data | ({"purpose": _("Partner network")} if entry.action == exporting.NETWORK else {})
    return {"at": moment(entry.created_at, event.time_zone), "mine": entry.actor_id == me, "data": data}
