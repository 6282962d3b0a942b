"""Introductions over HTTP: contacts are there when both sides opened them, and nowhere else."""

import pytest
from django.utils import timezone

from matchmaking.models import AuditEntry, Consent, FollowUp, IdempotencyKey, Introduction, Registration
from matchmaking.services import blocks, consents
from tests.answers import make_two, person
from tests.factories import make_suggestion

pytestmark = pytest.mark.django_db
LIST = "/api/v1/introductions/"


def read(two, who):
    return two.client(who).get(LIST).json()["results"]


def test_both_read_the_contacts_the_other_chose():
    two = make_two()
    assert two.answer(two.ada, shares=["mail", "telegram"]).status_code == 200
    assert two.answer(two.ben, shares=["phone"]).status_code == 200
    introduction = Introduction.objects.get()
    [row] = read(two, two.ada)
    assert row == {
        "id": introduction.pk,
        "event": {"id": two.event.pk, "name": two.event.name},
        "partner": {"id": two.ben.pk, "name": "Ben", "organisation": "Ben's house"},
        "contacts": {"phone": "+375 Ben"},
        "my_shares": ["mail", "telegram"],
        "since": row["since"],
        "met_at": None,
        "next_step": "",
        "meets_at": None,
    }
    assert read(two, two.ben)[0]["contacts"] == {"mail": "ada@example.org", "telegram": "@ada"}
    assert two.client(two.ada).get(f"{LIST}{introduction.pk}/").json() == row


@pytest.mark.parametrize("answers", [(), ("ada",), ("ben",)])
def test_t5_before_both_said_yes_there_is_no_contact_anywhere(answers):
    two = make_two()
    for name in answers:
        assert two.answer(getattr(two, name), shares=["mail", "phone", "telegram"]).status_code == 200
    for who in (two.ada, two.ben):
        texts = [two.client(who).get(path).content.decode() for path in ("/api/v1/suggestions/", two.path(), LIST)]
        assert not [text for text in texts if "@" in text or "+375" in text or "mail" in text or "phone" in text]
        assert read(two, who) == []
    for name in {"ada", "ben"} - set(answers):
        assert two.answer(getattr(two, name), shares=["mail"]).status_code == 200
    assert "mail" in read(two, two.ada)[0]["contacts"]


def test_t5_what_is_not_shared_is_no_key():
    two = make_two()
    two.introduce()
    assert [row["contacts"] for row in read(two, two.ada)] == [{}]
    two.ben.phone = ""
    two.ben.save()
    two.client(two.ben).patch(f"{LIST}{Introduction.objects.get().pk}/", {"shares": ["phone", "mail"]})
    assert [row["contacts"] for row in read(two, two.ada)] == [{"mail": "ben@example.org"}]


def block(two):
    blocks.block(by=two.ben, whom=two.ada)


def close(two):
    assert two.client(two.ben).post(f"{LIST}{Introduction.objects.get().pk}/close/").status_code == 204


def leave(two):
    Registration.objects.filter(participant=two.ben).update(state="withdrawn")


def withdraw_consent(two):
    consents.withdraw(participant=two.ben, purpose="contacts", by=two.ben.user)


def erase(two):
    two.ben.delete()


@pytest.mark.parametrize("end", [block, close, leave, withdraw_consent, erase])
def test_t6_contacts_are_gone_at_once_after(end):
    two = make_two()
    introduction = two.introduce(shares=["mail", "phone", "telegram"])
    path = f"{LIST}{introduction.pk}/"
    assert two.client(two.ada).get(path).json()["contacts"]["mail"] == "ben@example.org"
    end(two)
    gone, never = two.client(two.ada).get(path), two.client(two.ada).get(f"{LIST}123456789/")
    assert (gone.status_code, gone.content) == (404, never.content)
    assert read(two, two.ada) == read(two, two.ben) == []
    assert "ben@example.org" not in two.client(two.ada).get("/api/v1/suggestions/").content.decode()


def test_t6_a_withdrawn_consent_hides_contacts_even_where_nothing_else_was_done():
    two = make_two()
    two.introduce(shares=["mail"])
    Consent.objects.filter(participant=two.ben, purpose="contacts").update(withdrawn_at=timezone.now())
    assert [row["contacts"] for row in read(two, two.ada)] == [{}]
    assert [row["contacts"] for row in read(two, two.ben)] == [{"mail": "ada@example.org"}]


def test_contacts_are_chosen_and_taken_back():
    two = make_two()
    path = f"{LIST}{two.introduce(shares=['mail', 'phone']).pk}/"
    changed = two.client(two.ben).patch(path, {"shares": ["telegram"]})
    assert (changed.status_code, changed.json()) == (200, {"id": Introduction.objects.get().pk, "my_shares": ["telegram"]})
    assert read(two, two.ada)[0]["contacts"] == {"telegram": "@ben"}
    assert two.client(two.ben).patch(path, {"shares": []}).status_code == 200
    assert read(two, two.ada)[0]["contacts"] == {}
    assert read(two, two.ben)[0]["contacts"] == {"mail": "ada@example.org", "phone": "+375 Ada"}


