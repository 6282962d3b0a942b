"""The weights of the named parts, a versioned data file. Standard library only."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "data" / "weights.json"
# The order in which parts are added up; it is part of the result.
PARTS = (
    "constant",
    "need",
    "offer",
    "interest",
    "bridge",
    "industry",
    "place",
    "text",
    "language",
    "time",
    "network",
    "activity",
    "habits",
    "repeat",
)


@dataclass(frozen=True, slots=True)
class Weights:
    """`of[part]` multiplies the part's value; `bridges["a>b"]` in [0, 1] is how much the programme wants sector a to meet b."""

    version: str
    of: Mapping[str, float]
    bridges: Mapping[str, float]
    bridge_default: float

    def bridge(self, sector: str, other: str) -> float:
        """The value of the bridge part from one sector to another: 0 within one sector."""
        if sector == other:
            return 0.0
        found = self.bridges.get(f"{sector}>{other}", self.bridges.get(f"{other}>{sector}"))
        return self.bridge_default if found is None else found


def weights_of(data: Mapping[str, Any]) -> Weights:
    """Weights from JSON values; the version carries a hash of the content."""
    content = json.dumps(data, sort_keys=True).encode()
    version = f"{data['version']}-{hashlib.sha256(content).hexdigest()[:8]}"
    of = {part: float(data["weights"][part]) for part in PARTS}
    return Weights(version=version, of=of, bridges=dict(data["bridges"]), bridge_default=float(data["bridge_default"]))


@lru_cache(maxsize=1)
def default_weights() -> Weights:
    """The weights this version ships."""
    return weights_of(json.loads(FILE.read_text(encoding="utf-8")))
