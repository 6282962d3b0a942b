"""Attacks of section 2 of the quality bar, each against every route it can be tried on.

The routes with their fitting requests are those of matrix.toml, so a new route is attacked as soon as it has its row there.
Every request is undone; what was refused must have written nothing.
"""

import contextlib
import csv
import io
import json
import pickle
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import redis
from django.conf import settings as configured
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings
from django.urls import resolve

from api.docs import Once
from matchmaking.engine.arrays import unpack
from matchmaking.models import Artefact, AuditEntry, Event, Import, Organisation, Participant, Run, Shard, Suggestion
from matchmaking.services import blocks, caches, imports, shards
from matchmaking.services.caches import VectorMemory
from tests.answers import make_two
from tests.api.test_matrix import ROLES, TABLE, filled, is_allowed, method_of, scene
from tests.api.world import client_of
from tests.factories import make_event, make_organisation, make_participant, make_published_run, make_suggestion

pytestmark = pytest.mark.django_db
ROUTES = [row for row in TABLE["route"] if row["path"].startswith("/api/v1/")]
WITH_JSON = [row for row in ROUTES if method_of(row) != "GET" and "file" not in row]
LISTS = [
    row
    for row in ROUTES
    if method_of(row) == "GET" and ("lists" in row or re.search(r"/(rows|suggestions|registrations|audit)/(\?|$)", row["path"]))
]
# Takes what it knows and leaves the rest, as T31 wants it.
LENIENT = ("/join/", "/me/registrations/")
HIDDEN = (
    "mail", "mail__startswith", "phone", "telegram", "user", "user__mail", "user__password__startswith", "private_answers", "password",
    "join_code", "token", "programme__roles__user", "pair__responses__answer", "_connector", "pk__in", "id__in", "expand", "fields",
    "include", "filter[mail]", "event__join_code", "offset", "limit", "page", "format",
)  # fmt: skip
SQL = (
    "' OR '1'='1", "1 OR 1=1", "1; DROP TABLE matchmaking_user; --", "1) UNION SELECT password FROM matchmaking_user --", "\" OR \"\"=\"",
    "(SELECT pg_sleep(5))", "1/**/AND/**/1=1", "\\'; --", "%27%20OR%201=1", "{'gt': 0}", '["a"]', "id; SELECT 1", "-id,(select 1)",
)  # fmt: skip


# --- tools ------------------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def allowed_role(row: dict[str, Any]) -> str:
    """Somebody the route is there for, signed in where that changes nothing, so that nothing but the attack is refused."""
    if "/join/" in row["path"]:
        return "anon"  # who is signed in says less
    return next(role for role in (*ROLES[1:], ROLES[0]) if is_allowed(row, role))


def label(row: dict[str, Any]) -> str:
    return f"{method_of(row)} {row['path']}"


def described() -> dict[str, Any]:
    return json.loads(json.dumps(Once().get_schema(public=True), default=str))


def operation_of(schema: dict[str, Any], row: dict[str, Any], address: str) -> dict[str, Any]:
    """What the description says of a route."""
    path = address.partition("?")[0]
    for template, methods in schema["paths"].items():
        if re.fullmatch(re.sub(r"\\?\{\w+\\?\}", "[^/]+", re.escape(template)), path) and method_of(row).lower() in methods:
            return dict(methods[method_of(row).lower()])
    raise LookupError(label(row))


def none(found: list[Any]) -> None:
    assert not found, f"{len(found)}:\n" + "\n".join(map(str, found))


def problem_of(answer: Any) -> bool:
    return str(answer.headers.get("Content-Type")) == "application/problem+json"


@pytest.fixture
def unlimited(settings):
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES, "1000000/minute")


# --- A. objects -------------------------------------------------------------------------------------------------------
# Section 3: the operator reads how every run stands, and invites the first organiser of every programme.
SERVED_BY_OPERATORS = ("/runs/", "/first-organiser/")


