"""Cohorts as JSON bytes and back, and the fingerprint of a run's inputs."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import date
from typing import Any

from matchmaking.engine.encoder import encoder_version
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort, PastProject, Profile
from matchmaking.engine.vocabulary import default_vocabulary
from matchmaking.engine.weights import Weights
from matchmaking.errors import BadInput

PAIR_SETS = ("blocked", "declined", "met", "pinned", "declined_before")


def order(cohort: Cohort) -> Cohort:
    """The same cohort with profiles and projects sorted by key and pairs as (smaller, larger) key."""
    twice = sorted(key for key, count in Counter(profile.key for profile in cohort.profiles).items() if count > 1)
    if twice:
        raise BadInput("Two profiles have the same key: {key}. Give each its own external id.", key=twice[0])
    pairs: dict[str, Any] = {name: frozenset((min(pair), max(pair)) for pair in getattr(cohort, name)) for name in PAIR_SETS}
    profiles = tuple(sorted(cohort.profiles, key=lambda profile: profile.key))
    projects = tuple(sorted(cohort.projects, key=lambda project: project.key))
    return replace(cohort, profiles=profiles, projects=projects, past_value=dict(sorted(cohort.past_value.items())), **pairs)


def encode_cohort(cohort: Cohort) -> bytes:
    """The cohort in canonical order as canonical JSON."""
    return _canonical(_as_json(order(cohort)))


def decode_cohort(content: bytes) -> Cohort:
    """The cohort that `encode_cohort` wrote."""
    data = json.loads(content)
    pairs = {name: frozenset((a, b) for a, b in data[name]) for name in PAIR_SETS}
    profiles = tuple(Profile(**_tuples(entry)) for entry in data["profiles"])
    projects = tuple(_project(entry) for entry in data["projects"])
    return Cohort(profiles=profiles, projects=projects, past_value=data["past_value"], weights=Weights(**data["weights"]), **pairs)


def fingerprint(cohort: Cohort, parameters: Parameters) -> str:
    """The SHA-256 of everything a result depends on: records, vocabulary, weights, parameters."""
    inputs = {
        "cohort": _as_json(order(cohort)),
        "vocabulary": default_vocabulary().version,
        "encoder": encoder_version(),
        "parameters": parameters.as_dict(),
    }
    return hashlib.sha256(_canonical(inputs)).hexdigest()


def _as_json(cohort: Cohort) -> dict[str, Any]:
    pairs: dict[str, Any] = {name: sorted(getattr(cohort, name)) for name in PAIR_SETS}
    profiles = [_fields(profile) for profile in cohort.profiles]
    projects = [_fields(project) for project in cohort.projects]
    told = {"past_value": dict(cohort.past_value), "weights": asdict(cohort.weights)}
    return {"profiles": profiles, "projects": projects, **told, **pairs}


def _fields(record: Profile | PastProject) -> dict[str, Any]:
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}


def _project(entry: Mapping[str, Any]) -> PastProject:
    record = _tuples(entry)
    record["when"] = date.fromisoformat(record["when"]) if record["when"] else None
    return PastProject(**record)


def _canonical(data: Any) -> bytes:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
