"""Two people, a suggestion between them, and their clients: what tests of answers, introductions and blocks share."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from rest_framework.test import APIClient

from matchmaking.models import AuditEntry, Consent, Event, Intent, Introduction, Pair, Participant, Response, Suggestion
from tests.factories import make_event, make_organisation, make_participant, make_published_run, make_suggestion, make_user

NEED_MET = ["need", 0.9, ["=posters>=posters"]]
OFFER_MET = ["offer", 0.7, ["=rooms>=rooms"]]
SAME_CITY = ["place", 0.3, ["city:Minsk"]]
UNMET = ["need", 0.0, ["unmet"]]


@dataclass
class Two:
    """Ada and Ben, suggested to each other at `event`; Cleo is a stranger of the same event."""

    event: Event
    ada: Participant
    ben: Participant
    cleo: Participant
    suggestion: Suggestion

    def client(self, participant: Participant) -> APIClient:
        client = APIClient()
        client.force_authenticate(participant.user)
        return client

    def path(self, suffix: str = "") -> str:
        return f"/api/v1/suggestions/{self.suggestion.pk}/{suffix}"

    def answer(self, participant: Participant, answer: str = "accept", /, **more: Any) -> Any:
        return self.client(participant).post(self.path("response"), {"answer": answer, **more})

    def answers(self) -> dict[str, str]:
        return {row.participant.name: row.answer for row in Response.objects.select_related("participant")}

    def introduction(self) -> Introduction:
        return Introduction.objects.get(pair=self.suggestion.pair)

    def introduce(self, **shares: Any) -> Introduction:
        assert self.answer(self.ada, **shares).status_code == 200
        assert self.answer(self.ben, **shares).status_code == 200
        return self.introduction()


def person(event: Event, name: str, **fields: Any) -> Participant:
    organisation = fields.pop("organisation", None) or make_organisation(event.programme, name=f"{name}'s house")
    return make_participant(
        event.programme,
        event=event,
        user=make_user(language=fields.pop("language", "en")),
        name=name,
        organisation=organisation,
        mail=f"{name.lower()}@example.org",
        phone=f"+375 {name}",
        telegram=f"@{name.lower()}",
        **fields,
    )


@transaction.atomic
def make_two(**event_fields: Any) -> Two:
    event = make_event(**event_fields)
    ada = person(event, "Ada", sector="creative", city="Minsk", languages=["be"], offers=["Graphic design"], about="Draws.")
    ben = person(event, "Ben", sector="business", city="Minsk", languages=["en", "de"], offers=["rooms"], needs=["posters"], about="Lets.")
    cleo = person(event, "Cleo")
    run = make_published_run(event)
    a_is_ada = ada.pk < ben.pk
    forth = [["constant", -2.0, []], ["need", 0.9, ["=rooms>=rooms"]], ["offer", 0.7, ["=posters>=posters"]], SAME_CITY]
    back = [["constant", -2.0, []], ["need", 0.7, ["=posters>=posters"]], ["offer", 0.9, ["=rooms>=rooms"]], SAME_CITY]
    terms = {"terms_ab": forth if a_is_ada else back, "terms_ba": back if a_is_ada else forth}
    return Two(event, ada, ben, cleo, make_suggestion(run, ada, ben, **terms))


def give_contacts_consent(participant: Participant, *shares: str) -> None:
    Consent.objects.create(participant=participant, purpose=Consent.Purpose.CONTACTS, source="own")
    Participant.objects.filter(pk=participant.pk).update(shares=list(shares))


def assert_invariants(event: Event) -> None:
    """I5, I6 and I11 as far as answers, introductions and blocks can break them."""
    intents = list(Intent.objects.values_list("recipient_id", "kind", "dedupe_key"))
    assert len(intents) == len(set(intents)), "I5: one intent per recipient, kind and dedupe key"
    for pair in Pair.objects.filter(event=event).prefetch_related("responses"):
        yes = [row for row in pair.responses.all() if row.answer == "accept"]
        introductions = Introduction.objects.filter(pair=pair).count()
        assert introductions == (len(yes) == 2), "I6: introduced if and only if both accepted"
        told = Intent.objects.filter(kind="introduction", dedupe_key=f"pair:{pair.pk}").count()
        assert told == 2 * introductions, "I5: both are told once"
    for response in Response.objects.filter(pair__event=event):
        assert AuditEntry.objects.filter(noun="response", noun_id=response.pk).exists(), "I11"
    for introduction in Introduction.objects.filter(pair__event=event):
        assert AuditEntry.objects.filter(noun="introduction", noun_id=introduction.pk, action="introduction.made").count() == 1, "I11"