@pytest.mark.once
def test_t22_what_is_foreign_reads_like_what_never_was(unlimited):
    """T1, T2, T3, T7, T8, T9, T12: on every route with an id, as every role, a foreign and an absent id are answered alike."""
    people, _own = scene()
    _others, foreign = scene()
    absent = {name: 1 if isinstance(thing, int) else thing for name, thing in foreign.items()}
    different, tried = [], 0
    for row in ROUTES:
        named = re.findall(r"\{(\w+)\}", row["path"]) + [
            value[1:] for value in str(row.get("body", "")).split("'") if value.startswith("$")
        ]
        if not any(isinstance(foreign[name], int) for name in named):
            continue
        for role in ROLES[1:7]:
            client, told = client_of(people[role]), []
            for things in (foreign, absent):
                with undone():
                    before = AuditEntry.objects.count()
                    address = row["path"].format(**things)
                    body = {**filled(row.get("body", {}), things), **({"file": io.BytesIO(b"Name\nAda\n")} if "file" in row else {})}
                    form = {"format": "multipart"} if "file" in row else {}
                    words = {} if method_of(row) == "GET" else {"data": body or None, "headers": {"If-Match": "*"}, **form}
                    answer = getattr(client, method_of(row).lower())(address, **words)
                    told.append((answer.status_code, answer.content, AuditEntry.objects.count() - before))
            tried += 1
            if role == "operator" and any(word in row["path"] for word in SERVED_BY_OPERATORS):
                continue
            if told[0] != told[1] or (told[0][0] not in (403, 404) and b'"results":[]' not in told[0][1]):
                different.append((label(row), role, told))
    none(different)
    assert tried > 200


