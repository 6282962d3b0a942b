"""Consent per purpose: the words it is asked in, giving it, and withdrawing it as easily."""

import tomllib
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from matchmaking.errors import BadInput, Conflict
from matchmaking.models import Consent, Event, Introduction, Pair, Participant, Registration, Suggestion, User
from matchmaking.services import rosters, top_up, trail

TEXTS = Path(__file__).with_name("consent_texts.toml")
OWN = "own"
TRIES = 5


@lru_cache(maxsize=1)
def _texts() -> dict[str, Any]:
    return tomllib.loads(TEXTS.read_text(encoding="utf-8"))


def text_version() -> str:
    """The version of the words in use; it is stored with every consent."""
    return str(_texts()["version"])


def notice(language: str) -> str:
    """What is said before any data is asked: who, why, which, how long, who else, which rights."""
    return str(_in(language, _texts()["notice"]))


def purposes(language: str) -> list[dict[str, str]]:
    """Every purpose with the sentence it is asked in, in a fixed order."""
    texts = _texts()["purpose"]
    return [{"purpose": purpose, "text": _in(language, texts[purpose]), "version": text_version()} for purpose in Consent.Purpose.values]


def _in(language: str, texts: dict[str, str]) -> str:
    return texts.get(language[:2], texts["en"]).strip()


def check(wanted: Iterable[str], version: str | None = None) -> list[str]:
    """The purposes that are ticked, once each; refused where one is unknown or was read in older words."""
    ticked = list(dict.fromkeys(wanted))
    if not set(ticked) <= set(Consent.Purpose.values):
        sentence = "There is no such purpose."
        raise BadInput(sentence, fields={"consents": sentence})
    if version is not None and version != text_version():
        raise Conflict("The words of the consent have changed since you read them. Read them again.")
    return ticked


@transaction.atomic
def give(*, participant: Participant, purpose: str, by: User | None, source: str = OWN) -> Consent:
    """Open one purpose; giving it again changes nothing."""
    check([purpose])
    consent, new = _live_or_new(participant, purpose, source)
    if new and purpose == Consent.Purpose.SUGGESTIONS:
        top_up.ask_for(participant)
    if new:
        trail.record("consent.given", consent, actor=by, programme=participant.programme_id, participant=participant.pk, purpose=purpose)
    return consent


def _live_or_new(participant: Participant, purpose: str, source: str) -> tuple[Consent, bool]:
    """The open consent, made where there is none: another may be given, and withdrawn, between the two looks."""
    words = {"source": source, "text_version": text_version()}
    for _ in range(TRIES):
        with suppress(IntegrityError):
            return Consent.objects.get_or_create(participant=participant, purpose=purpose, withdrawn_at__isnull=True, defaults=words)
    raise Conflict("Your consent is being changed elsewhere at this moment. Try again.")


@transaction.atomic
def withdraw(*, participant: Participant, purpose: str, by: User) -> bool:
    """Close one purpose, with everything that rests on it, at once; False where it was not open."""
    check([purpose])
    if purpose == Consent.Purpose.SUGGESTIONS:  # registrations before consents: the order in which a run that seats people looks
        list(Registration.objects.filter(participant=participant).select_for_update().order_by("pk").values_list("pk", flat=True))
    consent = Consent.objects.filter(participant=participant, purpose=purpose, withdrawn_at__isnull=True).first()
    if consent is None or Consent.objects.filter(pk=consent.pk, withdrawn_at__isnull=True).update(withdrawn_at=Now()) != 1:
        return False
    effect: dict[str, Any] = {}
    if purpose == Consent.Purpose.SUGGESTIONS:
        effect["dropped"] = drop_suggestions(participant)
        effect["seats"] = rosters.leave(participant)
    if purpose == Consent.Purpose.CONTACTS:
        effect["closed"] = close_introductions(participant)
    trail.record(
        "consent.withdrawn", consent, actor=by, programme=participant.programme_id, participant=participant.pk, purpose=purpose, **effect
    )
    return True


def pairs_with(participant: Participant, *, event: Event | None = None) -> QuerySet[Pair]:
    """The pairs a person stands in, of all events or of one."""
    sides = Q(a=participant) | Q(b=participant)
    return Pair.objects.filter(sides, event=event) if event is not None else Pair.objects.filter(sides)


def _locked(pairs: QuerySet[Pair]) -> list[int]:
    """The pairs' ids, held until the transaction ends: an answer under way ends first, or sees what was decided."""
    return list(pairs.select_for_update().order_by("pk").values_list("pk", flat=True))


def drop_suggestions(participant: Participant, *, event: Event | None = None) -> int:
    """Take the person out of what is shown, staged or could return, in all events or in one; the answers stay."""
    pairs = _locked(pairs_with(participant, event=event))
    return Suggestion.objects.filter(pair__in=pairs, dropped_at__isnull=True).update(dropped_at=Now())


def close_introductions(participant: Participant) -> int:
    """Hide the contacts of both sides from each other at once."""
    pairs = _locked(pairs_with(participant))
    return Introduction.objects.filter(pair__in=pairs, closed_at__isnull=True).update(closed_at=Now(), a_shares=[], b_shares=[])
