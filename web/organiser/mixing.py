"""S15: who meets whom against chance, who is shown how often, who is left out, what became of it; as a table and a picture too."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matchmaking import access
from matchmaking.models import Event, Run, RunKind
from matchmaking.selectors import mixing
from matchmaking.selectors.organising import runs_of_suggestions, shown_run
from matchmaking.services.table_writing import write_csv
from web.names import moment, sectors_of
from web.organiser.comparing import compared
from web.organiser.figures import bars, picture, shade
from web.organiser.home import render_event
from web.organiser.words import cause_of, count, known, missing_answer, number, percent
from web.pages import page

HERE = "organise-mixing"
LISTED = 50
STEPS = {
    "suggested": gettext_lazy("suggested"),
    "answered": gettext_lazy("answered"),
    "accepted": gettext_lazy("at least one yes"),
    "introduced": gettext_lazy("both said yes"),
    "met": gettext_lazy("met"),
}
SIDES = {**STEPS, "accepted": gettext_lazy("said yes")}


@page("get")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """Of what is shown, or of the run that `?run=` names."""
    event = access.event_to_organise(request.user, known(pk))
    run, shown = chosen_run(request, event)
    if run is None:
        return render_event(request, event, "web/organiser/unmixed.html", {}, here=HERE)
    names = sectors_of(event.programme)
    exposure, given = mixing.exposure(run)
    people = access.registrations_of(request.user, event.pk).filter(state="approved").count()
    context = {
        "run": run,
        "is_shown": shown is not None and shown.pk == run.pk,
        "as_of": moment(run.finished_at or run.created_at, event.time_zone),
        **heat(run, names),
        **shown_how_often(exposure, people, run, event),
        **out(run, exposure),
        "funnel": funnel(run, given, names) if run.published_at else None,
        "certificate": certificate(run),
        "compared": compared(run, mixing.mixed_before(run)),
    }
    return render_event(request, event, "web/organiser/mixing.html", context, here=HERE)


@page("get")
def table(request: HttpRequest, pk: int) -> HttpResponse:
    """The heat map as a CSV file: a row for each two sectors."""
    event = access.event_to_organise(request.user, known(pk))
    names = sectors_of(event.programme)
    cells = [cell for row in mixing.heat_map(existing_run(request, event).measures) for cell in row if cell.one <= cell.other]
    head = [_("Sector"), _("Other sector"), _("Suggested pairs"), _("Percent of chance")]
    rows = [[names.get(c.one, c.one), names.get(c.other, c.other), count(c.pairs), _whole_percent(c.ratio)] for c in cells]
    answer = HttpResponse(content_type="text/csv; charset=utf-8", headers=attached(event, "mixing", "csv"))
    answer.write("\ufeff")  # so that spreadsheet programs read it as UTF-8
    write_csv(head, rows, answer)
    return answer


@page("get")
def image(request: HttpRequest, pk: int) -> HttpResponse:
    """The heat map as an SVG file."""
    event = access.event_to_organise(request.user, known(pk))
    run, names = existing_run(request, event), sectors_of(event.programme)
    title = _("Who is suggested to whom, against chance")
    legend = _("Above: percent of what chance would give. Below: suggested pairs.")
    drawn = picture(mixing.heat_map(run.measures), names)
    svg = render_to_string("web/organiser/heat_map.svg", {"title": title, "legend": legend, **drawn})
    return HttpResponse(svg, content_type="image/svg+xml", headers=attached(event, "mixing", "svg"))


def chosen_run(request: HttpRequest, event: Event) -> tuple[Run | None, Run | None]:
    """The finished run that the address names, else what is shown, else the last finished one; and what is shown."""
    shown = shown_run(event)
    finished = runs_of_suggestions().filter(event=event, state=Run.State.DONE).select_related("event", "learned", "previous")
    asked = request.GET.get("run", "")
    if asked:
        usable = asked.isascii() and asked.isdecimal() and len(asked) <= 16
        run = access.run_to_steer(request.user, known(int(asked))) if usable else None
        if run is None or run.event_id != event.pk or run.kind != RunKind.SUGGESTIONS or run.state != Run.State.DONE:
            raise Http404
        return run, shown
    return shown or finished.first(), shown


def existing_run(request: HttpRequest, event: Event) -> Run:
    run, _shown = chosen_run(request, event)
    if run is None:
        raise Http404
    return run


def heat(run: Run, names: dict[str, str]) -> dict[str, Any]:
    """The heat map, and the two sectors that meet least and most, in words."""
    found = mixing.heat_map(run.measures)
    ends = mixing.extremes(found)
    return {
        "sectors": [(row[0].one, names.get(row[0].one, row[0].one)) for row in found],
        "heat": [(row[0].one, names.get(row[0].one, row[0].one), [_told(cell) for cell in row]) for row in found],
        "worst": in_words(ends[0], names) if ends else "",
        "best": in_words(ends[1], names) if ends else "",
        "worst_cell": ends[0] if ends else None,
    }


def _told(cell: mixing.Cell) -> dict[str, Any]:
    ratio = percent(cell.ratio) if cell.ratio is not None else "–"
    return {"cell": cell, "ratio": ratio, "pairs": count(cell.pairs), "shade": shade(cell.ratio), "possible": cell.ratio is not None}


def in_words(cell: mixing.Cell, names: dict[str, str]) -> str:
    """How often two sectors are suggested to each other."""
    one, other = names.get(cell.one, cell.one), names.get(cell.other, cell.other)
    if not cell.ratio:
        return _("{one} and {other}: never suggested to each other.").format(one=one, other=other)
    template = _("{one} and {other}: {share} of what chance would give; pairs: {pairs}.")
    return template.format(one=one, other=other, share=percent(cell.ratio), pairs=count(cell.pairs))


def shown_how_often(exposure: dict[int, int], people: int, run: Run, event: Event) -> dict[str, Any]:
    """The histogram, and who is shown most."""
    rows = mixing.histogram(exposure, people)
    top = mixing.most_shown(exposure)
    first = max(1, round(0.1 * people))
    total = sum(exposure.values())
    share = sum(sorted(exposure.values(), reverse=True)[:first]) / total if total else 0.0
    return {
        "bars": bars([(value, mixing.hidden(how_many)) for value, how_many in rows]),
        "histogram": [(value, count(mixing.hidden(how_many))) for value, how_many in rows],
        "most": [{"person": person, "number": often} for person, often in top],
        "cap": int(run.parameters.get("cap", event.cap)),
        "top_share": percent(share),
        "people": people,
    }


def out(run: Run, shown: Mapping[int, int]) -> dict[str, Any]:
    """The people without a suggestion, each with the cause and the answer that would help most."""
    rows = mixing.left_out(run, shown, LISTED + 1)
    told = [{"person": row.participant, "cause": cause_of(row), "missing": missing_answer(row.missing)} for row in rows[:LISTED]]
    return {"left_out": told, "more_left_out": len(rows) > LISTED}


def funnel(run: Run, given: Mapping[int, int], names: dict[str, str]) -> dict[str, Any]:
    """What became of the suggestions, in all and by sector."""
    groups = run.measures.get("groups", {}).get("sector", {})
    people = {key: groups[key]["people"] for key in names if key in groups} or dict.fromkeys(names, 0)
    whole, sides = mixing.funnel(run, given, people)
    most = whole["suggested"] or 1
    steps = [(label, count(whole[step]), 100 * (whole[step] or 0) // most) for step, label in STEPS.items()]
    by_sector = [(key, names.get(key, key), [count(row[step]) for step in STEPS]) for key, row in sides.items()]
    return {"steps": steps, "head": list(SIDES.values()), "by_sector": by_sector}


def certificate(run: Run) -> str:
    """How far the choice can be from the best possible one, proved by prices."""
    gap = run.measures.get("gap")
    if gap is None:
        return ""
    if gap < 0.00005:
        return _("It is proved that no other choice under the same limits is better in sum.")
    return _("It is proved that no other choice under the same limits can be better in sum by more than {gap}.").format(gap=percent(gap, 2))


def _whole_percent(ratio: float | None) -> str:
    return number(100 * ratio) if ratio is not None else ""


def attached(event: Event, what: str, ending: str) -> dict[str, str]:
    """The headers of a file about an event."""
    return {"Content-Disposition": f'attachment; filename="{slugify(event.slug) or "event"}-{what}.{ending}"'}