def test_t6_contacts_lie_in_no_cache():
    """Neither in Redis nor with whoever keeps answers: none may be kept, or be asked for again with a tag."""
    two = make_two()
    path = f"/api/v1/introductions/{two.introduce(shares=['mail', 'phone', 'telegram']).pk}/"
    client = two.client(two.ada)
    for address in (path, "/api/v1/introductions/", "/api/v1/suggestions/", "/api/v1/me/"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "ben@example.org" in client.get(path).content.decode()
    with contextlib.closing(redis.Redis.from_url(configured.REDIS_URL)) as server:
        kept = [server.get(key) or b"" for key in server.scan_iter(f"*{configured.DATABASE_KEY}*") if server.type(key) == b"string"]
    assert kept, "counts of requests lie there"
    assert not [value for value in kept if b"ben@" in value or b"+375 Ben" in value]
    blocks.block(by=two.ben, whom=two.ada)
    for words in ({}, {"If-None-Match": "*"}, {"Cache-Control": "only-if-cached"}):
        assert client.get(path, headers=words).status_code == 404


def test_t6_what_is_remembered_of_somebodys_text_goes_with_them():
    keys = [f"vector:use:0123:{owner}" for owner in ("ada-of-minsk", "ben-of-brest")]
    VectorMemory().set_many(dict.fromkeys(keys, b"numbers"))
    assert caches.forget(["ada-of-minsk"]) == 1
    assert set(VectorMemory().get_many(keys)) == {keys[1]}
    assert caches.forget(["ben-of-brest"]) == 1


def test_t15_filters_by_what_is_foreign_find_nothing(unlimited):
    """Every list, every filter that takes an id: an empty page, or nothing at all where the list itself is the foreign event's."""
    people, things = scene()
    _others, foreign = scene()
    schema, found, tried = described(), [], 0
    for row in LISTS:
        address = row["path"].format(**things)
        for parameter in operation_of(schema, row, address)["parameters"]:
            name = parameter["name"]
            thing = foreign.get({"participant": "me", "lead": "me"}.get(name, name))
            if parameter["in"] != "query" or name == "role" or not isinstance(thing, int):
                continue
            tried += 1
            answer = client_of(people[allowed_role(row)]).get(f"{address.partition('?')[0]}?{name}={thing}")
            if answer.status_code != 404 and answer.json().get("results") != []:
                found.append((label(row), name, answer.status_code, answer.content[:200]))
    none(found)
    assert tried >= 10


@pytest.mark.once
def test_t16_t18_hidden_fields_cannot_be_filtered_or_ordered_by(unlimited):
    """On every list: 400 that names the parameter."""
    people, things = scene()
    accepted = []
    for row in LISTS:
        client, address = client_of(people[allowed_role(row)]), row["path"].format(**things).partition("?")[0]
        assert client.get(row["path"].format(**things)).status_code == 200
        for name in HIDDEN:
            for asked in (f"{name}=1", f"ordering={name}", f"ordering=-{name}"):
                answer = client.get(f"{address}?{asked}")
                if answer.status_code != 400 or not problem_of(answer) or asked.partition("=")[0] not in answer.json()["errors"]:
                    accepted.append((label(row), asked, answer.status_code))
    none(accepted)


# --- B. functions -----------------------------------------------------------------------------------------------------
@pytest.mark.once
def test_t25_other_verbs_and_headers_that_name_one_have_no_effect(unlimited):
    people, things = scene()
    verbs: dict[str, set[str]] = {}
    for row in ROUTES:
        verbs.setdefault(resolve(row["path"].format(**things).partition("?")[0]).route, set()).add(method_of(row))
    wrong, before = [], AuditEntry.objects.count()
    for row in ROUTES:
        client, address = client_of(people[allowed_role(row)]), row["path"].format(**things)
        known = verbs[resolve(address.partition("?")[0]).route]
        for verb in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"} - known:
            answer = client.generic(verb, address, headers={"If-Match": "*"})
            wrong += [(verb, address, answer.status_code)] if answer.status_code != 405 else []
        if "GET" in known:
            for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
                asked = [client.get(address, headers={name: verb, "If-Match": "*"}) for verb in ("DELETE", "POST")]
                wrong += [(name, address, one.status_code) for one in asked if one.status_code not in (200, 403)]
            assert client.head(address).content == b""
    none(wrong)
    assert AuditEntry.objects.count() == before


# --- C. fields --------------------------------------------------------------------------------------------------------
@pytest.mark.once
def test_t30_what_is_not_ones_own_to_set_is_refused_by_name(unlimited):
    """Every route with a body: role, staff, programme's fence, consent time, cap and the like are refused, and nothing is written."""
    people, things = scene()
    schema, accepted = described(), []
    for row in WITH_JSON:
        if any(part in row["path"] for part in LENIENT):
            continue
        address, client = row["path"].format(**things), client_of(people[allowed_role(row)])
        content = operation_of(schema, row, address).get("requestBody", {}).get("content", {})
        known = properties(schema, content["application/json"]["schema"]) if content else {}
        for field in ("role", "is_staff", "is_superuser", "user", "claimed_at", "consent_at", "verified", "id", "pk", "version", "state"):
            if field in known:
                continue
            before = AuditEntry.objects.count()
            body = {**filled(row.get("body", {}), things), field: "organiser"}
            with undone():
                answer = getattr(client, method_of(row).lower())(address, body, headers={"If-Match": "*"})
                told = answer.status_code == 400 and field in str(answer.json())
                if not told or AuditEntry.objects.count() != before:
                    accepted.append((label(row), field, answer.status_code, answer.content[:200]))
    none(accepted)


def properties(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The fields of a described body."""
    while "$ref" in part:
        part = schema["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    found = dict(part.get("properties", {}))
    for one in (*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("allOf", ())):
        found |= properties(schema, one)
    return found


KEYS = {
    ("self", "/api/v1/blocks/"): "id participant since",
    ("self", "/api/v1/organisations/"): "id name programme sector",
    ("self", "/api/v1/projects/"): "group held_on id member_count programme tags text",
    ("organiser", "/api/v1/projects/"): "external_id group held_on id member_count members programme tags text",
    ("self", "/api/v1/ideas/"): "event id lead mine needs programme text title",
    ("other", "/api/v1/ideas/"): "event id lead mine needs programme text title",
    ("self", "/api/v1/programmes/"): "id language my_role name sectors slug",
    ("organiser", "/api/v1/roles/"): "event holder id name programme",
    ("organiser", "/api/v1/audit/?event={event}"): "action actor at data event id noun noun_id",
    ("organiser", "/api/v1/imports/"): (
        "consent counts created_at event failure file_name finished_at id kind percent programme rows_read state table"
    ),
    ("organiser", "/api/v1/imports/{import}/rows/"): "cells id number outcome participant problems",
    ("self", "/api/v1/tokens/"): "created_at expires_at id",
    ("anon", "/api/v1/vocabulary/"): "id label parent",
}  # fmt: skip
ALONE = {
    ("anon", "/api/v1/session/"): "csrf operator participants roles user",
    ("anon", "/api/v1/public/events/{slug}/"): "city description ends_at kind name programme slug starts_at time_zone",
    ("anon", "/api/v1/join/{join_code}/"): "event notice purposes",
    ("self", "/api/v1/me/consents/"): "given notice purposes",
    ("operator", "/api/v1/runs/{run}/"): "event id kind percent published remaining_s sentence stage state",
}  # fmt: skip


@pytest.mark.parametrize("role, path", [*KEYS, *ALONE], ids=lambda value: value)
def test_t33_keys_by_role(role, path):
    """The key set of each answer; those of events, participants, runs, suggestions, introductions and oneself stand with their routes."""
    people, things = scene()
    told = client_of(people[role]).get(path.format(**things)).json()
    shown = told["results"][0] if (role, path) in KEYS else told
    assert " ".join(sorted(shown)) == (KEYS | ALONE)[role, path]


# --- E. input and output ----------------------------------------------------------------------------------------------
FREE = ("city", "sector", "language", "q")  # texts to be looked for: nobody has these, and `q` is words without their signs


def test_t58_sql_is_refused_or_finds_nothing(unlimited):
    """Every parameter of every list and of its order, search and cursor: 400, never 500; in a free text: nothing found."""
    people, things = scene()
    schema, wrong, tried = described(), [], 0
    for row in [*LISTS, *(row for row in ROUTES if "/vocabulary/" in row["path"])]:
        address = row["path"].format(**things).partition("?")[0]
        names = [one["name"] for one in operation_of(schema, row, address)["parameters"] if one["in"] == "query"]
        client = client_of(people[allowed_role(row)])
        for name in (*names, "_connector", "id__in", "pk", "programme__name"):
            for payload in SQL:
                tried += 1
                answer = client.get(address, {name: payload})
                nothing = name in FREE and name in names and answer.status_code == 200 and (name == "q" or not answer.json()["results"])
                if not nothing and (answer.status_code != 400 or not problem_of(answer)):
                    wrong.append((address, name, payload, answer.status_code, answer.content[:100]))
    none(wrong)
    assert tried > 1000


@pytest.mark.parametrize("asked", ["q=a&q=b", "q=a&q=a", "page_size=1&page_size=2"])
def test_t58_a_parameter_given_twice_is_refused_instead_of_overlooked(asked):
    answer = client_of(None).get(f"/api/v1/vocabulary/?{asked}")
    assert (answer.status_code, problem_of(answer)) == (400, True)
    assert list(answer.json()["errors"]) == [asked.partition("=")[0]]


@pytest.mark.parametrize("words", ["children's", '"school', "шко'ла", 'a"b', "100%", "a_b", "a\\b", "O''Neill", "--"])
def test_t58_a_search_for_words_with_quotes_stays_a_search(words):
    answer = client_of(None).get("/api/v1/vocabulary/", {"q": words})
    assert answer.status_code == 200
    assert set(answer.json()) == {"next", "previous", "results"}


def test_t58_lookups_by_dictionary_are_refused(unlimited):
    """Every field of every body: a dictionary or a list where a value is due."""
    people, things = scene()
    schema, wrong = described(), []
    for row, address, client, name, field in fields(people, things, schema):
        if field.get("type") not in ("string", "integer", "boolean"):
            continue
        for value in ({"$ne": ""}, {"gt": 0}, [["id", 1]], {"_connector": "OR"}):
            with undone():
                body = {**filled(row.get("body", {}), things), name: value}
                answer = getattr(client, method_of(row).lower())(address, body, headers={"If-Match": "*"})
            if answer.status_code != 400 or not problem_of(answer):
                wrong.append((label(row), name, value, answer.status_code))
    none(wrong)


def fields(people: Any, things: Any, schema: Any) -> Iterator[tuple[Any, str, Any, str, dict[str, Any]]]:
    """Every field of every body, with somebody who may send it."""
    for row in WITH_JSON:
        address = row["path"].format(**things)
        content = operation_of(schema, row, address).get("requestBody", {}).get("content", {})
        if not content:
            continue
        client = client_of(people[allowed_role(row)])
        for name, field in properties(schema, content["application/json"]["schema"]).items():
            yield row, address, client, name, field


@pytest.mark.parametrize("sign", ["\\u0000", "\\ud800", "\\udfff", "\\udc00\\ud800", "\udcff"], ids=ascii)
def test_t67_nul_and_lone_surrogates_are_refused_in_every_field(sign, unlimited):
    """As a value, in a list, as a key and deep within, in bodies that fit otherwise; the last one is a byte that is no UTF-8."""
    people, things = scene()
    schema, wrong, tried = described(), [], 0
    for row, address, client, name, _field in fields(people, things, schema):
        for text in (f'"a{sign}b"', f'["a", "{sign}"]', f'{{"{sign}": 1}}', f'{{"a": [{{"b": "{sign}"}}]}}'):
            tried += 1
            before = AuditEntry.objects.count()
            rest = {key: value for key, value in filled(row.get("body", {}), things).items() if key != name}
            body = f'{json.dumps(rest)[:-1]}{"," if rest else ""} "{name}": {text}}}'.encode(errors="surrogateescape")
            with undone():
                answer = client.generic(method_of(row), address, body, content_type="application/json", headers={"If-Match": "*"})
                said = answer.json().get("detail") if answer.status_code == 400 and problem_of(answer) else answer.status_code
                if said not in ("Text cannot hold the sign NUL.", "This is not valid JSON.") or AuditEntry.objects.count() != before:
                    wrong.append((label(row), name, text, said))
    none(wrong)
    assert tried > 400


def test_t67_nul_is_refused_in_every_parameter_and_finds_nothing_in_an_address(unlimited):
    people, things = scene()
    schema, wrong = described(), []
    for row in ROUTES:
        if method_of(row) != "GET":
            continue
        client, address = client_of(people[allowed_role(row)]), row["path"].format(**things).partition("?")[0]
        for parameter in operation_of(schema, row, address).get("parameters", ()):
            if parameter["in"] == "query":
                answer = client.get(f"{address}?{parameter['name']}=a%00b")
                wrong += [(address, parameter["name"], answer.status_code)] if answer.status_code != 400 else []
        for part in ("%00", "%ED%A0%80", "a%00"):
            cut = address.rstrip("/").rpartition("/")[0]
            answer = client.get(f"{cut}/{part}/")
            wrong += [(cut, part, answer.status_code)] if answer.status_code not in (404, 405) else []
    none(wrong)


@pytest.mark.parametrize("field", ["consent", "encoding", "delimiter", "kind", "event", "programme"])
def test_t67_nul_is_refused_in_the_fields_of_an_upload(field, unlimited):
    people, things = scene()
    client, body = client_of(people["organiser"]), {"event": things["event"], "file": io.BytesIO(b"Name\nAda\n")}
    answer = client.post("/api/v1/imports/", {**body, field: "\x00" if field == "delimiter" else "a\x00b"}, format="multipart")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    body["file"].seek(0)
    assert client.post("/api/v1/imports/", body, format="multipart").status_code == 202


BAD_JSON = {
    "deep lists": b"[" * 10_000 + b"]" * 10_000, "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "half of it": b"[" * 10_000,
    "deep in a field": b'{"name": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "10 MB": b'{"name": "' + b"a" * 10_000_000 + b'"}',
    "10 MB of spaces": b" " * 10_000_000, "10 MB of numbers": b"[" + b"1," * 5_000_000 + b"1]", "NaN": b'{"name": NaN}',
    "infinite": b'{"name": -Infinity}', "1e309": b'{"name": 1e309}', "many digits": b'{"cap": ' + b"9" * 5_000 + b"}",
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_JSON)
def test_t68_json_that_is_no_use_is_refused_at_once(kind, unlimited):
    """Every route that reads a body: 400 or 413 within 100 ms, counted as work of this process: a loaded machine tells the same."""
    people, things = scene()
    wrong, body = [], BAD_JSON[kind]
    for row in WITH_JSON:
        client, address = client_of(people[allowed_role(row)]), row["path"].format(**things)
        before = AuditEntry.objects.count()
        with undone():
            spent = []
            for _again in range(2):  # the first one may load what later ones have
                start = time.thread_time()
                answer = client.generic(method_of(row), address, body, content_type="application/json", headers={"If-Match": "*"})
                spent.append(time.thread_time() - start)
            if answer.status_code not in (400, 413) or not problem_of(answer) or min(spent) > 0.1 or AuditEntry.objects.count() != before:
                wrong.append((label(row), answer.status_code, spent))
    none(wrong)


BEGINS_A_FORMULA = re.compile(r"^[\s\u00a0\u200b\u200e\ufeff]*([=+\-@\t\r\n＝＋－＠﹢﹣﹦]|[{｛]\s*[=＝])", re.MULTILINE)
HOSTILE = (
    '=HYPERLINK("http://evil.example","x")', "+1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1+1", "\r=1", " =1+1", "\u00a0=1", "＝1+1",
    "{=1}", "harmless\n=1+1", "\u200b=1", "a\r\n@x", "﹣1", '";=1+1;"',
    "harmless;=1+1", "harmless\t+1+1", 'harmless;"=1+1', "harmless; ＠x",
)  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_t62_no_cell_of_an_export_begins_a_formula(hostile, world, tmp_path):
    """Names, external ids, sectors, organisations and the words of the reasons are all people's own text."""
    people = [
        make_participant(
            world.programme, event=world.event, name=hostile, external_id=f"{hostile}{number}", sector=hostile[:40], offers=[hostile],
            needs=[hostile], organisation=make_organisation(world.programme, name=f"{hostile}{number}"),
        )
        for number in range(2)
    ]  # fmt: skip
    run = make_published_run(make_event(world.programme, slug="hostile"))
    terms = [["constant", -1.0, []], ["need", 0.9, [f"={hostile}>={hostile}"]], ["offer", 0.4, [f"={hostile}"]]]
    make_suggestion(run, *people, terms_ab=terms, terms_ba=terms)
    out = io.StringIO(newline="")
    call_command("export_suggestions", event="hostile", format="csv", stdout=out)
    head, row = csv.reader(io.StringIO(out.getvalue(), newline=""))
    told = dict(zip(head, row, strict=True))
    numbers = {name for name in told if re.fullmatch(r"(score|[pz]_(ab|ba)|rank_[ab]|[ab]_id)", name)}
    for name, cell in told.items():
        if name in numbers:
            float(cell)
        else:
            assert not BEGINS_A_FORMULA.search(cell), (name, cell)
    assert hostile.strip()[-2:] in told["a_name"]
    for separator in ";\t":  # as a program reads it that is set to another one
        for line in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=separator):
            assert not [cell for cell in line if BEGINS_A_FORMULA.search(cell)]
    call_command("export_suggestions", event="hostile", format="xlsx", to=tmp_path / "out.xlsx")
    _, cells = openpyxl.load_workbook(tmp_path / "out.xlsx").active.rows
    assert {cell.data_type for name, cell in zip(head, cells, strict=True) if name not in numbers} == {"s"}
    assert [str(cell.value) for name, cell in zip(head, cells, strict=True) if name in ("a_id", "b_id")] == [told["a_id"], told["b_id"]]
    assert not [cell.value for cell in cells if BEGINS_A_FORMULA.search(str(cell.value))]


# --- F. import: in test_imports.py here and tests/services/test_imports.py, test_spreadsheets.py ------------------------
def test_t78_a_person_written_otherwise_is_the_same_over_http(world):
    """Case, ё and е, spaces, composed or not: the same address is the same person, 0 changes."""
    client, counts = client_of(world.organiser), []
    first = "Name;Mail\nСемён Ёлкин;Semen@Example.org\n"
    for text in (first, "Name;Mail\n  Семен   Елкин ;semen@example.ORG\n", first):
        answer = client.post("/api/v1/imports/", {"event": world.event.pk, "file": io.BytesIO(text.encode())}, format="multipart")
        assert answer.status_code == 202
        imports.read(import_id=answer.json()["id"])
        assert client.post(f"/api/v1/imports/{answer.json()['id']}/confirm/", {}).status_code == 202
        imports.save(import_id=answer.json()["id"])
        counts.append(client.get(f"/api/v1/imports/{answer.json()['id']}/").json()["counts"])
    assert [(one["new"], one["changed"]) for one in counts] == [(1, 0), (0, 0), (0, 0)]
    assert Participant.objects.filter(mail="semen@example.org").count() == 1


# --- G. abuse and load ------------------------------------------------------------------------------------------------
def test_t82_no_page_is_larger_than_100_and_none_is_reached_by_offset(unlimited):
    """Every list."""
    people, things = scene()
    event = Event.objects.get(pk=things["event"])
    for number in range(120):
        make_participant(event.programme, event=event, listed=True, organisation=make_organisation(event.programme, name=f"O{number}"))
    wrong, longest = [], 0
    for row in LISTS:
        client, address = client_of(people[allowed_role(row)]), row["path"].format(**things)
        more = "&" if "?" in address else "?"
        answer = client.get(f"{address}{more}page_size=1000000")
        rows = len(answer.json().get("results", ())) if answer.status_code == 200 else 1000
        longest = max(longest, rows)
        wrong += [(address, answer.status_code)] if rows > 100 else []
        for words in ("offset=100000", "page=5000", "limit=100000", "page_size=-1", "page_size=0", "page_size=1e9", "cursor=bz0xMDAwMDA="):
            answer = client.get(f"{address}{more}{words}")
            wrong += [(address, words, answer.status_code)] if answer.status_code != 400 else []
    none(wrong)
    assert longest == 100, "a list that could have been longer"


# --- H. platform ------------------------------------------------------------------------------------------------------
def bomb(path: Path) -> bytes:
    """Unpickling it writes a file: the proof that somebody did."""

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(path), "w")

    return pickle.dumps(Bomb())


