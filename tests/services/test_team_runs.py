"""Team runs: drafts of rosters that keep the rules, around what is locked and pinned, the same for the same seed; or a conflict."""

import json
from dataclasses import replace

import pytest

from matchmaking.compute import teams as compute
from matchmaking.engine.teams import door, exact
from matchmaking.errors import BadInput, Stale
from matchmaking.models import Block, Consent, Idea, Participant, Roster, Run, Seat, TeamFit, TeamRules
from matchmaking.selectors.joiners import team_joiners_told
from matchmaking.selectors.rosters import whole
from matchmaking.selectors.runs import progress
from matchmaking.selectors.team_cases import as_roster, fits_between, people_of, private_pairs, question
from matchmaking.selectors.team_words import conflict_told
from matchmaking.services import joining, roster_moves, runs, team_rules, team_runs
from matchmaking.services.invariants import check_invariants
from tests.api.world import client_of
from tests.factories import make_role, make_user
from tests.runs import compute_all, make_cohort, make_programme

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("teams")]
SIZES = {"kind": "team_size", "least": 3, "most": 5}


@pytest.fixture
def facilitator():
    return make_user()


def clock_that_stands() -> float:
    return 0.0


@pytest.fixture(autouse=True)
def few_steps(monkeypatch, settings):
    """A budget of search steps that leaves every guarantee as it is, and no time for proofs."""
    settings.HEARTBEAT_S = 600  # in one transaction with the work, on SQLite, a beat would wait for its end
    form, repair, ways = door.form, door.repair, door.relaxations
    monkeypatch.setattr(compute.door, "form", lambda case, seconds, seed: form(case, 0.1, seed, clock_that_stands))
    monkeypatch.setattr(compute.door, "repair", lambda case, seconds, seed: repair(case, 5.0, seed))
    monkeypatch.setattr(compute.door, "relaxations", lambda case, found, seconds, seed: ways(case, found, 5.0, seed))


def cohort(programme="city", slug="hack", count=24, **fields):
    return make_cohort(make_programme(programme), slug, count, keys="hack", **fields)


def person(event, number):
    return Participant.objects.get(programme=event.programme, external_id=f"hack-{number:03}")


def rules(event, *more, by=None):
    return team_rules.save(event=event, rules=[SIZES, *more], version=0, by=by or make_user())


def formed(event, **asked):
    run, new = team_runs.form(event=event, by=None, seconds=1, **asked)
    assert new
    return ended(run)


def ended(run, **how):
    run = compute_all(run, **how)
    assert (run.state, run.failure) == (Run.State.DONE, {})
    assert check_invariants(run.event) == []
    return list(run.rosters.order_by("number"))


def told(roster):
    """Teams by number, with members by what they are called outside this database."""
    seats = Seat.objects.filter(roster=roster).order_by("team__number", "participant__external_id")
    return list(seats.values_list("team__number", "participant__external_id"))


def case_of(roster):
    """The engine's whole case, from the database."""
    people = people_of(roster.event)
    asked = question(roster.rules.rules, people, private_pairs(roster.event, people))
    return replace(asked, case=replace(asked.case, pair_scores=fits_between(roster.basis)))


def as_engine(roster):
    home = dict(Seat.objects.filter(roster=roster, participant__isnull=False).values_list("participant_id", "team__number"))
    return as_roster(roster.teams.count(), home)


