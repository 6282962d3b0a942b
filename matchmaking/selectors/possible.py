"""How many people could be suggested to somebody: the gates of matching counted by the database, without scoring anybody."""

from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast, Now

from matchmaking.models import Block, Participant, Registration
from matchmaking.selectors.records import live_consent


def possible_partners(participant: Participant) -> int:
    """Those who take part with `participant` in an event to come and whom no gate keeps apart from them: one query.

    What was answered or done together before is left aside: the number tells whether one's own answers keep the door open.
    """
    approved = Registration.objects.filter(state=Registration.State.APPROVED)
    mine = approved.filter(Q(event__ends_at__isnull=True) | Q(event__ends_at__gt=Now()), participant=participant)
    here = approved.filter(event__in=mine.values("event_id"), participant=OuterRef("pk"))
    blocks = Block.objects.filter(Q(by=OuterRef("pk"), whom=participant) | Q(by=participant, whom=OuterRef("pk")))
    others = Participant.objects.filter(Exists(here), live_consent("pk"), _other_sector(participant)).exclude(pk=participant.pk)
    if participant.organisation_id is not None:
        others = others.exclude(organisation=participant.organisation_id)
    return _understanding(others, participant.profile.languages).exclude(Exists(blocks)).count()


def _other_sector(participant: Participant) -> Q:
    """Of another sector; of the own one too where both sides, or the event, ask for it."""
    profile = participant.profile
    mixed = Registration.objects.filter(participant=OuterRef("pk"), event__same_sector=True, event__registrations__participant=participant)
    both = Q(profile__same_sector=True) if profile.same_sector else Q(pk__in=[])
    return ~Q(profile__sector=profile.sector) | both | Q(Exists(mixed))


def _understanding(others: QuerySet[Participant], spoken: list[str]) -> QuerySet[Participant]:
    """Those with a language in common, or who named none; somebody who named none may be understood by all."""
    codes = {code.strip().casefold().replace("_", "-").split("-")[0] for code in spoken if code.strip()}
    if not codes:
        return others
    others = others.annotate(tongues=Cast("profile__languages", TextField()))
    return others.filter(reduce(or_, (Q(tongues__icontains=f'"{code}') for code in sorted(codes)), Q(tongues="[]")))
