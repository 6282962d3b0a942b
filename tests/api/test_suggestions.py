"""My suggestions, and my answers, over HTTP."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from api.suggestions import SuggestionOut
from matchmaking.models import (
    AuditEntry,
    Consent,
    Introduction,
    Pair,
    Participant,
    Publication,
    Registration,
    Response,
    Role,
    Run,
    Suggestion,
)
from tests.answers import make_two, person
from tests.factories import make_event, make_participant, make_published_run, make_role, make_suggestion, make_user, told_of

pytestmark = pytest.mark.django_db
LIST = "/api/v1/suggestions/"


def keys(value):
    """The key set of an answer: names, and `[]` for what is in a list."""
    if isinstance(value, dict):
        return {name: keys(inner) for name, inner in value.items()} or {}
    return [keys(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


# --- what is told -----------------------------------------------------------------------------------------------------
def test_a_suggestion_says_who_and_why_in_both_directions():
    two = make_two()
    Pair.objects.update(expires_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))
    answer = two.client(two.ada).get(LIST)
    assert answer.status_code == 200
    assert answer.json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "id": two.suggestion.pk,
                "event": {"id": two.event.pk, "name": two.event.name},
                "partner": {
                    "id": two.ben.pk,
                    "name": "Ben",
                    "organisation": "Ben's house",
                    "sector": "business",
                    "sector_key": "business",
                    "city": "Minsk",
                    "languages": ["en", "de"],
                    "industries": [],
                    "offers": ["rooms"],
                    "needs": ["posters"],
                    "about": "Lets.",
                },
                "why": {
                    "for_you": ["You are looking for “rooms”, and Ben offers this.", "You are in the same city: Minsk."],
                    "for_them": ["You offer “posters”, and Ben is looking for this."],
                    "does_not_fit": [],
                },
                "expires_at": "2030-01-02T03:04:05Z",
                "state": "open",
                "my_answer": None,
                "introduced": False,
                "introduction": None,
            }
        ],
    }
    assert two.client(two.ada).get(two.path()).json() == answer.json()["results"][0]


def test_each_side_reads_it_from_where_they_stand():
    two = make_two()
    why = two.client(two.ben).get(two.path()).json()["why"]
    assert why["for_you"][0] == "You are looking for “posters”, and Ada offers this."
    assert why["for_them"] == ["You offer “rooms”, and Ada is looking for this."]


@pytest.mark.parametrize(
    ("language", "sector", "offer", "start"),
    [
        ("en", "creative industries", "graphic design", "You are looking for"),
        ("de", "Kreativwirtschaft", "Grafikdesign", "Sie suchen"),
        ("ru", "креативные индустрии", "графический дизайн", "Вы ищете"),
        ("be", "крэатыўныя індустрыі", "графічны дызайн", "Вы шукаеце"),
    ],
)
def test_words_are_in_the_readers_language(language, sector, offer, start):
    two = make_two(names={language: f"Event in {language}"})
    two.ben.user.language = language
    two.ben.user.save()
    told = two.client(two.ben).get(two.path()).json()
    assert told["event"]["name"] == f"Event in {language}"
    assert told["partner"]["sector"] == sector
    assert [text.casefold() for text in told["partner"]["offers"]] == [offer.casefold()]
    assert told["why"]["for_you"][0].startswith(start)


def test_what_does_not_fit_is_said_too():
    two = make_two()
    unmet = [["need", 0.0, ["unmet"]]]
    Suggestion.objects.update(**told_of(unmet, unmet))
    why = two.client(two.ada).get(two.path()).json()["why"]
    assert why["does_not_fit"] == [
        "What does not fit: Ben names no offer for what you are looking for.",
        "What does not fit: you name no offer for what Ben is looking for.",
    ]


def test_what_is_unknown_of_one_side_is_said_of_that_side():
    two = make_two()
    ada_is_a = two.ada.pk < two.ben.pk
    mine, theirs = [["language", 0.0, ["unknown:them"]]], [["language", 0.0, ["unknown:you"]]]  # Ben's languages are unknown
    Suggestion.objects.update(**(told_of(mine, theirs) if ada_is_a else told_of(theirs, mine)))
    ada, ben = (two.client(who).get(two.path()).json()["why"]["does_not_fit"] for who in (two.ada, two.ben))
    assert (len(ada), len(ben)) == (1, 1)
    assert ada != ben


def test_the_answer_is_what_the_schema_says():
    """`SuggestionOut` is never run in production: it must describe the same keys and accept the same values."""
    two = make_two()
    two.introduce()
    told = two.client(two.ada).get(two.path()).json()
    described = SuggestionOut(told).data
    assert orjson.dumps(described) == orjson.dumps(told)
    assert list(told) == list(SuggestionOut().fields)


@pytest.mark.parametrize("count", [1, 3])
def test_listing_suggestions_costs_the_same_for_any_length(count, django_assert_num_queries):
    two = make_two()
    for number in range(count - 1):
        make_suggestion(two.suggestion.run, two.ada, person(two.event, f"P{number}"))
    client = two.client(two.ada)
    with django_assert_num_queries(2):
        answer = client.get(LIST)
    assert len(answer.json()["results"]) == count


# --- pages and filters ------------------------------------------------------------------------------------------------
def many(two, count, **fields):
    rows = [two.suggestion]
    for number in range(2, count + 1):
        rank = {f"rank_{side}": number for side in "ab"}
        rows.append(make_suggestion(two.suggestion.run, two.ada, person(two.event, f"P{number}"), **rank, **fields))
    return [row.pk for row in rows]


def test_pages_follow_each_other_and_lead_back():
    two = make_two(cap=20, open_limit=12)
    ids = many(two, 12)
    client, seen, url = two.client(two.ada), [], LIST
    while url:
        page = client.get(url).json()
        seen.append([row["id"] for row in page["results"]])
        last, url = page, page["next"]
    assert seen == [ids[:5], ids[5:10], ids[10:]]
    assert [row["id"] for row in client.get(last["previous"]).json()["results"]] == ids[5:10]
    assert len(client.get(LIST, {"page_size": 1000}).json()["results"]) == 10
    refused = client.get(LIST, {"cursor": "bm9uc2Vuc2U="})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["cursor"])


def test_a_page_goes_on_where_it_was_while_rows_are_answered_and_vanish():
    two = make_two(cap=20, open_limit=12)
    ids = many(two, 8)
    client = two.client(two.ada)
    after = client.get(LIST, {"state": "open"}).json()["next"]
    assert client.post(f"{LIST}{ids[4]}/response", {"answer": "decline"}).status_code == 200
    Suggestion.objects.filter(pk=ids[0]).update(dropped_at=timezone.now())
    assert [row["id"] for row in client.get(after).json()["results"]] == ids[5:]


def test_no_more_unanswered_ones_are_shown_than_the_event_allows():
    """T85: a script that accepts everything reaches only its own open suggestions, up to the limit at a time."""
    two = make_two(cap=20, open_limit=2)
    ids = many(two, 4)
    client = two.client(two.ada)
    assert [row["id"] for row in client.get(LIST).json()["results"]] == ids[:2]
    assert client.get(f"{LIST}{ids[2]}/").status_code == 404
    assert client.post(f"{LIST}{ids[2]}/response", {"answer": "accept"}).status_code == 404
    assert not Response.objects.exists()
    assert client.post(f"{LIST}{ids[0]}/response", {"answer": "accept"}).status_code == 200
    assert [row["id"] for row in client.get(LIST, {"state": "open"}).json()["results"]] == ids[1:3]
    assert client.post(f"{LIST}{ids[2]}/response", {"answer": "accept"}).status_code == 200


def test_filters_by_event_and_state():
    two = make_two()
    other = make_event(two.event.programme)
    elsewhere = make_suggestion(make_published_run(other), two.ada, two.ben)
    client = two.client(two.ada)
    ids = lambda **query: {row["id"] for row in client.get(LIST, query).json()["results"]}  # noqa: E731
    assert ids() == {two.suggestion.pk, elsewhere.pk}
    assert ids(event=other.pk) == {elsewhere.pk}
    assert two.answer(two.ada, "decline").status_code == 200
    assert ids(state="open") == {elsewhere.pk}
    assert ids(state="answered") == {two.suggestion.pk}
    assert ids(state="answered", event=other.pk) == set()


@pytest.mark.parametrize("query", [{"event": "x"}, {"state": "x"}, {"page_size": "0"}, {"team": "1"}, {"participant": "1"}])
def test_unknown_and_unusable_parameters_are_refused_by_name(query):
    two = make_two()
    answer = two.client(two.ada).get(LIST, query)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(query))


def test_the_same_list_again_is_not_sent_again():
    two = make_two()
    client = two.client(two.ada)
    first = client.get(LIST)
    again = client.get(LIST, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert two.answer(two.ada).status_code == 200
    assert client.get(LIST, headers={"If-None-Match": first["ETag"]}).status_code == 200


# --- attacks ----------------------------------------------------------------------------------------------------------
def test_t2_t22_somebody_elses_suggestion_reads_like_none():
    two = make_two()
    never = f"{LIST}123456789/"
    refused, absent, huge = (
        two.client(two.cleo).get(two.path()),
        two.client(two.cleo).get(never),
        two.client(two.cleo).get(f"{LIST}{2**53}/"),
    )
    assert refused.status_code == absent.status_code == huge.status_code == 404
    assert refused.content == absent.content == huge.content
    assert two.client(two.ada).get(two.path()).status_code == 200


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_t3_answering_somebody_elses_suggestion_changes_nothing(answer):
    two = make_two()
    assert two.answer(two.cleo, answer).status_code == 404
    assert not Response.objects.exists()
    assert two.answer(two.ada, answer).status_code == 200
    assert two.answers() == {"Ada": answer}


def test_t3_staff_answer_for_nobody():
    two = make_two()
    organiser = make_user()
    make_role(organiser, two.event.programme, Role.Name.ORGANISER)
    client = two.client(Participant(user=organiser))
    assert client.post(two.path("response"), {"answer": "accept"}).status_code == 404
    assert client.get(LIST).json()["results"] == []
    assert not Response.objects.exists()


@pytest.mark.parametrize("field", ["side", "participant", "by", "user"])
def test_t4_the_side_is_taken_from_who_is_signed_in(field):
    two = make_two()
    assert two.answer(two.ada, **{field: two.ben.pk}).status_code == 400
    assert not Response.objects.exists()
    assert two.answer(two.ada).status_code == 200
    assert two.answers() == {"Ada": "accept"}


def test_t15_filters_with_somebody_elses_event_find_nothing():
    two = make_two()
    strangers = make_two()
    answer = two.client(two.ada).get(LIST, {"event": strangers.event.pk})
    assert answer.json() == {"next": None, "previous": None, "results": []}
    assert len(two.client(two.ada).get(LIST, {"event": two.event.pk}).json()["results"]) == 1


def test_t32_an_answer_cannot_be_changed_after_it_expired():
    two = make_two()
    assert two.answer(two.ada).status_code == 200
    assert two.answer(two.ada, "decline").status_code == 200
    assert two.answer(two.ada).status_code == 200
    Pair.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    refused = two.answer(two.ada, "decline")
    assert (refused.status_code, refused.json()["detail"]) == (409, "The time to answer is over.")
    assert two.client(two.ada).delete(two.path("response")).status_code == 409
    assert two.answer(two.ben).status_code == 409
    assert two.answers() == {"Ada": "accept"}
    assert two.answer(two.ada).status_code == 200, "the same answer again changes nothing"


SNAPSHOT = {
    "id": None,
    "event": {"id": None, "name": None},
    "partner": dict.fromkeys(
        ["id", "name", "organisation", "sector", "sector_key", "city", "languages", "industries", "offers", "needs", "about"]
    ),
    "why": {"for_you": None, "for_them": None, "does_not_fit": None},
    "expires_at": None,
    "state": None,
    "my_answer": None,
    "introduced": None,
    "introduction": None,
}


@pytest.mark.parametrize("staff", [None, "facilitator", "organiser", "operator"])
def test_t33_t35_keys_are_these_for_everybody_whatever_their_role(staff):
    """No score, part, probability, rank or private answer, for nobody: organisers read those elsewhere."""
    two = make_two()
    two.introduce(shares=["mail", "phone", "telegram"])
    if staff == "operator":
        two.ada.user.is_staff = True
        two.ada.user.save()
    elif staff:
        make_role(two.ada.user, two.event.programme, staff)
    page = two.client(two.ada).get(LIST)
    assert keys(page.json()) == {"next": None, "previous": None, "results": [SNAPSHOT]}
    assert keys(two.client(two.ada).get(two.path()).json()) == SNAPSHOT
    assert "0.7" not in page.content.decode()
    assert "constant" not in page.content.decode()


def test_t33_keys_of_the_answer_to_an_answer():
    two = make_two()
    told = two.answer(two.ada).json()
    assert told == {"id": two.suggestion.pk, "state": "answered", "my_answer": "accept", "introduced": False, "introduction": None}
    assert two.client(two.ada).delete(two.path("response")).json() == {**told, "state": "open", "my_answer": None}


def test_t35_t36_hidden_fields_are_nowhere():
    two = make_two()
    hidden = {"offer_text": "MARK1", "need_text": "MARK2", "private_answers": "MARK3", "interests": ["MARK4"]}
    type(two.ben.profile).objects.filter(participant=two.ben).update(**hidden)
    text = two.client(two.ada).get(LIST).content.decode()
    assert "MARK" not in text
    assert "@" not in text
    assert "+375" not in text
    type(two.ben.profile).objects.filter(participant=two.ben).update(about="MARK5")
    assert "MARK5" in two.client(two.ada).get(LIST).content.decode()


def test_t37_answers_are_never_cached_between_people():
    two = make_two()
    answer = two.client(two.ada).get(LIST)
    assert "no-store" in answer["Cache-Control"]
    assert {"Cookie", "Authorization"} <= {name.strip() for name in answer["Vary"].split(",")}


def test_without_signing_in_there_is_nothing():
    two = make_two()
    make_participant(two.event.programme)  # nobody's: not the anonymous visitor's either
    assert APIClient().get(LIST).status_code == 401
    assert APIClient().post(two.path("response"), {"answer": "accept"}).status_code == 401


# --- answers ----------------------------------------------------------------------------------------------------------
def test_a_decline_is_silent():
    """P6: whatever Ben answers, Ada reads the same until it expires."""
    two = make_two()
    assert two.answer(two.ada).status_code == 200
    before = two.client(two.ada).get(LIST).content
    assert two.answer(two.ben, "decline", reason="Not for me").status_code == 200
    assert two.client(two.ada).get(LIST).content == before
    other = make_two()
    untouched = other.client(other.ada).get(other.path()).json()
    assert other.answer(other.ben, "decline").status_code == 200
    assert other.client(other.ada).get(other.path()).json() == untouched


def test_the_trail_does_not_tell_who_declined_whom():
    two = make_two()
    assert two.answer(two.ada, "decline", reason="Not for me").status_code == 200
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.noun, entry.actor_id) == ("response.given", "response", two.ada.user_id)
    assert entry.data == {}


def test_both_said_yes_opens_an_introduction():
    two = make_two()
    assert two.answer(two.ada).json()["state"] == "answered"
    told = two.answer(two.ben).json()
    introduction = Introduction.objects.get()
    assert (told["state"], told["introduced"], told["introduction"]) == ("introduced", True, introduction.pk)
    assert two.client(two.ada).get(two.path()).json()["introduction"] == introduction.pk
    refused = two.answer(two.ada, "decline")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "You have been introduced to each other already; the answer cannot be changed.",
    )
    assert two.client(two.ada).delete(two.path("response")).status_code == 409
    assert two.answer(two.ada).status_code == 200, "the same answer again changes nothing"


def test_an_answer_is_taken_back_while_open():
    two = make_two()
    client = two.client(two.ada)
    assert two.answer(two.ada, "decline").json()["my_answer"] == "decline"
    assert client.delete(two.path("response")).json()["my_answer"] is None
    assert client.delete(two.path("response/")).status_code == 200
    assert not Response.objects.exists()
    assert list(AuditEntry.objects.order_by("created_at").values_list("action", flat=True)) == ["response.given", "response.undone"]


def test_held_back_and_taken_back_and_withdrawn_are_conflicts_that_say_why():
    two = make_two()
    Suggestion.objects.update(held_at=timezone.now())
    held = two.answer(two.ada)
    Suggestion.objects.update(held_at=None)
    Registration.objects.filter(participant=two.ada).update(state="withdrawn")
    withdrawn = two.answer(two.ada)
    other_withdrew = two.answer(two.ben)
    Registration.objects.filter(participant=two.ada).update(state="approved")
    Run.objects.update(published_at=timezone.now(), taken_back_at=timezone.now())
    Publication.objects.update(run=None)
    taken_back = two.answer(two.ada)
    assert [(one.status_code, one.json()["detail"]) for one in (held, withdrawn, other_withdrew, taken_back)] == [
        (409, "The organiser is holding this suggestion back; it cannot be answered for now."),
        (409, "You have withdrawn from this event; its suggestions cannot be answered any more."),
        (404, "There is no such suggestion."),
        (409, "The organiser has taken these suggestions back; they cannot be answered any more."),
    ]
    assert not Response.objects.exists()
    Publication.objects.update(run=two.suggestion.run)
    assert two.answer(two.ada).status_code == 200


def test_an_id_of_an_earlier_run_leads_to_what_is_published_now():
    two = make_two()
    newer = make_published_run(two.event)
    present = make_suggestion(newer, two.ada, two.ben)
    client = two.client(two.ada)
    assert client.get(two.path()).json()["id"] == present.pk
    assert client.post(two.path("response"), {"answer": "accept"}).json()["id"] == present.pk
    gone = make_suggestion(two.suggestion.run, two.ada, two.cleo)
    assert client.get(f"{LIST}{gone.pk}/").status_code == 404
    assert client.post(f"{LIST}{gone.pk}/response", {"answer": "accept"}).status_code == 404


def test_a_run_that_was_never_published_is_not_there():
    two = make_two()
    preview = make_suggestion(Run.objects.create(event=two.event, state="done"), two.ada, two.cleo)
    client = two.client(two.ada)
    assert client.get(f"{LIST}{preview.pk}/").status_code == 404
    assert client.post(f"{LIST}{preview.pk}/response", {"answer": "accept"}).status_code == 404
    assert [row["id"] for row in client.get(LIST).json()["results"]] == [two.suggestion.pk]


def test_the_first_yes_can_carry_the_contacts_to_share():
    two = make_two()
    assert two.answer(two.ada, shares=["telegram", "mail"]).status_code == 200
    assert Consent.objects.filter(participant=two.ada, purpose="contacts", source="own", withdrawn_at=None).count() == 1
    assert two.answer(two.ben).status_code == 200
    introduction = Introduction.objects.get()
    shares = {introduction.pair.a_id: introduction.a_shares, introduction.pair.b_id: introduction.b_shares}
    assert shares == {two.ada.pk: ["mail", "telegram"], two.ben.pk: []}
    assert not Consent.objects.filter(participant=two.ben, purpose="contacts").exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "answer"), ({"answer": "maybe"}, "answer"), ({"answer": "accept", "shares": ["home"]}, "shares"),
     ({"answer": "decline", "shares": ["mail"]}, "shares"), ({"answer": "accept", "reason": "x" * 501}, "reason")],
)  # fmt: skip
def test_unusable_answers_are_refused_by_name(body, field):
    two = make_two()
    answer = two.client(two.ada).post(two.path("response"), body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Response.objects.exists()


def test_the_same_key_again_gets_the_first_answer():
    two = make_two()
    client = two.client(two.ada)
    send = lambda answer: client.post(two.path("response"), {"answer": answer}, headers={"Idempotency-Key": "k1"})  # noqa: E731
    first, again, other = send("accept"), send("accept"), send("decline")
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 422)
    assert first.json() == again.json()
    assert two.answers() == {"Ada": "accept"}
    assert AuditEntry.objects.filter(action="response.given").count() == 1