def test_a_run_leaves_drafts_that_keep_every_rule_and_a_person_publishes(facilitator):
    event = cohort()
    rare = person(event, 3)
    type(rare.profile).objects.filter(participant=rare).update(offers=["Illustration", "Web development"])
    rules(
        event,
        {"kind": "common_language"},
        {"kind": "has", "skill": "Graphic design"},
        {"kind": "count", "property": "sector:business", "most": 2},
        {"kind": "wish_skills", "skills": ["Illustration"], "points": 50},
    )
    drafts = formed(event)
    assert [(one.state, one.number, one.emphasis) for one in drafts] == [("draft", 1, ""), ("draft", 2, "sectors"), ("draft", 3, "fit")]
    for roster in drafts:
        case = case_of(roster).case
        assert len(case.pair_scores) > 20
        assert door.check(case, as_engine(roster)) == []
        assert list(roster.teams.order_by("number").values_list("value", flat=True)) == list(door.worth(case, as_engine(roster)).teams)
        assert roster.certificate["bound"] >= sum(roster.teams.values_list("value", flat=True))
    seen = whole(drafts[0], "de")
    assert (seen["warnings"], seen["unplaced"], sum(len(team["people"]) for team in seen["members"])) == ([], [], 24)
    run = drafts[0].run
    assert (progress(run)["percent"], run.measures["alternatives"], run.published_at) == (100, 3, None)
    assert TeamFit.objects.filter(basis=drafts[0].basis).count() == TeamFit.objects.count()
    at = Seat.objects.get(roster=drafts[0], participant=rare).team.number
    for team in drafts[0].teams.exclude(number=at):
        best = team_joiners_told(team, "en")[0]
        assert (best["partner"]["name"], best["team"]) == (rare.name, at), "the only one who brings what the others lack"
        assert any(sentence.startswith("The team lacks “illustration”") for sentence in best["why"]["for_team"])


def test_the_same_seed_gives_the_same_teams_however_the_work_is_cut(monkeypatch):
    """Other ids, another order of rows, another number of workers, shards taken backwards: the same bytes.

    As long as no clock ends the search: so it stands still, and nothing is left to a solver that is given seconds.
    """
    monkeypatch.setattr(exact, "MOST_UNITS", -1)
    found = []
    for number, (shards, backwards) in enumerate(((1, False), (3, True))):
        event = cohort(f"city-{number}", f"hack-{number}", backwards=backwards)
        rules(event, {"kind": "common_language"})
        run, _ = team_runs.form(event=event, by=None, seconds=1, seed=5, shards=shards)
        found.append(json.dumps([told(roster) for roster in ended(run, reverse=backwards)]))
    assert found[0] == found[1]


def test_locked_teams_and_pins_stay_and_the_rest_is_formed_anew(facilitator):
    event = cohort()
    rules(event)
    first = formed(event)[0]
    pinned = Seat.objects.filter(roster=first, team__number=3).first().participant
    roster_moves.lock(roster=first, numbers=[1, 2], locked=True, by=facilitator)
    roster_moves.pin(roster=first, participant=pinned.pk, pinned=True, by=facilitator)
    again = formed(event, base=first, seed=9, alternatives=2)
    for roster in again:
        assert [seat for seat in told(roster) if seat[0] in (1, 2)] == [seat for seat in told(first) if seat[0] in (1, 2)]
        assert Seat.objects.get(roster=roster, participant=pinned).team.number == 3
        assert list(roster.teams.filter(locked=True).values_list("number", flat=True)) == [1, 2]
        assert (roster.base, roster.base_version) == (first, 4)


def test_people_who_blocked_or_declined_each_other_are_never_together_and_nobody_is_told():
    event = cohort()
    a, b, c, d = (person(event, number) for number in range(4))
    Block.objects.create(programme=event.programme, by=a, whom=b)
    rules(event, {"kind": "together", "people": [a.pk, c.pk]}, {"kind": "together", "people": [b.pk, d.pk]})
    for roster in formed(event, alternatives=2):
        home = dict(Seat.objects.filter(roster=roster).values_list("participant_id", "team__number"))
        assert home[a.pk] == home[c.pk] != home[b.pk] == home[d.pk]
    team_rules.save(event=event, rules=[SIZES, {"kind": "together", "people": [a.pk, b.pk, c.pk]}], version=1, by=make_user())
    run, _ = team_runs.form(event=event, by=None, seconds=1)
    run = compute_all(run)
    assert (run.state, run.rosters.count(), run.measures["conflict"]["rules"]) == ("done", 0, [1])
    conflict = conflict_told(event, run.measures["conflict"], "en")
    assert conflict["sentence"] == (
        f"These rules cannot hold together: {a.name}, {b.name} and {c.name} are in one team; "
        "some people are not in one team, for reasons that are theirs alone."
    )
    assert [way["gives_up"] for way in conflict["ways_out"]] == [[1]]


