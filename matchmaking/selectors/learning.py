"""What a programme learned: the version in use, the weights and habits of one, all versions."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from matchmaking.engine.weights import FILE, Weights, checksum, default_weights, read_weights, weights_of
from matchmaking.errors import BadInput
from matchmaking.models import Event, LearnedWeights, Pair, Participant, Programme, Response, Run, Suggestion

CHANGED = "The learned weights, version {version}, do not match their checksum. Roll the programme back to another version."


def active_weights(programme_id: int) -> LearnedWeights | None:
    """The version that the programme's next runs use; None: the shipped weights."""
    return LearnedWeights.objects.filter(programme=programme_id, active=True).first()


def versions_of(programme: Programme) -> QuerySet[LearnedWeights]:
    """Every look at the programme's answers, the newest first."""
    return LearnedWeights.objects.filter(programme=programme).order_by("-version")


def usable(versions: QuerySet[LearnedWeights]) -> QuerySet[LearnedWeights]:
    """Those that a programme can use: done, and no guard refused them."""
    return versions.filter(state=LearnedWeights.State.DONE, refused="")


def weights_in(learned: LearnedWeights | None) -> Weights:
    """The weights of a version; raises BadInput where they do not match their checksum.

    A part that came into the service after the version was learned has its shipped weight.
    """
    if learned is None:
        return default_weights()
    if checksum(learned.data) != learned.checksum:
        raise BadInput(CHANGED, version=learned.version)
    return weights_of({**learned.data, "weights": {**read_weights(FILE)["weights"], **learned.data["weights"]}})


def habits_in(learned: LearnedWeights | None) -> Mapping[int, tuple[float, float]]:
    """`open_` and `draw` by participant, of those whose habits a version knows."""
    if learned is None:
        return {}
    return {person: (opens, draws) for person, opens, draws in learned.habits.values_list("participant_id", "opens", "draws")}


def answers_since(learned: LearnedWeights | None, programme: Programme) -> int:
    """How many answers of the programme were given after a version's moment; all of them where there is none."""
    rows = Response.objects.filter(pair__event__programme=programme)
    return (rows.filter(answered_at__gt=learned.until) if learned else rows).count()


@dataclass(frozen=True, slots=True)
class Given:
    """An answer: who gave it about whom (content keys, and ids), when, and the cross-sector dial of the run that had shown the pair."""

    at: datetime
    by: str
    about: str
    ids: tuple[int, int]
    yes: bool
    bridge: float


def never_opened(learned: LearnedWeights) -> Mapping[int, int]:
    """How many suggestions lapsed by people who can sign in and have answered nothing at all up to the version's moment.

    A pair that the other side declined, that vanished or was held back was not there to be opened: nobody's silence.
    """
    seen = Suggestion.objects.filter(pair=OuterRef("pk"), run__published_at__isnull=False, dropped_at__isnull=True, held_at__isnull=True)
    declined = Response.objects.filter(pair=OuterRef("pk"), answer=Response.Answer.DECLINE)
    shown = Pair.objects.filter(event__programme=learned.programme_id, shown_at__isnull=False, expires_at__lte=learned.until)
    sides = shown.filter(Exists(seen)).exclude(Exists(declined)).values_list("a", "b")
    lapsed = Counter(person for pair in sides for person in pair)
    given = Response.objects.filter(participant=OuterRef("pk"), answered_at__lte=learned.until)
    silent = Participant.objects.filter(programme=learned.programme_id, user__isnull=False).exclude(Exists(given))
    return {person: lapsed[person] for person in silent.values_list("pk", flat=True) if lapsed[person]}


def answered_events(learned: LearnedWeights) -> QuerySet[Event]:
    """The events of the programme with answers up to the version's moment."""
    given = Response.objects.filter(answered_at__lte=learned.until).values("pair__event")
    return Event.objects.filter(programme=learned.programme_id, pk__in=given).order_by("slug")


def answers_in(event: Event, learned: LearnedWeights) -> Iterator[Given]:
    """The answers of an event up to the version's moment; two queries."""
    shown = Suggestion.objects.filter(pair=OuterRef("pair"), run__published_at__lte=OuterRef("answered_at")).order_by("-run__published_at")
    rows = Response.objects.filter(pair__event=event, answered_at__lte=learned.until).annotate(shown=Subquery(shown.values("run")[:1]))
    dials = {pk: float(told.get("bridge", 0.0)) for pk, told in Run.objects.filter(event=event).values_list("pk", "parameters")}
    sides = ("participant_id", "pair__a_id", "pair__a__key", "pair__b_id", "pair__b__key")
    for at, answer, run, by, a, a_key, b, b_key in rows.values_list("answered_at", "answer", "shown", *sides):
        keys, ids = ((a_key, b_key), (a, b)) if by == a else ((b_key, a_key), (b, a))
        yield Given(at, *keys, ids, answer == Response.Answer.ACCEPT, dials.get(run, 0.0))
