"""The facilitator's board without a browser: what it shows, what a change answers, what it costs, and that nobody's move is lost."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from matchmaking.models import AuditEntry, Intent, Participant, Profile, Roster, RosterMove, Run, Seat
from matchmaking.selectors.rule_choices import choices
from matchmaking.services.invariants import i7
from tests.factories import make_event, make_role, make_user
from tests.web.facilitating import make_board
from tests.web.visits import PART, text_of, visitor

pytestmark = pytest.mark.django_db
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def board():
    return make_board()


def cards(answer):
    """The numbers of the teams whose cards an answer holds."""
    return sorted(map(int, re.findall(r'<article class="team[^"]*" id="team-(\d+)"', answer.content.decode())))


# --- the first page ---------------------------------------------------------------------------------------------------
def test_the_first_page_says_how_each_event_stands_and_what_to_do_next(board):
    def step():
        page = board.client.get("/facilitate/").content.decode()
        return re.search(r'class="button step" href="([^"]*)">([^<]*)<', page).groups()

    assert "People 13 Drafts 1 Drafts, seen by nobody yet." in text_of(board.client.get("/facilitate/"))
    assert step() == (board.page(), "Open the board")
    board.draft()
    assert step() == (board.event_page("teams/"), "Look at the drafts and publish one")
    run = Run.objects.create(event=board.event, kind="teams")
    assert step() == (f"/facilitate/runs/{run.pk}/", "Follow the run")
    run.delete()
    Roster.objects.all().delete()
    assert step() == (board.event_page("teams/"), "Form teams")


def test_the_first_page_costs_the_same_for_any_number_of_events(board):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            board.client.get("/facilitate/")
        return len(queries)

    before = cost()
    for _ in range(2):
        make_role(board.facilitator, make_event().programme, "facilitator")
    assert cost() == before


# --- the board --------------------------------------------------------------------------------------------------------
def test_the_board_shows_teams_people_balance_and_what_does_not_hold(board):
    Seat.objects.filter(participant=board.people[1]).update(pinned=1)
    board.roster.teams.filter(number=2).update(locked=True, name="Foxes", place="Table 4")
    told = text_of(board.client.get(board.page()))
    assert "Teams 4 People in teams 12 Without a team 1 Rules that do not hold 1 Value of all teams 720" in told
    assert "Everybody of the 13 has a place." in told
    assert "Without a team 1 Late Lena" in told
    assert "Team 2 · Foxes weakest: 180 Table 4" in told
    assert "all speak English" in told
    page = board.client.get(board.page()).content.decode()
    assert page.count('aria-label="pinned"') == 1
    assert page.count('aria-label="locked"') == 1
    assert page.count('aria-label="education"') == 8  # a person's mark and a team's count in each of four teams


def test_what_somebody_brings_is_told_as_they_wrote_it(board):
    Profile.objects.filter(participant=board.late).update(offers=["Аўтобус для паездак, 16–25 гадоў"])
    told = text_of(board.client.get(board.page()))
    assert "Аўтобус для паездак, 16–25 гадоў" in told
    assert "Аўтобус для паездак, 16–25 гадоў" in choices(board.event, [], "en")["skills"]


def test_board_and_move_ask_the_database_the_same_for_any_number_of_teams():
    def cost(board, act):
        with CaptureQueriesContext(connection) as queries:
            assert act(board).status_code == 200
        return len(queries)

    acts = (
        lambda board: board.client.get(board.page()),
        lambda board: board.client.get(board.page("now/"), {"version": 0}, headers=PART),
        lambda board: board.client.get(board.page(f"people/{board.late.pk}/")),
        lambda board: board.move(board.people[0], 2),
        lambda board: board.post("undo/"),
    )
    small, large = make_board(3), make_board(9, mail="other@example.org")
    assert [cost(small, act) for act in acts] == [cost(large, act) for act in acts]


def test_a_move_answers_with_the_cards_it_touched_and_says_what_it_did(board):
    answer = board.move(board.people[0], 3)
    assert cards(answer) == [1, 3]
    told = text_of(answer)
    assert "Ada 1.1: team 1 → team 3. Value of the teams: " in told
    assert 'id="unplaced"' not in answer.content.decode()
    answer = board.move(board.people[1], 3)
    assert "No longer holds: Each team has 2 to 4 people." in text_of(answer)
    assert "Team 1 : Each team has 2 to 4 people." in text_of(answer)
    answer = board.move(board.late, 1)
    assert "Holds again: Each team has 2 to 4 people." in text_of(answer)
    assert cards(answer) == [1]
    assert 'id="unplaced"' in answer.content.decode()


def test_whoever_looked_at_an_older_board_gets_all_of_it(board):
    answer = board.client.post(
        board.page("move/"), {"participant": board.people[0].pk, "seen": 1, "to": 2, "version": board.version() - 1}, headers=PART
    )
    assert cards(answer) == [1, 2, 3, 4]


def test_a_team_is_named_by_its_number_or_by_somebody_in_it(board):
    for text, number in (("3", 3), ("Team 4", 4), ("ada 2.2", 2)):
        assert board.move(board.people[0], text).status_code == 200
        assert board.at(board.people[0]) == number
    for text, sentence in (
        ("Zoe", "Nobody who can be placed is called “Zoe”."),
        ("Ada", "“Ada” can be several people: Ada 1.1, Ada 1.2"),
        ("99", "There is no team 99; the teams are numbered 1 to 4."),
    ):
        refused = board.move(board.people[0], text)
        assert refused.status_code == 400
        assert sentence in text_of(refused)
    assert board.at(board.people[0]) == 2
    Participant.objects.filter(pk=board.people[11].pk).update(name="Фёдар Ўладзіміраў")
    assert board.move(board.people[0], "федар у").status_code == 200
    assert board.at(board.people[0]) == 4


def test_a_name_that_ends_in_a_number_is_a_name(board):
    Participant.objects.filter(pk=board.people[6].pk).update(name="School 1")
    board.move(board.people[0], "School 1")
    assert board.at(board.people[0]) == 3
    board.move(board.people[0], "Team 2")
    assert board.at(board.people[0]) == 2


def test_two_change_places_by_name(board):
    answer = board.move(board.people[0], "ada 2.1", exchange="1")
    assert "Ada 1.1: team 1 → team 2; Ada 2.1: team 2 → team 1." in text_of(answer)
    assert (board.at(board.people[0]), board.at(board.people[3])) == (2, 1)
    refused = board.move(board.people[0], "Late Lena", exchange="1")
    assert (refused.status_code, board.at(board.people[0])) == (400, 2)
    assert board.move(board.people[0], "Ada", exchange="1").status_code == 400


def test_what_belongs_to_another_event_is_not_there(board):
    """T7, T9, T10: a stranger's board, a person and a roster of another event."""
    foreign = make_board(mail="other@example.org")
    assert board.move(foreign.people[0], 1, seen="").status_code == 400
    assert board.client.get(board.page(f"people/{foreign.people[0].pk}/")).status_code == 404
    assert board.client.get(foreign.page()).status_code == 404
    assert board.client.get(board.page("teams/99/")).status_code == 404
    assert board.client.get(board.page("beside/"), {"with": foreign.roster.pk}).status_code == 404
    make_role(board.facilitator, foreign.event.programme, "facilitator", foreign.event)
    for answer in (
        board.client.get(board.page("beside/"), {"with": foreign.roster.pk}),
        board.post("take-over/", part=False, other=foreign.roster.pk, team=1),
    ):
        assert answer.status_code == 400
        assert "Compare with another roster of the same event." in text_of(answer)
    assert RosterMove.objects.count() == 0


