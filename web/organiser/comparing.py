"""Two runs beside each other, in words and numbers: what a turn of the cross-sector dial gives and what it costs."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matchmaking.models import Run
from matchmaking.selectors.mixing import extremes, heat_map
from web.organiser.words import number, percent, signed


class Measure(NamedTuple):
    name: str
    label: Any
    tell: Callable[[float], str]
    tell_change: Callable[[float], str]


def _points(change: float) -> str:
    return signed(100 * change, 1)


MEASURES = (
    Measure("pairs", gettext_lazy("Suggested pairs"), number, signed),
    Measure("cross_sector_share", gettext_lazy("Pairs across sectors, in percent"), percent, _points),
    Measure(
        "relevance", gettext_lazy("Fit: mean chance of a mutual yes, without the dial"), lambda v: percent(v, 1), _points
    ),
    Measure("least_mixed", gettext_lazy("The two sectors that meet least, in percent of chance"), percent, _points),
    Measure("none", gettext_lazy("People without a suggestion"), number, signed),
    Measure("below_floor", gettext_lazy("People below the floor"), number, signed),
    Measure("most", gettext_lazy("Most suggestions of one person"), number, signed),
    Measure("gini_exposure", gettext_lazy("Unevenness of exposure, 0 = all equal"), lambda v: number(v, 2), lambda v: signed(v, 2)),
)  # fmt: skip


def compared(run: Run, other: Run | None) -> dict[str, Any]:
    """Rows of what two runs measured, and the dial's price in a sentence."""
    mine, theirs = measured(run), measured(other) if other is not None else {}
    return {
        "other": other,
        "rows": [_row(measure, mine.get(measure.name), theirs.get(measure.name)) for measure in MEASURES],
        "price": price(run, other) if other is not None else "",
        "other_weights": other is not None and other.weights_version != run.weights_version,
    }


def measured(run: Run) -> dict[str, Any]:
    """What a run measured, with how the two sectors that meet least meet against chance."""
    ends = extremes(heat_map(run.measures))
    return {**run.measures, "least_mixed": ends[0].ratio if ends else None}


def _row(measure: Measure, mine: float | None, theirs: float | None) -> dict[str, Any]:
    return {
        "label": measure.label,
        "mine": measure.tell(mine) if mine is not None else "–",
        "theirs": measure.tell(theirs) if theirs is not None else "–",
        "change": measure.tell_change(mine - theirs) if mine is not None and theirs is not None else "–",
    }


def price(run: Run, other: Run) -> str:
    """What this run's dial costs beside the other one's; empty where it is the same dial."""
    dial, before = run.parameters.get("bridge", 0.0), other.parameters.get("bridge", 0.0)
    mine, theirs = run.measures.get("relevance"), other.measures.get("relevance")
    if dial == before or not mine or not theirs:
        return ""
    template = _("The dial is at {dial} instead of {before}. Its price: the fit changes by {fit}.")
    return template.format(dial=number(dial, 1), before=number(before, 1), fit=f"{_points(mine / theirs - 1.0)} %")
