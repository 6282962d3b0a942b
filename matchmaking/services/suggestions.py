"""Answers to suggestions: accept, decline, undo, and the end of the time to answer.

All decisions on one pair stand in one line (`pairs.locked`); constraints of the tables stand behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from matchmaking.access import SUGGESTIONS
from matchmaking.errors import Conflict, NotFound
from matchmaking.models import Block, Event, Pair, Participant, Registration, Response, Suggestion, User
from matchmaking.selectors.suggestions import shown
from matchmaking.services import introductions, trail
from matchmaking.services.pairs import VANISHED, locked


def accept(*, suggestion: Suggestion, by: Participant, reason: str = "", shares: Sequence[str] | None = None) -> None:
    """Say yes for `by`; where the other side has said yes already, the two are introduced.

    `shares` are the contacts that `by` opens at introductions from now on; None leaves what was chosen before.
    """
    _answer(suggestion, by, Response.Answer.ACCEPT, reason, shares)


def decline(*, suggestion: Suggestion, by: Participant, reason: str = "") -> None:
    """Say no for `by`; the other side is not told."""
    _answer(suggestion, by, Response.Answer.DECLINE, reason, None)


def undo(*, suggestion: Suggestion, by: Participant) -> None:
    """Take the answer of `by` back while the suggestion is open."""
    with locked(suggestion.pair_id):
        standing = _standing(suggestion, by)
        mine = standing.responses.get(by.pk)
        if mine is not None:
            standing.refuse_if_settled()
            trail.record("response.undone", mine, actor=by.user, event=standing.pair.event)
            Response.objects.filter(pk=mine.pk).delete()


def expire(*, event: Event, by: User | None) -> int:
    """End the time to answer of an event now; how many pairs were still open."""
    with transaction.atomic():
        still_open = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())
        ended = Pair.objects.filter(still_open, event=event, introduction__isnull=True).update(expires_at=Now())
        if ended:
            trail.record("event.answers_ended", event, actor=by, event=event, pairs=ended)
    return ended


def _answer(suggestion: Suggestion, by: Participant, answer: str, reason: str, shares: Sequence[str] | None) -> None:
    with locked(suggestion.pair_id):
        standing = _standing(suggestion, by)
        mine = standing.responses.get(by.pk)
        if mine is None or mine.answer != answer:
            standing.refuse_if_settled()
            if mine is None and not _is_on_the_list(standing.shown, by):
                raise NotFound(VANISHED)
        if shares is not None:
            introductions.choose_standing_contacts(by, shares)
        if mine is None or mine.answer != answer:
            _write(standing, by, answer, reason)


def _is_on_the_list(suggestion: Suggestion, by: Participant) -> bool:
    """Whether the unanswered suggestion is among those that `by` is shown, by the limit of open ones."""
    return by.user is None or suggestion.pk in {standing.id for standing in shown(SUGGESTIONS.standings(by.user))}


def _write(standing: "Standing", by: Participant, answer: str, reason: str) -> None:
    pair = standing.pair
    response, new = Response.objects.update_or_create(
        pair=pair, participant=by, defaults={"answer": answer, "reason": reason, "answered_at": Now()}
    )
    # Which answer it was stands in the response alone: organisers read the trail and must not learn who declined whom.
    trail.record("response.given" if new else "response.changed", response, actor=by.user, event=pair.event)
    others = [other.answer for participant_id, other in standing.responses.items() if participant_id != by.pk]
    if answer == Response.Answer.ACCEPT and others == [Response.Answer.ACCEPT]:
        introductions.make(pair)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for a pair, read under its lock. `shown` is its row in the run that is published now."""

    pair: Pair
    shown: Suggestion
    responses: dict[int, Response]
    by_left: bool

    def refuse_if_settled(self) -> None:
        """Raise Conflict, with the reason, where the pair takes no more answers."""
        if hasattr(self.pair, "introduction"):
            raise Conflict("You have been introduced to each other already; the answer cannot be changed.")
        if self.by_left:
            raise Conflict("You have withdrawn from this event; its suggestions cannot be answered any more.")
        if self.shown.held_at is not None:
            raise Conflict("The organiser is holding this suggestion back; it cannot be answered for now.")
        if self.pair.expired:  # type: ignore[attr-defined]
            raise Conflict("The time to answer is over.")


def _standing(suggestion: Suggestion, by: Participant) -> Standing:
    """How things stand; NotFound where the pair has vanished for `by`: a block and a withdrawal read like what never was."""
    withdrawn = Registration.objects.filter(event=OuterRef("event"), state=Registration.State.WITHDRAWN)
    blocks = Block.objects.filter(Q(by=OuterRef("a"), whom=OuterRef("b")) | Q(by=OuterRef("b"), whom=OuterRef("a")))
    pair = (
        Pair.objects.filter(pk=suggestion.pair_id)
        .select_related("event", "a", "b", "introduction")
        .annotate(
            expired=Q(expires_at__isnull=False, expires_at__lte=Now()),
            blocked=Exists(blocks),
            a_left=Exists(withdrawn.filter(participant=OuterRef("a"))),
            b_left=Exists(withdrawn.filter(participant=OuterRef("b"))),
        )
        .first()
    )
    shown = Suggestion.objects.filter(pair=suggestion.pair_id, run__publications__isnull=False).select_related("pair__event").first()
    gone = shown is None or shown.dropped_at is not None
    if gone and suggestion.run.taken_back_at is not None:
        raise Conflict("The organiser has taken these suggestions back; they cannot be answered any more.")
    if pair is None or pair.blocked or shown is None:
        raise NotFound(VANISHED)
    by_left, other_left = (pair.a_left, pair.b_left) if by.pk == pair.a_id else (pair.b_left, pair.a_left)
    if other_left or (gone and not by_left):
        raise NotFound(VANISHED)
    responses = {response.participant_id: response for response in Response.objects.filter(pair=pair)}
    return Standing(pair=pair, shown=shown, responses=responses, by_left=by_left)
