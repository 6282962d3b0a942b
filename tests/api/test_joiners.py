"""Who should join my idea, and honest silence, over HTTP."""

import pytest

from matchmaking.models import IdeaSuggestion, Participant, Publication, Run, Shortfall
from tests.api.world import client_of, make_world
from tests.factories import make_participant
from tests.runs import compute_all

pytestmark = pytest.mark.django_db
LIST = "/api/v1/suggestions/"


@pytest.fixture
def world():
    return make_world()


def join(world, person: Participant, rank: int = 1) -> IdeaSuggestion:
    """A published row of the list of the world's idea."""
    run = Run.objects.filter(kind="ideas").first() or make_run(world)
    terms = [["constant", -2.0, []], ["need", 1.0, ["=tools>=tools"]], ["place", 0.0, ["differ"]]]
    return IdeaSuggestion.objects.create(run=run, idea=world.idea, participant=person, rank=rank, z=-1.0, p=0.27, terms=terms)


def make_run(world) -> Run:
    run = Run.objects.create(event=world.event, kind="ideas", state="done", published_at=world.run.created_at)
    Publication.objects.create(event=world.event, kind="ideas", run=run)
    return run


def test_the_lead_reads_who_should_join_and_why(world):
    row = join(world, world.other)
    answer = client_of(world.user).get(LIST, {"idea": world.idea.pk})
    assert answer.status_code == 200
    (told,) = answer.json()["results"]
    assert told == {
        "id": row.pk,
        "event": {"id": world.event.pk, "name": world.event.name},
        "idea": {"id": world.idea.pk, "title": "Tools to lend"},
        "partner": {
            "id": world.other.pk, "name": world.other.name, "organisation": "", "sector": "other", "sector_key": "other", "city": "",
            "languages": [], "industries": [], "offers": [], "needs": [], "about": "",
        },
        "why": {
            "for_idea": [f"Your idea is looking for “tools”, and {world.other.name} offers this."],
            "does_not_fit": ["What does not fit: you are in different cities."],
        },
    }  # fmt: skip


def test_to_all_but_the_lead_and_the_staff_there_is_no_such_idea(world):
    join(world, world.other)
    for user, status in ((world.other_user, 404), (make_world().organiser, 404), (world.facilitator, 200), (world.organiser, 200)):
        assert client_of(user).get(LIST, {"idea": world.idea.pk}).status_code == status
        asked = client_of(user).post(f"/api/v1/ideas/{world.idea.pk}/suggestions/")
        assert asked.status_code in ((404,) if status == 404 else (200, 202))
    assert Run.objects.filter(kind="ideas", state="waiting").count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_reading_a_list_costs_the_same_for_any_length(world, count, django_assert_num_queries):
    for rank in range(1, count + 1):
        join(world, make_participant(world.programme, event=world.event), rank)
    client = client_of(world.user)
    client.get("/api/v1/me/")
    with django_assert_num_queries(4):
        answer = client.get(LIST, {"idea": world.idea.pk})
    assert [one["idea"]["id"] for one in answer.json()["results"]] == [world.idea.pk] * count


@pytest.mark.parametrize(
    "query", [{"idea": "x"}, {"idea": "1", "page_size": "0"}, {"idea": "1", "state": "open"}, {"idea": "1", "cursor": "x"}]
)
def test_a_list_of_an_idea_takes_nothing_beside_it(world, query):
    assert client_of(world.user).get(LIST, query).status_code == 400


def test_asking_is_202_then_200_and_the_list_follows(world):
    make_participant(world.programme, event=world.event, offers=["Tools to lend", "space"], sector="creative")
    world.idea.needs = ["space"]
    world.idea.save()
    client, address = client_of(world.user), f"/api/v1/ideas/{world.idea.pk}/suggestions/"
    first, again = client.post(address), client.post(address)
    assert (first.status_code, again.status_code, first.json()["id"]) == (202, 200, again.json()["id"])
    assert first.json()["kind"] == "ideas"
    assert client.post(address, {"idea": 1}).status_code == 400
    compute_all(Run.objects.get(pk=first.json()["id"]))
    assert len(client.get(LIST, {"idea": world.idea.pk}).json()["results"]) == 1


def test_an_organiser_starts_a_run_of_ideas_by_its_kind(world):
    asked = client_of(world.organiser).post("/api/v1/runs/", {"event": world.event.pk, "kind": "ideas"})
    assert (asked.status_code, asked.json()["kind"]) == (202, "ideas")
    assert client_of(world.organiser).post("/api/v1/runs/", {"event": world.event.pk, "kind": "x"}).status_code == 400


def test_silence_says_why_and_which_answer_would_help_most(world):
    run = Run.objects.get(pk=world.run.pk)
    Shortfall.objects.create(run=run, participant=world.me, given=0, cause="nobody_above_threshold", missing="offers")
    Shortfall.objects.create(run=run, participant=world.other, given=1, cause="partners_full")
    (told,) = client_of(world.user).get(f"{LIST}silence/").json()["results"]
    assert told == {
        "event": {"id": world.event.pk, "name": world.event.name},
        "missing": "offers",
        "sentences": [
            "Nobody else here fits well enough what you told us, and we would rather say so than suggest just anybody.",
            "What would help most: say what you can offer.",
        ],
    }
    (theirs,) = client_of(world.other_user).get(f"{LIST}silence/").json()["results"]
    assert (theirs["missing"], len(theirs["sentences"])) == (None, 1)
    Publication.objects.filter(run=run).update(run=None)
    assert client_of(world.user).get(f"{LIST}silence/").json()["results"] == []
