"""Rows to engine records, and content keys to ids and back, in a fixed number of queries."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import sha256
from math import fsum
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from matchmaking.engine import records
from matchmaking.models import (
    Block,
    Consent,
    Event,
    Idea,
    Introduction,
    LearnedWeights,
    Membership,
    Pair,
    Participant,
    Project,
    Registration,
    Response,
    Suggestion,
)
from matchmaking.selectors.learning import habits_in, weights_in

ROWS_AT_ONCE = 2000
DECAY = 0.5  # what a person received at an event counts half at the next one
KeyPairs = frozenset[tuple[str, str]]
PROFILE_FIELDS = (
    "sector", "city", "country", "industries", "languages", "offers", "needs", "interests", "offer_text", "need_text", "about",
    "same_sector",
)  # fmt: skip


def live_consent(participant: str) -> Exists:
    """Whether the participant at `participant` (a path from the row) agrees to suggestions now."""
    return Exists(Consent.objects.filter(participant=OuterRef(participant), purpose=Consent.Purpose.SUGGESTIONS, withdrawn_at__isnull=True))


def taking_part(event: Event) -> QuerySet[Registration]:
    """Registrations of those whom a run of the event includes: approved, and agreeing to suggestions."""
    rows = Registration.objects.filter(event=event, state=Registration.State.APPROVED, participant__profile__isnull=False)
    return rows.filter(live_consent("participant"))


def cohort_of(event: Event, learned: LearnedWeights | None = None) -> records.Cohort:
    """The event as the engine sees it now, with the weights and habits of a version; ten queries at most, whatever its size."""
    profiles = dict(_profiles(event, habits_in(learned)))
    keys = {participant_id: profile.key for participant_id, profile in profiles.items()}
    declined, pinned = _answered(event, keys)
    return records.Cohort(
        profiles=tuple(profiles.values()),
        projects=tuple(_projects(event)),
        blocked=_pairs(Block.objects.filter(programme=event.programme_id).values_list("by_id", "whom_id"), keys),
        declined=declined,
        pinned=pinned,
        met=_pairs(_elsewhere(event, Introduction).values_list("pair__a_id", "pair__b_id"), keys),
        declined_before=_pairs(
            _elsewhere(event, Response).filter(answer=Response.Answer.DECLINE).values_list("pair__a_id", "pair__b_id"), keys
        ),
        past_value=_past_value(event, keys),
        weights=weights_in(learned),
    )


def ids_of_keys(event: Event, keys: Iterable[str]) -> dict[str, int]:
    """The participants' ids by content key; somebody erased meanwhile is missing."""
    rows = Participant.objects.filter(programme=event.programme_id, key__in=list(keys))
    return dict(rows.values_list("key", "pk"))


def ideas_of(event: Event) -> dict[int, records.Idea]:
    """The event's ideas whose lead takes part, by id. Their keys are made of their content: no id decides a result."""
    leads = taking_part(event).values("participant_id")
    rows = Idea.objects.filter(event=event, lead__in=leads).values_list("pk", "lead__key", "title", "text", "needs")
    return {pk: _idea(*told) for pk, *told in rows.order_by("pk")}


def _idea(lead: str, title: str, text: str, needs: list[str]) -> records.Idea:
    key = sha256(json.dumps([lead, title, text, needs], ensure_ascii=False).encode()).hexdigest()
    return records.Idea(key=key, tags=tuple(needs), text=f"{title}. {text}", members=(lead,))


def _profiles(event: Event, habits: Mapping[int, tuple[float, float]]) -> Iterable[tuple[int, records.Profile]]:
    fields = [f"participant__profile__{name}" for name in PROFILE_FIELDS]
    rows = taking_part(event).values_list("participant_id", "participant__key", "participant__organisation__key", "slots", *fields)
    for participant_id, key, organisation, slots, *values in rows.iterator(chunk_size=ROWS_AT_ONCE):
        told: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in zip(PROFILE_FIELDS, values, strict=True)}
        told["open_"], told["draw"] = habits.get(participant_id, (0.0, 0.0))
        yield participant_id, records.Profile(key=key, organisation=organisation or "", slots=tuple(slots), **told)


def _projects(event: Event) -> Iterable[records.PastProject]:
    members, leads = defaultdict[int, list[str]](list), dict[int, str]()
    rows = Membership.objects.filter(project__programme=event.programme_id)
    for project, key, outsider, lead in rows.values_list("project_id", "participant__key", "external_id", "lead").iterator(
        chunk_size=ROWS_AT_ONCE
    ):
        members[project].append(key or f"x:{outsider}")
        if lead:
            leads[project] = key or f"x:{outsider}"
    projects = Project.objects.filter(programme=event.programme_id).values_list("pk", "external_id", "held_on", "tags", "text")
    for pk, key, when, tags, text in projects.iterator(chunk_size=ROWS_AT_ONCE):
        yield records.PastProject(key, when, leads.get(pk, ""), tuple(sorted(members[pk])), tuple(tags), text)


def _answered(event: Event, keys: dict[int, str]) -> tuple[KeyPairs, KeyPairs]:
    """Pairs that are over in this event, and answered ones that every new run carries along."""
    declined = Exists(Response.objects.filter(pair=OuterRef("pk"), answer=Response.Answer.DECLINE))
    lapsed = Q(introduction__isnull=True, expires_at__lte=Now())
    over = Q(introduction__closed_at__isnull=False) | lapsed
    rows = Pair.objects.filter(Exists(Response.objects.filter(pair=OuterRef("pk"))), event=event).annotate(declined=declined)
    ended = set(rows.filter(Q(declined=True) | over).values_list("a_id", "b_id"))
    return _pairs(ended, keys), _pairs(set(rows.values_list("a_id", "b_id")) - ended, keys)


def _elsewhere(event: Event, model: Any) -> "QuerySet[Any]":
    """Rows about pairs of the programme's other events."""
    rows: QuerySet[Any] = model.objects.filter(pair__event__programme=event.programme_id)
    return rows.exclude(pair__event=event)


def _past_value(event: Event, keys: dict[int, str]) -> dict[str, float]:
    """What each key was shown at the programme's other events, the latest first, each counting `DECAY` of the one after it."""
    shown = _elsewhere(event, Suggestion).filter(run__publications__isnull=False, dropped_at__isnull=True, held_at__isnull=True)
    rows = shown.values_list("pair__event__starts_at", "pair__event__slug", "pair__a_id", "pair__b_id", "score")
    by_event = defaultdict[tuple[str, str], list[tuple[int, int, float]]](list)
    for starts_at, slug, a, b, score in rows.iterator(chunk_size=ROWS_AT_ONCE):
        by_event[(starts_at.isoformat() if starts_at else "", slug)].append((a, b, score))
    values = defaultdict[str, list[float]](list)
    for age, when in enumerate(sorted(by_event, reverse=True), start=1):
        for a, b, score in by_event[when]:
            for person in (a, b):
                if person in keys:
                    values[keys[person]].append(score * DECAY**age)
    return {key: fsum(parts) for key, parts in values.items()}


def _pairs(rows: Iterable[tuple[int, int]], keys: dict[int, str]) -> KeyPairs:
    """The pairs of ids as pairs of keys, those alone whose two people take part."""
    named = ((keys[a], keys[b]) for a, b in rows if a in keys and b in keys)
    return frozenset((min(pair), max(pair)) for pair in named)
