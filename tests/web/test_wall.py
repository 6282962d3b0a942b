"""S9: the wall: as published, names as each agreed, held with one click, gone when it is taken down (P3, T21)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from matchmaking.models import AuditEntry, Consent, Event, Participant, Registration, Roster, Team, TeamRules, Wall
from matchmaking.selectors import walls
from matchmaking.services import walls as walls_service
from tests.answers import person
from tests.factories import make_event, make_role, make_roster, make_user
from tests.web.visits import PART, text_of, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(db):
    return make_event(name="Evening", ends_at=timezone.now() + timedelta(hours=5))


@pytest.fixture
def desk(event):
    user = make_user()
    make_role(user, event.programme, "facilitator", event)
    return visitor(user)


@pytest.fixture
def people(event):
    """Ada chose to be found by others, Boris did not, Kid is marked a minor."""
    made = [person(event, name, listed=listed) for name, listed in (("Ada Kulesh", True), ("Boris Novak", False), ("Kid Small", True))]
    roster = make_roster(event, made[:2], made[2:], state="published")
    Team.objects.filter(roster=roster, number=1).update(place="Table 10", name="Lamps", task="Light the yard")
    Team.objects.filter(roster=roster, number=2).update(place="Table 9")
    TeamRules.objects.update(rules=[*roster.rules.rules, {"kind": "mark", "mark": "Minor", "people": [made[2].pk]}])
    return made


def step(desk, event, name):
    return desk.post(f"/facilitate/events/{event.pk}/wall/", {"step": name})


def put_up(desk, event):
    assert step(desk, event, "put-up").status_code == 302
    return f"/wall/{Wall.objects.get(revoked_at=None).token}/"


def seen_of(address, query=""):
    return text_of(Client().get(f"{address}{query}"))


def test_teams_stand_by_place_and_people_as_each_agreed(event, desk, people):
    address = put_up(desk, event)
    page = seen_of(address)
    assert page.index("Table 9") < page.index("Table 10"), "numbers in places count as numbers"
    for told in ("Team 1 · Lamps", "Ada Kulesh", "B. N.", "a participant", "Light the yard"):
        assert told in page
    assert not {"Boris", "Novak", "Kid", "Small", "K."} & set(page.split())
    Consent.objects.filter(participant=people[0]).delete()
    Registration.objects.filter(participant=people[1]).update(state="withdrawn")
    assert not {"Ada", "B."} & set(seen_of(address).split()), "who takes no part any more is gone at once"


def test_somebody_is_found_by_the_name_that_is_shown(event, desk, people):
    address = put_up(desk, event)
    names = seen_of(address, "?list=names")
    assert names.index("Ada Kulesh Table 10") < names.index("B. N. Table 10")
    assert "a participant" not in names
    assert "Ada Kulesh Table 10" in seen_of(address, "?q=kul")
    assert "B. N. Table 10" in seen_of(address, "?q=b n")
    assert "Nobody of this name." in seen_of(address, "?q=boris"), "a hidden name cannot be asked for either"


def test_a_screen_asks_whether_anything_changed_and_follows_what_is_published(event, desk, people, django_assert_num_queries):
    address = put_up(desk, event)
    first = Client().get(f"{address}?page=1")
    again = f"{address}?page=1&seen={first.context['seen']}"
    with django_assert_num_queries(6):
        assert Client().get(again, headers=PART).status_code == 204
    Participant.objects.filter(pk=people[0].pk).update(listed=False)
    assert "A. K." in text_of(Client().get(again, headers=PART)), "a choice taken back counts as fast as a publication"
    Roster.objects.update(state="aside")
    make_roster(event, [people[1]], state="published")
    followed = text_of(Client().get(again, headers=PART))
    assert ("B. N." in followed, "Lamps" in followed) == (True, False)


def test_held_it_stays_as_it_was_but_for_who_leaves(event, desk, people):
    address = put_up(desk, event)
    step(desk, event, "freeze")
    Roster.objects.update(state="aside")
    make_roster(event, [people[1]], state="published")
    page = seen_of(address)
    assert ("Held as it was" in page, "Table 9" in page, "Ada Kulesh" in page) == (True, True, True)
    Registration.objects.filter(participant=people[0]).update(state="withdrawn")
    assert "Ada" not in seen_of(address)
    step(desk, event, "follow")
    assert ("Table 9" in seen_of(address), Wall.objects.get().frozen) == (False, [])
    assert list(AuditEntry.objects.filter(noun="wall").order_by("created_at").values_list("action", flat=True)) == [
        "wall.put_up", "wall.frozen", "wall.let_go",
    ]  # fmt: skip


def test_without_names_it_only_counts(event, desk, people):
    address = put_up(desk, event)
    step(desk, event, "no-names")
    page = seen_of(address, "?q=ada")
    assert ("People: 2" in page, "Ada" in page, "By name" in page) == (True, False, False)


def test_a_link_ends_when_it_is_taken_down_or_the_event_is_over(event, desk, people):
    address = put_up(desk, event)
    assert put_up(desk, event) == address, "one link for all screens"
    event.ends_at = timezone.now() - timedelta(minutes=1)
    event.save()
    assert Client().get(address).status_code == 404
    assert step(desk, event, "put-up").status_code == 409
    event.ends_at = None
    event.save()
    assert Client().get(address).status_code == 200
    step(desk, event, "take-down")
    for dead in (address, "/wall/222222222222/"):
        gone = Client().get(dead)
        assert (gone.status_code, "There is no such wall." in text_of(gone)) == (404, True)
    polled = Client().get(address, headers=PART)
    assert (polled.status_code, "Ada" in text_of(polled)) == (286, False), "a screen that still asks is emptied, and told to stop"
    assert put_up(desk, event) != address


def test_the_link_reads_one_page_and_nothing_else(event, desk, people):
    address = put_up(desk, event)
    strict = Client(enforce_csrf_checks=True)
    assert [strict.generic(verb, address).status_code for verb in ("POST", "PUT", "DELETE", "PATCH")] == [403] * 4
    assert len(address) == len("/wall/") + 12 + 1


def test_what_people_wrote_does_nothing_there(event, desk, people):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    Team.objects.update(place=evil, name=evil[:32], task=evil)
    Participant.objects.filter(pk=people[0].pk).update(name=evil[:24])
    event.name = evil
    event.save()
    address = put_up(desk, event)
    for page in (Client().get(address), Client().get(f"{address}?list=names"), visitor(people[0]).get("/team/")):
        source = page.content.decode()
        assert ("&lt;script&gt;" in source, "<script>alert" in source, "<img src=x" in source) == (True, False, False)


def test_guessing_links_is_slowed_down(event, settings):
    settings.THROTTLES = {**settings.THROTTLES, "wall-address": "3/minute"}
    was = walls_service.put_up(event=event, by=make_user())
    walls_service.take_down(wall=was, by=make_user())
    assert [Client().get("/wall/222222222222/").status_code for _ in range(5)] == [404, 404, 404, 429, 429]
    assert {Client().get(f"/wall/{was.token}/", headers=PART).status_code for _ in range(5)} == {286}, "all screens of a hall go empty"


def test_an_event_without_an_end_gets_a_new_wall_when_the_old_one_has_run_out(event):
    Event.objects.filter(pk=event.pk).update(ends_at=None)
    event.refresh_from_db()
    was = walls_service.put_up(event=event, by=make_user())
    Wall.objects.filter(pk=was.pk).update(created_at=timezone.now() - timedelta(days=8))
    now = walls_service.put_up(event=event, by=make_user())
    assert (now.pk == was.pk, Client().get(f"/wall/{now.token}/").status_code) == (False, 200)


@pytest.mark.parametrize(
    ("name", "short", "initials"),
    [
        ("Ада Кулеш", "Ада Кулеш", "А. К."),
        ("Alexandra-Katharina von der Konstantinopolskaja", "Alexandra-Katharina v.", "A. K. V. D. K."),
        ("W" * 40, "W" * 22 + "…", "W."),
        ("<b>", "<b>", ""),
    ],
)
def test_a_name_fits_a_line(name, short, initials):
    assert (walls.short(name).casefold(), walls.initials(name)) == (short.casefold(), initials)


def test_pages_turn_by_the_clock_that_all_screens_share():
    turns = [walls.page_at(at, 3) for at in (0, walls.TURN_S - 1, walls.TURN_S, 2 * walls.TURN_S, 3 * walls.TURN_S)]
    assert turns == [1, 1, 2, 3, 1]
    assert walls.page_at(1e9, 0) == 1


@pytest.mark.parametrize(
    ("teams", "members", "with_names", "fits"),
    [
        (20, 3, True, (9, False)), (6, 3, True, (6, True)), (20, 5, True, (6, True)), (20, 6, True, (6, False)), (20, 7, True, (3, True)),
        (20, 7, False, (12, True)), (0, 0, True, (6, True)),
    ],
)  # fmt: skip
def test_a_screen_holds_as_many_teams_as_can_be_read(teams, members, with_names, fits):
    told = [walls.OnWall(number, "", "", "", (walls.Member("Ada", "other"),) * members) for number in range(teams)]
    assert walls.layout(told, with_names) == fits
