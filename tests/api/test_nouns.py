"""Organisations, projects, ideas, vocabulary, audit over HTTP."""

import pytest

from matchmaking.models import AuditEntry, Block, Idea, Membership, Organisation, Project
from matchmaking.services import trail
from tests.api.world import client_of
from tests.factories import make_event, make_organisation, make_participant, make_user

pytestmark = pytest.mark.django_db
IDEAS, ORGANISATIONS, PROJECTS, AUDIT = (f"/api/v1/{noun}/" for noun in ("ideas", "organisations", "projects", "audit"))


# --- organisations ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 3])
def test_listing_organisations_costs_the_same_for_any_length(count, world, django_assert_num_queries):
    for _ in range(count - 1):
        make_organisation(world.programme)
    client = client_of(world.organiser)
    with django_assert_num_queries(3):
        answer = client.get(ORGANISATIONS)
    assert {row["id"] for row in answer.json()["results"]} == set(Organisation.objects.values_list("pk", flat=True))


def test_organisations_of_people_one_cannot_see_are_not_there(world, elsewhere):
    quiet = make_organisation(world.programme)
    client = client_of(world.user)
    assert [row["id"] for row in client.get(ORGANISATIONS).json()["results"]] == [world.organisation.pk]
    for hidden in (quiet, elsewhere.organisation):
        assert client.get(f"{ORGANISATIONS}{hidden.pk}/").status_code == 404
    assert client.get(f"{ORGANISATIONS}{world.organisation.pk}/").json()["sector"] == "business"