def test_t93_arrays_are_never_unpickled(tmp_path):
    """As the whole file, as an .npy within it, and as an array of objects."""
    import zipfile

    import numpy as np

    trap = tmp_path / "unpickled"
    inside, objects = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inside, "w") as archive:
        archive.writestr("vectors.npy", bomb(trap))
    np.savez(objects, allow_pickle=True, vectors=np.array([{"a": 1}], dtype=object))
    for content in (bomb(trap), objects.getvalue()):
        with pytest.raises(ValueError, match=r"pickle|Object arrays"):
            unpack(content)
    assert unpack(inside.getvalue()) == {"vectors": bomb(trap)}, "the bytes as they are"
    assert not trap.exists()


def test_t93_what_a_shard_left_is_used_only_as_it_was_left(world):
    run = Run.objects.create(event=world.event)
    artefact = Artefact.objects.create(run=run, run_epoch=run.epoch, stage="vectors", number=0, sha256="0" * 64, data=b"other bytes")
    with pytest.raises(ValueError, match="does not match its checksum"):
        shards.artefacts(run, "vectors")
    Artefact.objects.filter(pk=artefact.pk).update(sha256="9d7ea1ac6ad34a4e0e5f40f8d1bbcd28ab6a0b0a8c7a6d8b7d0ccf9b4e8a7f3c")
    with pytest.raises(ValueError, match="does not match its checksum"):
        shards.artefacts(run, "vectors")


