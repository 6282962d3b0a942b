"""Shades and places of what is drawn: whole numbers, so that no language's comma gets into a picture."""

from collections.abc import Mapping, Sequence
from typing import Any

from matchmaking.selectors.mixing import Cell
from web.organiser.words import count, percent

# From how much of chance on a cell has which shade: three steps below chance, one about it, three above.
STEPS = ((0.0, "l3"), (0.33, "l2"), (0.66, "l1"), (0.9, "c"), (1.1, "m1"), (1.5, "m2"), (2.0, "m3"))
COLOURS = {
    "l3": ("#b35806", "#ffffff"), "l2": ("#e08214", "#1f2732"), "l1": ("#fdd9a8", "#1f2732"), "c": ("#f7f7f5", "#1f2732"),
    "m1": ("#c9e4ec", "#1f2732"), "m2": ("#67a9c9", "#1f2732"), "m3": ("#1f5f8b", "#ffffff"), "": ("#e4e0d5", "#565f6b"),
}  # fmt: skip
SIDE, LABELS, HEAD = 160, 210, 90
BAR, HIGH, LEFT = 44, 160, 10
LEAST_HIGH = 4  # of a bar whose count is hidden


def shade(ratio: float | None) -> str:
    """The name of a cell's shade; empty where no pair is possible."""
    return next(name for least, name in reversed(STEPS) if ratio >= least) if ratio is not None else ""


def picture(rows: Sequence[Sequence[Cell]], names: Mapping[str, str]) -> dict[str, Any]:
    """A heat map as rectangles and texts."""
    cells = [
        {
            "x": LABELS + SIDE * column, "y": HEAD + SIDE // 2 * line, "ratio": percent(cell.ratio) if cell.ratio is not None else "–",
            "pairs": count(cell.pairs), "middle": LABELS + SIDE * column + SIDE // 2, "above": HEAD + SIDE // 2 * line + 27,
            "below": HEAD + SIDE // 2 * line + 47, "fill": COLOURS[shade(cell.ratio)][0], "ink": COLOURS[shade(cell.ratio)][1],
        }
        for line, row in enumerate(rows)
        for column, cell in enumerate(row)
    ]  # fmt: skip
    labels = [names.get(row[0].one, row[0].one) for row in rows]
    return {
        "cells": cells,
        "rows": [(label, HEAD + SIDE // 2 * line + 35) for line, label in enumerate(labels)],
        "columns": [(label, LABELS + SIDE * column + SIDE // 2) for column, label in enumerate(labels)],
        "side": SIDE, "half": SIDE // 2, "width": LABELS + SIDE * len(rows) + 20, "height": HEAD + SIDE // 2 * len(rows) + 50,
        "foot": HEAD + SIDE // 2 * len(rows) + 30, "rows_end": LABELS - 10, "columns_end": HEAD - 12,
    }  # fmt: skip


def bars(rows: Sequence[tuple[int, int | None]]) -> dict[str, Any]:
    """A histogram as rectangles: the value below, the count above each."""
    most = max([how_many or 0 for _, how_many in rows] + [1])
    drawn = []
    for place, (value, how_many) in enumerate(rows):
        high = LEAST_HIGH if how_many is None else HIGH * how_many // most
        x = LEFT + place * BAR
        drawn.append({
            "x": x, "y": HIGH + 24 - high, "height": high, "middle": x + BAR // 2 - 4, "above": HIGH + 18 - high, "value": value,
            "count": count(how_many), "hidden": how_many is None,
        })  # fmt: skip
    return {"drawn": drawn, "width": 2 * LEFT + BAR * len(rows), "height": HIGH + 64, "wide": BAR - 8, "line": HIGH + 24, "foot": HIGH + 44}
