"""S15: the mixing dashboard. Small numbers are hidden, answers never told of one person."""

import csv
import io
import re
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from matchmaking.models import Consent, FollowUp, Introduction, Response, Run, Shortfall, Suggestion
from matchmaking.selectors import mixing
from matchmaking.selectors.mixing import Cell, extremes, hidden, histogram
from tests.factories import make_event, make_participant, make_suggestion
from tests.web.organising import MEASURES, make_scene
from tests.web.visits import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


def funnel(run, people):
    return mixing.funnel(run, mixing.exposure(run)[1], people)


def both_say_yes(suggestion):
    for person in (suggestion.pair.a, suggestion.pair.b):
        Response.objects.create(pair=suggestion.pair, participant=person, answer="accept", answered_at=timezone.now())


# --- who meets whom ---------------------------------------------------------------------------------------------------
def test_the_worst_mixed_pair_of_sectors_is_named_in_words(scene):
    told = text_of(scene.client.get(scene.page("mixing/")))
    assert "They meet least: authority and education: 25 % of what chance would give; pairs: < 5." in told
    assert "They meet most: authority and business: 160 % of what chance would give; pairs: 12." in told


def test_a_pair_that_never_meets_is_named(scene):
    table = {**MEASURES["sectors_by_chance"], "authority": {"business": 1.6, "education": 0.0}}
    Run.objects.filter(pk=scene.run.pk).update(measures={**MEASURES, "sectors_by_chance": table})
    assert "They meet least: authority and education: never suggested to each other." in text_of(scene.client.get(scene.page("mixing/")))


def test_each_cell_has_its_numbers_its_shade_and_leads_to_its_pairs(scene):
    page = scene.client.get(scene.page("mixing/")).content.decode()
    cells = re.findall(r'<td class="h-(\w+)">(?:<a href="([^"]*)"><strong>([^<]*)</strong><span>([^<]*)</span></a>|–)</td>', page)
    assert [(shade, share, pairs) for shade, _link, share, pairs in cells] == [
        ("none", "", ""), ("m2", "160 %", "12"), ("l3", "25 %", "&lt; 5"), ("m2", "160 %", "12"), ("l2", "40 %", "&lt; 5"),
        ("c", "90 %", "5"), ("l3", "25 %", "&lt; 5"), ("c", "90 %", "5"), ("none", "", ""),
    ]  # fmt: skip
    listed = scene.client.get(cells[1][1].replace("&amp;", "&")).content.decode()
    assert listed.count("<article") == 2, "person 0, authority, with the two of business"


@pytest.mark.parametrize(("count", "least", "told"), [(0, 1, 0), (1, 1, None), (4, 1, None), (5, 1, 5), (0, 0, None), (5, 0, 5)])
def test_small_counts_are_hidden(count, least, told):
    assert hidden(count, least) == told


def test_the_extremes_leave_out_sectors_with_themselves_and_pairs_that_are_impossible():
    cells = [Cell("a", "a", 9, 0.0), Cell("a", "b", 9, None), Cell("a", "c", 9, 0.5), Cell("b", "c", 9, 2.0), Cell("c", "b", 9, 0.1)]
    assert extremes([cells]) == (cells[2], cells[3])
    assert extremes([cells[:3]]) is None