def test_t94_who_writes_into_redis_changes_no_record_and_stops_nobody(world):
    """Counts of another type, invented keys, junk in the queues: people go on, and what is stored is what it was."""
    client = client_of(world.user)
    assert client.get("/api/v1/suggestions/").status_code == 200
    tables = (Participant, Organisation, Event, Run, Suggestion, AuditEntry)
    before = [sorted(map(repr, table.objects.values_list())) for table in tables]
    server = redis.Redis.from_url(configured.REDIS_URL)
    keys = [key for key in server.scan_iter(f"*{configured.DATABASE_KEY}*") if b"throttle" in key]
    assert keys, "there is nothing to write over"
    try:
        for key in keys:
            server.delete(key)
            server.rpush(key, b"junk")
        for name in ("suggestions", "event", "session", "user"):
            server.set(f"{configured.DATABASE_KEY}:{name}:{world.me.pk}", pickle.dumps({"is_staff": True, "role": "organiser"}))
        for _ in range(3):
            assert client.get("/api/v1/suggestions/").status_code == 200
            assert client.get(f"/api/v1/events/{world.event.pk}/").json()["my_role"] == ""
        assert client.get("/api/v1/imports/").status_code == 403
        assert [sorted(map(repr, table.objects.values_list())) for table in tables] == before
    finally:
        for key in server.scan_iter(f"*{configured.DATABASE_KEY}*"):
            if (server.type(key) != b"set" and key in keys) or b":session:" in key or key.endswith(str(world.me.pk).encode()):
                server.delete(key)
        server.close()


