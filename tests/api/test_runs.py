"""Runs over HTTP: asked for, followed, reviewed, published, taken back."""

import threading

import pytest
from django.db import connection

from matchmaking.models import AuditEntry, Publication, Run, Suggestion
from tests.api.world import client_of, make_world
from tests.factories import make_event, make_participant, make_published_run, make_suggestion, make_user

RUNS = "/api/v1/runs/"
STATUS = {"id", "event", "kind", "state", "stage", "percent", "sentence", "remaining_s", "published"}
DETAILS = STATUS | {
    "attempt",
    "parameters",
    "measures",
    "weights_version",
    "asked_for_at",
    "started_at",
    "finished_at",
    "published_at",
    "taken_back_at",
}
PAIR = {"id", "a", "b", "rank_a", "rank_b", "held"}
SCORED = PAIR | {"score", "p_ab", "p_ba", "z_ab", "z_ba", "parts_ab", "parts_ba"}


@pytest.mark.django_db
def test_an_organiser_starts_a_run(world, django_capture_on_commit_callbacks):
    """T23: the others cannot, and nothing happens."""
    body = {"event": world.event.pk, "parameters": {"cap": 5}}
    for user, status in ((None, 401), (world.user, 403), (world.facilitator, 403), (make_user(is_staff=True), 404)):
        assert client_of(user).post(RUNS, body).status_code == status
    assert Run.objects.count() == 1
    answer = client_of(world.organiser).post(RUNS, body)
    run = Run.objects.exclude(pk=world.run.pk).get()
    assert (answer.status_code, answer["Location"]) == (202, f"{RUNS}{run.pk}/")
    assert set(answer.json()) == DETAILS
    assert (answer.json()["state"], answer.json()["parameters"]["cap"], answer.json()["percent"]) == ("waiting", 5, 0)
    assert (run.publish, run.requested_by) == (False, world.organiser)
    again = client_of(world.organiser).post(RUNS, body)
    assert (again.status_code, again.json()["id"]) == (200, run.pk)
    assert AuditEntry.objects.filter(action="run.asked").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [{"parameters": {"cup": 5}}, {"parameters": {"cap": 99}}, {"parameters": []}, {"cap": 5}, {"publish": "perhaps"}, {"kind": "x"}]
)
def test_a_run_that_cannot_be_is_refused(body, world):
    client = client_of(world.organiser)
    assert client.post(RUNS, {"event": world.event.pk, **body}).status_code == 400
    assert Run.objects.count() == 1
    assert client.post(RUNS, {"event": world.event.pk}).status_code == 202


@pytest.mark.django_db
def test_events_of_others_cannot_be_run(world, elsewhere):
    client = client_of(world.organiser)
    foreign, absent = client.post(RUNS, {"event": elsewhere.event.pk}), client.post(RUNS, {"event": 1})
    assert (foreign.status_code, foreign.content) == (404, absent.content)


