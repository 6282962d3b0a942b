"""Oneself through HTTP: profile, registrations, consents, proposals, all of one's data, the way out."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rest_framework.test import APIClient

from matchmaking import access
from matchmaking.errors import Stale
from matchmaking.models import (
    AuditEntry,
    Block,
    Consent,
    Event,
    Import,
    Introduction,
    Organisation,
    Participant,
    Proposal,
    Registration,
    Response,
    Suggestion,
    User,
)
from matchmaking.services import participants
from tests.factories import (
    PASSWORD,
    make_event,
    make_organisation,
    make_participant,
    make_published_run,
    make_role,
    make_suggestion,
    make_user,
)

pytestmark = pytest.mark.django_db
State = Registration.State
PROFILE_KEYS = {
    "id", "programme", "version", "confirmed_at", "name", "mail", "phone", "telegram", "shares", "listed", "organisation", "sector",
    "industries", "city", "country", "languages", "offers", "needs", "interests", "offer_text", "need_text", "about", "private_answers",
    "same_sector",
}  # fmt: skip


@dataclass
class Here:
    event: Event
    ada: Participant
    ben: Participant
    suggestion: Suggestion

    def client(self, who: Participant) -> APIClient:
        client = APIClient()
        client.force_login(who.user)
        return client

    def profile(self, who: Participant | None = None) -> str:
        return f"/api/v1/me/profiles/{(who or self.ada).pk}/"

    def patch(self, as_: Participant | None = None, tag: str = "", **body: Any) -> Any:
        client = self.client(as_ or self.ada)
        tag = tag or self.client(self.ada).get(self.profile())["ETag"]
        return client.patch(self.profile(), body, headers={"If-Match": tag})

    def introduced(self) -> Introduction:
        Introduction.objects.create(pair=self.suggestion.pair, a_shares=["mail"], b_shares=["mail"])
        return Introduction.objects.get()


@pytest.fixture
def here() -> Here:
    event = make_event()
    ada = make_participant(event.programme, event=event, user=make_user(), name="Ada", phone="+375 29 1")
    ben = make_participant(event.programme, event=event, user=make_user(), name="Ben", mail="ben@example.org", phone="+375 29 2")
    return Here(event, ada, ben, make_suggestion(make_published_run(event), ada, ben))


# --- looking ----------------------------------------------------------------------------------------------------------
def test_t33_me_shows_exactly_this(here: Here) -> None:
    me = here.client(here.ada).get("/api/v1/me/").json()
    assert set(me) == {"login", "roles", "participants"}
    assert set(me["login"]) == {"id", "mail", "name", "language"}
    assert [set(one) for one in me["participants"]] == [PROFILE_KEYS | {"registrations", "consents", "proposals"}]
    own = me["participants"][0]
    assert own["registrations"] == [
        {
            "id": here.ada.registrations.get().pk,
            "event": {"id": here.event.pk, "slug": here.event.slug, "name": here.event.name},
            "state": "approved", "slots": [], "wishes": "", "checked_in_at": None,
        }
    ]  # fmt: skip
    assert [(c["purpose"], c["source"], c["text_version"]) for c in own["consents"]] == [("suggestions", "own", "1")]
    assert APIClient().get("/api/v1/me/").status_code == 401


@pytest.mark.parametrize("count", [1, 3])
def test_me_costs_the_same_for_any_length(count: int, django_assert_num_queries: Any) -> None:
    user = make_user()
    for _ in range(count):
        event = make_event()
        make_participant(event.programme, event=event, user=user)
        make_role(user, event.programme, "facilitator")
    client = APIClient()
    client.force_login(user)
    with django_assert_num_queries(7):  # session, login, participants, registrations, consents, proposals, roles
        me = client.get("/api/v1/me/").json()
    assert (len(me["participants"]), len(me["roles"])) == (count, count)


def test_the_login_changes_its_name_and_language(here: Here) -> None:
    client = here.client(here.ada)
    assert client.patch("/api/v1/me/", {"name": " Ada\u200b ", "language": "be"}).json()["name"] == "Ada"
    assert User.objects.get(pk=here.ada.user_id).language == "be"
    for body in ({"mail": "x@example.org"}, {"is_staff": True}, {"language": "xx"}):
        assert client.patch("/api/v1/me/", body).status_code == 400
    assert not User.objects.filter(is_staff=True).exists()


# --- the profile ------------------------------------------------------------------------------------------------------
def test_saving_the_profile_changes_and_confirms_it(here: Here) -> None:
    answer = here.patch(offers=["Print  design", "print  Design"], organisation="Studio", about="a\u202eb", city="Minsk")
    assert answer.status_code == 200
    own = Participant.objects.select_related("profile", "organisation").get(pk=here.ada.pk)
    assert (own.version, own.claimed_at is not None, own.organisation.name) == (2, True, "Studio")
    assert (own.profile.offers, own.profile.about, own.profile.city) == (["Print  design"], "ab", "Minsk")
    assert set(answer.json()) == PROFILE_KEYS
    entry = AuditEntry.objects.get(action="participant.changed")
    assert entry.data == {"fields": ["about", "city", "offers", "organisation"]}


@pytest.mark.parametrize(
    "field",
    ["role", "event", "is_staff", "staff", "consents", "consent_time", "cap", "verified", "claimed_at", "confirmed_at", "user", "version",
     "programme", "external_id", "key", "mail", "registrations", "id"],
)  # fmt: skip
def test_t30_fields_that_are_not_ones_own_to_set_are_refused(here: Here, field: str) -> None:
    before = here.client(here.ada).get("/api/v1/me/").json()
    answer = here.patch(about="new", **{field: "x"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert here.client(here.ada).get("/api/v1/me/").json() == before
    assert here.patch(about="new").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", True),
     ("name", "n" * 301), ("sector", "no such"), ("offers", ["x" * 121]), ("offers", ["x"] * 51), ("offers", "x"),
     ("shares", ["address"]), ("listed", "perhaps"), ("about", "x" * 20_001), ("phone", "1" * 61), ("about", None)],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_field(here: Here, field: str, value: Any) -> None:
    answer = here.patch(city="Minsk", **{field: value})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert Participant.objects.get(pk=here.ada.pk).version == 1
    assert here.patch(city="Minsk").status_code == 200


def test_t1_t22_a_strangers_profile_reads_like_none(here: Here) -> None:
    never = here.client(here.ben).get("/api/v1/me/profiles/123456789/")
    other = here.client(here.ben).get(here.profile())
    assert (other.status_code, other.content) == (404, never.content)
    assert here.patch(as_=here.ben, about="taken over").status_code == 404
    assert here.ada.profile.about == ""
    assert here.patch(as_=here.ada, about="mine").status_code == 200


def test_a_profile_is_saved_against_what_was_read(here: Here) -> None:
    client = here.client(here.ada)
    tag = client.get(here.profile())["ETag"]
    assert client.get(here.profile(), headers={"If-None-Match": tag}).status_code == 304
    assert client.patch(here.profile(), {"about": "x"}).status_code == 428
    assert here.patch(tag=tag, about="first").status_code == 200
    assert here.patch(tag=tag, about="second").status_code == 412
    assert client.get(here.profile()).json()["about"] == "first"


def test_of_two_who_save_at_once_the_second_is_told(here: Here) -> None:
    copies = [Participant.objects.select_related("programme", "profile").get(pk=here.ada.pk) for _ in range(2)]
    participants.change(participant=copies[0], data={"about": "first"}, by=here.ada.user, version=1)
    with pytest.raises(Stale):
        participants.change(participant=copies[1], data={"about": "second"}, by=here.ada.user, version=1)
    here.ada.profile.refresh_from_db()
    assert here.ada.profile.about == "first"


def test_an_organisation_nobody_acts_for_any_more_goes(here: Here) -> None:
    Participant.objects.update(organisation=make_organisation(here.event.programme, name="Old"))
    assert here.patch(organisation="New").json()["organisation"] == "New"
    assert Organisation.objects.filter(name="Old").exists()
    here.client(here.ben).patch(here.profile(here.ben), {"organisation": ""}, headers={"If-Match": "*"})
    assert list(Organisation.objects.values_list("name", flat=True)) == ["New"]


def test_the_same_key_saves_once(here: Here) -> None:
    client = here.client(here.ada)
    tag = client.get(here.profile())["ETag"]
    first, again = (client.patch(here.profile(), {"about": "x"}, headers={"If-Match": tag, "Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, again.status_code, first.content) == (200, 200, again.content)
    assert Participant.objects.get(pk=here.ada.pk).version == 2


# --- for an event -----------------------------------------------------------------------------------------------------
def test_slots_are_half_hours_of_the_event(here: Here) -> None:
    start = datetime(2026, 9, 1, 10, tzinfo=ZoneInfo("Europe/Minsk"))
    Event.objects.update(starts_at=start, ends_at=start + timedelta(hours=3))
    url = f"/api/v1/me/registrations/{here.ada.registrations.get().pk}/"
    client = here.client(here.ada)
    assert client.patch(url, {"slots": [5, 0, 5], "wishes": " quiet "}).json()["slots"] == [0, 5]
    for slots in ([6], [-1], ["x"], 3):
        assert client.patch(url, {"slots": slots}).status_code == 400
    assert here.client(here.ben).patch(url, {"slots": [1]}).status_code == 404
    own = here.ada.registrations.get()
    assert (own.slots, own.wishes) == ([0, 5], "quiet")


def test_leaving_an_event_takes_the_person_out_at_once(here: Here) -> None:
    introduction = here.introduced()
    Response.objects.create(pair=here.suggestion.pair, participant=here.ada, answer="accept", answered_at=datetime.now(ZoneInfo("UTC")))
    url = f"/api/v1/me/registrations/{here.ada.registrations.get().pk}/withdraw/"
    assert here.client(here.ben).post(url).status_code == 404
    assert here.suggestion in access.suggestions_visible_to(here.ben.user)
    first = here.client(here.ada).post(url)
    assert (first.status_code, first.json()["state"]) == (200, "withdrawn")
    assert here.client(here.ada).post(url).json() == first.json()
    assert here.suggestion not in access.suggestions_visible_to(here.ben.user)
    assert introduction not in access.introductions_visible_to(here.ben.user)
    assert Response.objects.count() == 1
    assert AuditEntry.objects.filter(action="registration.withdrawn").count() == 1


# --- consents ---------------------------------------------------------------------------------------------------------
def test_p1_giving_and_withdrawing_take_one_request_each(here: Here) -> None:
    client, body = here.client(here.ada), {"participant": here.ada.pk, "purpose": "mail", "text_version": "1"}
    assert client.post("/api/v1/me/consents/", body).status_code == 201
    assert client.post("/api/v1/me/consents/", body).status_code == 201
    assert set(client.get("/api/v1/me/consents/").json()["given"]) == {str(here.ada.pk)}
    assert Consent.objects.filter(purpose="mail").count() == 1
    assert client.delete("/api/v1/me/consents/mail/").status_code == 204
    assert client.delete("/api/v1/me/consents/mail/").status_code == 204
    assert Consent.objects.get(purpose="mail").withdrawn_at is not None
    trail = AuditEntry.objects.filter(noun="consent").order_by("created_at").values_list("action", flat=True)
    assert list(trail) == ["consent.given", "consent.withdrawn"]
    assert client.post("/api/v1/me/consents/", body).status_code == 201
    assert Consent.objects.filter(purpose="mail").count() == 2


def test_consents_are_ones_own(here: Here) -> None:
    body = {"participant": here.ada.pk, "purpose": "mail"}
    assert here.client(here.ben).post("/api/v1/me/consents/", body).status_code == 404
    assert here.client(here.ben).delete(f"/api/v1/me/consents/suggestions/?participant={here.ada.pk}").status_code == 404
    assert Consent.objects.filter(participant=here.ada, withdrawn_at__isnull=True).count() == 1
    client = here.client(here.ada)
    assert client.post("/api/v1/me/consents/", {**body, "purpose": "sale"}).status_code == 400
    assert client.post("/api/v1/me/consents/", {**body, "text_version": "0"}).status_code == 409
    assert client.delete("/api/v1/me/consents/sale/").status_code == 400
    assert client.delete(f"/api/v1/me/consents/suggestions/?participant={here.ada.pk}").status_code == 204


def test_withdrawing_suggestions_takes_them_away_at_once_and_keeps_answers(here: Here) -> None:
    Response.objects.create(pair=here.suggestion.pair, participant=here.ben, answer="accept", answered_at=datetime.now(ZoneInfo("UTC")))
    assert here.client(here.ada).delete("/api/v1/me/consents/suggestions/").status_code == 204
    for who in (here.ada, here.ben):
        assert here.suggestion not in access.suggestions_visible_to(who.user)
    assert Response.objects.count() == 1
    assert AuditEntry.objects.get(action="consent.withdrawn").data["dropped"] == 1


def test_p5_withdrawing_contacts_hides_them_at_once(here: Here) -> None:
    here.introduced()
    Consent.objects.create(participant=here.ada, purpose="contacts", source="own")
    client = here.client(here.ben)
    assert len(client.get("/api/v1/introductions/").json()["results"]) == 1
    assert here.client(here.ada).delete("/api/v1/me/consents/contacts/").status_code == 204
    assert client.get("/api/v1/introductions/").json()["results"] == []
    row = Introduction.objects.get()
    assert (row.a_shares, row.b_shares, row.closed_at is not None) == ([], [], True)
    assert here.suggestion in access.suggestions_visible_to(here.ben.user), "another purpose, untouched"


# --- proposals --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("decision", "about"), [("take", "from the file"), ("leave", "")])
def test_t79_a_proposal_is_its_owners_to_decide(here: Here, decision: str, about: str) -> None:
    source = Import.objects.create(programme=here.event.programme, file_name="a.csv", sha256="0" * 64)
    changes = {"about": "from the file", "offers": ["design"]}
    proposal = Proposal.objects.create(participant=here.ada, source=source, changes=changes)
    url = f"/api/v1/me/proposals/{proposal.pk}/"
    shown = here.client(here.ada).get("/api/v1/me/").json()["participants"][0]["proposals"]
    assert [(one["id"], one["changes"]) for one in shown] == [(proposal.pk, changes)]
    assert here.client(here.ben).post(f"{url}{decision}/").status_code == 404
    first, again = (here.client(here.ada).post(f"{url}{decision}/") for _ in range(2))
    assert (first.status_code, first.json()["about"], first.content) == (200, about, again.content)
    other = "leave" if decision == "take" else "take"
    assert here.client(here.ada).post(f"{url}{other}/").status_code == 409
    assert here.client(here.ada).get("/api/v1/me/").json()["participants"][0]["proposals"] == []


# --- my data ----------------------------------------------------------------------------------------------------------
TABLES = {
    "as_of", "login", "roles", "participants", "profiles", "registrations", "consents", "invitations", "proposals", "import_rows",
    "responses", "blocks", "ideas", "notifications", "notice_settings", "shortfalls", "projects", "suggestions", "idea_suggestions",
    "introductions", "contact_views", "actions", "habits", "teams", "follow_ups", "tables", "change_requests",
    "second_factor", "sign_in_mails",
}  # fmt: skip


def test_p11_my_data_is_all_of_mine_and_nobody_elses(here: Here) -> None:
    Block.objects.create(programme=here.event.programme, by=here.ben, whom=here.ada)
    Response.objects.create(
        pair=here.suggestion.pair, participant=here.ben, answer="decline", reason="secret", answered_at=datetime.now(ZoneInfo("UTC"))
    )
    here.patch(about="something about me", private_answers="step-free")
    answer = here.client(here.ada).get("/api/v1/me/data/")
    data = answer.json()
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert set(data) == TABLES
    assert (data["profiles"][0]["about"], data["profiles"][0]["private_answers"]) == ("something about me", "step-free")
    assert data["participants"][0]["phone"] == "+375 29 1"
    assert [entry["action"] for entry in data["actions"]] == ["participant.changed"]
    text = json.dumps(data)
    for foreign in ("ben@example.org", "+375 29 2", "secret", "decline", "password", "p_ab", "score"):
        assert foreign not in text
    assert data["blocks"] == data["responses"] == []


def test_p15_who_saw_my_contacts_is_told(here: Here) -> None:
    organiser = make_user(name="Olga")
    seen = {"noun": "participant", "noun_id": here.ada.pk, "actor_id": organiser.pk, "event_id": here.event.pk}
    AuditEntry.objects.create(action="participant.contacts_seen", data={"purpose": "travel"}, **seen)
    views = here.client(here.ada).get("/api/v1/me/data/").json()["contact_views"]
    assert [(view["by"], view["data"]) for view in views] == [("Olga", {"purpose": "travel"})]
    assert here.client(here.ben).get("/api/v1/me/data/").json()["contact_views"] == []


# --- the way out ------------------------------------------------------------------------------------------------------
def test_p11_erasing_oneself_needs_the_password_and_ends_everything(here: Here) -> None:
    client, elsewhere = here.client(here.ada), here.client(here.ada)
    refused = client.post("/api/v1/me/erase/", {"password": "not mine at all"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["password"])
    assert Participant.objects.filter(pk=here.ada.pk).exists()
    answer = client.post("/api/v1/me/erase/", {"password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["removed"]["participant"] == 1
    assert not Participant.objects.filter(pk=here.ada.pk).exists()
    assert not User.objects.filter(pk=here.ada.user_id).exists()
    assert [one.get("/api/v1/me/").status_code for one in (client, elsewhere)] == [401, 401]
    assert here.client(here.ben).get("/api/v1/suggestions/").json()["results"] == []


def test_an_organiser_erases_on_request(here: Here) -> None:
    organiser, facilitator, of_event = make_user(), make_user(), make_user()
    make_role(organiser, here.event.programme)
    make_role(facilitator, here.event.programme, "facilitator")
    make_role(of_event, here.event.programme, "organiser", event=here.event)
    url = f"/api/v1/participants/{here.ada.pk}/erase/"
    expected = {make_user(): 404, here.ben.user: 403, facilitator: 403, of_event: 403}
    for user, status in expected.items():
        client = APIClient()
        client.force_login(user)
        assert client.post(url).status_code == status
    assert Participant.objects.filter(pk=here.ada.pk).exists()
    client = APIClient()
    client.force_login(organiser)
    assert client.post(url).json()["removed"]["participant"] == 1
    assert client.post(url).status_code == 404
