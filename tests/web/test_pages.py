"""What holds for every page of a participant: who opens it, what caches and scripts may do, what is said of errors, its weight."""

import gzip
import re

import pytest
from django.contrib.staticfiles import finders
from django.db import OperationalError
from django.test import Client

from matchmaking import access
from matchmaking.models import Event, Idea, Import, Organisation, Participant, Profile, Programme, Proposal, Registration
from matchmaking.selectors.suggestions import Reader
from tests.answers import make_two
from tests.factories import make_user
from tests.web.visits import PART, text_of, visitor

pytestmark = pytest.mark.django_db
PAYLOAD = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)>{{7*7}}{% now %}javascript:alert(1)"
WEIGHT = 100_000  # bytes on first view


def pages_of(two):
    own = f"/profile/{two.ada.pk}/"
    return ["/", "/suggestions/", "/suggestions/?show=answered", f"/suggestions/{two.suggestion.pk}/", own, "/contacts/", "/my-data/",
            "/my-data/erase/", "/style/", f"{own}concepts/?field=offers&offers_new=a", "/never/"]  # fmt: skip


def parts_of(page):
    return re.findall(r'(?:src|href)="(/static/[^"#]+)', page)


def test_t37_nothing_of_a_person_is_kept_by_a_cache():
    two = make_two()
    two.introduce(shares=["mail"])
    client = visitor(two.ada)
    for page in pages_of(two)[1:-1]:
        answer = client.get(page)
        assert (page, answer["Cache-Control"]) == (page, "no-store")
        assert {"Cookie", "Accept-Language"} <= {word.strip() for word in answer["Vary"].split(",")}, page


@pytest.mark.parametrize("language", ["be", "ru", "en", "de"])
def test_t98_pages_hold_no_script_or_style_of_their_own_and_the_headers_protect_them(language):
    two = make_two()
    two.introduce(shares=["mail"])
    two.ada.user.language = language
    two.ada.user.save()
    client = visitor(two.ada)
    for page in pages_of(two):
        answer = client.get(page)
        source = answer.content.decode()
        assert re.findall(r"<script(?![^>]* src=\"/static/)", source) == [], page
        assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", source) == [], page
        assert re.findall(r"""(?:src|href|action)=["']?(?:https?:)?//""", source) == [], page
        policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
        assert (policy["script-src"], policy["style-src"], policy["frame-ancestors"]) == ("'self'", "'self'", "'none'"), page
        if page != "/never/" and "concepts" not in page:
            assert f'<html lang="{language}">' in source, page


def test_t56_what_people_write_is_shown_and_never_run():
    two = make_two()
    two.introduce(shares=["mail", "phone", "telegram"])
    lists = {name: [PAYLOAD] for name in ("offers", "needs", "interests", "industries")}
    texts = dict.fromkeys(["city", "country", "about", "offer_text", "need_text", "private_answers"], PAYLOAD)
    Profile.objects.update(**lists, **texts)
    Participant.objects.update(name=PAYLOAD, phone=PAYLOAD[:60], telegram=PAYLOAD[:80])
    Organisation.objects.filter(participants=two.ben).update(name=PAYLOAD)
    Event.objects.update(name=PAYLOAD, city=PAYLOAD)
    Programme.objects.update(name=PAYLOAD)
    Registration.objects.update(wishes=PAYLOAD)
    source = Import.objects.create(programme=two.event.programme, file_name=PAYLOAD)
    Proposal.objects.create(participant=two.ada, source=source, changes={"city": PAYLOAD})
    Idea.objects.create(programme=two.event.programme, event=two.event, lead=two.ada, title=PAYLOAD)
    client, seen = visitor(two.ada), 0
    client.post(f"/contacts/{two.introduction().pk}/note/", {"next_step": PAYLOAD})
    typed = client.get(f"/profile/{two.ada.pk}/concepts/", {"field": "offers", "offers_new": PAYLOAD[:90]}, headers=PART)
    found = client.get("/contacts/", {"q": PAYLOAD[:90]})
    for page, answer in [*((page, client.get(page)) for page in [*pages_of(two), "/my-data/my-data.html"]), ("typed", typed), ("q", found)]:
        text = answer.content.decode()
        seen += text.count("&lt;script&gt;")
        assert re.findall("<script>|<img|<svg onload", text) == [], page
        assert re.findall(r"""href=["'](?:javascript|data):""", text) == [], page
    assert seen > 20, "the payloads are on the pages"


