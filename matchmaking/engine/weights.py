"""The weights of the named parts, a versioned data file. Standard library only.

`prior_weights.json` is set by hand, `weights.json` is learned from past partnerships by `benchmarks/learn_weights.py` with the first
as its prior. Each is JSON with a checksum, never a pickled object: a file that was changed by hand or cut short is refused.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from matchmaking.errors import BadInput

FILE = Path(__file__).parent / "data" / "weights.json"
PRIOR_FILE = FILE.with_name("prior_weights.json")
# The order in which parts are added up; it is part of the result.
PARTS = (
    "constant",
    "need",
    "offer",
    "interest",
    "bridge",
    "industry",
    "themes",
    "place",
    "ties",
    "mention",
    "text",
    "meaning",
    "need_meaning",
    "offer_meaning",
    "language",
    "time",
    "network",
    "together",
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

    def dialled(self, bridge: float) -> "Weights":
        """These weights with the cross-sector dial at `bridge` z units for the sectors the programme most wants to meet."""
        return replace(self, of={**self.of, "bridge": self.of["bridge"] * bridge})

    def bridge(self, sector: str, other: str) -> float:
        """The value of the bridge part from one sector to another: 0 within one sector."""
        if sector == other:
            return 0.0
        found = self.bridges.get(f"{sector}>{other}", self.bridges.get(f"{other}>{sector}"))
        return self.bridge_default if found is None else found


def weights_of(data: Mapping[str, Any]) -> Weights:
    """Weights from JSON values; the version carries a hash of the content."""
    version = f"{data['version']}-{checksum(data)[:8]}"
    of = {part: float(data["weights"][part]) for part in PARTS}
    return Weights(version=version, of=of, bridges=dict(data["bridges"]), bridge_default=float(data["bridge_default"]))


def checksum(data: Mapping[str, Any]) -> str:
    """The SHA-256 of everything in the data but its own checksum."""
    content = {name: value for name, value in data.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_weights(path: Path) -> dict[str, Any]:
    """The JSON values of a weights file; raises BadInput if they do not match their checksum."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput("The weights file {name} cannot be read. Install the service anew.", name=path.name) from error
    if not isinstance(data, dict) or data.get("checksum") != checksum(data):
        raise BadInput("The weights file {name} was changed: its checksum does not match. Install the service anew.", name=path.name)
    return data


def write_weights(path: Path, data: Mapping[str, Any]) -> None:
    """Write a weights file with its checksum."""
    path.write_text(json.dumps({**data, "checksum": checksum(data)}, indent=2) + "\n", encoding="utf-8")


@lru_cache(maxsize=1)
def default_weights() -> Weights:
    """The weights this version ships."""
    return weights_of(read_weights(FILE))