def test_rules_that_cannot_hold_are_told_with_numbers_and_ways_out():
    event = cohort(count=20)
    rules(event, {"kind": "teams", "number": 5}, {"kind": "has", "skill": "Graphic design"}, {"kind": "has", "skill": "welding"})
    run, _ = team_runs.form(event=event, by=None, seconds=1, alternatives=1)
    run = compute_all(run)
    told = conflict_told(event, run.measures["conflict"], "ru")
    assert (told["rules"], told["minimal"]) == ([3], True)
    assert told["sentence"] == (
        "Это правило выполнить нельзя: в каждой команде есть человек с навыком welding. "
        "5 командам нужен человек с навыком welding, а он есть у 0 человек."
    )
    assert [3] in [way["gives_up"] for way in told["ways_out"]]
    make_role(user := make_user(language="ru"), event.programme, "facilitator", event)
    seen = client_of(user).get(f"/api/v1/runs/{run.pk}/").json()
    assert seen["measures"]["conflict"]["sentence"] == told["sentence"]


def test_after_people_left_and_arrived_a_repair_moves_few_and_touches_no_locked_team(facilitator):
    event = cohort(count=26)
    late = [person(event, number).registrations.get() for number in (24, 25)]
    for registration in late:
        type(registration).objects.filter(pk=registration.pk).update(state="waiting")
    rules(event)
    first = formed(event, alternatives=1)[0]
    assert Seat.objects.filter(roster=first).count() == 24
    roster_moves.lock(roster=first, numbers=[1], locked=True, by=facilitator)
    gone = [Seat.objects.filter(roster=first, team__number=number).first().participant for number in (2, 3)]
    for one in gone:
        joining.withdraw(registration=one.registrations.get(), by=facilitator)
    for registration in late:
        type(registration).objects.filter(pk=registration.pk).update(state="approved")
    seen = whole(Roster.objects.get(pk=first.pk), "en")
    assert ([team["left"] for team in seen["members"]][:4], len(seen["unplaced"])) == ([0, 1, 1, 0], 2)
    assert seen["warnings"][0]["sentence"] == "Everybody of the 24 has a place."
    run, _ = team_runs.repair(roster=first, by=facilitator, seconds=1)
    options = ended(run)
    before = {key: number for number, key in told(first) if key is not None}
    moves = []
    for roster in options:
        after = {key: number for number, key in told(roster)}
        assert set(after) == set(before) | {"hack-024", "hack-025"}
        assert [seat for seat in told(roster) if seat[0] == 1] == [seat for seat in told(first) if seat[0] == 1]
        moves.append(sum(before[key] != after[key] for key in before))
    assert moves == sorted(moves)
    assert moves[0] == 0, "the latecomers fit into the empty places"
    assert options[0].certificate["fewest_moves"] is True


def test_somebody_who_leaves_during_a_run_is_in_none_of_its_teams(facilitator):
    """F19: after the search, before the drafts are written."""
    event = cohort()
    rules(event)
    gone = person(event, 7)
    run, _ = team_runs.form(event=event, by=None, seconds=1, alternatives=1)
    while run.shards.filter(stage="finish").count() == 0:
        from matchmaking.compute import shards

        shards.run(shard_id=run.shards.filter(state="waiting").first().pk)
    joining.withdraw(registration=gone.registrations.get(), by=facilitator)
    (roster,) = ended(run)
    assert Seat.objects.filter(roster=roster, participant__isnull=True).count() == 1
    assert not Seat.objects.filter(participant=gone).exists()


