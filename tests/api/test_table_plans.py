"""Table plans over HTTP: asked for, computed, published, seen by their people; who leaves, and who must not sit together."""

import pytest

from matchmaking.models import Block, Intent, Response, Run, TablePlan
from matchmaking.services import consents, erasure
from tests.api.world import client_of
from tests.factories import make_event, make_participant, make_programme, make_role, make_user
from tests.runs import compute_all

pytestmark = pytest.mark.django_db
PLANS = "/api/v1/table-plans/"
SECTORS = ["authority", "business", "creative"]


@pytest.fixture
def event():
    return make_event(make_programme())


@pytest.fixture
def people(event):
    return [make_participant(event.programme, event=event, user=make_user(), sector=SECTORS[number % 3]) for number in range(18)]


@pytest.fixture
def facilitator(event):
    user = make_user()
    make_role(user, event.programme, "facilitator", event)
    return client_of(user)


def planned(facilitator, event, **asked):
    answer = facilitator.post(PLANS, {"event": event.pk, **asked})
    assert answer.status_code == 202, answer.json()
    run = compute_all(Run.objects.get(pk=answer.json()["id"]))
    assert run.state == "done", run.failure
    (listed,) = facilitator.get(PLANS, {"run": run.pk}).json()["results"]
    return listed


def seated(facilitator, plan):
    return facilitator.get(f"{PLANS}{plan['id']}/").json()["seated"]


def test_from_the_question_to_ones_own_table(event, people, facilitator):
    plan = planned(facilitator, event, rounds=3)
    assert (plan["state"], plan["tables"], plan["rounds"]) == ("draft", 3, 3)
    assert 0 < plan["measures"]["met_across"] <= plan["measures"]["most_across"]
    rounds = seated(facilitator, plan)
    for tables in rounds:
        assert sorted(person["id"] for table in tables for person in table["people"]) == sorted(person.pk for person in people)
    own = client_of(people[0].user)
    assert own.get(f"{PLANS}mine/").json() == {"results": []}
    assert facilitator.post(f"{PLANS}{plan['id']}/publish/").json()["state"] == "published"
    assert facilitator.post(f"{PLANS}{plan['id']}/publish/").status_code == 200
    (mine,) = own.get(f"{PLANS}mine/").json()["results"]
    told = {(row["round"], row["table"]) for row in mine["tables"]}
    assert told == {
        (turn, table["table"])
        for turn, tables in enumerate(rounds, 1)
        for table in tables
        if people[0].pk in {person["id"] for person in table["people"]}
    }
    assert Intent.objects.filter(kind="tables", dedupe_key=f"plan:{plan['id']}").count() == 18


def test_a_new_plan_takes_the_place_of_the_old_one(event, people, facilitator):
    first, second = planned(facilitator, event), planned(facilitator, event, seed=5)
    for plan in (first, second):
        facilitator.post(f"{PLANS}{plan['id']}/publish/")
    states = dict(TablePlan.objects.values_list("pk", "state"))
    assert states == {first["id"]: "aside", second["id"]: "published"}
    refused = facilitator.post(f"{PLANS}{second['id']}/set-aside/")
    assert (refused.status_code, refused.json()["detail"]) == (409, "This plan is published. Publish another in its place.")


def test_those_who_blocked_or_declined_each_other_never_sit_together(event, people, facilitator):
    Block.objects.create(programme=event.programme, by=people[0], whom=people[1])
    for seed in range(3):
        for tables in seated(facilitator, planned(facilitator, event, rounds=2, seed=seed)):
            assert not any({people[0].pk, people[1].pk} <= {person["id"] for person in table["people"]} for table in tables)


def test_a_block_after_the_plan_was_made_keeps_it_from_being_published(event, people, facilitator):
    plan = planned(facilitator, event, rounds=1)
    one, other, *_ = [person["id"] for person in seated(facilitator, plan)[0][0]["people"]]
    Block.objects.create(programme=event.programme, by_id=one, whom_id=other)
    refused = facilitator.post(f"{PLANS}{plan['id']}/publish/")
    assert refused.status_code == 409
    assert str(one) not in refused.json()["detail"]
    assert not Response.objects.exists()


def test_hosts_stay_and_who_leaves_leaves_an_empty_place(event, people, facilitator):
    plan = planned(facilitator, event, rounds=3, tables=3, hosts=[{"participant": people[4].pk, "table": 2}])
    assert all(people[4].pk in {person["id"] for person in tables[1]["people"]} for tables in seated(facilitator, plan))
    consents.withdraw(participant=people[7], purpose="suggestions", by=people[7].user)
    erasure.erase(participant=people[8], by=None)
    for tables in seated(facilitator, plan):
        assert sum(table["left"] for table in tables) == 2
        assert not {people[7].pk, people[8].pk} & {person["id"] for table in tables for person in table["people"]}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"rounds": 0}, 400), ({"smallest": 9, "largest": 8}, 400), ({"hosts": [{"participant": 1, "table": 1}], "tables": 3}, 400),
        ({"tables": 3, "hosts": "$host_of_4"}, 400), ({"hosts": "$host_of_1"}, 400), ({"event": 1}, 404),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_a_sentence(event, people, facilitator, asked, status):
    if str(asked.get("hosts", "")).startswith("$"):
        asked = {**asked, "hosts": [{"participant": people[0].pk, "table": int(asked["hosts"][-1])}]}
    answer = facilitator.post(PLANS, {"event": event.pk, **asked})
    assert answer.status_code == status
    assert answer.json()["detail"] or answer.json()["errors"]
    assert not Run.objects.exists()


def test_its_run_is_not_published_but_its_plan_and_an_erased_host_is_forgotten(event, people, facilitator):
    planned(facilitator, event, tables=2, hosts=[{"participant": people[0].pk, "table": 1}])
    run = Run.objects.get()
    make_role(organiser := make_user(), event.programme)
    refused = client_of(organiser).post(f"/api/v1/runs/{run.pk}/publish/")
    assert (refused.status_code, refused.json()["detail"]) == (409, "This run leaves drafts. Publish one of them.")
    hosts = run.parameters["hosts"]
    erasure.erase(participant=people[0], by=None)
    run.refresh_from_db()
    assert (len(hosts), run.parameters["hosts"]) == (1, type(hosts)())


def test_too_few_people_fail_in_plain_words(event, facilitator):
    make_participant(event.programme, event=event)
    answer = facilitator.post(PLANS, {"event": event.pk})
    run = compute_all(Run.objects.get(pk=answer.json()["id"]))
    assert run.state == "failed"
    assert facilitator.get(f"/api/v1/runs/{run.pk}/").json()["sentence"].startswith("1 people do not fit at tables of 6 to 12.")