UNSAFE = ["/language/", "/sign-in/", "/sign-out/", "/look-in/", "/suggestions/{s}/answer/", "/people/{b}/block/", "/profile/{a}/",
          "/profile/{a}/consent/", "/contacts/always/{a}/", "/my-data/erase/"]  # fmt: skip


@pytest.mark.parametrize("path", UNSAFE)
def test_t99_without_its_token_or_from_another_site_nothing_changes(path):
    two = make_two()
    client = Client(enforce_csrf_checks=True)
    client.force_login(two.ada.user)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/suggestions/").content.decode())[1]
    address = path.format(s=two.suggestion.pk, a=two.ada.pk, b=two.ben.pk)
    body = {"answer": "accept", "parts": "city", "city": "Gomel", "version": "1", "purpose": "mail", "give": "1", "text_version": "1"}
    assert client.post(address, body).status_code == 403
    assert client.post(address, {**body, "csrfmiddlewaretoken": token}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert (two.answers(), Participant.objects.get(pk=two.ada.pk).version) == ({}, 1)
    own = client.post(address, {**body, "csrfmiddlewaretoken": token}, headers={"Origin": "http://testserver"})
    assert own.status_code != 403


def test_who_is_not_signed_in_is_led_there_and_back():
    two = make_two()
    for page in pages_of(two)[1:8]:
        asked = Client().get(page)
        assert (page, asked.status_code, asked["Location"].partition("?")[0]) == (page, 302, "/sign-in/")
    part = Client().post(f"/suggestions/{two.suggestion.pk}/answer/", {"answer": "accept"}, headers=PART)
    assert (part.status_code, part["HX-Redirect"]) == (204, "/sign-in/?next=/")


@pytest.mark.parametrize("headers", [{}, PART])
def test_a_busy_database_is_said_plainly(monkeypatch, headers):
    def busy(*_args):
        raise OperationalError("database is locked")

    user = make_user()
    monkeypatch.setattr(Reader, "standings", busy)
    answer = visitor(user).get("/suggestions/", headers=headers)
    assert (answer.status_code, answer["X-Request-ID"] in answer.content.decode()) == (503, True)
    assert "The service is busy. Try again in a moment." in text_of(answer)
    assert "locked" not in text_of(answer)


def test_the_first_view_weighs_little():
    """What a phone loads for its first page, compressed as it is sent."""
    two = make_two()
    client = visitor(two.ada, headers={"Accept-Encoding": "gzip"})
    for page in pages_of(two)[1:8]:
        answer = client.get(page)
        assert answer["Content-Encoding"] == "gzip", page
        source = gzip.decompress(answer.content).decode()
        files = [b"".join(client.get(path).streaming_content) for path in sorted(set(parts_of(source)))]
        assert len(files) >= 5, page
        assert len(answer.content) + sum(map(len, files)) < WEIGHT, page


def test_the_files_of_the_pages_are_ours_and_small():
    page = visitor(make_user()).get("/suggestions/").content.decode()
    names = {path.removeprefix("/static/") for path in parts_of(page)}
    assert {"web/style.css", "web/page.js", "web/vendor/htmx-2.0.11.min.js"} <= names
    for name in names:
        with open(finders.find(name), "rb") as file:
            assert len(file.read()) < 1_000_000, name


def test_rooms_are_told_apart_by_what_a_person_is():
    two = make_two()
    assert access.audiences_of(two.ada.user) == {"participant"}
    assert access.audiences_of(make_user()) == set()
