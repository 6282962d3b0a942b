"""What a team run was asked, as bytes between its stages; the case of it, and the alternatives that are looked for."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matchmaking.engine import pipeline
from matchmaking.engine.allocation import tie_hash
from matchmaking.engine.candidates import read_candidates
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort
from matchmaking.engine.teams import spoken
from matchmaking.engine.teams.rules import Case, Roster
from matchmaking.models import Roster as RosterRow
from matchmaking.models import Run, Seat, TeamRules
from matchmaking.selectors.team_cases import Question, named_rules, person_of, with_private

PARTNERS = 40  # best partners of a person whose points count; the search slows down with more
EMPHASES = ("", "sectors", "fit")  # what the first, second, third alternative leans towards
LEANING = 3  # how many times more that counts
# Who worked together, or comes from one sector, may well be in one team; only blocks and declines keep people apart.
PAIRING = Parameters(met_again=True, same_sector=True, threshold=0.0, candidates=PARTNERS)
Fit = tuple[str, str, float]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the run was asked: rules that name people by key, and the roster it starts from, if any."""

    rules: list[dict[str, Any]]
    teams: list[list[str]]
    locked: list[int]
    pins: dict[str, int]
    repair: bool
    version: int


def asked(run: Run, keys: Mapping[int, str]) -> Asked:
    """The question as the database has it now; `keys` are those of the people who take part."""
    rules = TeamRules.objects.get(pk=run.parameters["rules"]).rules
    base = RosterRow.objects.filter(pk=run.parameters.get("base")).first()  # its version first: a move after it is told as newer
    teams: list[list[str]] = []
    locked, pins = list[int](), dict[str, int]()
    if base is not None:
        numbers = list(base.teams.order_by("number").values_list("number", "locked"))
        teams, locked = [[] for _ in numbers], [number for number, is_locked in numbers if is_locked]
        for person, number, pinned in Seat.objects.filter(roster=base).values_list("participant_id", "team__number", "pinned"):
            if person in keys:
                teams[number - 1].append(keys[person])
                pins |= {keys[person]: pinned} if pinned else {}
    named = named_rules(rules, keys.get)
    version = base.version if base is not None else 0
    return Asked(named, [sorted(team) for team in teams], locked, dict(sorted(pins.items())), bool(run.parameters.get("repair")), version)


def encode(question: Asked, cohort: Cohort) -> bytes:
    """The question as a line of JSON, and the cohort."""
    facts = {name: getattr(question, name) for name in Asked.__dataclass_fields__}
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n" + pipeline.encode_cohort(cohort)


def decode(content: bytes) -> tuple[Asked, Cohort]:
    """What `encode` wrote."""
    line, _, cohort = content.partition(b"\n")
    return Asked(**json.loads(line)), pipeline.decode_cohort(cohort)


def case_of(question: Asked, cohort: Cohort, fits: Sequence[Fit]) -> Question:
    """The engine's case: the facilitator's rules, what is locked and pinned, and who is apart for reasons of their own."""
    people = [person_of(one.key, one.sector, one.languages, one.offers, one.slots) for one in cohort.profiles]
    told = with_private(spoken.case_of(question.rules, people), cohort.blocked | cohort.declined)
    rules = told.case.rules
    locked = {number: question.teams[number - 1] for number in question.locked}
    whole = [tuple(team) for team in locked.values() if len(team) >= told.case.smallest]
    # A locked team keeps its number by one of its people; one that somebody left and that is too small now may be filled up.
    pins = [(person, number) for number, team in locked.items() for person in (team[:1] if tuple(team) in whole else team)]
    rules = replace(rules, locked=_more(rules.locked, whole), pinned=_more(rules.pinned, [*pins, *question.pins.items()]))
    current: Roster | None = tuple(map(tuple, question.teams)) if question.repair else None
    return replace(told, case=replace(told.case, rules=rules, pair_scores=tuple(fits), current=current))


def _more(there: tuple[Any, ...], further: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys((*there, *further)))


def fits_of(parts: Sequence[bytes], cohort: Cohort) -> list[Fit]:
    """Points of each two people who are among each other's best, from the chance that both say yes: its root, in percent."""
    found = read_candidates(parts)
    keys = [profile.key for profile in cohort.profiles]
    points = np.rint(100 * np.sqrt(found.score)).astype(np.int64)
    pairs = {(min(a, b), max(a, b)): p for a, b, p in zip(found.row.tolist(), found.column.tolist(), points.tolist(), strict=True) if p}
    return [(keys[a], keys[b], float(p)) for (a, b), p in sorted(pairs.items())]


def leaning(case: Case, emphasis: str) -> Case:
    """The case as an alternative looks at it."""
    if emphasis == "sectors":
        return replace(case, value=replace(case.value, points_per_sector=LEANING * case.value.points_per_sector))
    if emphasis == "fit":
        return replace(case, value=replace(case.value, pair_weight=LEANING * case.value.pair_weight))
    return case


def alternative(number: int, seed: int) -> tuple[str, int]:
    """What the alternative number 0, 1, ... leans towards, and its seed."""
    return EMPHASES[number % len(EMPHASES)], seed if number < len(EMPHASES) else tie_hash(seed, "alternative", str(number)) % 2**31
