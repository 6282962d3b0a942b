"""S15: the partner network: people, else organisations, else sectors; the same picture for the same run; who takes it along is noted."""

import xml.etree.ElementTree as ET

import pytest
from django.db.models import Q

from matchmaking.models import AuditEntry, Registration
from matchmaking.selectors import network as selector
from matchmaking.selectors.network import network, pieces
from tests.factories import make_suggestion
from tests.web.organising import SECTORS, make_scene
from tests.web.visits import text_of
from web.organiser.rings import ring

pytestmark = pytest.mark.django_db
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def scene():
    """Person 0 (authority) joined with 1 (authority), 2 and 3 (business), person 4 with 5 (education); 6 with nobody."""
    scene = make_scene()
    make_suggestion(scene.run, scene.people[4], scene.people[5])
    return scene


def found(scene):
    return network(scene.run, list(SECTORS))


def test_each_mark_is_a_person_and_each_curve_a_suggestion(scene):
    told = found(scene)
    assert [(node.label, node.sector) for node in told.nodes] == [(one.name, one.profile.sector) for one in scene.people]
    assert [edge[:2] for edge in told.edges] == [(0, 1), (0, 2), (0, 3), (4, 5)]
    assert (told.of, told.pairs, told.across, pieces(told)) == ("people", 4, 2, [4, 2])


def test_who_left_or_is_held_back_is_in_no_picture(scene):
    Registration.objects.filter(participant=scene.people[1]).update(state="withdrawn")
    scene.run.suggestions.filter(Q(pair__a=scene.people[4]) | Q(pair__b=scene.people[4])).update(held_at="2026-01-01T00:00Z")
    told = found(scene)
    assert (len(told.nodes), [edge[:2] for edge in told.edges]) == (6, [(0, 1), (0, 2)])


def test_too_many_people_stand_together_by_organisation_then_by_sector(scene, monkeypatch):
    for person in scene.people[5:]:
        person.organisation = None
        person.save()
    monkeypatch.setattr(selector, "MOST", 3)
    told = found(scene)
    assert (told.of, [(node.label, node.people) for node in told.nodes]) == ("organisations", [("House", 5), ("", 2)])
    assert [tuple(edge) for edge in told.edges] == [(0, 1, 1)], "within a house nothing is drawn"
    monkeypatch.setattr(selector, "MOST", 1)
    told = found(scene)
    assert (told.of, [(node.key, node.people) for node in told.nodes]) == ("sectors", list(SECTORS.items()))
    assert [tuple(edge) for edge in told.edges] == [(0, 1, 12), (0, 2, 3), (1, 2, 5)], "as the run measured them"
    assert (told.pairs, told.across) == (22, 20), "what stays within a sector counts"


def test_the_picture_is_the_same_whatever_order_rows_come_in(scene):
    first = ring(found(scene), {node.key: node.label for node in found(scene).nodes})
    scene.run.suggestions.all().delete()
    for one, other in ((4, 5), (0, 3), (0, 2), (0, 1)):
        make_suggestion(scene.run, scene.people[one], scene.people[other])
    assert ring(found(scene), {node.key: node.label for node in found(scene).nodes}) == first


def test_one_person_stands_out(scene):
    page = scene.client.get(scene.page(f"network/?node={scene.people[0].pk}")).content.decode()
    assert (page.count('curve chosen"'), page.count('curve across chosen"')) == (1, 2)
    assert scene.client.get(scene.page("network/?node=nobody")).status_code == 200
    assert scene.client.get(scene.page("network/?run=1")).status_code == 404


def test_t56_names_are_inert_and_the_file_is_whole(scene):
    scene.people[0].name = SCRIPT
    scene.people[0].save()
    assert SCRIPT not in scene.client.get(scene.page("network/")).content.decode()
    picture = scene.client.post(scene.page("network/file/"), {"format": "svg"})
    texts = [one.text for one in ET.fromstring(picture.content).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314  (our own)
    assert SCRIPT in texts
    assert scene.client.post(scene.page("network/file/"), {"format": "exe"}).status_code == 400


def test_who_takes_it_along_is_noted(scene):
    table = scene.client.post(scene.page("network/file/"), {"format": "csv"}).content.decode("utf-8-sig").splitlines()
    assert table[0] == "Name,Sector,People,Suggestions,Of them across sectors,Sectors reached"
    assert (table[1], len(table)) == (f"{scene.people[0].name},authority,1,3,2,1", 8)
    entry = AuditEntry.objects.get(action="network.exported")
    assert (entry.actor_id, entry.event_id, entry.data) == (scene.organiser.pk, scene.event.pk, {"format": "csv", "rows": 7})
    assert "Partner network" in text_of(scene.client.get(scene.page("exports/")))


def test_before_a_run_there_is_nothing_to_see(scene):
    scene.event.publications.all().delete()
    scene.event.runs.all().delete()
    assert "There is nothing to show before a run is done." in text_of(scene.client.get(scene.page("network/")))
    assert scene.client.post(scene.page("network/file/"), {"format": "svg"}).status_code == 404


@pytest.mark.parametrize("pairs", [1, 6])
def test_it_costs_the_same_for_any_number(pairs, django_assert_num_queries):
    scene = make_scene(pairs=pairs)
    scene.client.get(scene.page("network/"))
    with django_assert_num_queries(7):
        answer = scene.client.get(scene.page("network/"))
    assert answer.content.count(b'class="curve') == pairs