def test_the_table_and_the_picture_are_one_click_away(scene):
    page = scene.client.get(scene.page("mixing/")).content.decode()
    table, picture = (scene.client.get(link) for link in re.findall(r'href="([^"]*(?:table.csv|picture.svg)[^"]*)"', page))
    assert table["Content-Disposition"].endswith('-mixing.csv"')
    assert table.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert rows == [
        ["Sector", "Other sector", "Suggested pairs", "Percent of chance"], ["authority", "authority", "0", ""],
        ["authority", "business", "12", "160"], ["authority", "education", "< 5", "25"], ["business", "business", "< 5", "40"],
        ["business", "education", "5", "90"], ["education", "education", "0", ""],
    ]  # fmt: skip
    assert (picture["Content-Type"], picture["Content-Disposition"].startswith("attachment")) == ("image/svg+xml", True)
    texts = [node.text for node in ElementTree.fromstring(picture.content).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert {"160 %", "< 5", "authority", "Who is suggested to whom, against chance"} <= set(texts)
    assert b"style" not in picture.content


def test_a_sector_that_begins_like_a_formula_stays_a_text_in_the_table(scene):
    """T62."""
    scene.event.programme.sectors = [{"key": "authority", "en": "=1+1"}, {"key": "other", "en": "other"}]
    scene.event.programme.save()
    assert b"\n'=1+1" in scene.client.get(scene.page("mixing/table.csv")).content.replace(b"\r", b"")


# --- who is shown how often -------------------------------------------------------------------------------------------
def test_the_histogram_counts_everybody():
    assert histogram({1: 3, 2: 1, 3: 1}, 5) == [(0, 2), (1, 2), (2, 0), (3, 1)]
    assert histogram({}, 0) == [(0, 0)]


def test_exposure_leaves_out_what_is_held_or_dropped(scene):
    assert sorted(mixing.exposure(scene.run)[0].values()) == [1, 1, 1, 3]
    Suggestion.objects.filter(pk=scene.suggestions[0].pk).update(held_at=timezone.now())
    Suggestion.objects.filter(pk=scene.suggestions[1].pk).update(dropped_at=timezone.now())
    assert sorted(mixing.exposure(scene.run)[0].values()) == [1, 1]


def test_the_overexposed_are_two_clicks_away(scene):
    page = scene.client.get(scene.page("mixing/")).content.decode()
    first = re.search(r"Who is shown most</summary>\s*<ul><li><a href=\"([^\"]*)\">([^<]*)</a>[^<]*: (\d+)", page)
    assert first.groups()[1:] == ("Person 0", "3")
    assert scene.client.get(first[1]).content.decode().count("<article") == 3


def test_the_left_out_are_named_with_the_cause(scene):
    Shortfall.objects.create(run=scene.run, participant=scene.people[4], given=0, cause="nobody_above_threshold", missing="languages")
    Consent.objects.filter(participant=scene.people[5]).update(withdrawn_at=timezone.now())
    make_participant(scene.event.programme, name="Elsewhere")
    for path in (scene.page("mixing/"), scene.run_page("pairs/?show=left-out")):
        told = text_of(scene.client.get(path))
        assert "House nobody fits well enough what the profile tells Languages" in told
        assert "House has not agreed to suggestions" in told
        assert "House came after the run" in told
        assert "Elsewhere" not in told
    assert len(mixing.left_out(scene.run, mixing.exposure(scene.run)[0], 10)) == 3


# --- what became of it ------------------------------------------------------------------------------------------------
def make_answered(count):
    """As many pairs of person 0 as `count`, all answered by both, the last one with a no; one is introduced, and they met."""
    scene = make_scene(pairs=0)
    others = [make_participant(scene.event.programme, event=scene.event, sector="education") for _ in range(count)]
    rows = [make_suggestion(scene.run, scene.people[0], other) for other in others]
    for row in rows[:-1]:
        both_say_yes(row)
    Response.objects.create(pair=rows[-1].pair, participant=scene.people[0], answer="decline", answered_at=timezone.now())
    introduction = Introduction.objects.create(pair=rows[0].pair)
    FollowUp.objects.create(introduction=introduction, participant=others[0], met_at=timezone.now())
    measures = {**MEASURES, "groups": {"sector": {"authority": {"people": 2}, "education": {"people": 3 + count}}}}
    Run.objects.filter(pk=scene.run.pk).update(measures=measures)
    scene.run.refresh_from_db()
    return scene


def test_the_funnel_counts_pairs_and_hides_small_numbers():
    scene = make_answered(7)
    whole, sides = funnel(scene.run, {"authority": 2, "education": 10})
    assert whole == {"suggested": 7, "answered": 7, "accepted": 6, "introduced": None, "met": None}
    assert sides["authority"] == {"suggested": 7, "answered": None, "accepted": None, "introduced": None, "met": None}, "two people"
    assert sides["education"]["suggested"] == 7
    told = text_of(scene.client.get(scene.page("mixing/")))
    assert "suggested 7 answered 7 at least one yes 6 both said yes < 5 met < 5" in told


def test_holding_a_pair_tells_nothing_of_its_answer():
    scene = make_answered(7)
    people = {"authority": 20, "education": 10}
    before = funnel(scene.run, people)
    assert before[1]["authority"]["answered"] == 7
    scene.run.suggestions.filter(pair__responses__answer="decline").update(held_at=timezone.now())
    assert funnel(scene.run, people) == before


def test_of_the_sectors_never_one_alone_is_hidden():
    _, sides = funnel(make_answered(7).run, {"authority": 2, "education": 10})
    assert [sides[sector]["accepted"] for sector in ("authority", "education")] == [None, None]


def test_nobodys_answer_is_on_the_page():
    """Organisers see totals, never who declined whom."""
    scene = make_answered(6)
    before = scene.client.get(scene.page("mixing/")).content.decode()
    last = Response.objects.get(answer="decline")
    last.answer = "accept"
    last.save()
    after = scene.client.get(scene.page("mixing/")).content.decode()
    changed = [(one, other) for one, other in zip(before.split("\n"), after.split("\n"), strict=True) if one != other and "csrf" not in one]
    assert len(changed) == 1, "the number of pairs with a yes, from 5 to 6"
    assert "decline" not in before


def test_a_preview_has_no_funnel_and_stands_beside_what_is_shown(scene):
    preview = scene.preview(pairs=25)
    told = text_of(scene.client.get(f"{scene.page('mixing/')}?run={preview.pk}"))
    assert "Of a run that nobody sees." in told
    assert "What became of the suggestions" not in told
    assert "Suggested pairs 25 20 +5" in told
    assert "can be better in sum by more than 1.23 %." in told


# --- states and costs -------------------------------------------------------------------------------------------------
def test_without_a_run_the_page_says_what_now():
    scene = make_scene()
    empty = make_event(scene.event.programme)
    told = text_of(scene.client.get(f"/organise/events/{empty.pk}/mixing/"))
    assert "There is nothing to show before a run is done. Start a preview" in told
    assert scene.client.get(f"/organise/events/{empty.pk}/mixing/table.csv").status_code == 404


def test_a_run_without_measures_says_so(scene):
    Run.objects.filter(pk=scene.run.pk).update(measures={})
    told = text_of(scene.client.get(scene.page("mixing/")))
    assert "This run measured no sectors." in told


@pytest.mark.parametrize("asked", ["1", "abc", "9" * 30, "-1"])
def test_a_run_of_elsewhere_is_none(scene, asked):
    """T9."""
    for number in (asked, make_scene().run.pk, Run.objects.create(event=make_event(scene.event.programme), state="done").pk):
        assert scene.client.get(f"{scene.page('mixing/')}?run={number}").status_code == 404
    assert scene.client.get(f"{scene.page('mixing/')}?run={scene.run.pk}").status_code == 200


@pytest.mark.parametrize("pairs", [1, 3])
def test_the_page_costs_the_same_for_any_number(pairs, django_assert_num_queries):
    scene = make_scene(pairs=pairs)
    scene.client.get(scene.page("mixing/"))
    with django_assert_num_queries(19):
        answer = scene.client.get(scene.page("mixing/"))
    assert (answer.status_code, b"<table" in answer.content) == (200, True)
