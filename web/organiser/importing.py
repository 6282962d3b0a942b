"""S12: a spreadsheet from the upload over the preview, with repairs in place, to what is saved, and back."""

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.utils.translation import gettext_lazy

from matchmaking import access
from matchmaking.errors import BadInput, NotAllowed
from matchmaking.models import Event, Import, ImportRow
from matchmaking.selectors import imports as selectors
from matchmaking.selectors.sentences import in_words
from matchmaking.services import imports
from matchmaking.services.columns import FIELDS
from matchmaking.services.encodings import ENCODINGS
from matchmaking.services.throttles import take
from web import errors
from web.forms import checked
from web.names import LABELS, moment
from web.organiser.forms import ReadAgainForm, UploadForm
from web.organiser.home import render_event
from web.organiser.words import known
from web.pages import is_htmx, page

HERE = "organise-imports"
LISTED, ROWS_AT_ONCE = 20, 50
POLL_S = 2
STATES = {
    Import.State.READING: gettext_lazy("is being read"),
    Import.State.PREVIEW: gettext_lazy("waits for your confirmation"),
    Import.State.SAVING: gettext_lazy("is being saved"),
    Import.State.DONE: gettext_lazy("saved"),
    Import.State.FAILED: gettext_lazy("could not be read"),
    Import.State.CANCELLED: gettext_lazy("cancelled"),
    Import.State.TAKEN_BACK: gettext_lazy("taken back"),
}
OUTCOMES = {
    ImportRow.Outcome.NEW: gettext_lazy("new"),
    ImportRow.Outcome.CHANGED: gettext_lazy("changed"),
    ImportRow.Outcome.UNCHANGED: gettext_lazy("unchanged"),
    ImportRow.Outcome.PROPOSED: gettext_lazy("proposed to the owner"),
    ImportRow.Outcome.DUPLICATE: gettext_lazy("repeats another row"),
    ImportRow.Outcome.REJECTED: gettext_lazy("cannot be imported"),
}
UNDONE = {"removed": gettext_lazy("removed"), "restored": gettext_lazy("as before"), "kept": gettext_lazy("stayed")}
FIXABLE = (ImportRow.Outcome.REJECTED, ImportRow.Outcome.DUPLICATE)
ALWAYS = ("name", "mail", "organisation")  # what makes a row somebody, empty or not
COLUMNS = {
    **LABELS,
    "external_id": gettext_lazy("External ID"),
    "industries": gettext_lazy("Fields of work"),
    "country": gettext_lazy("Country"),
    "availability": gettext_lazy("Availability"),
}
STEPS: dict[str, Callable[..., Any]] = {"cancel": imports.cancel, "take-back": imports.take_back, "remove": imports.remove}
DONE = {
    "cancel": gettext_lazy("The import is cancelled; nothing was saved."),
    "take-back": gettext_lazy("The import is taken back, as far as nobody relies on it."),
    "remove": gettext_lazy("The import is deleted. What it saved stays."),
}


@page("get")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """Upload a file; the last imports of the event."""
    event = access.event_to_organise(request.user, known(pk))
    return render_event(request, event, "web/organiser/imports.html", _listed(request, event), here=HERE)


@page("post")
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Take in a file; it is read in the background up to the preview."""
    event = access.event_to_organise(request.user, known(pk))
    try:
        said = checked_upload(request)
        take("import", str(request.user.pk))
        import_ = imports.begin(
            programme=event.programme, event=event, file=said["file"].file, name=said["file"].name, kind=said["kind"],
            consent=said["consent"], by=request.user,
        )  # fmt: skip
    except BadInput as error:
        context = {**_listed(request, event), "wrong": errors.sentence(error)}
        return render_event(request, event, "web/organiser/imports.html", context, here=HERE, status=400)
    return redirect("organise-import", pk=import_.pk)


@page("get")
def single(request: HttpRequest, pk: int) -> HttpResponse:
    """One import: how it was understood, what each row would do, what is wrong."""
    import_, event = found(request, pk)
    return render_event(request, event, "web/organiser/import.html", told_of(request, import_, event), here=HERE)


@page("get")
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress alone, for who follows it."""
    import_, event = found(request, pk)
    if not is_htmx(request):
        return redirect("organise-import", pk=import_.pk)
    if import_.state not in (Import.State.READING, Import.State.SAVING):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return part(request, "web/organiser/parts/reading.html", standing(import_, event))


@page("post")
def read_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Read the file with another encoding or delimiter."""
    import_, _event = found(request, pk)
    said = checked(ReadAgainForm(request.POST))
    imports.read_again(import_=import_, by=request.user, encoding=said["encoding"] or None, delimiter=said["delimiter"] or None)
    return redirect("organise-import", pk=import_.pk)


@page("post")
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Save what the preview shows; bad rows are left out where that was asked for."""
    import_, _event = found(request, pk)
    imports.confirm(import_=import_, by=request.user, skip_bad_rows=request.POST.get("skip_bad_rows") == "1")
    return redirect("organise-import", pk=import_.pk)


