"""S15: the partner network of a run as a picture with a table beside it; both as files, with the audit's note of who took them."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matchmaking import access
from matchmaking.errors import BadInput
from matchmaking.models import Event, Run
from matchmaking.selectors.network import ORGANISATIONS, PEOPLE, SECTORS, Network, network, pieces
from matchmaking.services import exporting
from matchmaking.services.table_writing import write_csv
from web.names import moment, sectors_of
from web.organiser.home import render_event
from web.organiser.mixing import HERE, attached, chosen_run, existing_run
from web.organiser.rings import legend, ring
from web.organiser.words import known, number, percent
from web.pages import page

FORMATS = {"svg": "image/svg+xml", "csv": "text/csv; charset=utf-8"}
OF = {
    PEOPLE: gettext_lazy("Each mark is a person."),
    ORGANISATIONS: gettext_lazy("Each mark is an organisation: there are too many people for one picture."),
    SECTORS: gettext_lazy("Each mark is a sector: there are too many people and organisations for one picture."),
}


@page("get")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """Of what is shown, or of the run that `?run=` names; `?node=` lets the suggestions of one stand out."""
    event = access.event_to_organise(request.user, known(pk))
    run, shown = chosen_run(request, event)
    if run is None:
        return render_event(request, event, "web/organiser/unmixed.html", {}, here=HERE)
    found, labels = drawn_of(run, event)
    asked = request.GET.get("node", "")
    chosen = next((place for place, node in enumerate(found.nodes) if node.key == asked), None)
    context = {
        "run": run,
        "is_shown": shown is not None and shown.pk == run.pk,
        "as_of": moment(run.finished_at or run.created_at, event.time_zone),
        "picture": ring(found, labels, chosen),
        "chosen": labels[asked] if chosen is not None else "",
        "rows": rows(found, labels, sectors_of(event.programme)),
        "cap": int(run.parameters.get("cap", event.cap)),
        "sectors": used_sectors(found, event),
        "of_people": found.of == PEOPLE,
        "of": OF[found.of],
        "sentence": in_words(found),
    }
    return render_event(request, event, "web/organiser/network.html", context, here=HERE)


@page("post")
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture or the table as a file; names leave the service, so the audit notes it."""
    event = access.event_to_organise(request.user, known(pk))
    format = request.POST.get("format", "")
    if format not in FORMATS:
        raise BadInput("The request cannot be used.")
    found, labels = drawn_of(existing_run(request, event), event)
    exporting.note_network(event=event, by=request.user, format=format, rows=len(found.nodes))
    return (_picture if format == "svg" else _table)(event, found, labels)


def _picture(event: Event, found: Network, labels: dict[str, str]) -> HttpResponse:
    context = {"picture": ring(found, labels), "legend": legend(used_sectors(found, event)), "alone": True, "sentence": in_words(found)}
    svg = render_to_string("web/organiser/parts/network.svg", context)
    return HttpResponse(svg, content_type=FORMATS["svg"], headers=attached(event, "network", "svg"))


def _table(event: Event, found: Network, labels: dict[str, str]) -> HttpResponse:
    answer = HttpResponse(content_type=FORMATS["csv"], headers=attached(event, "network", "csv"))
    answer.write("\ufeff")  # so that spreadsheet programs read it as UTF-8
    told = rows(found, labels, sectors_of(event.programme))
    cells = [[row["label"], row["sector_name"], row["people"], row["pairs"], row["across"], row["reached"]] for row in told]
    write_csv([_("Name"), _("Sector"), _("People"), _("Suggestions"), _("Of them across sectors"), _("Sectors reached")], cells, answer)
    return answer


def drawn_of(run: Run, event: Event) -> tuple[Network, dict[str, str]]:
    """The network, and what its nodes are called."""
    names = sectors_of(event.programme)
    found = network(run, list(names))
    nobody = _("without an organisation")
    labels = {node.key: names.get(node.key, node.key) if found.of == SECTORS else node.label or nobody for node in found.nodes}
    return found, labels


def rows(found: Network, labels: dict[str, str], names: dict[str, str]) -> list[dict[str, Any]]:
    """A row for each node, those with the most suggestions first."""
    pairs, across = [0] * len(found.nodes), [0] * len(found.nodes)
    reached: list[set[str]] = [set() for _node in found.nodes]
    for edge in found.edges:
        for end, far in ((edge.one, edge.other), (edge.other, edge.one)):
            pairs[end] += edge.pairs
            if found.nodes[far].sector != found.nodes[end].sector:
                across[end] += edge.pairs
                reached[end].add(found.nodes[far].sector)
    told = [
        {
            "key": node.key, "label": labels[node.key], "sector": node.sector, "sector_name": names.get(node.sector, node.sector),
            "people": node.people, "pairs": pairs[place], "across": across[place], "reached": len(reached[place]),
        }
        for place, node in enumerate(found.nodes)
    ]  # fmt: skip
    return sorted(told, key=lambda row: -row["pairs"])


def used_sectors(found: Network, event: Event) -> list[tuple[str, str]]:
    """The sectors that the picture shows, in the programme's order."""
    used = {node.sector for node in found.nodes}
    names = sectors_of(event.programme)
    return [(key, label) for key, label in names.items() if key in used] + [(key, key) for key in sorted(used - set(names))]


def in_words(found: Network) -> str:
    """How many suggestions, how many of them across sectors, and whether it hangs together."""
    if not found.edges:
        return _("There are no suggestions between them.")
    template = _("Suggestions: {pairs}, {share} of them across sectors.")
    told = template.format(pairs=number(found.pairs), share=percent(found.across / found.pairs))
    parts = pieces(found)
    whole = _("All of them hang together.") if len(parts) == 1 else _("It falls into {parts} parts; the largest joins {largest} marks.")
    return f"{told} {whole.format(parts=len(parts), largest=parts[0])}"