def test_one_team_run_at_a_time_and_none_with_impossible_numbers(facilitator):
    event = cohort(count=6)
    run, new = team_runs.form(event=event, by=facilitator)
    assert (new, team_runs.form(event=event, by=facilitator, seed=4)) == (True, (run, False))
    assert runs.start(event, by=None)[1], "suggestions and teams run beside each other"
    with pytest.raises(BadInput, match="seconds has to be from 1 to 60"):
        team_runs.form(event=event, by=facilitator, seconds=61)
    runs.cancel(run, by=facilitator)
    assert check_invariants(event) == []


def test_rules_are_saved_in_versions_and_name_only_what_is_of_the_event(facilitator):
    event, other = cohort(), cohort("elsewhere", "other", 3)
    stranger = Participant.objects.filter(programme=other.programme).first()
    idea = Idea.objects.create(programme=other.programme, event=other, lead=stranger, title="X")
    first = rules(event, {"kind": "has", "skill": "Графический дизайн"}, by=facilitator)
    assert first.rules[1]["skill"] == "graphic-design"
    assert team_rules.save(event=event, rules=[SIZES, {"kind": "has", "skill": "graphic design"}], version=1, by=facilitator) == first
    with pytest.raises(Stale):
        team_rules.save(event=event, rules=[SIZES], version=0, by=facilitator)
    for rule in ({"kind": "together", "people": [stranger.pk, person(event, 1).pk]}, {"kind": "idea", "idea": idea.pk, "team": 1}):
        with pytest.raises(BadInput):
            team_rules.save(event=event, rules=[rule], version=1, by=facilitator)
    assert TeamRules.objects.filter(event=event).count() == 1


def test_withdrawing_consent_leaves_an_empty_place_and_rules_forget_an_erased_person(facilitator):
    from matchmaking.services import consents, erasure

    event = cohort()
    one, two = person(event, 1), person(event, 2)
    rules(event, {"kind": "together", "people": [one.pk, two.pk]}, {"kind": "pin", "people": [two.pk], "team": 2})
    roster = formed(event, alternatives=1)[0]
    consents.withdraw(participant=one, purpose=Consent.Purpose.SUGGESTIONS, by=facilitator)
    report = erasure.erase(participant=two, by=facilitator)
    assert (report["left"], report["teamrules"]) == (1, 1)
    assert Seat.objects.filter(roster=roster, participant__isnull=True).count() == 2
    assert roster.rules.__class__.objects.get(pk=roster.rules_id).rules == [SIZES, {"kind": "together", "people": [one.pk]}]
    roster.refresh_from_db()
    assert list(roster.teams.order_by("number").values_list("value", flat=True)) == list(
        door.worth(case_of(roster).case, as_engine(roster)).teams
    )
    assert check_invariants(event) == []
    assert formed(event, alternatives=1, base=roster)[0].seats.count() == 22


@pytest.mark.parametrize("count", [1, 2, 3])
def test_f27_too_few_people_are_told_so(count):
    event = cohort(count=count)
    rules(event)
    run, _ = team_runs.form(event=event, by=None, seconds=1, alternatives=1)
    run = compute_all(run)
    assert (run.state, run.rosters.count()) == ("done", 1 if count == 3 else 0)
    if count < 3:
        sentence = conflict_told(event, run.measures["conflict"], "en")["sentence"]
        assert sentence.endswith("cannot be split so that each team has 3 to 5 people and there can be any number of teams.")
    assert check_invariants(event) == []


def test_f27_an_event_without_anybody_ends_with_a_sentence():
    event = cohort(count=0)
    run, _ = team_runs.form(event=event, by=None)
    run = compute_all(run)
    assert (run.state, run.failure["template"]) == ("failed", "Nobody takes part in this event yet, so there are no teams to form.")
    assert check_invariants(event) == []