@pytest.mark.django_db(transaction=True)
def test_of_many_starts_at_once_one_is_new():
    """T83, F15: one run, the others get it back; nobody fails."""
    world = make_world()
    clients = [client_of(world.organiser) for _ in range(10)]
    barrier, answers = threading.Barrier(len(clients)), []

    def start(client):
        barrier.wait(20)
        answers.append(client.post(RUNS, {"event": world.event.pk}))
        connection.close()

    threads = [threading.Thread(target=start, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answer.status_code for answer in answers) == [200] * (len(clients) - 1) + [202]
    assert {answer.json()["id"] for answer in answers} == {Run.objects.exclude(pk=world.run.pk).get().pk}


@pytest.mark.django_db
def test_starting_and_cancelling_in_a_loop_is_stopped(world, settings):
    """T83: 20 starts an hour, then 429; following a run is never refused for that."""
    client, statuses = client_of(world.organiser), []
    for _ in range(25):
        answer = client.post(RUNS, {"event": world.event.pk})
        statuses.append(answer.status_code)
        if answer.status_code == 202:
            assert client.post(f"{answer['Location']}cancel/").status_code == 200
    assert statuses == [202] * 20 + [429] * 5
    assert client.get(RUNS).status_code == 200


@pytest.mark.django_db
def test_participants_read_how_a_run_stands_and_no_more(world):
    """T33 for runs."""
    Run.objects.filter(pk=world.run.pk).update(measures={"coverage": 1.0})
    users = {"user": world.user, "facilitator": world.facilitator, "organiser": world.organiser, "operator": make_user(is_staff=True)}
    seen = {name: set(client_of(user).get(f"{RUNS}{world.run.pk}/").json()) for name, user in users.items()}
    listed = {"user": STATUS, "facilitator": DETAILS, "organiser": DETAILS, "operator": STATUS}
    assert seen == listed | {"organiser": DETAILS | {"compared"}}
    assert {name: set(client_of(user).get(RUNS).json()["results"][0]) for name, user in users.items()} == listed


@pytest.mark.django_db
def test_following_a_run_that_stands_still_costs_no_body(world):
    client, address = client_of(world.user), f"{RUNS}{world.run.pk}/"
    tag = client.get(address)["ETag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.django_db
def test_a_failure_is_a_sentence(world):
    Run.objects.filter(pk=world.run.pk).update(state="failed", failure={"template": "It needs {need} GB.", "params": {"need": 8}})
    told = client_of(world.user).get(f"{RUNS}{world.run.pk}/").json()
    assert (told["state"], told["sentence"]) == ("failed", "It needs 8 GB.")


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_listing_finished_runs_costs_the_same_for_any_length(count, world, django_assert_num_queries):
    for _ in range(count - 1):
        Run.objects.create(event=world.event, state="done")
    client = client_of(world.organiser)
    with django_assert_num_queries(4):
        answer = client.get(f"{RUNS}?event={world.event.pk}&state=done")
    assert len(answer.json()["results"]) == count


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["cancel", "publish", "take-back"])
def test_only_organisers_steer_a_run(action, world, elsewhere):
    done = Run.objects.create(event=world.event, state="done") if action == "publish" else world.run
    run = Run.objects.create(event=world.event) if action == "cancel" else done
    path = f"{RUNS}{run.pk}/{action}/"
    before = Run.objects.filter(pk=run.pk).values().get()
    for user, status in ((None, 401), (world.user, 403), (world.facilitator, 403), (elsewhere.organiser, 404)):
        assert client_of(user).post(path).status_code == status
    assert client_of(make_user(is_staff=True)).post(path).status_code in (403, 404)
    assert Run.objects.filter(pk=run.pk).values().get() == before
    assert client_of(world.organiser).post(path, {"force": True}).status_code == 400
    answer = client_of(world.organiser).post(path)
    assert answer.status_code == 200
    told = {"cancel": ("cancelled", False), "publish": ("done", True), "take-back": ("done", False)}
    assert (answer.json()["state"], answer.json()["published"]) == told[action]


@pytest.mark.django_db
def test_a_run_that_ended_is_not_cancelled(world):
    answer = client_of(world.organiser).post(f"{RUNS}{world.run.pk}/cancel/")
    assert (answer.status_code, answer.json()["detail"]) == (409, "This run is done already.")


# --- review -----------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_organisers_review_scores_and_parts_and_facilitators_pairs(world):
    """T33, T35: parts for organisers alone; contacts for nobody."""
    path = f"{RUNS}{world.run.pk}/suggestions/"
    seen = {role: client_of(getattr(world, role)).get(path) for role in ("facilitator", "organiser")}
    assert {role: set(answer.json()["results"][0]) for role, answer in seen.items()} == {"facilitator": PAIR, "organiser": SCORED}
    pair = seen["organiser"].json()["results"][0]
    assert set(pair["a"]) == set(pair["b"]) == {"id", "name", "organisation", "sector"}
    assert pair["parts_ab"] == [{"part": "constant", "value": 0.0, "evidence": []}]
    assert pair["z_ab"] == sum(part["value"] for part in pair["parts_ab"])
    assert all(world.other.mail not in answer.content.decode() for answer in seen.values())
    assert client_of(world.user).get(path).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_reviewing_pairs_costs_the_same_for_any_length(count, world, django_assert_num_queries):
    for _ in range(count - 1):
        make_suggestion(world.run, world.me, make_participant(world.programme, event=world.event))
    client = client_of(world.organiser)
    with django_assert_num_queries(6):
        answer = client.get(f"{RUNS}{world.run.pk}/suggestions/")
    assert len(answer.json()["results"]) == count


@pytest.mark.django_db
def test_pairs_are_ordered_and_filtered(world):
    crossing = make_suggestion(world.run, world.me, world.other, score_e9=5)
    held = make_suggestion(world.run, world.me, world.unlisted, held_at="2026-01-01T00:00:00Z", score_e9=9)
    client = client_of(world.organiser)

    def found(query=""):
        return [row["id"] for row in client.get(f"{RUNS}{world.run.pk}/suggestions/?{query}").json()["results"]]

    assert found() == [held.pk, crossing.pk, world.suggestion.pk]
    assert found("ordering=score_e9") == [world.suggestion.pk, crossing.pk, held.pk]
    assert found("held=true") == [held.pk]
    assert found(f"participant={world.me.pk}") == [held.pk, crossing.pk]
    assert found("sectors=same") == [world.suggestion.pk]
    assert found("sectors=cross") == [held.pk, crossing.pk]
    assert client.get(f"{RUNS}{world.run.pk}/suggestions/?pair__a__mail=x").status_code == 400


@pytest.mark.django_db
def test_an_organiser_holds_pairs_back_and_lets_them_go(world, elsewhere):
    path, body = f"{RUNS}{world.run.pk}/", {"suggestions": [world.suggestion.pk]}
    for user, status in ((None, 401), (world.user, 403), (world.facilitator, 403), (elsewhere.organiser, 404)):
        assert client_of(user).post(f"{path}hold/", body).status_code == status
    assert not Suggestion.objects.filter(held_at__isnull=False).exists()
    client = client_of(world.organiser)
    assert client.post(f"{path}hold/", body).json() == {"changed": 1}
    assert client.post(f"{path}hold/", body).json() == {"changed": 0}
    assert Suggestion.objects.get(pk=world.suggestion.pk).held_at is not None
    assert client.post(f"{path}release/", body).json() == {"changed": 1}
    assert Suggestion.objects.get(pk=world.suggestion.pk).held_at is None
    assert list(AuditEntry.objects.order_by("created_at").values_list("action", flat=True)) == ["pairs.held", "pairs.released"]


@pytest.mark.django_db
def test_one_foreign_pair_refuses_them_all(world, elsewhere):
    """T11, T9."""
    client, path = client_of(world.organiser), f"{RUNS}{world.run.pk}/hold/"
    refused = client.post(path, {"suggestions": [world.suggestion.pk, elsewhere.suggestion.pk]})
    assert refused.status_code == 404
    assert not Suggestion.objects.filter(held_at__isnull=False).exists()
    assert not AuditEntry.objects.exists()
    for wrong in ([], [0], ["x"], [1] * 501, None):
        assert client.post(path, {"suggestions": wrong}).status_code == 400
    assert client.post(path, {"suggestions": [world.suggestion.pk]}).status_code == 200


@pytest.mark.django_db
def test_pairs_are_not_let_go_above_the_cap(world):
    """I12."""
    event = make_event(world.programme, cap=2, floor=0)
    run = make_published_run(event)
    people = [make_participant(world.programme, event=event) for _ in range(4)]
    pairs = [make_suggestion(run, people[0], other) for other in people[1:]]
    client, path = client_of(world.organiser), f"{RUNS}{run.pk}/"
    assert client.post(f"{path}hold/", {"suggestions": [pairs[0].pk]}).json() == {"changed": 1}
    refused = client.post(f"{path}release/", {"suggestions": [pairs[0].pk]})
    assert (refused.status_code, refused.json()["detail"]) == (409, "1 people would have more than 2 suggestions. Hold others back first.")
    assert Suggestion.objects.get(pk=pairs[0].pk).held_at is not None
    assert client.post(f"{path}hold/", {"suggestions": [pairs[1].pk]}).status_code == 200
    assert client.post(f"{path}release/", {"suggestions": [pairs[0].pk]}).status_code == 200
    assert Publication.objects.get(event=event).run_id == run.pk
