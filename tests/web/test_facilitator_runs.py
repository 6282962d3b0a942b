"""Rules in plain words, runs of teams with their ways out, rosters side by side: the facilitator's pages without a browser."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from matchmaking.models import Roster, RosterMove, Run, TeamRules
from matchmaking.selectors.beside import matched
from matchmaking.services.ways_out import eased
from tests.factories import make_participant
from tests.web.facilitating import RULES, make_board
from tests.web.visits import PART, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def board():
    return make_board()


def rules(board):
    return TeamRules.objects.filter(event=board.event).latest("version")


def teams(number):
    return {"kind": "teams", "number": number}


def times(half_hours):
    return {"kind": "common_time", "half_hours": half_hours}


def say(board, step, **said):
    return board.client.post(board.event_page("rules/change/"), {"step": step, "version": rules(board).version, **said})


# --- rules ------------------------------------------------------------------------------------------------------------
def test_rules_are_read_as_sentences_added_changed_removed_and_put_back(board):
    page = text_of(board.client.get(board.event_page("rules/")))
    assert "Always holds Each team has 2 to 4 people." in page
    assert "Wished for Wished for: people of different sectors in each team, 60 points for each sector up to 3." in page
    assert say(board, "add", kind="apart", people="ada 1.1\nAda 2.1").status_code == 302
    added = {"kind": "apart", "people": [board.people[0].pk, board.people[3].pk]}
    assert rules(board).rules == [*RULES, added]
    assert "Ada 1.1 and Ada 2.1 are not in one team." in text_of(board.client.get(board.event_page("rules/")))
    form = board.client.get(board.event_page("rules/"), {"change": 0}).content.decode()
    assert re.findall(r'name="(least|most)" value="(\d+)"', form) == [("least", "2"), ("most", "4")]
    say(board, "change", change=0, least="3", most="5")
    assert rules(board).rules[0] == {"kind": "team_size", "least": 3, "most": 5}
    say(board, "remove", change=3)
    assert added not in rules(board).rules
    say(board, "put-back")
    assert rules(board).rules[-1] == added
    assert rules(board).version == 5


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"kind": "teams", "number": "5"}, {"kind": "teams", "number": 5}),
        ({"kind": "common_time", "half_hours": "4"}, {"kind": "common_time", "half_hours": 4}),
        ({"kind": "has", "skill": "Graphic design"}, {"kind": "has", "skill": "graphic-design"}),
        (
            {"kind": "count", "property": "sector:business", "least": "0", "most": "2", "where": ""},
            {"kind": "count", "property": "sector:business", "least": 0, "most": 2},
        ),
        (
            {"kind": "count", "property": "flag:adult", "least": "1", "or_none": "1", "where": "flag:minor"},
            {"kind": "count", "property": "flag:adult", "least": 1, "or_none": True, "where": "flag:minor"},
        ),
        ({"kind": "never_alone", "mark": "minor"}, {"kind": "never_alone", "mark": "minor"}),
        ({"kind": "wish_fit", "weight": "1,5"}, {"kind": "wish_fit", "weight": 1.5}),
        (
            {"kind": "wish_skills", "skills": "Graphic design\nlaw", "points": "50"},
            {"kind": "wish_skills", "skills": ["graphic-design", "law"], "points": 50},
        ),
    ],
    ids=lambda said: said["kind"],
)
def test_a_form_of_each_sort_says_a_rule(board, said, rule):
    assert say(board, "add", **said).status_code == 302
    assert rules(board).rules[-1] == rule


def test_what_is_wrong_is_said_in_the_form_and_nothing_is_kept(board):
    make_participant(board.event.programme, event=board.event, name="Ada 1.1")
    for said, sentence in (
        ({"kind": "pin", "people": "Zoe", "team": "1"}, "Nobody who can be placed is called “Zoe”."),
        ({"kind": "together", "people": "Ada 1.1\nAda 1.2"}, "“Ada 1.1” can be several people: Ada 1.1, Ada 1.1. Write more of the name."),
        ({"kind": "apart", "people": "Ada 1.2"}, "This rule is about 2 people."),
        ({"kind": "teams", "number": "many"}, "Teams: this is a number from 0 to 10000."),
        ({"kind": "has", "skill": " "}, "Something is missing: Skill."),
        ({"kind": "balance", "property": "sector:business"}, "To spread people evenly, say also how many teams there are."),
    ):
        refused = say(board, "add", **said)
        assert refused.status_code == 400
        assert sentence in text_of(refused)
    assert 'value="Zoe"' in say(board, "add", kind="pin", people="Zoe", team="1").content.decode()
    assert TeamRules.objects.count() == 1
    stale = board.client.post(board.event_page("rules/change/"), {"step": "remove", "change": 0, "version": 0})
    assert stale.status_code == 412
    assert "Somebody changed the rules since you read them." in text_of(stale)


# --- runs -------------------------------------------------------------------------------------------------------------
def test_a_run_is_asked_for_followed_and_cancelled(board):
    address = board.client.post(board.event_page("form/"), {"seconds": 2})["Location"]
    run = Run.objects.get(state="waiting")
    assert (address, run.parameters["seconds"]) == (f"/facilitate/runs/{run.pk}/", 2)
    page = board.client.get(address)
    assert "Queued, will start shortly. 0 %. The time left is not known yet." in text_of(page)
    assert f'hx-get="{address}look/"' in page.content.decode()
    assert board.client.post(board.event_page("form/"))["Location"] == address
    assert "Queued" in text_of(board.client.get(f"{address}look/", headers=PART))
    board.client.post(f"{address}cancel/")
    assert board.client.get(f"{address}look/", headers=PART).headers["HX-Refresh"] == "true"
    assert "The run was cancelled; the teams there are have not changed." in text_of(board.client.get(address))


def test_a_way_out_of_a_conflict_is_one_click_away(board):
    run = board.conflict()
    address = f"/facilitate/runs/{run.pk}/"
    page = text_of(board.client.get(address))
    assert "No teams can keep all these rules. This rule cannot hold: each team has a language that all in it speak." in page
    assert "Allow 5 people in a team." in page
    board.client.post(f"{address}ways-out/0/")
    assert rules(board).rules == [{"kind": "team_size", "least": 2, "most": 5}, *RULES[1:]]
    asked = Run.objects.get(state="waiting")
    assert asked.parameters == {**run.parameters, "rules": rules(board).pk}
    refused = board.client.post(f"{address}ways-out/1/")
    assert (refused.status_code, rules(board).version) == (409, 2)
    assert "The rules were changed since this run." in text_of(refused)


@pytest.mark.parametrize(
    ("way", "left"),
    [
        ({"said": {"said": "make_teams", "teams": 4, "now": 5}, "drops": []}, [teams(4), times(3)]),
        ({"said": {"said": "ask_times", "times": 2, "now": 3}, "drops": []}, [teams(5), times(2)]),
        ({"said": {"said": "give_up", "rules": {}}, "drops": [0]}, [times(3)]),
    ],
    ids=["teams", "times", "given up"],
)
def test_a_way_out_changes_what_it_says_and_nothing_else(way, left):
    assert eased([teams(5), times(3)], way) == left


def test_the_rest_is_formed_anew_around_the_roster_and_one_draft_is_taken(board):
    address = board.client.post(board.page("again/"))["Location"]
    run = Run.objects.get(state="waiting")
    assert (run.parameters["base"], run.parameters["repair"]) == (board.roster.pk, False)
    Run.objects.filter(pk=run.pk).update(state="done")
    drafts = [board.draft(run=run, number=number, base=board.roster) for number in (1, 2)]
    page = text_of(board.client.get(address))
    assert "Locked teams and pinned people are where they were." in page
    assert "People who sit elsewhere: 2 Ada 1.1: team 1 → team 2 Ada 2.1: team 2 → team 1" in page  # whatever numbers the new teams have
    assert board.client.post(board.page("choose/", drafts[1]))["Location"] == board.page("", drafts[1])
    assert dict(Roster.objects.values_list("pk", "state")) == {board.roster.pk: "aside", drafts[0].pk: "aside", drafts[1].pk: "draft"}


def test_a_repair_shows_who_moves_and_is_published_once_it_is_taken(board):
    board.post("publish/", part=False)
    address = board.client.post(board.page("repair/"))["Location"]
    run = Run.objects.get(state="waiting")
    assert (run.parameters["base"], run.parameters["repair"]) == (board.roster.pk, True)
    Run.objects.filter(pk=run.pk).update(state="done")
    draft = board.draft(run=run, base=board.roster, base_version=board.version())
    page = text_of(board.client.get(address))
    assert "The first one moves fewest people; the others gain value by moving more." in page
    assert "Ada 1.1: team 1 → team 3" in page  # by number: a repair keeps the numbers
    assert board.client.post(board.page("choose/", draft))["Location"] == board.page("publish/", draft)
    assert Roster.objects.get(pk=board.roster.pk).state == "published"


# --- what if ----------------------------------------------------------------------------------------------------------
def test_two_rosters_stand_side_by_side_team_by_team(board):
    other = board.draft()
    page = text_of(board.client.get(board.page("beside/"), {"with": other.pk}))
    assert "Value of all teams 720 0 −720 worse" in page
    assert "People without a team 1 1 0" in page
    assert "People who sit elsewhere: 2" in page
    assert "1 (there: 4) Ada 1.1 Ada 2.1 Take over 2 (there: 3) Ada 2.1 Ada 1.1 Take over" in page
    assert board.client.get(board.page("beside/"), {"with": board.roster.pk}).status_code == 400


def test_a_part_is_taken_over_by_moves_that_can_be_taken_back(board):
    other = board.draft()
    answer = board.post("take-over/", part=False, other=other.pk, team=1)
    assert answer["Location"] == f"{board.page('beside/')}?with={other.pk}"
    assert (board.at(board.people[3]), board.at(board.people[0])) == (1, 2)
    assert "Both rosters have the same teams." in text_of(board.client.get(answer["Location"]))
    assert RosterMove.objects.filter(roster=board.roster).count() == 1
    board.post("undo/")
    assert (board.at(board.people[3]), board.at(board.people[0])) == (2, 1)


def test_what_does_not_match_in_size_is_taken_over_too(board):
    """More come than go, and more go than come."""
    bigger = board.draft()
    bigger.seats.filter(participant__in=[board.people[6].pk, board.people[7].pk]).update(team=bigger.teams.get(number=4))
    board.post("take-over/", other=bigger.pk, team=1)
    members = {person.name for person in board.people if board.at(person) == 1}
    assert members == {"Ada 2.1", "Ada 1.2", "Ada 1.3", "Ada 3.1", "Ada 3.2"}
    board.post("take-over/", other=board.draft_back().pk, team=1)
    assert {person.name for person in board.people if board.at(person) == 1} == {"Ada 1.1", "Ada 1.2", "Ada 1.3"}


def test_the_other_roster_is_thrown_away_in_one_click(board):
    other = board.draft()
    assert board.client.post(board.page("set-aside/", other)).status_code == 302
    assert Roster.objects.get(pk=other.pk).state == "aside"
    assert 'draggable="true"' not in board.client.get(board.page("", other)).content.decode()


def test_a_wish_is_weighed_otherwise_and_compared(board):
    page = board.client.get(board.page("beside/")).content.decode()
    assert 'name="weight-2" value="60"' in page
    answer = board.client.post(board.page("weigh/"), {"version": 1, "weight-2": "90"})
    run = Run.objects.get(state="waiting")
    assert answer["Location"] == f"/facilitate/runs/{run.pk}/"
    assert (run.parameters["base"], run.parameters["rules"]) == (board.roster.pk, rules(board).pk)
    assert rules(board).rules == [*RULES[:2], {"kind": "wish_sectors", "most": 3, "points": 90}]
    for wrong in ("-1", "nan", "inf", "much"):
        assert board.client.post(board.page("weigh/"), {"version": 2, "weight-2": wrong}).status_code == 400
    assert rules(board).version == 2


def test_comparing_asks_the_database_the_same_for_any_number_of_teams():
    def cost(board):
        other = board.draft()
        with CaptureQueriesContext(connection) as queries:
            assert board.client.get(board.page("beside/"), {"with": other.pk}).status_code == 200
        return len(queries)

    assert cost(make_board(3)) == cost(make_board(9, mail="other@example.org"))


def test_teams_are_matched_by_the_people_they_share():
    one = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3}
    assert matched(one, {1: 7, 2: 7, 3: 8, 4: 8, 5: 8, 6: 9}) == {7: 1, 8: 2, 9: 3}
    assert matched(one, {7: 4, 6: 5}) == {5: 3, 4: 1}  # who shares nobody takes the first that is left
    assert matched({}, {1: 1}) == {}
