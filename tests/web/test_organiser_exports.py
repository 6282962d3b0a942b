"""S17 and S11: files of what is shown, with their purpose; an event is set up; a facilitator is invited."""

import csv
import io
from datetime import UTC, datetime

import pytest
from openpyxl import load_workbook

from matchmaking.models import AuditEntry, Event, Invitation, Profile, Publication, Run
from tests.factories import make_event, make_role, make_suggestion, make_user
from tests.web.organising import make_scene
from tests.web.visits import text_of, visitor

pytestmark = pytest.mark.django_db
SAID = {"kind": "hackathon", "city": "Minsk", "time_zone": "Europe/Minsk", "cap": "6", "floor": "1"}


@pytest.fixture
def scene():
    return make_scene()


def export(client, scene, **said):
    return client.post(scene.page("exports/file/"), {"format": "csv", "purpose": "Seating plan", **said})


def table(answer):
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


# --- files ------------------------------------------------------------------------------------------------------------
def test_the_table_has_names_sectors_and_reasons_in_the_readers_language(scene):
    scene.organiser.language = "de"
    scene.organiser.save()
    answer = export(scene.client, scene)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer["Content-Disposition"].endswith('-suggestions.csv"')
    head, *rows = table(answer)
    assert head == [
        "1: Externe ID", "1: Name", "1: Sektor", "2: Externe ID", "2: Name", "2: Sektor", "Gründe für die erste Person",
        "Gründe für die zweite Person",
    ]  # fmt: skip
    assert len(rows) == 3
    assert {row[2] for row in rows} | {row[5] for row in rows} == {"Verwaltung", "Wirtschaft"}
    assert not any(person.mail in answer.content.decode() for person in scene.people), "no contacts"


def test_the_workbook_holds_the_same(scene):
    rows = table(export(scene.client, scene))
    answer = export(scene.client, scene, format="xlsx")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(values_only=True)] == rows


def test_names_that_begin_like_formulas_are_texts(scene):
    """T62."""
    scene.people[0].name = "=HYPERLINK(1)"
    scene.people[0].save()
    names = {name for row in table(export(scene.client, scene))[1:] for name in (row[1], row[4])}
    assert "'=HYPERLINK(1)" in names
    assert "=HYPERLINK(1)" not in names


def test_every_file_is_in_the_audit_and_listed(scene):
    export(scene.client, scene)
    entry = AuditEntry.objects.get(action="suggestions.exported")
    assert (entry.actor_id, entry.event_id, entry.data) == (
        scene.organiser.pk, scene.event.pk, {"format": "csv", "rows": 3, "purpose": "Seating plan"},
    )  # fmt: skip
    assert "you csv 3 Seating plan" in text_of(scene.client.get(scene.page("exports/")))


@pytest.mark.parametrize(("said", "sentence"), [({"purpose": " "}, "Say what the file is for."), ({"format": "exe"}, "cannot be used")])
def test_without_a_purpose_or_a_format_there_is_no_file(scene, said, sentence):
    refused = export(scene.client, scene, **said)
    assert (refused.status_code, sentence in text_of(refused)) == (400, True)
    assert not AuditEntry.objects.filter(action="suggestions.exported").exists()


def test_only_what_is_shown_is_in_the_file(scene):
    make_suggestion(scene.preview(), scene.people[5], scene.people[6])
    make_suggestion(make_scene().run, scene.people[5], scene.people[6])
    assert len(table(export(scene.client, scene))) == 4
    Publication.objects.filter(event=scene.event).update(run=None)
    assert "Nothing is published yet" in text_of(scene.client.get(scene.page("exports/")))


def test_nobody_else_exports(scene):
    """T8, T24."""
    facilitator, foreign = make_user(), make_user()
    make_role(facilitator, scene.event.programme, "facilitator", scene.event)
    make_role(foreign, make_event().programme, "organiser")
    assert export(visitor(facilitator), scene).status_code == 403
    assert export(visitor(foreign), scene).status_code == 404
    assert not AuditEntry.objects.filter(action="suggestions.exported").exists()
    assert export(scene.client, scene).status_code == 200


