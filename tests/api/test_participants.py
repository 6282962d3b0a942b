"""Participants over HTTP: who sees what of whom."""

import pytest

from matchmaking.models import AuditEntry, Block, Participant, Profile, Registration
from tests.api.world import client_of
from tests.factories import make_event, make_organisation, make_participant, make_role, make_suggestion, make_user

pytestmark = pytest.mark.django_db
PARTICIPANTS = "/api/v1/participants/"
PUBLIC = {
    "id", "programme", "name", "organisation", "sector", "industries", "city", "country", "languages", "offers", "needs", "interests",
    "offer_text", "need_text", "about",
}  # fmt: skip
IN_CARE = PUBLIC | {"external_id", "confirmed_at", "registrations"}


def address(participant):
    return f"{PARTICIPANTS}{participant.pk}/"


def test_nobody_reads_contacts_or_private_answers_with_a_profile(world):
    """T33, T5: the keys of each answer, by role."""
    seen = {role: client_of(getattr(world, role)).get(address(world.other)) for role in ("user", "other_user", "facilitator", "organiser")}
    assert {role: set(answer.json()) for role, answer in seen.items()} == {
        "user": PUBLIC,
        "other_user": PUBLIC,
        "facilitator": IN_CARE,
        "organiser": IN_CARE,
    }
    for answer in seen.values():
        assert world.other.mail not in answer.content.decode()
        assert world.other.phone not in answer.content.decode()


def test_a_profile_nobody_suggested_or_listed_is_not_there(world):
    """T1: the refusal and the success differ in one thing."""
    client = client_of(world.user)
    assert client.get(address(world.unlisted)).status_code == 404
    make_suggestion(world.run, world.me, world.unlisted)
    assert client.get(address(world.unlisted)).status_code == 200
    Block.objects.create(programme=world.programme, by=world.unlisted, whom=world.me)
    assert client.get(address(world.unlisted)).status_code == 404


def test_a_facilitator_sees_the_people_of_the_event_alone(world):
    """T7, T9."""
    client, event = client_of(world.facilitator), make_event(world.programme)
    beside = make_participant(world.programme, event=event)
    assert client.get(address(world.unlisted)).status_code == 200
    assert client.get(address(beside)).status_code == 404
    assert client_of(world.organiser).get(address(beside)).status_code == 200
    make_role(world.facilitator, world.programme, "facilitator", event)
    assert client.get(address(beside)).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("role, queries", [("user", 5), ("organiser", 5)])
def test_listing_participants_costs_the_same_for_any_length(role, queries, count, world, django_assert_num_queries):
    Participant.objects.exclude(pk__in=[world.me.pk]).delete()
    for _ in range(count - 1):
        make_participant(world.programme, event=world.event, listed=True, organisation=make_organisation(world.programme))
    client = client_of(getattr(world, role))
    with django_assert_num_queries(queries):
        answer = client.get(PARTICIPANTS)
    assert len(answer.json()["results"]) == count


def test_lists_are_filtered_by_what_is_declared(world):
    Profile.objects.filter(pk=world.other.pk).update(sector="creative", city="Gomel", languages=["be", "de"])
    make_role(world.other_user, world.programme, "facilitator", world.event)
    client = client_of(world.organiser)

    def found(query):
        return {one["id"] for one in client.get(f"{PARTICIPANTS}?{query}").json()["results"]}

    others = {world.me.pk, world.other.pk, world.unlisted.pk}
    assert found(f"event={world.event.pk}") == others
    assert found(f"programme={world.programme.pk}") == others
    assert found("sector=creative") == found("city=Gomel") == found("language=de") == found("role=facilitator") == {world.other.pk}
    assert found(f"organisation={world.organisation.pk}") == {world.me.pk}
    assert found("language=d") == found("role=organiser") == found("sector=creative&city=Minsk") == set()
    names = [one["name"] for one in client.get(f"{PARTICIPANTS}?ordering=-name").json()["results"]]
    assert names == sorted(names, reverse=True)


def test_roles_of_others_are_not_found_by_participants(world):
    make_role(world.other_user, world.programme, "facilitator", world.event)
    query = f"{PARTICIPANTS}?role=facilitator"
    assert client_of(world.user).get(query).json()["results"] == []
    assert len(client_of(world.organiser).get(query).json()["results"]) == 1


def test_only_those_who_take_part_are_found_by_event(world):
    """Neither the refused nor the waiting, except by those who decide about them."""
    Registration.objects.filter(participant=world.other).update(state="waiting")
    query = f"{PARTICIPANTS}?event={world.event.pk}"
    assert world.other.pk not in {one["id"] for one in client_of(world.user).get(query).json()["results"]}
    assert world.other.pk in {one["id"] for one in client_of(world.organiser).get(query).json()["results"]}


