"""What publishing a preview would change: its measures beside those of what the event shows now."""

from typing import Any

from matchmaking.models import Publication, Run, RunKind

RELEVANCE = "relevance"  # mean score without the cross-sector dial: what a turn of the dial costs
NUMBERS = (RELEVANCE, "pairs", "cross_sector_share", "most", "gini_exposure", "none", "below_floor")
TABLES = ("sectors", "sectors_by_chance")
DIGITS = 6


def compared(run: Run) -> dict[str, Any] | None:
    """Measures of a run in preview, of the published one, and the differences (this less published); None if it is no preview.

    Measures that a run does not have, for one computed before they existed, are None.
    """
    if run.kind not in (RunKind.SUGGESTIONS, RunKind.IDEAS) or run.state != Run.State.DONE or (run.published_at and not run.taken_back_at):
        return None
    shown = Publication.objects.filter(event=run.event_id, kind=run.kind, run__isnull=False).select_related("run__learned").first()
    if shown is None or shown.run is None or shown.run_id == run.pk:
        return {"run": _told(run), "published": None, "difference": None}
    mine, theirs = _told(run), _told(shown.run)
    return {"run": mine, "published": theirs, "difference": _difference(mine, theirs)}


def _told(run: Run) -> dict[str, Any]:
    known = {name: run.measures.get(name) for name in (*NUMBERS, *TABLES)}
    return {"id": run.pk, "bridge": run.parameters.get("bridge", 0.0), "weights_version": run.weights_version, **known}


def _difference(mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    return {name: _less(mine[name], theirs[name]) for name in (*NUMBERS, *TABLES)}


def _less(mine: Any, theirs: Any) -> Any:
    """Number less number, table less table; None where one of them is missing."""
    if mine is None or theirs is None:
        return None
    if isinstance(mine, dict):
        return {name: _less(mine.get(name), theirs.get(name)) for name in sorted({*mine, *theirs})}
    return round(mine - theirs, DIGITS)
