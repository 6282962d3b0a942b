"""S3: the suggestions' page, without script and by parts."""

import re
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from matchmaking.models import Block, Consent, Pair, Response, Run, Shortfall, Suggestion
from tests.answers import assert_invariants, make_two, person
from tests.factories import make_suggestion, make_user, told_of
from tests.web.visits import PART, text_of, visitor

pytestmark = pytest.mark.django_db
PAGE = "/suggestions/"


def path(two, step=""):
    return f"{PAGE}{two.suggestion.pk}/{step}"


def answer(client, two, **said):
    return client.post(path(two, "answer/"), said)


def test_a_card_says_why_in_both_directions_and_what_does_not_fit():
    two = make_two()
    unmet, met = [["need", 0.0, ["unmet:=posters"]]], [["need", 0.9, ["=rooms>=rooms"]]]
    Suggestion.objects.update(**told_of(*((met, unmet) if two.ada.pk < two.ben.pk else (unmet, met))))
    told = text_of(visitor(two.ada).get(PAGE))
    parts = ["Ben", "business", "Ben's house", "Minsk", "For you", "You are looking for “rooms”, and Ben offers this.",
             "For the other side", "What does not fit: you do not offer what Ben is looking for: “posters”.", "No", "Yes",
             "Not for me because …"]  # fmt: skip
    places = [told.find(part) for part in parts]
    assert -1 not in places, dict(zip(parts, places, strict=True))
    assert places == sorted(places)
    assert "%" not in told
    assert not re.search(r"\d[.,]\d\d", told), "no scores"


@pytest.mark.parametrize(("said", "kept"), [("accept", "You said yes."), ("decline", "You said no.")])
def test_an_answer_is_given_and_undone_without_script(said, kept):
    two = make_two()
    client = visitor(two.ada)
    given = answer(client, two, answer=said)
    assert (given.status_code, given["Location"]) == (302, path(two))
    assert two.answers() == {"Ada": said}
    assert kept in text_of(client.get(given["Location"]))
    answer(client, two, answer="undo")
    assert two.answers() == {}
    assert kept not in text_of(client.get(path(two)))


def test_a_part_of_the_page_answers_what_htmx_asks():
    two = make_two()
    given = visitor(two.ada).post(path(two, "answer/"), {"answer": "accept"}, headers=PART)
    told = given.content.decode()
    assert (given.status_code, "<html" in told, told.count("<article")) == (200, False, 1)
    assert 'value="undo"' in told
    assert "csrfmiddlewaretoken" in told


def test_not_for_me_because_keeps_the_reason_and_tells_nobody():
    two = make_two()
    answer(visitor(two.ada), two, answer="decline", reason="far")
    assert [row.reason for row in Response.objects.all()] == ["far"]
    assert "You said" not in text_of(visitor(two.ben).get(PAGE))


@pytest.mark.parametrize("said", [{}, {"answer": "maybe"}, {"answer": "decline", "reason": "ugly"}, {"answer": "accept", "shares": "home"}])
def test_an_answer_that_cannot_be_used_is_refused(said):
    two = make_two()
    refused = answer(visitor(two.ada), two, **said)
    assert (refused.status_code, "cannot be used" in text_of(refused)) == (400, True)
    assert two.answers() == {}
    assert answer(visitor(two.ada), two, answer="accept").status_code == 302


def test_the_first_yes_asks_which_contacts_partners_may_see():
    two = make_two()
    client = visitor(two.ada)
    answer(client, two, answer="accept")
    page = client.get(path(two)).content.decode()
    assert re.findall(r'name="shares" value="(\w+)"', page) == ["mail", "phone", "telegram"]
    assert "checked" not in page, "nothing is ticked beforehand (P1)"
    answer(client, two, answer="accept", choosing="1", shares=["mail"])
    two.ada.refresh_from_db()
    assert two.ada.shares == ["mail"]
    assert Consent.objects.filter(participant=two.ada, purpose="contacts", withdrawn_at=None).count() == 1
    assert 'name="shares"' not in client.get(path(two)).content.decode()


def test_contacts_chosen_after_both_said_yes_are_opened_at_once():
    two = make_two()
    answer(visitor(two.ben), two, answer="accept")
    client = visitor(two.ada)
    answer(client, two, answer="accept")
    answer(client, two, answer="accept", choosing="1", shares=["phone"])
    assert "+375 Ada" in text_of(visitor(two.ben).get("/contacts/"))
    assert "You both said yes." in text_of(client.get(f"{PAGE}?show=answered"))
    assert_invariants(two.event)