# --- contacts ---------------------------------------------------------------------------------------------------------
def test_organisers_look_at_contacts_for_a_purpose_that_is_noted(world):
    """P15: asked, logged, visible to the person."""
    client, path = client_of(world.organiser), f"{address(world.me)}contacts/"
    assert client.post(path, {}).status_code == 400
    assert client.post(path, {"purpose": "  "}).status_code == 400
    assert not AuditEntry.objects.filter(action="participant.contacts_seen").exists()
    answer = client.post(path, {"purpose": "Calling about the hall"})
    assert answer.json() == {"mail": world.me.mail, "phone": "+375 29 1", "telegram": "@me"}
    assert (answer["Cache-Control"], answer.status_code) == ("no-store", 200)
    mine = client_of(world.user).get("/api/v1/audit/").json()["results"]
    assert [(entry["action"], entry["actor"], entry["data"]) for entry in mine] == [
        ("participant.contacts_seen", world.organiser.pk, {"purpose": "Calling about the hall"})
    ]
    assert client_of(world.other_user).get("/api/v1/audit/").json()["results"] == []


def test_contacts_are_for_organisers_alone(world, elsewhere):
    """T24."""
    path, body = f"{address(world.other)}contacts/", {"purpose": "Calling"}
    for user, status in ((world.user, 403), (world.facilitator, 403), (world.other_user, 403), (elsewhere.organiser, 404), (None, 401)):
        assert client_of(user).post(path, body).status_code == status
    assert not AuditEntry.objects.filter(action="participant.contacts_seen").exists()
    assert client_of(world.organiser).post(path, body).status_code == 200


# --- correcting -------------------------------------------------------------------------------------------------------
def test_an_organiser_corrects_a_profile_until_it_is_confirmed(world):
    client, path = client_of(world.organiser), address(world.unlisted)
    tag = client.get(path)["ETag"]
    body = {"name": "Right Name", "sector": "creative", "organisation": "New house", "offers": ["posters"]}
    assert client.patch(path, body).status_code == 428
    assert client_of(world.facilitator).patch(path, body, headers={"If-Match": tag}).status_code == 403
    changed = client.patch(path, body, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert {name: changed.json()[name] for name in ("name", "sector", "offers")} == {
        name: body[name] for name in ("name", "sector", "offers")
    }
    assert changed.json()["organisation"]["name"] == "New house"
    assert client.patch(path, body, headers={"If-Match": tag}).status_code == 412
    Participant.objects.filter(pk=world.unlisted.pk).update(claimed_at="2026-01-01T00:00:00Z")
    refused = client.patch(path, {"name": "Wrong"}, headers={"If-Match": client.get(path)["ETag"]})
    assert (refused.status_code, refused.json()["title"]) == (409, "Conflict")
    assert Participant.objects.get(pk=world.unlisted.pk).name == "Right Name"


@pytest.mark.parametrize(
    "field, value",
    [("role", "organiser"), ("event", 1), ("is_staff", True), ("claimed_at", "2026-01-01T00:00:00Z"), ("cap", 20), ("verified", True),
     ("id", 1),
     ("user", 1), ("mail", "x@example.org"), ("phone", "1"), ("private_answers", "x"), ("shares", ["mail"]),
     ("listed", True), ("version", 9),
     ("registrations", []), ("sector", "no such sector"), ("offers", "not a list"), ("name", "")],
)  # fmt: skip
def test_a_correction_sets_nothing_else(field, value, world):
    """T30: 400 that names the field, nothing changed."""
    client, path = client_of(world.organiser), address(world.unlisted)
    before = Participant.objects.filter(pk=world.unlisted.pk).values().get()
    answer = client.patch(path, {"city": "Minsk", field: value}, headers={"If-Match": client.get(path)["ETag"]})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert Participant.objects.filter(pk=world.unlisted.pk).values().get() == before
    assert Profile.objects.get(pk=world.unlisted.pk).city == ""
    assert client.patch(path, {"city": "Minsk"}, headers={"If-Match": client.get(path)["ETag"]}).status_code == 200


def test_the_operator_finds_nobody(world):
    operator = client_of(make_user(is_staff=True))
    assert operator.get(PARTICIPANTS).json()["results"] == []
    assert len(client_of(world.organiser).get(PARTICIPANTS).json()["results"]) == 3
