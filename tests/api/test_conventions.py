"""What holds for every route of the API."""

import time
from itertools import pairwise

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from matchmaking.models import Event, Idea, Participant
from tests.api.world import client_of
from tests.factories import make_event, make_participant

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/events/"


def routes(patterns=None, prefix=""):
    """Every route the resolver knows, the admin site's apart: it declares its own."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        where = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            if not where.startswith("admin/"):
                yield from routes(pattern.url_patterns, where)
        elif isinstance(pattern, URLPattern):
            yield where, pattern.callback


def operations(callback):
    """The operations a route answers, by what its view calls them."""
    actions = getattr(callback, "actions", None)
    if actions:
        return {name for method, name in actions.items() if method != "head"}
    view = callback.cls
    return {method for method in view.http_method_names if hasattr(view, method) and method != "head"}


def test_every_route_declares_who_may_call_it():
    """T28."""
    found, undeclared = 0, []
    for where, callback in routes():
        found += 1
        if hasattr(callback, "cls"):
            permits = getattr(callback.cls, "permits", {})
            undeclared += [f"{where}: {operation}" for operation in operations(callback) if operation not in permits]
        elif not getattr(callback, "permits", None):
            undeclared.append(where)
    assert found > 20
    assert undeclared == []


def test_an_operation_without_a_declaration_cannot_be_called(world, monkeypatch):
    from api.events import Events

    client = client_of(world.user, raise_request_exception=False)
    assert client.get(EVENTS).status_code == 200
    monkeypatch.setattr(Events, "permits", {})
    assert client.get(EVENTS).status_code == 500


def test_a_refusal_is_a_problem_in_json(world):
    answer = client_of(None).get(EVENTS)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Token"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Sign in first",
        "status": 401,
        "detail": "Authentication credentials were not provided.",
    }
    assert client_of(world.user).get(EVENTS).status_code == 200


# --- queries ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "query",
    [
        "name__startswith=E", "join_code__startswith=a", "programme__roles__user=1", "ordering=join_code", "ordering=programme__name",
        "expand=programme", "fields=join_code", "_connector=OR", "kind=x' OR 1=1--", "programme=1 OR 1=1", "programme=abc",
        "ordering=id;drop table", "programme=99999999999999999999", "cursor=abc", "cursor=cD1hYmM=", "page_size=x", "page_size=0",
        "page_size=-1", "kind=%00",
    ],
)  # fmt: skip
def test_what_is_not_declared_cannot_be_asked(query, world):
    """T16, T18, T58: hidden fields, expansions, SQL."""
    client = client_of(world.organiser)
    assert client.get(f"{EVENTS}?kind=discussion&ordering=-name&programme={world.programme.pk}").status_code == 200
    answer = client.get(f"{EVENTS}?{query}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["participants/?mail__startswith=m", "participants/?ordering=mail", "participants/?user=1", "runs/?requested_by=1"]
)
def test_hidden_fields_of_people_cannot_be_filtered_by(path, world):
    """T16."""
    assert client_of(world.organiser).get(f"/api/v1/{path}").status_code == 400


def test_filtering_by_what_is_foreign_finds_nothing(world, elsewhere):
    """T15."""
    client = client_of(world.user)
    for path in ("participants", "ideas", "runs"):
        assert len(client.get(f"/api/v1/{path}/?event={world.event.pk}").json()["results"]) > 0, path
        assert client.get(f"/api/v1/{path}/?event={elsewhere.event.pk}").json() == {"next": None, "previous": None, "results": []}


def test_pages_are_short_and_follow_each_other(world):
    """T82: at most 100 rows; cursors, no offsets."""
    Event.objects.bulk_create([Event(programme=world.programme, slug=f"e{n}", name=f"{n % 7}", join_code=f"j{n}") for n in range(120)])
    client = client_of(world.user)
    assert len(client.get(f"{EVENTS}?page_size=1000000").json()["results"]) == 100
    assert client.get(f"{EVENTS}?offset=5").status_code == 400
    for ordering in ("id", "-name", "name", "-id"):
        seen, address = [], f"{EVENTS}?page_size=50&ordering={ordering}"
        while address:
            page = client.get(address).json()
            seen += [event["id"] for event in page["results"]]
            address = page["next"]
        assert sorted(seen) == sorted(Event.objects.filter(programme=world.programme).values_list("pk", flat=True)), ordering
        back, address = [], page["previous"]
        while address:
            page = client.get(address).json()
            back = [event["id"] for event in page["results"]] + back
            address = page["previous"]
        assert back == seen[:100], ordering


def test_a_cursor_of_another_order_or_of_ones_own_making_is_refused(world):
    for _ in range(2):
        make_event(world.programme)
    client = client_of(world.user)
    address = client.get(f"{EVENTS}?page_size=1&ordering=name").json()["next"]
    assert client.get(address).status_code == 200
    assert client.get(address.replace("ordering=name", "ordering=id")).status_code == 400
    assert client.get(address.replace("cursor=", "cursor=A")).status_code == 400


# --- bodies -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [
        b'{"title": NaN}', b'{"title": 1e309}', b'{"title": "\\u0000"}', b'{"title": "\\ud800"}', b'{"title": "\xff"}', b"[" * 10_000,
        b"{", b"[]",
        b'"x"', b"1", b"null", b'{"title": ["a"]}', b'{"title": {"$ne": ""}}', b'{"programme": {"id": 1}}', b'{"programme": 1e400}',
        b'{"programme": 123456789012345678901234567890}', b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"title": "' + b"a" * 10_000_000 + b'"}',
        b'{"title": "x", "title": ["y"]}',
    ],
)  # fmt: skip
def test_a_body_that_is_no_use_is_refused_at_once(body, world):
    """T67, T68: 400 within 100 ms; the limit here leaves room for a loaded machine."""
    client = client_of(world.user)
    client.get("/api/v1/session/")
    start = time.thread_time()
    answer = client.generic("POST", "/api/v1/ideas/", body, content_type="application/json")
    assert time.thread_time() - start < 0.5
    assert answer.status_code in (400, 413)
    assert answer["Content-Type"] == "application/problem+json"
    assert Idea.objects.filter(title__in=["x", "y"]).count() == 0


def test_fifty_thousand_signs_are_judged_at_once(world):
    """T66, at every field of every body that takes text."""
    client, long = client_of(world.organiser), "ў̈" * 25_000
    bodies = {
        "/api/v1/ideas/": {"programme": world.programme.pk, "title": long, "text": long, "needs": [long]},
        EVENTS: {"programme": world.programme.pk, "slug": long, "name": long, "city": long, "description": long, "time_zone": long},
        "/api/v1/organisations/": {"programme": world.programme.pk, "name": long, "sector": long},
        "/api/v1/projects/": {"programme": world.programme.pk, "external_id": long, "members": [long], "text": long, "group": long},
        f"/api/v1/participants/{world.unlisted.pk}/contacts/": {"purpose": long},
        "/api/v1/session/": {"mail": long, "password": long},
    }
    for address, body in bodies.items():
        start = time.thread_time()  # of this thread alone: other tests run beside it
        answer = client.post(address, body)
        assert (answer.status_code, address) == (400, address)
        assert time.thread_time() - start < 0.5, address


def test_texts_are_stored_clean(world):
    body = {"programme": world.programme.pk, "title": "A\u202eb\u200bc  ", "text": "e" + "\u0301" * 500}
    answer = client_of(world.user).post("/api/v1/ideas/", body)
    assert answer.status_code == 201
    assert answer.json()["title"] == "Abc"
    assert len(answer.json()["text"]) < 10


def test_unknown_and_read_only_fields_are_refused_by_name(world):
    """T30 for ideas: also the lead is nobody's to set."""
    client = client_of(world.user)
    body = {"programme": world.programme.pk, "title": "Idea"}
    for extra in ("id", "lead", "version", "verified", "mine"):
        answer = client.post("/api/v1/ideas/", {**body, extra: world.other.pk})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [extra])
    assert client.post("/api/v1/ideas/", body).status_code == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"])
