"""Frozen inputs and outputs of the engine. Standard library only: requests and workers read the same records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from matchmaking.engine.weights import Weights, default_weights

FACETS = ("offers", "needs", "interests")


@dataclass(frozen=True, slots=True)
class Profile:
    """What the engine knows of one participant. `key` is the content key: external id, else made of the content.

    `offers`, `needs` and `interests` are picked terms as typed (a concept's label in any language, or a free term);
    the `*_text` are free text. `open_` and `draw` are learned habits in z units, in [-0.5, 0.5].
    """

    key: str
    sector: str
    organisation: str = ""
    industries: tuple[str, ...] = ()
    city: str = ""
    country: str = ""
    languages: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    offer_text: str = ""
    need_text: str = ""
    about: str = ""
    slots: tuple[int, ...] = ()
    same_sector: bool = False
    open_: float = 0.0
    draw: float = 0.0
    region: str = ""


@dataclass(frozen=True, slots=True)
class PastProject:
    """Something done together. `members` are keys, known profiles or outsiders, the lead among them."""

    key: str
    when: date | None
    lead: str
    members: tuple[str, ...]
    tags: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Idea:
    """A project or a team that seeks partners: `members` are keys of those in it, its lead among them; tags and text are its need."""

    key: str
    tags: tuple[str, ...] = ()
    text: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cohort:
    """One event as the engine sees it. Pairs are (smaller key, larger key).

    `blocked`, `declined` and `met` are gates; `pinned` are answered pairs that are carried along and use capacity first;
    `declined_before` (in an earlier event) is a penalty; `past_value` is what each key received before, decayed. `weights` are
    those that the programme uses, so every stage finds the same ones.
    """

    profiles: tuple[Profile, ...]
    projects: tuple[PastProject, ...] = ()
    blocked: frozenset[tuple[str, str]] = frozenset()
    declined: frozenset[tuple[str, str]] = frozenset()
    met: frozenset[tuple[str, str]] = frozenset()
    pinned: frozenset[tuple[str, str]] = frozenset()
    declined_before: frozenset[tuple[str, str]] = frozenset()
    past_value: Mapping[str, float] = field(default_factory=dict)
    weights: Weights = field(default_factory=default_weights)


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a directed score: its calibrated weight x value, and the evidence behind it (codes and concepts, no prose)."""

    part: str
    value: float
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Direction:
    """One side of a pair: `z` = sum of the terms (the constant among them) within 1e-9, `p` = sigmoid(z)."""

    z: float
    p: float
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Suggested:
    """A pair to show: a.key < b.key. `score_e9` = round(log(p_ab * p_ba) * 1e9); ranks start at 1."""

    a: str
    b: str
    score: float
    score_e9: int
    ab: Direction
    ba: Direction
    rank_a: int
    rank_b: int
    layer: int


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Somebody below the floor and why: `nobody_eligible`, `nobody_above_threshold` or `partners_full`."""

    key: str
    given: int
    cause: str
    missing: str = ""
