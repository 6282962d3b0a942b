"""Imports over HTTP: organisers only, in the background, with sentences."""

import gzip
import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from matchmaking.models import Import, ImportRow, Participant, Registration
from matchmaking.services import imports
from tests.factories import make_event, make_role, make_user

pytestmark = pytest.mark.django_db
LIST = "/api/v1/imports/"
CSV = "External ID,Name,Mail\nP1,Ada,ada@example.org\nP2,Ben,bad\n"


@pytest.fixture
def event():
    return make_event()


@pytest.fixture
def organiser(event):
    user = make_user()
    make_role(user, event.programme)
    return user


def client(user) -> APIClient:
    one = APIClient()
    one.force_authenticate(user)
    return one


def upload(user, event, content: str | bytes = CSV, *, name: str = "people.csv", **fields):
    data = content.encode() if isinstance(content, str) else content
    body = {"file": SimpleUploadedFile(name, data), "event": event.pk} | fields
    return client(user).post(LIST, body, format="multipart")


def read(answer) -> Import:
    assert answer.status_code == 202, answer.json()
    imports.read(import_id=answer.json()["id"])
    return Import.objects.get(pk=answer.json()["id"])


def test_an_upload_is_accepted_read_confirmed_and_taken_back(event, organiser):
    answer = upload(organiser, event, consent="form of 1 May")
    import_ = read(answer)
    path = f"{LIST}{import_.pk}/"
    assert answer.headers["Location"].endswith(path)
    assert (answer.json()["state"], answer.json()["percent"]) == ("reading", 0)
    me = client(organiser)
    shown = me.get(path).json()
    assert shown == {
        "id": import_.pk, "kind": "participants", "state": "preview", "programme": event.programme_id, "event": event.pk,
        "file_name": "people.csv", "consent": "form of 1 May", "percent": 100, "rows_read": 2,
        "table": {
            "encoding": "utf-8", "delimiter": ",", "sheet": None, "unknown": [], "asked": {},
            "columns": {"external_id": "External ID", "name": "Name", "mail": "Mail"},
        },
        "counts": {"total": 2, "new": 1, "changed": 0, "unchanged": 0, "proposed": 0, "duplicate": 0, "rejected": 1},
        "failure": None, "created_at": shown["created_at"], "finished_at": None,
    }  # fmt: skip
    assert me.get(LIST).json()["results"] == [shown]
    rejected = me.get(f"{path}rows/?outcome=rejected").json()["results"]
    assert rejected == [
        {
            "id": rejected[0]["id"], "number": 3, "outcome": "rejected", "participant": None,
            "cells": {"external_id": "P2", "name": "Ben", "mail": "bad"}, "problems": ["“bad” is not a mail address."],
        }
    ]  # fmt: skip
    refused = me.post(f"{path}confirm/", {})
    assert (refused.status_code, refused.json()["detail"]) == (
        409, "1 rows cannot be imported as they are. Fix them, or confirm without them.",
    )  # fmt: skip
    fixed = me.patch(f"{path}rows/{rejected[0]['id']}/", {"cells": {"mail": "ben@example.org"}})
    assert (fixed.status_code, fixed.json()["outcome"], fixed.json()["problems"]) == (200, "new", [])
    assert not Participant.objects.exists()
    confirmed = me.post(f"{path}confirm/", {})
    assert (confirmed.status_code, confirmed.json()["state"], confirmed.json()["percent"]) == (202, "saving", None)
    imports.save(import_id=import_.pk)
    assert set(Registration.objects.values_list("participant__name", "state")) == {("Ada", "approved"), ("Ben", "approved")}
    taken = me.post(f"{path}take-back/")
    assert (taken.status_code, taken.json()["state"], taken.json()["counts"]["removed"]) == (200, "taken back", 2)
    assert not Participant.objects.exists()
    assert me.delete(path).status_code == 204
    assert me.get(path).status_code == 404


def test_t12_a_foreign_import_its_rows_and_its_errors_read_like_absent_ones(event, organiser):
    import_ = read(upload(organiser, event))
    row = import_.rows.get(outcome="rejected")
    other = make_user()
    make_role(other, make_event().programme)
    paths = [
        ("get", ""), ("get", "rows/"), ("patch", f"rows/{row.pk}/"), ("post", "confirm/"), ("post", "cancel/"), ("post", "take-back/"),
        ("patch", ""), ("delete", ""),
    ]  # fmt: skip
    for method, path in paths:
        foreign = getattr(client(other), method)(f"{LIST}{import_.pk}/{path}")
        absent = getattr(client(other), method)(f"{LIST}123456789/{path}")
        assert (foreign.status_code, foreign.content) == (404, absent.content), path
    mine = read(upload(other, other.roles.get().programme.events.get()))
    crossed = client(other).patch(f"{LIST}{mine.pk}/rows/{row.pk}/", {"cells": {"mail": "a@example.org"}})
    assert crossed.status_code == 404
    import_.refresh_from_db()
    assert import_.state == "preview"
    assert client(organiser).get(f"{LIST}{import_.pk}/rows/").status_code == 200


def test_facilitators_and_strangers_import_nothing(event, organiser):
    facilitator, stranger = make_user(), make_user()
    make_role(facilitator, event.programme, "facilitator")
    assert upload(facilitator, event).status_code == 403
    assert upload(stranger, event).status_code == 404
    assert [client(user).get(LIST).status_code for user in (facilitator, stranger)] == [403, 403]
    assert APIClient().post(LIST, {}, format="multipart").status_code in (401, 403)
    assert not Import.objects.exists()
    assert upload(organiser, event).status_code == 202


