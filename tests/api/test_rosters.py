"""Rosters and teams over the API: who sees what, how much a list costs, and what a facilitator reads."""

import pytest

from matchmaking.models import Block, Roster, Seat, Team, TeamRules
from matchmaking.services import rosters
from tests.api.world import client_of
from tests.factories import make_event, make_participant, make_role, make_roster, make_user

pytestmark = pytest.mark.django_db
ROSTERS, TEAMS = "/api/v1/rosters/", "/api/v1/teams/"


@pytest.fixture
def draft(world):
    return make_roster(world.event, [world.me, world.other], [world.unlisted])


def test_t7_t9_a_facilitator_of_another_event_finds_nothing(world, draft):
    other = make_event(world.programme)
    stranger = make_user()
    make_role(stranger, world.programme, "facilitator", other)
    team = draft.teams.get(number=1)
    client = client_of(stranger)
    absent = client.get(f"{ROSTERS}1/").json()
    for path in (f"{ROSTERS}{draft.pk}/", f"{ROSTERS}{draft.pk}/compare/?with={draft.pk}"):
        assert (client.get(path).status_code, client.get(path).json()) == (404, absent)
    assert client.get(f"{TEAMS}{team.pk}/").status_code == 404
    for query in (f"?event={world.event.pk}", ""):
        assert client.get(f"{ROSTERS}{query}").json()["results"] == client.get(f"{TEAMS}{query}").json()["results"] == []
    move = {"participant": world.me.pk, "seen": 1, "team": 2}
    assert client.post(f"{ROSTERS}{draft.pk}/moves/", move).status_code == 404
    mine = make_roster(other)
    asked = client.post(ROSTERS, {"event": other.pk, "base": draft.pk})
    assert (asked.status_code, asked.json()["errors"]) == (400, {"base": "There is no such roster."})
    assert client.get(f"{ROSTERS}{mine.pk}/compare/?with={draft.pk}").status_code == 400
    assert client_of(world.facilitator).post(f"{ROSTERS}{draft.pk}/moves/", move).status_code == 200


def test_t10_a_person_of_another_event_is_put_into_no_team(world, draft):
    stranger = make_participant(world.programme, event=make_event(world.programme))
    client = client_of(world.facilitator)
    move = {"participant": stranger.pk, "seen": None, "team": 1}
    answer = client.post(f"{ROSTERS}{draft.pk}/moves/", move)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["participant"])
    rule = {"kind": "together", "people": [stranger.pk, world.me.pk]}
    assert client.put(f"/api/v1/events/{world.event.pk}/team-rules/", {"rules": [rule]}, headers={"If-Match": "*"}).status_code == 400
    assert not Seat.objects.filter(participant=stranger).exists()


def test_a_move_says_what_it_does_and_the_second_facilitator_where_the_person_is(world, draft):
    TeamRules.objects.update(rules=[{"kind": "team_size", "least": 1, "most": 2}, {"kind": "has", "skill": "graphic-design"}])
    client = client_of(world.facilitator)
    told = client.post(f"{ROSTERS}{draft.pk}/moves/", {"participant": world.me.pk, "seen": 1, "team": 2}).json()
    assert (told["version"], told["applied"], told["breaks"], told["mends"]) == (2, True, [], [])
    assert [(row["team"], row["before"], row["after"]) for row in told["teams"]] == [(1, 120.0, 60.0), (2, 60.0, 120.0)]
    answer = client.post(f"{ROSTERS}{draft.pk}/moves/", {"participant": world.me.pk, "seen": 1, "team": None})
    assert (answer.status_code, answer.json()["present"]["team"]) == (409, 2)
    told = client.post(f"{ROSTERS}{draft.pk}/moves/", {"participant": world.me.pk, "seen": 1, "team": None, "anyway": True}).json()
    assert [row["sentence"] for row in told["breaks"]] == ["Everybody of the 3 has a place."]
    assert client.post(f"{ROSTERS}{draft.pk}/undo/", {"steps": 5}).json() == {"version": 4, "undone": 2}