def test_t94_vectors_that_somebody_else_wrote_are_neither_unpickled_nor_used(tmp_path):
    """Forged, pickled, cut short, moved under another key, sealed with another secret: each reads like one that is not there."""
    memory, trap, server = VectorMemory(), tmp_path / "unpickled", redis.Redis.from_url(configured.REDIS_URL)
    keys = [f"vector:{tmp_path.name}:{number}" for number in range(6)]
    names = [f"{configured.DATABASE_KEY}:{key}" for key in keys]
    memory.set_many(dict.fromkeys(keys, b"as it was left"))
    try:
        assert memory.get_many(keys) == dict.fromkeys(keys, b"as it was left")
        kept = bytes(server.get(names[0]))
        with override_settings(SECRET_KEY="another secret"):
            memory.set_many({keys[5]: b"as it was left"})
        for name, forged in zip(names[1:5], (bomb(trap), kept[:-1], kept, b""), strict=True):
            server.set(name, forged)
        assert memory.get_many(keys) == {keys[0]: b"as it was left"}
        assert not trap.exists()
    finally:
        server.delete(*names)
        server.close()


def test_t94_a_forged_message_starts_nothing_that_the_database_does_not_ask_for(world):
    """Messages that look like ours: a run that is not to be published, an import nobody confirmed, one that was cancelled, shards done."""
    from workers import tasks

    waits, gone = (import_of(world) for _ in range(2))
    imports.cancel(import_=gone, by=None)
    run = Run.objects.create(event=world.event, state=Run.State.DONE)
    shard = Shard.objects.create(run=run, run_epoch=run.epoch, stage="candidates", number=0, state="done")
    tables = (Participant, Organisation, Event, Run, Shard, Suggestion, Import, AuditEntry)
    before = [sorted(map(repr, table.objects.values_list())) for table in tables]
    for import_ in (waits, gone):
        tasks.save_import(import_id=import_.pk)
        tasks.read_import(import_id=import_.pk)
    tasks.publish_run(run_id=run.pk)
    tasks.run_shard(shard_id=shard.pk)
    assert [sorted(map(repr, table.objects.values_list())) for table in tables] == before
    imports.confirm(import_=waits, by=None)
    tasks.save_import(import_id=waits.pk)
    assert Participant.objects.filter(mail="forged@example.org").exists(), "the twin: this one was asked for"


