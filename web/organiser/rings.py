"""A network on a ring: marks by sector, suggestions as curves bent to the middle. Places are texts: no language's comma gets in."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matchmaking.selectors.network import SECTORS, Network

RING, MARGIN = 330, 200  # pixels: the ring itself, and the room for names around it
GAP = 2  # empty places between two sectors
DOT = 7  # half of a node's width
PULL = 0.25  # how far a curve keeps from the middle: 0 goes through it
LONGEST = 30  # signs of a name beside its node; all of it is in the table
WIDEST = 14  # pixels of the strongest curve
SIGN = 7  # pixels that a sign of a name takes at most
FEW = 12  # nodes whose names have room to lie level
CIRCLE = "M-6.5 0a6.5 6.5 0 1 1 13 0a6.5 6.5 0 1 1-13 0z"
SHAPES = {  # as in icons.svg, around 0
    "authority": "M-6-6h12v12h-12z", "education": "M0-7L7 6H-7z", "business": CIRCLE, "creative": "M0-7.5L7.5 0L0 7.5L-7.5 0z",
    "civil society": "M-3.5-6h7L7 0L3.5 6h-7L-7 0z",
}  # fmt: skip
OTHER = f"{CIRCLE}M-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0z"


def ring(found: Network, labels: Mapping[str, str], chosen: int | None = None) -> dict[str, Any]:
    """Nodes, curves and the size of the picture; `labels` by node key, `chosen` is the node whose suggestions stand out."""
    angles = _angles(found)
    strongest = max((edge.pairs for edge in found.edges), default=1)
    side = 2 * (RING + MARGIN)
    return {
        "side": side,
        "level": len(angles) <= FEW,
        "middle": side // 2,
        "nodes": [
            _node(node, labels[node.key], angles[place], level=len(angles) <= FEW, chosen=place == chosen)
            for place, node in enumerate(found.nodes)
        ],
        "curves": [
            {
                "path": _curve(angles[edge.one], angles[edge.other]),
                "wide": _text(max(1.0, WIDEST * edge.pairs / strongest) if strongest > 1 else 1.0),
                "across": found.nodes[edge.one].sector != found.nodes[edge.other].sector,
                "chosen": chosen in edge[:2],
            }
            for edge in found.edges
        ],
        "one_chosen": chosen is not None,
    }


def legend(sectors: Sequence[tuple[str, str]]) -> list[tuple[str, str, str, int]]:
    """For a picture that stands alone: each sector's key, name, mark and place on the lowest line."""
    told, x = [], 2 * DOT
    for key, label in sectors:
        told.append((key, label, SHAPES.get(key, OTHER), x))
        x += 4 * DOT + SIGN * len(label)
    return told


def _angles(found: Network) -> list[float]:
    """Clockwise from the top, with gaps between sectors."""
    places, at = [], 0
    for place, node in enumerate(found.nodes):
        at += GAP if place and node.sector != found.nodes[place - 1].sector and found.of != SECTORS else 0
        places.append(at)
        at += 1
    whole = at + (GAP if found.of != SECTORS else 0)
    return [2 * math.pi * place / whole - math.pi / 2 for place in places]


def _node(node: Any, label: str, angle: float, *, level: bool, chosen: bool) -> dict[str, Any]:
    """Its mark, and its name written outwards, upside up on both halves."""
    left = math.cos(angle) < -1e-9
    turn = 0.0 if level else math.degrees(angle) + (180 if left else 0)
    x, y = RING * math.cos(angle), RING * math.sin(angle)
    out = -2 * DOT if left else 2 * DOT
    short = label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"
    return {
        "sector": node.sector, "shape": SHAPES.get(node.sector, OTHER), "label": short, "whole": label,
        "at": f"translate({_text(x)} {_text(y)})", "turn": f"rotate({_text(turn)})", "out": out, "anchor": "end" if left else "start",
        "chosen": chosen,
    }  # fmt: skip


def _curve(one: float, other: float) -> str:
    """From mark to mark, bent towards the middle."""
    inner = RING - DOT - 2
    (x1, y1), (x2, y2) = ((inner * math.cos(angle), inner * math.sin(angle)) for angle in (one, other))
    return f"M{_text(x1)} {_text(y1)}Q{_text(PULL * (x1 + x2) / 2)} {_text(PULL * (y1 + y2) / 2)} {_text(x2)} {_text(y2)}"


def _text(value: float) -> str:
    return f"{value:.1f}"
