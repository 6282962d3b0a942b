"""S14: the pairs of a run under review."""

import re

import pytest
from django.utils import timezone

from matchmaking.models import AuditEntry, Suggestion
from tests.factories import make_suggestion
from tests.web.organising import make_scene
from tests.web.visits import PART, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


def listed(scene, query=""):
    page = scene.client.get(scene.run_page(f"pairs/{query}")).content.decode()
    return [int(pk) for pk in re.findall(r'<article class="pair[^"]*" id="pair-(\d+)"', page)]


def decide(scene, **said):
    return scene.client.post(scene.run_page("pairs/decide/"), said)


def held(scene):
    return set(Suggestion.objects.filter(run=scene.run, held_at__isnull=False).values_list("pk", flat=True))


def test_a_pair_says_who_and_why_for_both_sides(scene):
    terms = [["constant", -2.0, []], ["need", 0.9, ["=posters>=posters"]], ["place", 0.3, ["city:Minsk"]]]
    make_suggestion(scene.run, scene.people[5], scene.people[6], terms_ab=terms, terms_ba=terms, score=0.9, score_e9=10)
    page = scene.client.get(scene.run_page("pairs/"))
    told = text_of(page)
    first = re.search("Chance of a mutual yes: 90 % Hold back Person . , House .*?Chance of", told)[0]
    assert first.count("is told:") == 2
    assert first.count("You are in the same city: Minsk.") == 2
    assert "posters" in first
    assert "@" not in told.replace("@ ", ""), "no contacts"


def test_the_best_come_first_and_filters_narrow(scene):
    a, b, c = (row.pk for row in scene.suggestions)  # authority, business, business
    assert listed(scene) == [a, b, c]
    assert listed(scene, "?order=weakest") == [c, b, a]
    assert listed(scene, "?sectors=same") == [a]
    assert listed(scene, "?sectors=cross") == [b, c]
    assert listed(scene, "?one=business") == listed(scene, "?other=business") == listed(scene, "?one=business&other=authority") == [b, c]
    assert listed(scene, "?one=business&other=education") == []
    assert listed(scene, f"?person={scene.people[2].pk}") == [b]
    name = scene.people[3].name
    assert listed(scene, f"?q={name.upper()}") == [c]
    Suggestion.objects.filter(pk=a).update(held_at=timezone.now())
    assert (listed(scene, "?held=yes"), listed(scene, "?held=no")) == ([a], [b, c])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?held=x&sectors=y&order=z&person=abc&from=abc", 200),
        ("?one=' OR 1=1--", 200),
        ("?q=%25_", 200),
        ("?q=%00%25_", 400),
        ("?one=%00", 400),
    ],
)
def test_odd_filters_do_no_harm(scene, query, status):
    """T58, T67."""
    assert scene.client.get(scene.run_page(f"pairs/{query}")).status_code == status


def test_one_click_holds_a_pair_and_one_releases_it(scene):
    one = scene.suggestions[0].pk
    answer = scene.client.post(scene.run_page("pairs/decide/"), {"hold_one": one}, headers=PART)
    part = answer.content.decode()
    assert ("<html" in part, part.count("<article"), "held back" in part, "release_one" in part) == (False, 1, True, True)
    assert held(scene) == {one}
    assert AuditEntry.objects.get(action="pairs.held").data["suggestions"] == [one]
    decide(scene, release_one=one, sectors="same")
    assert held(scene) == set()


def test_ticked_pairs_are_held_together_and_the_mixing_is_told(scene):
    ids = [row.pk for row in scene.suggestions]
    answer = decide(scene, step="hold", suggestions=ids[1:], sectors="cross")
    assert answer["Location"] == scene.run_page("pairs/?sectors=cross")
    assert held(scene) == set(ids[1:])
    told = text_of(scene.client.get(answer["Location"]))
    assert "Pairs held back: 2. Pairs across sectors: 0.0 %, before 66.7 %." in told


def test_with_one_foreign_pair_nothing_is_held(scene):
    """T11."""
    other = make_scene()
    refused = decide(scene, step="hold", suggestions=[scene.suggestions[0].pk, other.suggestions[0].pk])
    assert (refused.status_code, held(scene), held(other)) == (404, set(), set())


@pytest.mark.parametrize("said", [{}, {"step": "hold"}, {"step": "drop", "suggestions": "1"}, {"hold_one": "x"}, {"hold_one": "9" * 40}])
def test_what_cannot_be_understood_changes_nothing(scene, said):
    assert decide(scene, **said).status_code == 400
    assert held(scene) == set()


def test_a_release_above_the_cap_is_refused_in_words(scene):
    one = scene.suggestions[0].pk
    scene.run.parameters = {"cap": 2}
    scene.run.save()
    Suggestion.objects.filter(pk=one).update(held_at=timezone.now())
    refused = scene.client.post(scene.run_page("pairs/decide/"), {"release_one": one}, headers=PART)
    assert (refused.status_code, "more than 2 suggestions" in text_of(refused)) == (409, True)
    assert held(scene) == {one}


def test_empty_lists_say_what_now(scene):
    assert "No pair is like that. All pairs" in text_of(scene.client.get(scene.run_page("pairs/?held=yes")))
    empty = scene.preview()
    assert "This run has no pairs. See why" in text_of(scene.client.get(scene.run_page("pairs/", empty)))


def test_fifty_at_a_time(scene, monkeypatch):
    monkeypatch.setattr("web.organiser.pairs.AT_ONCE", 2)
    page = scene.client.get(scene.run_page("pairs/")).content.decode()
    more = re.search(r'href="(\?[^"]*from=2)"', page)[1]
    assert (len(listed(scene)), len(listed(scene, more))) == (2, 1)


@pytest.mark.parametrize("pairs", [1, 3])
def test_the_list_costs_the_same_for_any_number(pairs, django_assert_num_queries):
    scene = make_scene(pairs=pairs)
    scene.client.get(scene.run_page("pairs/"))
    with django_assert_num_queries(9):
        assert len(listed(scene)) == pairs
