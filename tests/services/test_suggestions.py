"""Answers: what changes, what does not, and what is written down."""

import pytest
from django.utils import timezone

from matchmaking.errors import BadInput, Conflict, NotFound
from matchmaking.models import AuditEntry, Block, Consent, Intent, Introduction, Pair, Participant, Response, Suggestion
from matchmaking.services import blocks, consents, introductions, suggestions
from matchmaking.services.pairs import pairs_of, vanish
from tests.answers import assert_invariants, give_contacts_consent, make_two
from tests.factories import make_event, make_published_run, make_suggestion

pytestmark = pytest.mark.django_db


def actions():
    return sorted(AuditEntry.objects.values_list("action", flat=True))


@pytest.mark.parametrize("answer", [suggestions.accept, suggestions.decline])
def test_the_same_answer_again_changes_nothing(answer):
    two = make_two()
    answer(suggestion=two.suggestion, by=two.ada, reason="first")
    first = Response.objects.values().get()
    answer(suggestion=two.suggestion, by=two.ada, reason="second")
    assert Response.objects.values().get() == first
    assert actions() == ["response.given"]


def test_the_last_own_answer_wins_and_each_change_is_written_down():
    two = make_two()
    suggestions.accept(suggestion=two.suggestion, by=two.ada)
    suggestions.decline(suggestion=two.suggestion, by=two.ada)
    assert two.answers() == {"Ada": "decline"}
    assert actions() == ["response.changed", "response.given"]


@pytest.mark.parametrize("answers", [("accept", "decline"), ("decline", "accept"), ("decline", "decline"), ("accept", None)])
def test_less_than_two_yes_introduces_nobody(answers):
    two = make_two()
    for side, answer in zip((two.ada, two.ben), answers, strict=True):
        if answer:
            getattr(suggestions, answer)(suggestion=two.suggestion, by=side)
    assert not Introduction.objects.exists()
    assert not Intent.objects.exists()
    assert_invariants(two.event)


def test_two_yes_introduce_once_and_tell_both_once():
    two = make_two()
    suggestions.accept(suggestion=two.suggestion, by=two.ada)
    suggestions.accept(suggestion=two.suggestion, by=two.ben)
    suggestions.accept(suggestion=two.suggestion, by=two.ada)
    introduction = Introduction.objects.get()
    told = sorted(Intent.objects.values_list("recipient_id", "kind", "dedupe_key", "data"))
    key = f"pair:{introduction.pair_id}"
    assert told == [(side, "introduction", key, {"introduction": introduction.pk}) for side in sorted([two.ada.pk, two.ben.pk])]
    assert actions() == ["introduction.made", "response.given", "response.given"]
    assert_invariants(two.event)


def test_a_no_can_become_a_yes_that_introduces():
    two = make_two()
    suggestions.decline(suggestion=two.suggestion, by=two.ada)
    suggestions.accept(suggestion=two.suggestion, by=two.ben)
    suggestions.accept(suggestion=two.suggestion, by=two.ada)
    assert_invariants(two.event)
    assert Introduction.objects.count() == 1


def test_what_is_shared_is_empty_without_consent():
    two = make_two()
    Participant.objects.filter(pk=two.ben.pk).update(shares=["mail"])
    give_contacts_consent(two.ada, "phone")
    introduction = two.introduce()
    shares = {introduction.pair.a_id: introduction.a_shares, introduction.pair.b_id: introduction.b_shares}
    assert shares == {two.ada.pk: ["phone"], two.ben.pk: []}


def test_choosing_contacts_is_consent_once():
    two = make_two()
    introduction = two.introduce()
    for shares in (["mail"], ["mail"], ["phone", "mail"], []):
        introductions.choose_contacts(introduction=introduction, by=two.ada, shares=shares)
    assert Consent.objects.filter(participant=two.ada, purpose="contacts").count() == 1
    assert actions().count("introduction.contacts_chosen") == 3
    with pytest.raises(BadInput):
        introductions.choose_contacts(introduction=introduction, by=two.ada, shares=["address"])


