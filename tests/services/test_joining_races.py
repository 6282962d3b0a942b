"""Many at once: an invitation is used once, an address joins once, a proposal is decided once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from matchmaking.errors import MatchmakingError
from matchmaking.models import AuditEntry, Import, Invitation, Participant, Proposal, Registration, User
from matchmaking.services import consents, erasure, invitations, joining, participants
from tests.factories import make_event, make_participant, make_role, make_user

pytestmark = pytest.mark.django_db(transaction=True)
CALLERS = 8


def at_once(call: Callable[[int], Any]) -> list[Any]:
    """What each of the callers got: a result, or the refusal."""
    barrier, got = threading.Barrier(CALLERS), []

    def one(number: int) -> None:
        barrier.wait(10)
        try:
            got.append(call(number))
        except MatchmakingError as error:
            got.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == CALLERS
    return got


def done(got: list[Any]) -> list[Any]:
    return [one for one in got if not isinstance(one, MatchmakingError)]


def test_of_many_who_claim_at_once_one_gets_the_profile() -> None:
    event = make_event()
    organiser, users = make_user(), [make_user() for _ in range(CALLERS)]
    person = make_participant(event.programme, event=event)
    token = invitations.invite_participant(participant=person, by=organiser).token
    got = at_once(lambda number: invitations.claim(invitation=invitations.of_token(token), signed_in=users[number]))
    assert len(done(got)) == 1
    assert AuditEntry.objects.filter(action="invitation.claimed").count() == 1
    assert Participant.objects.get(pk=person.pk).user in users


def test_an_address_that_joins_many_times_at_once_joins_once() -> None:
    event = make_event()
    words = {"mail": "new@example.org", "password": "correct horse battery", "language": "en", "data": {"name": "Mira"}}
    got = at_once(lambda _number: joining.ask_to_join(event=event, ticked=["suggestions"], **words))
    assert got == [None] * CALLERS
    assert (User.objects.count(), Participant.objects.count(), Registration.objects.count()) == (1, 1, 1)
    assert AuditEntry.objects.filter(action="consent.given").count() == 1


def test_t88_the_cap_counts_invitations_made_at_once(settings: Any) -> None:
    settings.INVITATIONS_PER_DAY = 3
    event, organiser = make_event(), make_user()
    make_role(organiser, event.programme)
    got = at_once(
        lambda number: invitations.invite_to_role(
            programme=event.programme, role="facilitator", mail=f"f{number}@example.org", by=organiser
        )
    )
    assert len(done(got)) == Invitation.objects.count() == 3


def test_a_proposal_is_decided_once() -> None:
    person = make_participant(make_event().programme, user=make_user())
    source = Import.objects.create(programme=person.programme, file_name="a.csv", sha256="0" * 64)
    made = Proposal.objects.create(participant=person, source=source, changes={"about": "new"})

    def decide(number: int) -> Proposal:
        proposal = Proposal.objects.select_related("participant__programme", "participant__profile").get(pk=made.pk)
        return (participants.take_proposal if number % 2 else participants.leave_proposal)(proposal=proposal, by=person.user)

    assert len(done(at_once(decide))) == CALLERS // 2
    assert AuditEntry.objects.filter(noun="proposal").count() == 1


def test_consent_given_and_withdrawn_at_once_is_one_row_at_most() -> None:
    person = make_participant(make_event().programme, user=make_user(), consent=False)
    calls = (consents.withdraw, consents.give)
    got = at_once(lambda number: calls[number % 2](participant=person, purpose="mail", by=person.user))
    assert len(done(got)) == CALLERS
    assert person.consents.filter(withdrawn_at__isnull=True).count() <= 1
    assert person.consents.count() == AuditEntry.objects.filter(action="consent.given").count()


def test_erasing_many_times_at_once_erases_once() -> None:
    event = make_event()
    person = make_participant(event.programme, event=event, user=make_user())
    at_once(lambda _number: erasure.erase(participant=person, by=None))
    assert AuditEntry.objects.filter(action="participant.erased").count() == 1
    assert not User.objects.exists()