def test_json_by_another_name_is_refused(kind, world):
    """T99: a form on another site cannot send it without the browser asking first."""
    client, body = client_of(world.user), f'{{"programme": {world.programme.pk}, "title": "Idea"}}'
    assert client.generic("POST", "/api/v1/ideas/", body, content_type=kind).status_code == 415
    assert client.generic("POST", f"/api/v1/runs/{world.run.pk}/publish/", "{}", content_type=kind).status_code == 415
    assert client.generic("POST", "/api/v1/ideas/", body, content_type="application/json").status_code == 201


# --- methods ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_header_does_not_change_the_method(header, world):
    """T25."""
    event = make_event(world.programme)
    client, address = client_of(world.organiser), f"{EVENTS}{event.pk}/"
    tag = client.get(address)["ETag"]
    assert client.post(address, {"_method": "DELETE"}, headers={header: "DELETE", "If-Match": tag}).status_code == 405
    assert client.get(address, headers={header: "DELETE", "If-Match": tag}).status_code == 200
    assert Event.objects.filter(pk=event.pk).exists()
    assert client.delete(address, headers={"If-Match": tag}).status_code == 204


def test_other_verbs_have_no_effect(world):
    """T25."""
    client, address = client_of(world.organiser), f"{EVENTS}{world.event.pk}/"
    before = Event.objects.values().get(pk=world.event.pk)
    assert client.head(address).status_code == 200
    assert client.head(address).content == b""
    for verb in ("OPTIONS", "PUT", "TRACE", "PROPFIND", "BREW"):
        assert client.generic(verb, address).status_code == 405
    for action in ("cancel", "publish", "take-back", "hold", "release"):
        assert client.get(f"/api/v1/runs/{world.run.pk}/{action}/").status_code == 405
    assert Event.objects.values().get(pk=world.event.pk) == before