def test_t5_no_contact_is_in_the_page_before_both_said_yes():
    two = make_two()
    answer(visitor(two.ada), two, answer="accept", choosing="1", shares=["mail", "phone", "telegram"])
    for page in (PAGE, path(two), "/contacts/", "/my-data/my-data.html"):
        source = visitor(two.ben).get(page).content.decode()
        assert [contact for contact in ("ada@example.org", "+375 Ada", "@ada") if contact in source] == [], page
    answer(visitor(two.ben), two, answer="accept")
    assert "ada@example.org" in visitor(two.ben).get("/contacts/").content.decode()


def test_five_at_a_time_and_the_others_further_down():
    two = make_two()
    for number in range(7):
        make_suggestion(two.suggestion.run, two.ada, person(two.event, f"P{number}"), rank_a=number + 2, rank_b=number + 2)
    client = visitor(two.ada)
    first = client.get(PAGE).content.decode()
    assert (first.count("<article"), "To answer: 8" in text_of(client.get(PAGE))) == (5, True)
    more = re.search(r'href="(\?from=5[^"]*)"', first)[1]
    rest = client.get(PAGE + more, headers=PART).content.decode()
    assert (rest.count("<article"), "<html" in rest, "from=" in rest) == (3, False, False)


@pytest.mark.parametrize("count", [1, 5])
def test_the_page_costs_the_same_for_any_number(count, django_assert_num_queries):
    two = make_two()
    for number in range(count - 1):
        make_suggestion(two.suggestion.run, two.ada, person(two.event, f"P{number}"))
    client = visitor(two.ada)
    client.get(PAGE)
    with django_assert_num_queries(11):
        page = client.get(PAGE).content.decode()
    assert page.count("<article") == count


def test_somebody_elses_suggestion_reads_like_none():
    two = make_two()
    for step, send in (("", "get"), ("answer/", "post")):
        foreign = getattr(visitor(two.cleo), send)(path(two, step), {"answer": "accept"})
        never = getattr(visitor(two.cleo), send)(f"{PAGE}123/{step}", {"answer": "accept"})
        assert (foreign.status_code, text_of(foreign).split("tell this id")[0]) == (404, text_of(never).split("tell this id")[0])
    assert two.answers() == {}


def test_an_answer_that_comes_too_late_says_so():
    two = make_two()
    Pair.objects.update(expires_at=timezone.now())
    for headers in ({}, PART):
        refused = visitor(two.ada).post(path(two, "answer/"), {"answer": "accept"}, headers=headers)
        assert (refused.status_code, "The time to answer is over." in text_of(refused)) == (409, True)
        assert ("<html" in refused.content.decode()) == (not headers)
    assert two.answers() == {}


def test_a_block_takes_the_person_away_at_once_and_can_be_taken_back():
    two = make_two()
    client = visitor(two.ada)
    done = client.post(f"/people/{two.ben.pk}/block/", headers=PART)
    assert "You will not be brought together any more." in text_of(done)
    assert "Ben" not in text_of(client.get(PAGE))
    assert "Ada" not in text_of(visitor(two.ben).get(PAGE))
    assert "Ben" in text_of(client.get("/my-data/"))
    client.post(f"/blocks/{Block.objects.get().pk}/take-back/")
    assert Block.objects.count() == 0


# --- states -----------------------------------------------------------------------------------------------------------
def test_honest_silence_says_why_and_which_answer_would_help():
    two = make_two()
    Shortfall.objects.create(run=two.suggestion.run, participant=two.cleo, given=0, cause="nobody_above_threshold", missing="languages")
    page = visitor(two.cleo).get(PAGE)
    assert "we would rather say so than suggest just anybody. What would help most: say which languages you speak." in text_of(page)
    assert f'href="/profile/{two.cleo.pk}/#languages"' in page.content.decode()


def test_empty_pages_say_what_now():
    two = make_two()
    stranger = make_user()
    assert "You do not take part in a programme yet." in text_of(visitor(stranger).get(PAGE))
    Consent.objects.filter(participant=two.cleo).update(withdrawn_at=timezone.now())
    assert "Nothing can be suggested to you until you agree to it." in text_of(visitor(two.cleo).get(PAGE))
    client = visitor(two.ada)
    assert "You have not answered anything yet." in text_of(client.get(f"{PAGE}?show=answered"))
    answer(client, two, answer="decline")
    assert "You have answered everything." in text_of(client.get(PAGE))


def test_the_page_says_as_of_when():
    two = make_two()
    Run.objects.update(published_at=datetime(2026, 11, 24, 9, 4, tzinfo=UTC))
    assert "As of: 24 November 2026, 12:04" in text_of(visitor(two.ada).get(PAGE)), "on the clock of Minsk"