def test_two_move_the_same_person_and_the_second_decides(board):
    """F17: 409 with where the person is now; applied anyway, or kept."""
    ada, other = board.people[0], visitor(board.colleague())
    board.move(ada, 3, client=other)
    for part in (True, False):
        refused = board.move(ada, 2, seen=1, part=part)
        assert refused.status_code == 409
        assert "Somebody has moved this person since you looked: now in team 3." in text_of(refused)
        assert board.at(ada) == 3
    wanted = dict(re.findall(r'<input type="hidden" name="(participant|seen|to|swap)" value="([^"]*)">', refused.content.decode()))
    assert wanted == {"participant": str(ada.pk), "seen": "3", "to": "2", "swap": ""}
    assert board.post("move/", anyway="1", **wanted).status_code == 200
    assert board.at(ada) == 2
    assert Seat.objects.filter(roster=board.roster, participant=ada).count() == 1


def test_twenty_moves_are_taken_back_one_by_one(board):
    before = {person.pk: board.at(person) for person in [*board.people, board.late]}
    for turn in range(20):
        board.move(board.people[turn % 7], turn % 4 + 1 if turn % 4 + 1 != board.at(board.people[turn % 7]) else "none")
    assert RosterMove.objects.filter(roster=board.roster).count() == 20
    for left in range(19, -1, -1):
        told = text_of(board.post("undo/"))
        assert told.startswith(f"Undo {left} Taken back: Ada" if left else "Undo Taken back: Ada")
    assert {person.pk: board.at(person) for person in [*board.people, board.late]} == before
    assert "There is nothing to take back." in text_of(board.post("undo/"))


