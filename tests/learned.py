"""Answers of planted taste, and versions of weights, for tests of learning."""

import random
from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from matchmaking.engine.weights import checksum, default_weights
from matchmaking.models import Event, LearnedWeights, Pair, Participant, Programme, Response

PAIRS = 150


def answer(event: Event, *, count: int = PAIRS, seed: int = 0, trolls: int = 0) -> None:
    """Answers to pairs across sectors, both ways: people like their own city; the first `trolls` say yes to everybody."""
    rng = random.Random(seed)
    people = list(Participant.objects.filter(registrations__event=event).select_related("profile").order_by("key"))
    pairs = [(a, b) for a in people for b in people if a.key < b.key and a.profile.sector != b.profile.sector]
    chosen, start = rng.sample(pairs, count), timezone.now() - timedelta(days=1)
    rows = [Pair(event=event, a=min(two, key=lambda p: p.pk), b=max(two, key=lambda p: p.pk), shown_at=start) for two in chosen]
    Pair.objects.bulk_create(rows)
    answers = []
    for row, two in zip(rows, chosen, strict=True):
        likes = 0.85 if two[0].profile.city == two[1].profile.city else 0.2
        for side in two:
            yes = rng.random() < likes or people.index(side) < trolls
            answers.append(Response(pair=row, participant=side, answer="accept" if yes else "decline"))
    rng.shuffle(answers)
    for number, one in enumerate(answers):
        one.answered_at = start + timedelta(seconds=number)
    Response.objects.bulk_create(answers)


def version_of(programme: Programme, version: int, *, active: bool = False, **changed: float) -> LearnedWeights:
    """A version with `changed` weights beside the shipped ones, as a job would have left it."""
    weights = {**default_weights().of, **changed}
    data = {"version": f"answers-{version}", "weights": weights, "bridges": dict(default_weights().bridges), "bridge_default": 0.6}
    gains = {"weights": [0.02, 0.01, 0.03], "habits": [0.0, 0.0, 0.0]}
    told = {"state": "done", "gains": gains, "data": data, "checksum": checksum(data), "active": active, "until": Now()}
    return LearnedWeights.objects.create(programme=programme, version=version, **told)