# --- set-up -----------------------------------------------------------------------------------------------------------
def test_an_event_is_set_up_with_a_name_alone(scene):
    new = f"/organise/programmes/{scene.event.programme_id}/new-event/"
    page = scene.client.get(new).content.decode()
    assert 'name="cap" value="8"' in page
    answer = scene.client.post(new, {**SAID, "name": "Цікавы вечар"})
    event = Event.objects.get(name="Цікавы вечар")
    assert answer["Location"] == f"/organise/events/{event.pk}/imports/"
    assert (event.kind, event.cap, event.floor, event.programme) == ("hackathon", 6, 1, scene.event.programme)
    assert AuditEntry.objects.filter(action="event.created", event_id=event.pk).exists()


def test_times_are_those_of_the_events_place(scene):
    said = {**SAID, "name": "Evening", "version": "1", "starts_at": "2026-12-15T10:00", "ends_at": "2026-12-15T15:00"}
    scene.client.post(scene.page("settings/"), said)
    scene.event.refresh_from_db()
    assert scene.event.starts_at == datetime(2026, 12, 15, 7, 0, tzinfo=UTC)
    assert 'value="2026-12-15T10:00"' in scene.client.get(scene.page("settings/")).content.decode()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"floor": "7"}, "Ensure this value is less than or equal to 5."),
        ({"cap": "1", "floor": "2"}, "The floor cannot be above the cap."),
        ({"starts_at": "2026-12-15T10:00", "ends_at": "2026-12-14T10:00"}, "The event cannot end before it starts."),
        ({"time_zone": "Mars"}, "There is no such time zone; write it like Europe/Minsk."),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(scene, said, sentence):
    refused = scene.client.post(scene.page("settings/"), {**SAID, "name": "Evening", "version": "1", **said})
    assert (refused.status_code, sentence in text_of(refused)) == (400, True)
    scene.event.refresh_from_db()
    assert (scene.event.version, scene.event.cap) == (1, 8)


def test_somebody_elses_change_is_not_overwritten(scene):
    changed = scene.client.post(scene.page("settings/"), {**SAID, "name": "Morning", "version": "1"})
    assert changed.status_code == 302
    stale = scene.client.post(scene.page("settings/"), {**SAID, "name": "Night", "version": "1"})
    assert stale.status_code == 412
    scene.event.refresh_from_db()
    assert scene.event.name == "Morning"


def test_a_new_name_takes_the_place_of_the_translated_ones(scene):
    Event.objects.filter(pk=scene.event.pk).update(names={"en": "Evening", "de": "Abend"})
    scene.client.post(scene.page("settings/"), {**SAID, "name": "Evening", "version": "1"})
    scene.event.refresh_from_db()
    assert scene.event.names == {"en": "Evening", "de": "Abend"}
    scene.client.post(scene.page("settings/"), {**SAID, "name": "Night", "version": "2"})
    assert "Night" in text_of(scene.client.get("/organise/"))


def test_a_facilitator_is_invited_with_a_link_that_is_shown_once(scene):
    told = scene.client.post(scene.page("invite/"), {"mail": "fedor@example.org"})
    assert "/invitation/" in text_of(told)
    made = Invitation.objects.get()
    assert (made.role, made.event, made.mail) == ("facilitator", scene.event, "fedor@example.org")
    assert "/invitation/" not in text_of(scene.client.get(scene.page("settings/")))
    wrong = scene.client.post(scene.page("invite/"), {"mail": "no address"})
    assert wrong.status_code == 400
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize("page", ["runs/", "imports/", "exports/", "settings/"])
@pytest.mark.parametrize("count", [1, 3])
def test_pages_cost_the_same_for_any_number(page, count, django_assert_max_num_queries):
    scene = make_scene(pairs=count)
    for _ in range(count):
        Run.objects.create(event=scene.event, state="done")
        export(scene.client, scene)
    assert Profile.objects.count() == 7
    scene.client.get(scene.page(page))
    with django_assert_max_num_queries({"runs/": 6, "imports/": 7, "exports/": 8, "settings/": 4}[page]):
        assert scene.client.get(scene.page(page)).status_code == 200
