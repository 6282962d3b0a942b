"""Blocks over HTTP: immediate, silent, both ways."""

import pytest

from matchmaking.models import Block
from tests.answers import make_two
from tests.factories import make_event, make_participant, make_role, make_user

pytestmark = pytest.mark.django_db
LIST = "/api/v1/blocks/"


def block(two, who, whom):
    return two.client(who).post(LIST, {"participant": whom.pk})


def test_a_block_is_made_once_and_listed_to_its_maker_alone():
    two = make_two()
    made, again = block(two, two.ada, two.ben), block(two, two.ada, two.ben)
    row = Block.objects.get()
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == again.json() == {"id": row.pk, "participant": {"id": two.ben.pk, "name": "Ben"}, "since": made.json()["since"]}
    assert two.client(two.ada).get(LIST).json()["results"] == [made.json()]
    assert two.client(two.ben).get(LIST).json()["results"] == []


@pytest.mark.parametrize("maker", ["ada", "ben"])
def test_t6_for_both_the_suggestion_is_as_if_it_had_never_been(maker):
    two = make_two()
    assert two.answer(two.ada).status_code == 200
    by, whom = (two.ada, two.ben) if maker == "ada" else (two.ben, two.ada)
    assert block(two, by, whom).status_code == 201
    for who in (two.ada, two.ben):
        client = two.client(who)
        never = client.get("/api/v1/suggestions/123456789/")
        gone = [client.get(two.path()), two.answer(who), two.answer(who, "decline"), client.delete(two.path("response"))]
        assert [(one.status_code, one.content) for one in gone] == [(404, never.content)] * 4
        assert client.get("/api/v1/suggestions/").json()["results"] == []


def test_t1_nobody_can_block_somebody_they_cannot_see():
    two = make_two()
    stranger = make_participant(make_event().programme)
    refused, never = block(two, two.ada, stranger), two.client(two.ada).post(LIST, {"participant": 123456789})
    assert (refused.status_code, refused.content) == (404, never.content)
    assert block(two, two.ada, two.cleo).status_code == 404, "of the same event, but neither suggested nor listed"
    assert not Block.objects.exists()
    two.cleo.listed = True
    two.cleo.save()
    assert block(two, two.ada, two.cleo).status_code == 201


def test_staff_who_take_no_part_block_nobody():
    two = make_two()
    organiser = make_user()
    make_role(organiser, two.event.programme)
    client = two.client(type(two.ada)(user=organiser))
    assert client.post(LIST, {"participant": two.ben.pk}).status_code == 403
    assert not Block.objects.exists()


@pytest.mark.parametrize("body", [{}, {"participant": "x"}, {"participant": 0}, {"participant": 1, "by": 2}])
def test_unusable_blocks_are_refused(body):
    two = make_two()
    assert two.client(two.ada).post(LIST, body).status_code == 400
    assert two.client(two.ada).post(LIST, {"participant": two.ada.pk}).status_code == 400
    assert not Block.objects.exists()


def test_only_the_maker_takes_a_block_back():
    two = make_two()
    number = block(two, two.ada, two.ben).json()["id"]
    refused, never = two.client(two.ben).delete(f"{LIST}{number}/"), two.client(two.ben).delete(f"{LIST}123456789/")
    assert (refused.status_code, refused.content) == (404, never.content)
    assert Block.objects.count() == 1
    assert two.client(two.ada).delete(f"{LIST}{number}/").status_code == 204
    assert not Block.objects.exists()
    assert two.client(two.ada).get("/api/v1/suggestions/").json()["results"] == [], "what vanished stays away"


@pytest.mark.parametrize("count", [1, 3])
def test_listing_blocks_costs_the_same_for_any_length(count, django_assert_num_queries):
    two = make_two()
    for _ in range(count):
        other = make_participant(two.event.programme, event=two.event, listed=True)
        assert block(two, two.ada, other).status_code == 201
    client = two.client(two.ada)
    with django_assert_num_queries(1):
        rows = client.get(LIST).json()["results"]
    assert len(rows) == count
