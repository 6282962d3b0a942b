"""S5: my team: the place, the members, the task, what is missing; asking for a change, which a person decides (P9)."""

import pytest

from matchmaking.models import AuditEntry, Block, ChangeRequest, Consent, Intent, Roster, Seat, TablePlan, Team
from matchmaking.selectors.own_data import everything
from tests.answers import person
from tests.factories import make_event, make_role, make_roster, make_table_plan, make_user
from tests.web.visits import PART, text_of, visitor

pytestmark = pytest.mark.django_db
PAGE = "/team/"


@pytest.fixture
def event(db):
    return make_event(name="Evening")


@pytest.fixture
def ada(event):
    return person(event, "Ada", sector="education", offers=["graphic design"], needs=["web development"], languages=["be", "de"])


@pytest.fixture
def ben(event):
    return person(event, "Ben", sector="business", offers=["web development"], languages=["de"])


@pytest.fixture
def facilitator(event):
    user = make_user()
    make_role(user, event.programme, "facilitator", event)
    return user


def publish(event, *teams, **said):
    roster = make_roster(event, *teams, state="published")
    Team.objects.filter(roster=roster, number=1).update(**{"place": "Table 7", "name": "Lamps", "task": "Light the yard", **said})
    return roster


def ask(event, who, text="A quieter table"):
    return visitor(who).post(f"{PAGE}{event.pk}/ask/", {"text": text})


def test_the_place_the_task_and_who_brings_what(event, ada, ben):
    publish(event, [ada, ben])
    page = text_of(visitor(ada).get(PAGE))
    assert page.index("Table 7") < page.index("Who is in it"), "the place comes first"
    for told in ("Team 1 · Lamps", "Light the yard", "Ada (you)", "Brings graphic design Looks for web development", "Ben's house"):
        assert told in page
    assert "Languages Belarusian, German" in page
    assert "German" in page.partition("Why you are together")[2], "the language they share"


def test_a_member_who_blocked_one_or_no_longer_agrees_is_not_named(event, ada, ben):
    cleo = person(event, "Cleo")
    publish(event, [ada, ben, cleo])
    assert {"Ben", "Cleo"} <= set(text_of(visitor(ada).get(PAGE)).split())
    Block.objects.create(programme=event.programme, by=ben, whom=ada)
    Consent.objects.filter(participant=cleo).delete()
    assert not {"Ben", "Cleo"} & set(text_of(visitor(ada).get(PAGE)).split())


def test_before_anything_is_published_and_for_who_has_no_team(event, ada, ben):
    make_roster(event, [ada])
    assert "not published yet" in text_of(visitor(ada).get(PAGE))
    Roster.objects.update(state="published")
    assert "You are in no team of this event." in text_of(visitor(ben).get(PAGE))
    Seat.objects.filter(participant=ada).update(participant=None)
    assert "You are in no team of this event." in text_of(visitor(ada).get(PAGE))
    nobody = make_user()
    assert "You take part in no event yet." in text_of(visitor(nobody).get(PAGE))


def test_several_events_are_told_apart_and_tables_of_rounds_are_shown(event, ada):
    second = make_event(event.programme, name="Cafe")
    ada.registrations.create(event=second, state="approved")
    publish(event, [ada])
    plan = make_table_plan(second, [ada], [ada])
    client = visitor(ada)
    assert "Round 1" not in text_of(client.get(f"{PAGE}?event={second.pk}"))
    TablePlan.objects.filter(pk=plan.pk).update(state="published")
    page = text_of(client.get(f"{PAGE}?event={second.pk}"))
    assert "Round 1 Table 1 Round 2 Table 1" in page
    assert "Table 7" not in page
    assert "Table 7" in text_of(client.get(f"{PAGE}?event={event.pk}"))