def test_a_consent_given_anew_does_not_reopen_what_was_open():
    two = make_two()
    introduction = two.introduce(shares=["mail", "phone"])
    consents.withdraw(participant=two.ada, purpose="contacts", by=two.ada.user)
    consents.give(participant=two.ada, purpose="contacts", by=two.ada.user)
    introduction.refresh_from_db()
    side = "a_shares" if introduction.pair.a_id == two.ada.pk else "b_shares"
    assert getattr(introduction, side) == []


def test_a_closed_introduction_stays_closed():
    two = make_two()
    introduction = two.introduce(shares=["mail"])
    introductions.close(introduction=introduction, by=two.ada)
    with pytest.raises(NotFound):
        introductions.choose_contacts(introduction=introduction, by=two.ben, shares=["phone"])
    with pytest.raises(Conflict):
        suggestions.decline(suggestion=two.suggestion, by=two.ben)
    introduction.refresh_from_db()
    assert (introduction.a_shares, introduction.b_shares) == ([], [])


# --- blocks -----------------------------------------------------------------------------------------------------------
def test_a_block_takes_the_pair_out_of_all_events():
    two = make_two()
    introduction = two.introduce(shares=["mail"])
    other = make_event(two.event.programme)
    elsewhere = make_suggestion(make_published_run(other), two.ada, two.ben)
    unrelated = make_suggestion(two.suggestion.run, two.ada, two.cleo)
    made, new = blocks.block(by=two.ben, whom=two.ada)
    again, new_again = blocks.block(by=two.ben, whom=two.ada)
    assert (new, new_again, made) == (True, False, again)
    assert set(Suggestion.objects.filter(dropped_at=None)) == {unrelated}
    introduction.refresh_from_db()
    assert introduction.closed_at is not None
    assert (introduction.a_shares, introduction.b_shares) == ([], [])
    for side in (two.ada, two.ben):
        with pytest.raises(NotFound):
            suggestions.accept(suggestion=elsewhere, by=side)
    suggestions.accept(suggestion=unrelated, by=two.ada)
    entry = AuditEntry.objects.get(action="block.made")
    assert (entry.noun_id, entry.event_id, entry.data) == (made.pk, None, {"gone": {"suggestions": 2, "introductions": 1}})


def test_t87_after_a_block_no_later_run_shows_the_pair():
    two = make_two()
    blocks.block(by=two.ada, whom=two.ben)
    newer = make_published_run(two.event)
    staged = make_suggestion(newer, two.ada, two.ben)  # staged before the block came, published after
    assert two.client(two.ada).get("/api/v1/suggestions/").json()["results"] == []
    with pytest.raises(NotFound):
        suggestions.accept(suggestion=staged, by=two.ben)
    Block.objects.all().delete()
    assert [row["id"] for row in two.client(two.ada).get("/api/v1/suggestions/").json()["results"]] == [staged.pk]


def test_t87_a_decline_stays_over_a_new_run():
    two = make_two()
    suggestions.decline(suggestion=two.suggestion, by=two.ada)
    make_suggestion(make_published_run(two.event), two.ada, two.ben)
    client = two.client(two.ada)
    assert client.get("/api/v1/suggestions/", {"state": "open"}).json()["results"] == []
    assert len(two.client(two.ben).get("/api/v1/suggestions/", {"state": "open"}).json()["results"]) == 1


def test_nobody_blocks_themselves():
    two = make_two()
    with pytest.raises(BadInput):
        blocks.block(by=two.ada, whom=two.ada)
    assert not Block.objects.exists()


def test_pairs_that_vanish_do_not_come_back_with_an_earlier_run():
    two = make_two()
    newer = make_suggestion(make_published_run(two.event), two.ada, two.ben)
    assert vanish(pairs_of(two.ben, two.ada)) == {"suggestions": 2, "introductions": 0}
    assert vanish(pairs_of(two.ada, two.ben)) == {"suggestions": 0, "introductions": 0}
    newer.refresh_from_db()
    assert newer.dropped_at is not None


# --- time -------------------------------------------------------------------------------------------------------------
def test_ending_the_time_to_answer_leaves_introductions_alone():
    two = make_two()
    two.introduce()
    make_suggestion(two.suggestion.run, two.ada, two.cleo)
    assert suggestions.expire(event=two.event, by=None) == 1
    assert suggestions.expire(event=two.event, by=None) == 0
    assert Pair.objects.filter(expires_at__lte=timezone.now()).count() == 1
    assert actions().count("event.answers_ended") == 1