def test_an_organiser_enters_an_organisation_once(world):
    body = {"programme": world.programme.pk, "name": "Дом «Сонца»", "sector": "creative"}
    for user, status in ((world.user, 403), (world.facilitator, 403), (world.organiser, 201), (world.organiser, 409)):
        assert client_of(user).post(ORGANISATIONS, body).status_code == status
    assert Organisation.objects.filter(name=body["name"]).count() == 1
    assert client_of(world.organiser).post(ORGANISATIONS, {**body, "name": "ДОМ «сонца»"}).status_code == 409
    wrong = client_of(world.organiser).post(ORGANISATIONS, {**body, "name": "Other", "sector": "none"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["sector"])


# --- projects ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 3])
def test_listing_projects_costs_the_same_for_any_length(count, world, django_assert_num_queries):
    for number in range(count - 1):
        project = Project.objects.create(programme=world.programme, external_id=f"N{number}")
        Membership.objects.create(project=project, external_id="outsider")
    client = client_of(world.organiser)
    with django_assert_num_queries(5):
        answer = client.get(PROJECTS)
    assert {row["id"] for row in answer.json()["results"]} == set(Project.objects.values_list("pk", flat=True))


def test_members_of_a_project_are_told_to_staff_alone(world):
    address = f"{PROJECTS}{world.project.pk}/"
    own = {"id", "programme", "held_on", "group", "tags", "text", "member_count"}
    assert set(client_of(world.user).get(address).json()) == own
    assert set(client_of(world.organiser).get(address).json()) == own | {"external_id", "members"}
    assert client_of(world.other_user).get(address).status_code == 404


def test_an_organiser_enters_a_project_with_members_and_outsiders(world):
    body = {"programme": world.programme.pk, "external_id": "P-1", "members": [world.me.external_id, "stranger"], "lead": "stranger"}
    assert client_of(world.user).post(PROJECTS, body).status_code == 403
    assert not Project.objects.filter(external_id="P-1").exists()
    answer = client_of(world.organiser).post(PROJECTS, body)
    assert answer.status_code == 201
    assert answer.json()["members"] == [
        {"external_id": world.me.external_id, "participant": world.me.pk, "lead": False},
        {"external_id": "stranger", "participant": None, "lead": True},
    ]
    again = client_of(world.organiser).post(PROJECTS, body)
    assert (again.status_code, list(again.json()["errors"])) == (400, ["external_id"])
    wrong = client_of(world.organiser).post(PROJECTS, {**body, "external_id": "P-2", "lead": "nobody"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["lead"])


# --- ideas ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 3])
def test_listing_ideas_costs_the_same_for_any_length(count, world, django_assert_num_queries):
    for number in range(count - 1):
        Idea.objects.create(programme=world.programme, lead=world.other, title=f"Idea {number}")
    client = client_of(world.user)
    with django_assert_num_queries(3):
        answer = client.get(IDEAS)
    assert {row["id"] for row in answer.json()["results"]} == set(Idea.objects.values_list("pk", flat=True))


def test_whoever_proposes_an_idea_leads_it(world):
    body = {"programme": world.programme.pk, "event": world.event.pk, "title": "A fair", "text": "Of crafts", "needs": ["space"]}
    assert client_of(world.organiser).post(IDEAS, body).status_code == 403
    answer = client_of(world.user).post(IDEAS, body)
    assert answer.status_code == 201
    told = answer.json()
    assert told == {**body, "id": told["id"], "lead": {"id": world.me.pk, "name": world.me.name}, "mine": True}
    assert client_of(world.other_user).get(f"{IDEAS}{told['id']}/").json()["mine"] is False


def test_only_the_lead_changes_an_idea(world, elsewhere):
    address, body, any_version = f"{IDEAS}{world.idea.pk}/", {"title": "Changed"}, {"If-Match": "*"}
    for user, status in ((None, 401), (elsewhere.user, 404), (world.other_user, 403), (world.organiser, 403)):
        assert client_of(user).patch(address, body, headers=any_version).status_code == status
        assert client_of(user).delete(address, headers=any_version).status_code == status
    assert Idea.objects.get(pk=world.idea.pk).title == "Tools to lend"
    assert client_of(world.user).patch(address, body, headers=any_version).json()["title"] == "Changed"
    assert client_of(world.user).delete(address, headers=any_version).status_code == 204


def test_an_idea_stays_within_its_programme(world, elsewhere):
    """T10: a foreign event reads like one that is not there."""
    client, body = client_of(world.user), {"programme": world.programme.pk, "title": "Idea"}
    foreign, absent = (client.post(IDEAS, {**body, "event": event}) for event in (elsewhere.event.pk, 1))
    assert foreign.status_code == 400
    assert foreign.content == absent.content
    own_elsewhere = make_participant(elsewhere.programme, event=elsewhere.event, user=world.user)
    assert client.post(IDEAS, {**body, "event": elsewhere.event.pk}).status_code == 400
    assert not Idea.objects.filter(title="Idea").exists()
    assert client.post(IDEAS, {**body, "programme": own_elsewhere.programme_id, "event": elsewhere.event.pk}).status_code == 201


def test_ideas_of_the_blocked_are_not_there(world):
    client, address = client_of(world.other_user), f"{IDEAS}{world.idea.pk}/"
    assert client.get(address).status_code == 200
    Block.objects.create(programme=world.programme, by=world.me, whom=world.other)
    assert client.get(address).status_code == 404
    assert client.get(IDEAS).json()["results"] == []


# --- vocabulary -------------------------------------------------------------------------------------------------------
def test_concepts_are_found_by_how_they_begin_in_any_language():
    client = client_of(None)
    found = {language: client.get(f"/api/v1/vocabulary/?q=педагог&language={language}").json()["results"] for language in ("en", "de")}
    assert found["en"]
    assert {row["id"] for row in found["en"]} == {row["id"] for row in found["de"]}
    assert [row["label"] for row in found["en"]] != [row["label"] for row in found["de"]]
    assert client.get("/api/v1/vocabulary/?q=qqqqqq").json()["results"] == []
    one = found["en"][0]
    assert client.get(f"/api/v1/vocabulary/{one['id']}/?language=en").json() == one
    assert client.get("/api/v1/vocabulary/never.there/").status_code == 404


def test_all_concepts_are_read_page_by_page():
    client, seen, address = client_of(None), [], "/api/v1/vocabulary/?page_size=100"
    first = client.get(address)
    while address:
        page = client.get(address).json()
        assert len(page["results"]) <= 100
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) > 100
    assert client.get("/api/v1/vocabulary/?page_size=100", headers={"If-None-Match": first["ETag"]}).status_code == 304


@pytest.mark.parametrize("query", ["language=fr", "q=" + "a" * 101, "x=1", "page_size=0", "q=%00"])
def test_a_search_that_cannot_be_is_refused(query):
    assert client_of(None).get(f"/api/v1/vocabulary/?{query}").status_code == 400


# --- audit ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 3])
def test_listing_the_audit_costs_the_same_for_any_length(count, world, django_assert_num_queries):
    for _ in range(count):
        trail.record("event.changed", world.event, actor=world.organiser, event=world.event)
    client = client_of(world.organiser)
    with django_assert_num_queries(5):
        answer = client.get(f"{AUDIT}?event={world.event.pk}")
    assert [row["action"] for row in answer.json()["results"]] == ["event.changed"] * count


def test_an_event_is_audited_by_its_organisers(world, elsewhere):
    trail.record("event.changed", world.event, actor=world.organiser, event=world.event)
    trail.record("event.changed", elsewhere.event, actor=elsewhere.organiser, event=elsewhere.event)
    for user, status in ((None, 401), (elsewhere.organiser, 404), (world.user, 403), (world.facilitator, 403)):
        assert client_of(user).get(f"{AUDIT}?event={world.event.pk}").status_code == status
    assert [row["noun_id"] for row in client_of(world.organiser).get(f"{AUDIT}?event={world.event.pk}").json()["results"]] == [
        world.event.pk
    ]


def test_organisers_never_read_who_declined_or_blocked_whom(world):
    """P6, P7."""
    blocking = Block(programme=world.programme, by=world.me, whom=world.other)
    blocking.save()
    trail.record("block.made", blocking, actor=world.user, event=world.event)
    trail.record("response.given", world.suggestion.pair, actor=world.user, event=world.event)
    assert client_of(world.organiser).get(f"{AUDIT}?event={world.event.pk}").json()["results"] == []
    assert {row["action"] for row in client_of(world.user).get(AUDIT).json()["results"]} == {"block.made", "response.given"}


def test_an_organiser_of_one_event_does_not_read_the_programmes_audit(world):
    from tests.factories import make_role

    trail.record("programme.changed", world.programme, actor=world.organiser, programme=world.programme)
    small, event = make_user(), make_event(world.programme)
    make_role(small, world.programme, "organiser", event)
    assert client_of(small).get(f"{AUDIT}?event={event.pk}").json()["results"] == []
    assert len(client_of(world.organiser).get(f"{AUDIT}?event={event.pk}").json()["results"]) == 1
    assert AuditEntry.objects.count() == 1