def test_pin_and_lock_hold_and_are_said(board):
    ada = board.people[0]
    assert "Ada 1.1 is pinned to team 1." in text_of(board.post("pin/", participant=ada.pk, pinned="1"))
    assert "Nothing changed: it is so already." in text_of(board.post("pin/", participant=ada.pk, pinned="1"))
    answer = board.post("lock/", team=1, locked="1")
    assert (cards(answer), "Team 1 is locked." in text_of(answer)) == ([1], True)
    refused = board.move(ada, 2)
    assert (refused.status_code, board.at(ada)) == (409, 1)
    assert "Team 1 is locked. Unlock it first." in text_of(refused)


def test_without_script_a_change_leads_back_to_the_board(board):
    ada = board.people[0]
    answer = board.move(ada, 2, part=False)
    assert (answer.status_code, answer["Location"]) == (302, f"{board.page()}#person-{ada.pk}")
    assert "Ada 1.1: team 1 → team 2." in text_of(board.client.get(board.page()))
    assert "Move to" in text_of(board.client.get(board.page(f"people/{ada.pk}/")))
    assert "Ada 1.3" in text_of(board.client.get(board.page(), {"q": "1.3"}))
    assert board.post("undo/", part=False).status_code == 302
    assert board.at(ada) == 1


def test_an_open_board_hears_of_others_and_is_else_answered_nothing(board):
    def now(**asked):
        return board.client.get(board.page("now/"), {"version": board.version(), "others": "", **asked}, headers=PART)

    assert now().status_code == 204
    colleague = board.colleague()
    visitor(colleague).get(board.page())
    heard = now()
    assert "Also working here: Pavel" in text_of(heard)
    assert cards(heard) == []
    assert now(others=str(colleague.pk)).status_code == 204
    assert cards(now(version=0)) == [1, 2, 3, 4]


def test_an_organiser_looks_and_has_nothing_to_press(board):
    organiser = make_user()
    make_role(organiser, board.event.programme, "organiser")
    page = visitor(organiser).get(board.page()).content.decode()
    assert cards(visitor(organiser).get(board.page())) == [1, 2, 3, 4]
    assert 'draggable="true"' not in page
    assert board.page("undo/") not in page
    for panel in (f"people/{board.late.pk}/", "teams/1/"):
        part = visitor(organiser).get(board.page(panel), headers=PART).content.decode()
        assert "<form" not in part
        assert "<h1" in part


def test_names_are_inert_on_every_page():
    """T57."""
    board = make_board(person=SCRIPT, event=SCRIPT, facilitator=SCRIPT)
    Participant.objects.filter(pk=board.late.pk).update(name=SCRIPT)
    board.roster.teams.update(name=SCRIPT, place=SCRIPT, task=SCRIPT)
    other = board.draft()
    pages = ["/facilitate/", *map(board.event_page, ("teams/", "rules/?add=pin"))]
    pages += map(board.page, ("", "?q=alert", f"people/{board.late.pk}/", "teams/1/", "beside/", f"beside/?with={other.pk}", "publish/"))
    for path in pages:
        page = board.client.get(path).content.decode()
        assert "&lt;script&gt;alert(1)" in page, path
        assert SCRIPT not in page, path
    assert SCRIPT not in board.move(board.late, 1).content.decode()


# --- publishing -------------------------------------------------------------------------------------------------------
def test_publishing_is_asked_about_once_and_taken_back(board):
    told = text_of(board.client.get(board.page("publish/")))
    assert "People who will see their team and are told: 12 . People without a team: 1." in told
    assert Roster.objects.get(pk=board.roster.pk).state == "draft"
    assert board.post("publish/", part=False)["Location"] == board.page()
    second = board.draft()
    assert "in place of" not in told
    assert "These teams take the place of those that are published now." in text_of(board.client.get(board.page("publish/", second)))
    board.client.post(board.page("publish/", second))
    states = lambda: list(Roster.objects.order_by("number").values_list("state", flat=True))  # noqa: E731
    assert states() == ["aside", "published"]
    board.client.post(board.page("take-back/", second))
    assert states() == ["published", "draft"]
    told = Intent.objects.filter(kind="team", recipient=board.people[0])
    assert told.count() == 3, "each publishing is told, of the first teams again too"
    board.client.post(board.page("take-back/"))
    assert states() == ["draft", "draft"]
    assert board.client.post(board.page("take-back/")).status_code == 409
    assert AuditEntry.objects.filter(action="roster.taken_back").count() == 2
    assert list(i7(board.event)) == []


def test_newer_hand_moves_of_what_is_published_are_not_lost_unseen(board):
    draft = board.draft()
    board.post("publish/", part=False)
    board.move(board.people[0], 2)
    refused = board.client.post(board.page("publish/", draft))
    assert refused.status_code == 409
    assert "The published teams were changed by hand since these were begun (moves: 1)." in text_of(refused)
    assert "Publish these anyway" in text_of(refused)
    board.client.post(board.page("publish/", draft), {"anyway": "1"})
    assert Roster.objects.get(pk=draft.pk).state == "published"