def test_a_request_is_asked_reworded_and_decided_by_a_person(event, ada, ben, facilitator):
    publish(event, [ada, ben])
    assert ask(event, ada).status_code == 302
    assert ask(event, ada, "Two of\x07 us know each other <b>").status_code == 302
    request = ChangeRequest.objects.get()
    assert (request.text, request.state) == ("Two of us know each other <b>", "open")
    assert "know each other" not in text_of(visitor(ben).get(PAGE)), "facilitators alone read it"
    desk = visitor(facilitator)
    assert "Ada Team 1" in text_of(desk.get(f"/facilitate/events/{event.pk}/requests/"))
    path = f"/facilitate/requests/{request.pk}/decide/"
    assert desk.post(path, {"decision": "declined", "answer": " "}).status_code == 400, "who declines says why"
    assert desk.post(path, {"decision": "declined", "answer": "All tables are full."}).status_code == 302
    assert desk.post(path, {"decision": "declined", "answer": "Again"}).status_code == 302
    assert desk.post(path, {"decision": "done"}).status_code == 409, "decided once"
    page = text_of(visitor(ada).get(PAGE))
    assert "Your request was declined." in page
    assert "The facilitators say: All tables are full." in page
    steps = list(AuditEntry.objects.filter(noun="changerequest").order_by("created_at").values_list("action", flat=True))
    assert steps == ["change.asked", "change.reworded", "change.declined"]
    assert list(Intent.objects.filter(kind="change_decided").values_list("recipient", flat=True)) == [ada.pk], "who asked is told once"
    assert [row["answer"] for row in everything(ada.user)["change_requests"]] == ["All tables are full."]
    assert Seat.objects.get(participant=ada).team.number == 1, "nobody is moved by it"


def test_a_request_can_be_taken_back_and_cannot_be_empty_or_endless(event, ada):
    assert ask(event, ada).status_code == 409, "there are no teams to change"
    publish(event, [ada])
    assert [ask(event, ada, text).status_code for text in (" ", "a" * 501)] == [400, 400]
    ask(event, ada)
    request = ChangeRequest.objects.get()
    assert visitor(ada).post(f"{PAGE}requests/{request.pk}/take-back/").status_code == 302
    request.refresh_from_db()
    assert request.state == "taken_back"


def test_a_facilitator_says_where_teams_sit_and_numbers_the_rest(event, ada, ben, facilitator):
    roster = publish(event, [ada], [ben])
    second = roster.teams.get(number=2)
    desk = visitor(facilitator)
    changed = desk.post(f"/facilitate/teams/{second.pk}/place/", {"name": "Fünf", "task": "Fair"}, headers=PART)
    assert "Saved." in text_of(changed)
    assert desk.post(f"/facilitate/teams/{second.pk}/place/", {"place": "a" * 121}).status_code == 400
    desk.post(f"/facilitate/events/{event.pk}/places/number/", {"word": "Стол"})
    desk.post(f"/facilitate/events/{event.pk}/places/number/", {"word": "Tisch"})
    rows = list(roster.teams.order_by("number").values_list("name", "place", "task"))
    assert rows == [("Lamps", "Table 7", "Light the yard"), ("Fünf", "Стол 2", "Fair")]
    assert AuditEntry.objects.filter(action="roster.places_numbered").count() == 1
    assert "Стол 2" in text_of(visitor(ben).get(PAGE))


@pytest.mark.parametrize("count", [1, 3])
def test_pages_cost_the_same_for_any_length(event, ada, facilitator, count, django_assert_num_queries):
    others = [person(event, f"Guest {number}") for number in range(count)]
    publish(event, [ada, *others])
    for one in others:
        ask(event, one)
    desk, here = visitor(facilitator), f"/facilitate/events/{event.pk}/"
    for client, path, queries in (
        (visitor(ada), PAGE, 14), (desk, f"{here}places/", 7), (desk, f"{here}requests/", 7), (desk, f"{here}print/?q=guest", 9),
    ):  # fmt: skip
        with django_assert_num_queries(queries):
            client.get(path)