def test_a_member_sees_their_own_published_team_and_never_past_a_block(world, draft):
    client, team = client_of(world.user), draft.teams.get(number=1)
    assert client.get(TEAMS).json()["results"] == []
    assert client.get(f"{TEAMS}{team.pk}/").status_code == 404
    rosters.publish(roster=draft, by=world.facilitator)
    assert [one["id"] for one in client.get(TEAMS).json()["results"]] == [team.pk]
    told = client.get(f"{TEAMS}{team.pk}/").json()
    assert [one["name"] for one in told["members"]] == [world.me.name, world.other.name]
    assert all(
        set(one) == {"id", "name", "organisation", "sector", "sector_key", "skills", "needs", "languages"} for one in told["members"]
    )
    assert client.get(f"{TEAMS}{draft.teams.get(number=2).pk}/").status_code == 404
    Block.objects.create(programme=world.programme, by=world.other, whom=world.me)
    assert [one["name"] for one in client.get(f"{TEAMS}{team.pk}/").json()["members"]] == [world.me.name]
    assert client.get(f"{TEAMS}{team.pk}/missing/").status_code == 403


def test_places_and_tasks_are_changed_at_the_version_that_was_read(world, draft):
    client, team = client_of(world.facilitator), draft.teams.get(number=2)
    tag = client.get(f"{TEAMS}{team.pk}/")["ETag"]
    assert client.patch(f"{TEAMS}{team.pk}/", {"place": "Hall"}).status_code == 428
    changed = client.patch(f"{TEAMS}{team.pk}/", {"place": "Hall", "idea": world.idea.pk}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["place"], changed.json()["idea_title"]) == (200, "Hall", world.idea.title)
    assert client.patch(f"{TEAMS}{team.pk}/", {"place": "Yard"}, headers={"If-Match": tag}).status_code == 412
    assert client.patch(f"{TEAMS}{team.pk}/", {"idea": 17}, headers={"If-Match": "*"}).status_code == 400
    assert Team.objects.get(pk=team.pk).place == "Hall"


def test_rules_come_with_their_sentences_and_are_changed_at_the_version_that_was_read(world):
    path = f"/api/v1/events/{world.event.pk}/team-rules/"
    client = client_of(world.facilitator)
    first = client.get(path)
    assert (first.json()["version"], first.json()["rules"][0]["sentence"]) == (0, "Each team has 3 to 6 people.")
    rules = [
        {"kind": "pin", "people": [world.me.pk], "team": 2},
        {"kind": "count", "property": "sector:business", "most": 1, "where": None},
    ]
    told = client.put(path, {"rules": rules}, headers={"If-Match": first["ETag"]})
    assert (told.status_code, told.json()["version"]) == (200, 1)
    assert [row["sentence"] for row in told.json()["rules"]] == [f"{world.me.name} is in team 2.", "Each team has at most 1 from business."]
    assert [row["rule"] for row in told.json()["rules"]] == rules
    assert client.put(path, {"rules": []}, headers={"If-Match": first["ETag"]}).status_code == 412
    for wrong in ({"kind": "luck"}, {"kind": "pin", "people": [world.me.pk]}, {"kind": "teams", "number": 0}, {"kind": "teams", "size": 1}):
        assert client.put(path, {"rules": [wrong]}, headers={"If-Match": "*"}).status_code == 400
    world.facilitator.language = "be"
    world.facilitator.save()
    assert client.get(path).json()["rules"][1]["sentence"] == "У кожнай камандзе самае большае 1 з сектара бізнес."


def test_a_team_run_cannot_be_asked_for_or_published_as_one_of_suggestions(world, draft):
    client = client_of(world.organiser)
    assert client.post("/api/v1/runs/", {"event": world.event.pk, "kind": "teams"}).status_code == 400
    run = client.post(ROSTERS, {"event": world.event.pk}).json()
    assert (run["kind"], client.post(f"/api/v1/runs/{run['id']}/publish/").status_code) == ("teams", 409)
    assert client_of(world.facilitator).post(f"/api/v1/runs/{run['id']}/cancel/").status_code == 200
    assert client.get(f"/api/v1/runs/{run['id']}/").json()["compared"] is None


@pytest.mark.parametrize("count", [1, 3])
def test_reading_rosters_costs_the_same_for_any_length(count, world, django_assert_num_queries):
    found = [make_roster(world.event, *[[world.me], [world.other]] * 1, *[[] for _ in range(count)]) for _ in range(count)]
    client = client_of(world.facilitator)
    client.get(ROSTERS)
    with django_assert_num_queries(3):
        assert len(client.get(ROSTERS).json()["results"]) == count
    with django_assert_num_queries(13):
        assert len(client.get(f"{ROSTERS}{found[0].pk}/").json()["members"]) == count + 2
    with django_assert_num_queries(3):
        assert len(client.get(f"{TEAMS}?roster={found[0].pk}").json()["results"]) == count + 2
    assert Roster.objects.count() == count