def test_addresses_answer_with_and_without_their_last_slash(world):
    client = client_of(world.user)
    assert client.get(EVENTS.rstrip("/")).json() == client.get(EVENTS).json()
    body = {"programme": world.programme.pk, "title": "Idea"}
    assert client.post("/api/v1/ideas", body).status_code == 201


# --- between people ---------------------------------------------------------------------------------------------------
def test_nothing_personal_is_kept_by_a_cache(world):
    """T37."""
    for path in ("events/", "participants/", f"participants/{world.me.pk}/", "session/", "runs/", "never/"):
        answer = client_of(world.user).get(f"/api/v1/{path}")
        assert answer["Cache-Control"] == "no-store", path
        if path != "never/":
            assert {"Cookie", "Authorization", "Accept-Language"} <= {word.strip() for word in answer["Vary"].split(",")}, path


UNSAFE = [
    ("post", "ideas/"),
    ("patch", "ideas/{idea}/"),
    ("delete", "ideas/{idea}/"),
    ("post", "runs/{run}/cancel/"),
    ("delete", "session/"),
]


@pytest.mark.parametrize("method, path", UNSAFE)
def test_a_session_without_its_csrf_token_changes_nothing(method, path, world):
    """T99."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.user)
    address = "/api/v1/" + path.format(idea=world.idea.pk, run=world.run.pk)
    token = client.get("/api/v1/session/").json()["csrf"]
    refused = client.generic(method.upper(), address, "{}", content_type="application/json", headers={"If-Match": "*"})
    assert (refused.status_code, "CSRF" in refused.json()["detail"]) == (403, True)
    foreign = {"X-CSRFToken": token, "Origin": "https://evil.example", "If-Match": "*"}
    assert client.generic(method.upper(), address, "{}", content_type="application/json", headers=foreign).status_code == 403
    assert Idea.objects.filter(pk=world.idea.pk).exists()
    own = {"X-CSRFToken": token, "Origin": "http://testserver", "If-Match": "*"}
    assert "CSRF" not in str(client.generic(method.upper(), address, "{}", content_type="application/json", headers=own).content)


def test_other_sites_cannot_sign_anybody_in(world):
    """T99 without a session."""
    body = {"mail": world.user.mail, "password": "a long enough password"}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert client_of(None).post("/api/v1/session/", body, headers=headers).status_code == 403
    assert client_of(None).post("/api/v1/session/", body, headers={"Origin": "http://testserver"}).status_code == 200


def test_nobody_is_found_who_is_hidden(world):
    """T17, T1: neither in lists nor by id."""
    Participant.objects.filter(pk=world.unlisted.pk).update(name="Hidden")
    client = client_of(world.user)
    names = [one["name"] for one in client.get("/api/v1/participants/?page_size=100").json()["results"]]
    assert sorted(names) == sorted([world.me.name, world.other.name])
    hidden, absent = client.get(f"/api/v1/participants/{world.unlisted.pk}/"), client.get("/api/v1/participants/1/")
    assert (hidden.status_code, hidden.content) == (404, absent.content)
    Participant.objects.filter(pk=world.unlisted.pk).update(listed=True)
    assert client.get(f"/api/v1/participants/{world.unlisted.pk}/").status_code == 200


def test_ids_are_random(world):
    """T22."""
    ids = [make_participant(world.programme).pk for _ in range(20)]
    assert len({b - a for a, b in pairwise(ids)}) == 19
    assert all(0 < one < 2**53 for one in ids)