def test_an_organiser_of_one_event_imports_into_it_alone(event):
    user = make_user()
    make_role(user, event.programme, event=event)
    other = make_event(event.programme)
    assert upload(user, other).status_code in (403, 404)
    data = {"file": SimpleUploadedFile("p.csv", CSV.encode()), "programme": event.programme_id}
    assert client(user).post(LIST, data, format="multipart").status_code == 403
    assert upload(user, event).status_code == 202


def test_what_is_too_large_is_refused_before_it_is_read(event, organiser, settings):
    settings.UPLOAD_LIMIT_BYTES = 1000
    assert upload(organiser, event, b"Name\n" + b"a\n" * 600).status_code == 413
    large = client(organiser).generic("POST", LIST, b"x" * 70_000, content_type="multipart/form-data; boundary=x")
    assert (large.status_code, large.json()["title"]) == (413, "Too large")
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    "fields, named",
    [({"role": "x"}, "role"), ({"kind": "users"}, "kind"), ({"programme": "abc"}, "programme"), ({"consent": "c" * 501}, "consent")],
)
def test_unknown_or_wrong_fields_are_named(event, organiser, fields, named):
    answer = upload(organiser, event, **fields)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [named])


def test_only_the_upload_takes_a_form_and_it_takes_nothing_else(event, organiser):
    assert client(organiser).post(LIST, {"event": event.pk}, format="json").status_code == 415
    import_ = read(upload(organiser, event))
    assert client(organiser).post(f"{LIST}{import_.pk}/confirm/", {"skip_bad_rows": "1"}, format="multipart").status_code == 415


def test_t57_script_in_names_of_files_and_columns_comes_back_as_data(event, organiser):
    script = "<script>alert(1)</script>"
    import_ = read(upload(organiser, event, f"Name,{script}\nAda,x\n", name=f"{script}.csv".replace("/", "")))
    answer = client(organiser).get(f"{LIST}{import_.pk}/")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["table"]["unknown"] == [script]


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        book.writestr("xl/worksheets/sheet1.xml", b" " * 300_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    "name, content, told",
    [
        ("t70.xlsx", bomb, ""),
        ("t74.xlsx", b"<html><table><tr><td>Name</td></tr></table></html>", "holds a web page or XML"),
        ("t74.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, ""),
        ("t71.csv", b"PK\x03\x04 no zip", ""),
        ("none.csv", b"a,b\n1,2\n", "No column tells whom the rows are about."),
    ],
)
def test_t70_to_t74_hostile_and_wrong_files_fail_with_a_sentence(event, organiser, name, content, told):
    import_ = read(upload(organiser, event, content() if callable(content) else content, name=name))
    answer = client(organiser).get(f"{LIST}{import_.pk}/").json()
    assert (answer["state"], ImportRow.objects.count()) == ("failed", 0)
    assert told in answer["failure"]
    assert answer["failure"].endswith((".", "?"))
    assert "{" not in answer["failure"]


def test_t76_another_encoding_is_chosen_over_http(event, organiser):
    import_ = read(upload(organiser, event, "Имя;Почта\nПётр;petr@example.org\n".encode("cp1251")))
    path = f"{LIST}{import_.pk}/"
    again = client(organiser).patch(path, {"encoding": "cp1251", "delimiter": ";"})
    assert (again.status_code, again.json()["state"], again.json()["table"]) == (
        202, "reading", {"asked": {"encoding": "cp1251", "delimiter": ";"}},
    )  # fmt: skip
    imports.read(import_id=import_.pk)
    assert client(organiser).get(path).json()["table"]["columns"] == {"name": "Имя", "mail": "Почта"}
    refused = client(organiser).patch(path, {"encoding": "utf-7"})
    assert refused.status_code == 400
    assert refused.json()["detail"].startswith("The encoding “utf-7” is not known.")


def test_t82_rows_come_by_cursor_in_the_order_of_the_file(event, organiser):
    import_ = read(upload(organiser, event, "Name\n" + "".join(f"N{n}\n" for n in range(150))))
    me, path = client(organiser), f"{LIST}{import_.pk}/rows/?page_size=1000000"
    first = me.get(path).json()
    second = me.get(first["next"]).json()
    assert [row["number"] for row in first["results"] + second["results"]] == list(range(2, 152))
    assert len(first["results"]) == 100
    assert me.get(f"{LIST}{import_.pk}/rows/?outcome=role").status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_listing_imports_and_rows_costs_the_same_for_any_length(event, organiser, count):
    made = [read(upload(organiser, event, "Name\n" + "".join(f"N{n}\n" for n in range(count)))) for _ in range(count)]
    me = client(organiser)
    for path, most in ((LIST, 3), (f"{LIST}{made[0].pk}/rows/", 3)):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(me.get(path).json()["results"]) == count
        assert len(queries) <= most, [q["sql"] for q in queries]


def test_the_same_idempotency_key_makes_one_import(event, organiser):
    me = client(organiser)
    answers = [
        me.post(LIST, {"file": SimpleUploadedFile("p.csv", CSV.encode()), "event": event.pk}, format="multipart", HTTP_IDEMPOTENCY_KEY="k")
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert Import.objects.count() == 1


def test_track_records_are_imported_over_http(event, organiser):
    import_ = read(upload(organiser, event, gzip.compress(b'{"id": "K1", "members": ["P1"]}\n'), name="p.jsonl.gz", kind="projects"))
    assert (import_.counts["new"], import_.counts["outsiders"]) == (1, 1)
    cancelled = client(organiser).post(f"{LIST}{import_.pk}/cancel/")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