@page("post")
def decide(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Cancel, take back, or delete."""
    import_, event = found(request, pk)
    STEPS[step](import_=import_, by=request.user)
    messages.success(request, DONE[step])
    return redirect("organise-imports", pk=event.pk) if step == "remove" else redirect("organise-import", pk=import_.pk)


@page("post")
def fix(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """Repair the cells of a row; it is judged again at once."""
    import_, event = found(request, pk)
    one = selectors.row_of(import_, known(row))
    cells = {name: request.POST[name] for name in FIELDS if name in request.POST}
    wrong = ""
    try:
        one = imports.fix_row(row=one, cells=cells, by=request.user)
    except BadInput as error:
        if not is_htmx(request):
            raise
        wrong = " ".join(errors.by_field(error).values()) or errors.sentence(error)
    if not is_htmx(request):
        return redirect("organise-import", pk=import_.pk)
    import_.refresh_from_db()
    context = {**standing(import_, event), "row": _row(one, import_), "wrong": wrong, "part": True}
    return part(request, "web/organiser/parts/fixed.html", context)


def found(request: HttpRequest, pk: int) -> tuple[Import, Event]:
    """An import of an event that one organises."""
    import_ = access.import_for(request.user, known(pk))
    if import_.event is None:
        raise NotAllowed("This import belongs to no event; the command line and the API follow it.")
    return import_, access.event_to_organise(request.user, import_.event.pk)


def checked_upload(request: HttpRequest) -> dict[str, Any]:
    """The clean upload form, or a sentence about the file."""
    form = UploadForm(request.POST, request.FILES)
    if "file" not in request.FILES:
        raise BadInput("Choose a file first.")
    said = checked(form)
    if said["file"].size > settings.UPLOAD_LIMIT_BYTES:
        raise BadInput("The file is larger than {limit} MB.", limit=settings.UPLOAD_LIMIT_BYTES // 1_000_000)
    return said


def _listed(request: HttpRequest, event: Event) -> dict[str, Any]:
    rows = access.imports_visible_to(request.user).filter(event=event).order_by("-created_at", "pk")[:LISTED]
    people = access.registrations_of(request.user, event.pk).filter(state="approved").count()
    return {
        "rows": [{"row": row, "state": STATES[Import.State(row.state)], "at": moment(row.created_at, event.time_zone)} for row in rows],
        "people": people,
        "limit_mb": settings.UPLOAD_LIMIT_BYTES // 1_000_000,
    }


def told_of(request: HttpRequest, import_: Import, event: Event) -> dict[str, Any]:
    """Everything that the page of an import shows."""
    outcome = request.GET.get("outcome", "")
    if outcome not in ImportRow.Outcome.values:
        outcome = ImportRow.Outcome.REJECTED if import_.counts.get("rejected") else ""
    after = request.GET.get("after", "")
    rows = selectors.rows_of(import_, outcome=outcome or None)
    if after.isascii() and after.isdecimal() and len(after) < 10:
        rows = rows.filter(number__gt=int(after))
    listed = list(rows[: ROWS_AT_ONCE + 1])
    columns = import_.table.get("columns") or {}
    return {
        **standing(import_, event),
        "outcome": outcome,
        "import_rows": [_row(row, import_) for row in listed[:ROWS_AT_ONCE]],
        "after": listed[ROWS_AT_ONCE - 1].number if len(listed) > ROWS_AT_ONCE else None,
        "columns": [COLUMNS.get(name, name) for name in in_order(columns)],
        "unknown": import_.table.get("unknown") or [],
        "table": import_.table,
        "encodings": ENCODINGS,
    }


def standing(import_: Import, event: Event) -> dict[str, Any]:
    """State and counts of an import."""
    return {
        "import": import_,
        "working": import_.state in (Import.State.READING, Import.State.SAVING),
        "state": STATES[Import.State(import_.state)],
        "percent": selectors.percent(import_),
        "failure": in_words(import_.failure.get("template", ""), import_.failure.get("params", {})),
        "at": moment(import_.created_at, event.time_zone),
        "outcomes": [(name, label, import_.counts.get(name, 0)) for name, label in OUTCOMES.items()],
        "undone": [(label, import_.counts[name]) for name, label in UNDONE.items() if name in import_.counts],
        "bad": import_.counts.get("rejected", 0),
        "total": import_.counts.get("total", 0),
        "poll_s": POLL_S,
    }


def in_order(names: Iterable[str]) -> list[str]:
    """Columns in the same order wherever they are told: what makes a row somebody first. A database keeps no order of keys."""
    known = [*ALWAYS, *COLUMNS]
    return sorted(names, key=lambda name: (known.index(name) if name in known else len(known), name))


def _row(row: ImportRow, import_: Import) -> dict[str, Any]:
    """A row with what is wrong with it, and the cells that can be repaired."""
    names = in_order({*ALWAYS, *row.cells})
    return {
        "row": row,
        "outcome": OUTCOMES[ImportRow.Outcome(row.outcome)],
        "problems": [in_words(problem["template"], problem["params"]) for problem in row.problems],
        "fixable": row.outcome in FIXABLE and import_.kind == Import.Kind.PARTICIPANTS,
        "cells": [(name, COLUMNS.get(name, name), row.cells.get(name, "")) for name in names],
    }
