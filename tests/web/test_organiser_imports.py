"""S12: a file from the upload over the preview and its repairs to what is saved, and back."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from matchmaking.models import Import, ImportRow, Participant, Registration
from matchmaking.services import imports
from tests.factories import make_event, make_role, make_user
from tests.web.organising import make_scene
from tests.web.visits import PART, text_of, visitor

pytestmark = pytest.mark.django_db
FILE = """Имя;Почта;Организация;Сектор;Любимый цвет
Ада;ada@example.org;Дом;образование;синий
Бен;не адрес;Дом;бизнес;
Ада;ada@example.org;Дом;образование;
"""


@pytest.fixture
def scene():
    return make_scene()


def upload(scene, text=FILE, name="people.csv", encoding="cp1251", **said):
    file = SimpleUploadedFile(name, text.encode(encoding))
    return scene.client.post(scene.page("imports/upload/"), {"file": file, "kind": "participants", **said})


@pytest.fixture
def preview(scene):
    """An import that was read."""
    upload(scene, consent="Form of May")
    import_ = Import.objects.get()
    imports.read(import_id=import_.pk)
    import_.refresh_from_db()
    return import_


def path(import_, rest=""):
    return f"/organise/imports/{import_.pk}/{rest}"


def test_a_file_is_taken_in_and_its_reading_followed(scene):
    answer = upload(scene, consent="Form of May")
    import_ = Import.objects.get()
    assert (answer["Location"], import_.state, import_.consent) == (path(import_), "reading", "Form of May")
    told = text_of(scene.client.get(path(import_)))
    assert "is being read" in told
    part = scene.client.get(path(import_, "look/"), headers=PART).content.decode()
    assert ("<html" in part, 'hx-trigger="every 2s"' in part, "0 %" in part) == (False, True, True)
    imports.read(import_id=import_.pk)
    assert scene.client.get(path(import_, "look/"), headers=PART).headers["HX-Refresh"] == "true"
    assert "waits for your confirmation" in text_of(scene.client.get(scene.page("imports/")))


def test_the_preview_says_how_the_file_was_understood(scene, preview):
    told = text_of(scene.client.get(path(preview)))
    assert "Encoding cp1251 Delimiter ;" in told
    assert "Recognised columns Name, Mail, Organisation, Sector" in told
    assert "Columns that are left out Любимый цвет" in told
    assert "new: 1 changed: 0 unchanged: 0 proposed to the owner: 0 repeats another row: 1 cannot be imported: 1" in told
    assert "Row 3 · cannot be imported “не адрес” is not a mail address." in told, "those that need a hand come first"
    assert "Row 2 · new" in text_of(scene.client.get(path(preview) + "?outcome=new"))
    assert Participant.objects.filter(mail="ada@example.org").count() == 0


def test_a_cell_is_repaired_in_place(scene, preview):
    row = ImportRow.objects.get(outcome="rejected")
    answer = scene.client.post(path(preview, f"rows/{row.pk}/"), {"mail": "ben@example.org", "name": "Бен"}, headers=PART)
    part = answer.content.decode()
    assert "<html" not in part
    assert f'id="row-{row.pk}"' in part
    assert 'id="counts" hx-swap-oob="true"' in part
    assert "cannot be imported: 0" in text_of(answer)
    assert "Save all of it" in part
    row.refresh_from_db()
    assert (row.outcome, row.cells["mail"]) == ("new", "ben@example.org")


def test_a_repair_that_does_not_help_says_why(scene, preview):
    row = ImportRow.objects.get(outcome="rejected")
    again = scene.client.post(path(preview, f"rows/{row.pk}/"), {"mail": "nor this"}, headers=PART)
    assert "“nor this” is not a mail address." in text_of(again)
    too_long = scene.client.post(path(preview, f"rows/{row.pk}/"), {"mail": "x" * 20_001}, headers=PART)
    assert (too_long.status_code, "at most 20000 signs" in text_of(too_long)) == (200, True)
    without_script = scene.client.post(path(preview, f"rows/{row.pk}/"), {"mail": "ben@example.org"})
    assert without_script["Location"] == path(preview)


def test_it_is_saved_without_the_bad_rows_and_taken_back(scene, preview):
    page = scene.client.get(path(preview)).content.decode()
    assert "Save without the rows that cannot be imported" in page
    assert scene.client.post(path(preview, "confirm/")).status_code == 409, "not without saying so"
    assert scene.client.post(path(preview, "confirm/"), {"skip_bad_rows": "1"})["Location"] == path(preview)
    assert "is being saved" in text_of(scene.client.get(path(preview)))
    imports.save(import_id=preview.pk)
    ada = Participant.objects.get(mail="ada@example.org")
    assert Registration.objects.filter(participant=ada, event=scene.event).exists()
    told = text_of(scene.client.get(path(preview)))
    assert "To the matching" in told
    scene.client.post(path(preview, "take-back/"))
    assert not Participant.objects.filter(mail="ada@example.org").exists()
    assert "removed: 1" in text_of(scene.client.get(path(preview)))


def test_it_is_cancelled_or_deleted(scene, preview):
    answer = scene.client.post(path(preview, "cancel/"))
    told = text_of(scene.client.get(answer["Location"]))
    assert "The import is cancelled; nothing was saved." in told
    assert scene.client.post(path(preview, "remove/"))["Location"] == scene.page("imports/")
    assert Import.objects.count() == 0


def test_the_file_is_read_again_with_another_encoding(scene, preview):
    scene.client.post(path(preview, "read-again/"), {"encoding": "koi8-r", "delimiter": ";"})
    preview.refresh_from_db()
    assert (preview.state, preview.table["asked"]) == ("reading", {"encoding": "koi8-r", "delimiter": ";"})
    imports.read(import_id=preview.pk)
    assert scene.client.post(path(preview, "read-again/"), {"encoding": "klingon"}).status_code == 400


def test_a_file_that_cannot_be_read_says_so_in_words(scene):
    upload(scene, text="<html><body>no table</body></html>", name="people.xls", encoding="utf-8")
    import_ = Import.objects.get()
    imports.read(import_id=import_.pk)
    told = text_of(scene.client.get(path(import_)))
    assert "could not be read" in told
    assert "Nothing was saved." in told


def test_without_a_file_or_with_too_large_a_one_the_form_says_so(scene, settings):
    told = scene.client.post(scene.page("imports/upload/"), {"kind": "participants"})
    assert (told.status_code, "Choose a file first." in text_of(told)) == (400, True)
    settings.UPLOAD_LIMIT_BYTES = 10
    told = upload(scene)
    assert (told.status_code, "The file is larger than" in text_of(told)) == (400, True)
    assert upload(scene, kind="people").status_code == 400
    settings.FORM_BYTES = 10
    assert upload(scene).status_code == 413, "refused before it is read"
    assert Import.objects.count() == 0


def test_another_organisers_import_reads_like_none(scene, preview):
    """T12."""
    foreign = make_user()
    make_role(foreign, make_event().programme, "organiser")
    row = ImportRow.objects.get(outcome="rejected")
    client = visitor(foreign)
    for rest, send in [("", "get"), ("look/", "get"), ("confirm/", "post"), ("cancel/", "post"), (f"rows/{row.pk}/", "post")]:
        refused = getattr(client, send)(path(preview, rest), {"skip_bad_rows": "1"})
        never = getattr(client, send)(f"/organise/imports/123/{rest}")
        assert (refused.status_code, text_of(refused).split("tell this id")[0]) == (404, text_of(never).split("tell this id")[0]), rest
    preview.refresh_from_db()
    assert preview.state == "preview"
    assert scene.client.post(path(preview, "rows/123/"), {}).status_code == 404


@pytest.mark.parametrize("rows", [1, 30])
def test_the_preview_costs_the_same_for_any_length(scene, rows, django_assert_num_queries):
    upload(scene, text="Name;Mail\n" + "".join(f"P{n};wrong\n" for n in range(rows)), encoding="utf-8")
    import_ = Import.objects.get()
    imports.read(import_id=import_.pk)
    scene.client.get(path(import_))
    with django_assert_num_queries(6):
        page = scene.client.get(path(import_)).content.decode()
    assert len(re.findall('id="row-', page)) == rows
