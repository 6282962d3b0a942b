"""Events and programmes over HTTP."""

import pytest

from matchmaking.models import AuditEntry, Event, Programme
from tests.api.world import client_of
from tests.factories import make_event, make_programme, make_role, make_user

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/events/"
PUBLIC = {"id", "programme", "slug", "kind", "name", "description", "city", "time_zone", "starts_at", "ends_at", "my_role"}
SETTINGS = {"names", "descriptions", "cap", "floor", "open_limit", "answer_hours", "same_sector", "met_again"}


def test_an_event_has_more_keys_the_more_one_may_see(world):
    """T33 for events."""
    address = f"{EVENTS}{world.event.pk}/"
    seen = {role: set(client_of(getattr(world, role)).get(address).json()) for role in ("user", "facilitator", "organiser")}
    assert seen == {"user": PUBLIC, "facilitator": PUBLIC | SETTINGS, "organiser": PUBLIC | SETTINGS | {"join_code"}}


@pytest.mark.parametrize("count", [1, 3])
def test_listing_events_costs_the_same_for_any_length(count, world, django_assert_num_queries):
    for _ in range(count - 1):
        make_event(world.programme)
    client = client_of(world.user)
    with django_assert_num_queries(4):
        answer = client.get(EVENTS)
    assert {event["id"] for event in answer.json()["results"]} == set(Event.objects.values_list("pk", flat=True))
    assert len(answer.json()["results"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_listing_programmes_costs_the_same_for_any_length(count, django_assert_num_queries):
    user = make_user()
    programmes = [make_programme(names={"de": "Lernende Stadt"}) for _ in range(count)]
    for programme in programmes:
        make_role(user, programme)
    client = client_of(user)
    with django_assert_num_queries(4):
        answer = client.get("/api/v1/programmes/")
    assert sorted(row["slug"] for row in answer.json()["results"]) == sorted(programme.slug for programme in programmes)


def test_events_of_others_read_like_events_that_never_were(world, elsewhere):
    """T22: absent and forbidden have one answer."""
    client = client_of(world.user)
    assert client.get(f"{EVENTS}{world.event.pk}/").status_code == 200
    foreign, absent = client.get(f"{EVENTS}{elsewhere.event.pk}/"), client.get(f"{EVENTS}1/")
    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content
    assert foreign["Content-Type"] == "application/problem+json"


def test_an_organiser_of_the_programme_creates_an_event(world):
    body = {
        "programme": world.programme.pk,
        "slug": "new",
        "name": "New",
        "kind": "training",
        "cap": 6,
        "starts_at": "2027-01-01T10:00:00Z",
    }
    refused = client_of(world.facilitator).post(EVENTS, body)
    assert refused.status_code == 403
    assert not Event.objects.filter(slug="new").exists()
    answer = client_of(world.organiser).post(EVENTS, body)
    assert answer.status_code == 201
    event = Event.objects.get(slug="new")
    assert (event.programme, event.kind, event.cap) == (world.programme, "training", 6)
    assert answer["Location"] == f"{EVENTS}{event.pk}/"
    assert AuditEntry.objects.get(action="event.created").noun_id == event.pk
    assert client_of(world.organiser).post(EVENTS, body).json()["errors"] == {"slug": "This address is taken. Choose another one."}


def test_an_event_is_changed_by_who_has_seen_it_last(world):
    client, address = client_of(world.organiser), f"{EVENTS}{world.event.pk}/"
    tag = client.get(address)["ETag"]
    assert client.patch(address, {"cap": 5}).status_code == 428
    assert client_of(world.facilitator).patch(address, {"cap": 5}, headers={"If-Match": tag}).status_code == 403
    changed = client.patch(address, {"cap": 5}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["cap"]) == (200, 5)
    stale = client.patch(address, {"cap": 7}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert Event.objects.get(pk=world.event.pk).cap == 5
    assert client.patch(address, {"cap": 7}, headers={"If-Match": changed["ETag"]}).status_code == 200


@pytest.mark.parametrize(
    "body, field",
    [
        ({"cap": 1, "floor": 3}, "floor"),
        ({"cap": 21}, "cap"),
        ({"starts_at": "2027-01-02T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}, "ends_at"),
        ({"ends_at": "2027-01-01T00:00:00Z"}, "starts_at"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"names": {"fr": "x"}}, "fr"),
        ({"join_code": "mine"}, "join_code"),
        ({"version": 7}, "version"),
        ({"id": 7}, "id"),
    ],
)
def test_what_an_event_cannot_be_is_refused_by_name(body, field, world):
    """T30 for events."""
    client, address = client_of(world.organiser), f"{EVENTS}{world.event.pk}/"
    before = Event.objects.filter(pk=world.event.pk).values().get()
    answer = client.patch(address, body, headers={"If-Match": client.get(address)["ETag"]})
    assert answer.status_code == 400
    assert field in str(answer.json()["errors"])
    assert Event.objects.filter(pk=world.event.pk).values().get() == before


def test_an_event_with_people_cannot_be_deleted(world):
    empty = make_event(world.programme)
    client = client_of(world.organiser)
    for event, status in ((world.event, 409), (empty, 204)):
        address = f"{EVENTS}{event.pk}/"
        assert client.delete(address, headers={"If-Match": client.get(address)["ETag"]}).status_code == status
    assert set(Event.objects.all()) == {world.event}


def test_the_public_page_is_for_anybody(world):
    answer = client_of(None).get(f"/api/v1/public/events/{world.event.slug}/")
    assert answer.status_code == 200
    assert set(answer.json()) == {"slug", "kind", "name", "description", "programme", "city", "time_zone", "starts_at", "ends_at"}
    assert client_of(None).get("/api/v1/public/events/never/").status_code == 404


def test_programmes_are_set_up_by_operators_and_handed_over(world):
    body = {"slug": "fresh", "name": "Fresh", "names": {"be": "Свежая"}}
    assert client_of(world.organiser).post("/api/v1/programmes/", body).status_code == 403
    operator = client_of(make_user(is_staff=True))
    created = operator.post("/api/v1/programmes/", body)
    assert created.status_code == 201
    programme = Programme.objects.get(slug="fresh")
    address = f"/api/v1/programmes/{programme.pk}/first-organiser/"
    assert client_of(world.organiser).post(address, {"mail": "o@example.org"}).status_code == 403
    invited = operator.post(address, {"mail": "o@example.org"})
    assert invited.status_code == 201
    assert set(invited.json()) == {"link", "token", "expires_at"}
    make_role(make_user(), programme, "organiser")
    assert operator.post(address, {"mail": "o@example.org"}).status_code == 404


def test_the_operator_has_no_standing_right_to_content(world):
    operator = client_of(make_user(is_staff=True))
    for address in (f"{EVENTS}{world.event.pk}/", f"/api/v1/programmes/{world.programme.pk}/", f"/api/v1/participants/{world.me.pk}/"):
        assert operator.get(address).status_code == 404
        assert client_of(world.organiser).get(address).status_code == 200


def test_a_role_that_is_gone_opens_nothing_any_more(world):
    """T20."""
    client, address = client_of(world.facilitator), f"{EVENTS}{world.event.pk}/"
    assert client.get(address).status_code == 200
    world.facilitator.roles.all().delete()
    assert client.get(address).status_code == 404


def test_answers_are_in_the_language_of_the_person(world):
    Event.objects.filter(pk=world.event.pk).update(names={"be": "Горад", "de": "Stadt"})
    world.user.language = "be"
    world.user.save()
    answer = client_of(world.user).get(f"{EVENTS}{world.event.pk}/", headers={"Accept-Language": "de"})
    assert (answer.json()["name"], answer["Content-Language"]) == ("Горад", "be")
    anonymous = client_of(None).get(f"/api/v1/public/events/{world.event.slug}/", headers={"Accept-Language": "de"})
    assert (anonymous.json()["name"], anonymous["Content-Language"]) == ("Stadt", "de")