def import_of(world: Any) -> Import:
    """An import that waits for its confirmation."""
    file = io.BytesIO(b"Name,Mail\nForged,forged@example.org\n")
    begun = imports.begin(programme=world.programme, event=world.event, file=file, name="people.csv", by=None)
    imports.read(import_id=begun.pk)
    begun.refresh_from_db()
    assert begun.state == Import.State.PREVIEW
    return begun


@pytest.mark.once
def test_t98_every_route_answers_with_the_protecting_headers(unlimited):
    """As who may and as who may not; bodies that are no use; routes that are not there."""
    from tests.api.test_platform import PROTECTING

    people, things = scene()
    missing, statuses = [], set()
    for row in ROUTES:
        for user in (people[allowed_role(row)], None):
            client = client_of(user)
            for body in (json.dumps(filled(row.get("body", {}), things)), "{"):
                with undone():
                    words = {} if method_of(row) == "GET" else {"data": body, "content_type": "application/json"}
                    answer = client.generic(method_of(row), row["path"].format(**things), **words)
                statuses.add(answer.status_code)
                missing += [(label(row), answer.status_code, name) for name in PROTECTING if name not in answer.headers]
                if answer.status_code >= 400 and not problem_of(answer):
                    missing.append((label(row), answer.status_code, "problem"))
    none(missing)
    assert statuses >= {200, 400, 401, 404, 415}
