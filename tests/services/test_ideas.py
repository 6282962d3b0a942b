"""Runs of ideas in this process: from the question to the list the lead reads, and back."""

import pytest

from matchmaking.access import joiners_visible_to
from matchmaking.errors import Conflict
from matchmaking.models import (
    Artefact,
    Block,
    Consent,
    Event,
    Idea,
    IdeaSuggestion,
    Participant,
    Publication,
    Registration,
    Run,
    Suggestion,
)
from matchmaking.selectors.runs import progress
from matchmaking.services import erasure, ideas, publishing, runs
from matchmaking.services.invariants import check_invariants
from tests.factories import make_user
from tests.runs import compute_all, make_cohort, make_programme

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return make_cohort(make_programme(), "talk", 20)


def make_idea(event: Event, number: int = 0, **fields: object) -> Idea:
    """An idea of one of the cohort, who has a log-in."""
    lead = Participant.objects.get(programme=event.programme, external_id=f"talk-{number:03}")
    if lead.user is None:
        lead.user = make_user()
        lead.save()
    told = {"title": "Posters for museums", "needs": ["Graphic design", "Photography"], **fields}
    return Idea.objects.create(programme=event.programme, event=event, lead=lead, **told)


def look(idea: Idea) -> Run:
    run, new = ideas.look_for_joiners(idea=idea, by=idea.lead.user)
    assert new
    run = compute_all(run)
    assert run.state == "done", run.failure
    return run


def listed(idea: Idea) -> list[str]:
    """External ids of those the lead is told of, the best first."""
    rows = joiners_visible_to(idea.lead.user, idea.pk).order_by("rank")
    return list(rows.values_list("participant__external_id", flat=True))


def test_a_run_makes_the_list_of_every_idea_and_shows_it(event):
    idea, other = make_idea(event), make_idea(event, 1, title="A translated guide", needs=["Translation"])
    run = look(idea)
    assert (run.kind, run.code_version[:7], len(run.fingerprint)) == ("ideas", "engine ", 64)
    assert [progress(run)[name] for name in ("state", "percent")] == ["done", 100]
    found = IdeaSuggestion.objects.filter(run=run)
    assert run.measures == {"participants": 20, "ideas": 2, "suggested": found.count(), "without_anybody": 0}
    for one in (idea, other):
        rows = list(found.filter(idea=one).order_by("rank"))
        assert [row.rank for row in rows] == list(range(1, len(rows) + 1))
        assert 1 <= len(rows) <= 10
        assert [row.z for row in rows] == sorted((row.z for row in rows), reverse=True)
        assert all(sum(value for _, value, _ in row.terms) == pytest.approx(row.z, abs=1e-9) for row in rows)
        assert one.lead_id not in {row.participant_id for row in rows}
        assert listed(one) == [row.participant.external_id for row in rows]
    assert not Artefact.objects.exists()
    assert not Suggestion.objects.exists()
    assert check_invariants(event) == []


def test_one_or_three_shards_and_another_order_of_rows_give_the_same():
    told = []
    for slug, backwards, shards in (("one", False, 1), ("two", True, 3)):
        event = make_cohort(make_programme(slug), slug, 20, keys="talk", backwards=backwards)
        first = [make_idea(event, 0), make_idea(event, 1, title="A guide", needs=["Translation"])]
        run, _ = runs.start(event, by=None, kind="ideas", shards=shards)
        run = compute_all(run, reverse=backwards)
        told.append((run.fingerprint, run.measures, [listed(idea) for idea in first]))
    assert told[0] == told[1]


def test_asking_again_while_it_runs_gives_the_same_run(event):
    idea = make_idea(event)
    run, new = ideas.look_for_joiners(idea=idea, by=idea.lead.user)
    assert new
    assert ideas.look_for_joiners(idea=idea, by=idea.lead.user) == (run, False)
    runs.start(event, by=None)  # suggestions are another kind


def test_an_idea_of_no_event_or_whose_lead_takes_no_part_is_refused(event):
    idea = make_idea(event)
    for change in ({"event": None}, {"event": Event.objects.create(programme=event.programme, slug="x", name="x")}):
        Idea.objects.filter(pk=idea.pk).update(**change)
        with pytest.raises(Conflict):
            ideas.look_for_joiners(idea=Idea.objects.get(pk=idea.pk), by=idea.lead.user)
    assert not Run.objects.exists()


def test_who_blocks_withdraws_or_takes_consent_back_is_no_longer_told_of(event):
    idea = make_idea(event)
    look(idea)
    blocking, leaving, refusing, *staying = IdeaSuggestion.objects.filter(idea=idea).order_by("rank")
    assert len(listed(idea)) == 3 + len(staying)
    Block.objects.create(programme=event.programme, by=blocking.participant, whom=idea.lead)
    Registration.objects.filter(participant=leaving.participant).update(state="withdrawn")
    Consent.objects.filter(participant=refusing.participant).update(withdrawn_at=refusing.created_at)
    assert listed(idea) == [row.participant.external_id for row in staying]
    look(idea)
    gone = {row.participant.external_id for row in (blocking, leaving, refusing)}
    assert gone.isdisjoint(listed(idea))


def test_a_list_that_was_taken_back_gives_way_to_the_one_before(event):
    idea = make_idea(event)
    first = look(idea)
    Idea.objects.filter(pk=idea.pk).update(needs=["Translation"])
    second = look(idea)
    assert first.fingerprint != second.fingerprint
    publishing.take_back(second, by=None)
    assert Publication.objects.get(kind="ideas").run == first
    publishing.take_back(first, by=None)
    assert listed(idea) == []


def test_a_cancelled_run_leaves_nothing(event):
    idea = make_idea(event)
    run, _ = ideas.look_for_joiners(idea=idea, by=idea.lead.user)
    IdeaSuggestion.objects.create(run=run, idea=idea, participant=idea.lead, rank=1, z=0.0, p=0.5, terms=[])
    runs.cancel(run, by=None)
    assert not IdeaSuggestion.objects.exists()


def test_erasure_reaches_the_lists(event):
    idea = make_idea(event)
    look(idea)
    person = IdeaSuggestion.objects.filter(idea=idea).order_by("rank")[0].participant
    key = person.external_id
    assert listed(idea)[0] == key
    erasure.erase(participant=person, by=None)
    assert key not in listed(idea)
