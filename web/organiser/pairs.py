"""S14: the pairs of a run: why, filtered, held back and released; who has none; what the dial would cost."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.urls import reverse
from django.utils.translation import gettext as _

from matchmaking.errors import BadInput
from matchmaking.models import Participant, Run, Suggestion
from matchmaking.selectors import mixing
from matchmaking.selectors.reasons import why
from matchmaking.selectors.review import narrowed, pairs_of
from matchmaking.services import review
from web.names import sectors_of
from web.organiser.comparing import compared
from web.organiser.home import render_event
from web.organiser.mixing import out
from web.organiser.running import DIALS, HERE, steered
from web.organiser.words import number, percent
from web.pages import is_htmx, page

AT_ONCE = 50
KEPT = ("sectors", "held", "one", "other", "person", "order", "q")  # of the address: what the list is narrowed to
STEPS: dict[str, Callable[..., int]] = {"hold": review.hold, "release": review.release}


@page("get")
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """The pairs, the best first, 50 at a time; `?show=left-out`: the people who have none."""
    run, event = steered(request.user, pk)
    if request.GET.get("show") == "left-out":
        return render_event(request, event, "web/organiser/left_out.html", {"run": run, **out(run, mixing.exposure(run)[0])}, here=HERE)
    names = sectors_of(event.programme)
    asked = {name: request.GET[name] for name in KEPT if request.GET.get(name)}
    rows = looked_for(pairs_of(run), asked)
    first = min(_number(request.GET.get("from", "")), 10**6)
    ids = list(rows.values_list("pk", flat=True)[first : first + AT_ONCE + 1])  # what is sorted is narrow; only what is shown is read whole
    found = pairs_of(run).defer("terms_ab", "terms_ba").in_bulk(ids[:AT_ONCE])
    context = {
        "run": run,
        "cards": [card(found[pk], names, request.user.language) for pk in ids if pk in found],
        "more": urlencode({**asked, "from": first + AT_ONCE}) if len(ids) > AT_ONCE else "",
        "first": first,
        "asked": asked,
        "sectors": list(names.items()),
        "dials": [(value, number(value, 1)) for value in DIALS],
        "compared": compared(run, mixing.mixed_before(run)),
        "total": rows.count(),
    }
    return render_event(request, event, "web/organiser/pairs.html", context, here=HERE)


@page("post")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Hold back or release: one by its own button, or all that are ticked; all of them or none."""
    run, event = steered(request.user, pk)
    step, ids = decision(request)
    before = share_across(run)
    changed = STEPS[step](run=run, ids=ids, by=request.user)
    if is_htmx(request) and len(ids) == 1:
        row = pairs_of(run).get(pk=ids[0])
        return part(
            request, "web/organiser/parts/pair.html", {"run": run, "card": card(row, sectors_of(event.programme), request.user.language)}
        )
    template = _("Pairs held back: {count}.") if step == "hold" else _("Pairs released: {count}.")
    mixed = _("Pairs across sectors: {share}, before {before}.").format(share=percent(share_across(run), 1), before=percent(before, 1))
    messages.success(request, f"{template.format(count=changed)} {mixed}")
    return redirect(_back(request, run))


def looked_for(rows: QuerySet[Suggestion], asked: dict[str, str]) -> QuerySet[Suggestion]:
    """Those that the filters leave; what no filter knows narrows nothing."""
    held = {"yes": True, "no": False}.get(asked.get("held", ""))
    rows = narrowed(rows, sectors=asked.get("sectors", ""), held=held, person=_number(asked.get("person", "")))
    one, other = asked.get("one"), asked.get("other")
    if one or other:
        rows = rows.filter(_between("a", one, other) | _between("b", one, other))
    if name := asked.get("q", "").strip()[:100]:
        rows = rows.filter(Q(pair__a__name__icontains=name) | Q(pair__b__name__icontains=name))
    return rows.order_by("score_e9" if asked.get("order") == "weakest" else "-score_e9", "pk")


def _between(side: str, one: str | None, other: str | None) -> Q:
    """Pairs with `one` on this side and `other` on the other side; an empty one stands for any sector."""
    across = "b" if side == "a" else "a"
    wanted = {f"pair__{side}__profile__sector": one, f"pair__{across}__profile__sector": other}
    return Q(**{path: sector for path, sector in wanted.items() if sector})


def card(row: Suggestion, names: dict[str, str], language: str) -> dict[str, Any]:
    """A pair with the reasons of both sides."""
    a, b = row.pair.a, row.pair.b
    for_a, for_b = (why(told, language, partner.name) for told, partner in ((row.told_a, b), (row.told_b, a)))
    return {
        "id": row.pk,
        "held": row.held_at is not None,
        "score": percent(row.score),
        "sides": [_side(a, row.rank_a, for_a, names), _side(b, row.rank_b, for_b, names)],
    }


def _side(person: Participant, rank: int, reasons: dict[str, list[str]], names: dict[str, str]) -> dict[str, Any]:
    sector = person.profile.sector
    return {
        "person": person, "organisation": person.organisation.name if person.organisation else "", "sector": sector,
        "sector_name": names.get(sector, sector), "rank": rank, "why": reasons,
    }  # fmt: skip


def share_across(run: Run) -> float:
    """Of the pairs that are, or would be, shown: the share between different sectors."""
    rows = mixing.live_suggestions(run)
    across = rows.exclude(pair__a__profile__sector=F("pair__b__profile__sector")).count()
    return across / (rows.count() or 1)


def decision(request: HttpRequest) -> tuple[str, list[int]]:
    """What to do, and with which pairs."""
    for step in STEPS:
        if f"{step}_one" in request.POST:
            return step, [_id(request.POST[f"{step}_one"])]
    ids = [_id(text) for text in request.POST.getlist("suggestions")[: AT_ONCE + 1]]
    step = request.POST.get("step", "")
    if step not in STEPS:
        raise BadInput("The request cannot be used.")
    if not ids:
        raise BadInput("Tick the pairs first.")
    return step, ids


def _id(text: str) -> int:
    found = _number(text)
    if not found:
        raise BadInput("The request cannot be used.")
    return found


def _number(text: str) -> int:
    """A number of the address; 0 where there is none that can be used."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 16 else 0


def _back(request: HttpRequest, run: Run) -> str:
    """The list as it was narrowed."""
    asked = {name: request.POST[name] for name in KEPT if request.POST.get(name)}
    return f"{reverse('organise-pairs', args=[run.pk])}?{urlencode(asked)}"