def test_t6_what_is_stored_for_a_retry_holds_nothing_of_the_other_side():
    two = make_two()
    key = {"headers": {"Idempotency-Key": "k"}}
    assert two.answer(two.ada, shares=["mail"]).status_code == 200
    assert two.client(two.ben).post(two.path("response"), {"answer": "accept"}, **key).status_code == 200
    key["headers"]["Idempotency-Key"] = "l"
    assert two.client(two.ben).patch(f"{LIST}{Introduction.objects.get().pk}/", {"shares": ["phone"]}, **key).status_code == 200
    stored = " ".join(str(body) for body in IdempotencyKey.objects.values_list("body", flat=True))
    assert IdempotencyKey.objects.count() == 2
    assert "ada@example.org" not in stored
    assert "Ada" not in stored


@pytest.mark.parametrize("body", [{}, {"shares": ["home"]}, {"shares": "mail"}, {"shares": [], "contacts": {"mail": "x"}}])
def test_unusable_choices_are_refused(body):
    two = make_two()
    path = f"{LIST}{two.introduce(shares=['mail']).pk}/"
    assert two.client(two.ben).patch(path, body).status_code == 400
    assert read(two, two.ada)[0]["contacts"] == {"mail": "ben@example.org"}


@pytest.mark.parametrize("method", ["get", "patch", "close"])
def test_somebody_elses_introduction_reads_like_none(method):
    two = make_two()
    introduction = two.introduce(shares=["mail"])

    def ask(who, number):
        client, path = two.client(who), f"{LIST}{number}/"
        return (
            client.post(f"{path}close/")
            if method == "close"
            else getattr(client, method)(path, {"shares": ["mail"]} if method == "patch" else None)
        )

    refused, never = ask(two.cleo, introduction.pk), ask(two.cleo, 123456789)
    assert (refused.status_code, refused.content) == (404, never.content)
    assert ask(two.ada, introduction.pk).status_code == (204 if method == "close" else 200)


def test_t33_keys_of_an_introduction():
    two = make_two()
    two.introduce(shares=["mail", "phone", "telegram"])
    [row] = read(two, two.ada)
    assert {name: list(value) if isinstance(value, dict) else None for name, value in row.items()} == {
        "id": None,
        "event": ["id", "name"],
        "partner": ["id", "name", "organisation"],
        "contacts": ["mail", "phone", "telegram"],
        "my_shares": None,
        "since": None,
        "met_at": None,
        "next_step": None,
        "meets_at": None,
    }


def test_each_side_notes_for_itself_that_they_met_and_what_comes_next():
    two = make_two()
    path = f"{LIST}{two.introduce(shares=['mail']).pk}/"
    body = {"met": True, "next_step": "Bring posters", "meets_at": "2026-12-01T15:30:00Z"}
    noted = two.client(two.ada).post(f"{path}note/", body).json()
    assert (noted["met_at"] is not None, noted["next_step"], noted["meets_at"]) == (True, "Bring posters", "2026-12-01T15:30:00Z")
    assert two.client(two.ada).post(f"{path}note/", {"met": True}).json() == noted, "what is not said stays; the first time counts"
    mine, theirs = (read(two, who)[0] for who in (two.ada, two.ben))
    assert {name: mine[name] for name in noted} == noted
    assert (theirs["met_at"], theirs["next_step"], theirs["meets_at"]) == (None, "", None)
    assert AuditEntry.objects.filter(action="introduction.noted").count() == 1
    assert two.client(two.ada).post(f"{path}note/", {"met": False, "meets_at": None}).json()["met_at"] is None


@pytest.mark.parametrize("body", [{"met": "maybe"}, {"next_step": "a" * 501}, {"meets_at": "soon"}, {"met_at": "2026-12-01T15:30:00Z"}])
def test_unusable_notes_are_refused(body):
    two = make_two()
    path = f"{LIST}{two.introduce(shares=['mail']).pk}/note/"
    assert two.client(two.ada).post(path, body).status_code == 400
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_listing_introductions_costs_the_same_for_any_length(count, django_assert_num_queries):
    two = make_two()
    two.introduce(shares=["mail"])
    for number in range(count - 1):
        other = person(two.event, f"P{number}")
        row = make_suggestion(two.suggestion.run, two.ada, other)
        for who in (two.ada, other):
            assert two.client(who).post(f"/api/v1/suggestions/{row.pk}/response", {"answer": "accept"}).status_code == 200
    client = two.client(two.ada)
    with django_assert_num_queries(2):
        rows = client.get(LIST).json()["results"]
    assert len(rows) == count
