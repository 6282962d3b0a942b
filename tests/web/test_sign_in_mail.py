"""S1: signing in by a mailed link and code (T38 to T48, T52, T53), against the pages."""

import logging
import re
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from matchmaking import jobs
from matchmaking.errors import MatchmakingError
from matchmaking.models import AuditEntry, SignInRequest, User
from matchmaking.services import keys, mailed_sign_in
from matchmaking.services.sweep import sweep
from tests.factories import make_user
from tests.web.mailed import ask, is_in, wrong
from tests.web.visits import text_of

pytestmark = pytest.mark.django_db
PAGE, CODE, LINK = "/sign-in/", "/sign-in/code/", "/sign-in/link/"


def test_a_code_typed_where_it_was_asked_for_opens_the_door_to_where_one_wanted():
    user = make_user(name="Anna")
    asked = ask(user.mail, next="/contacts/")
    code, _link = asked.mail()
    assert mail.outbox[0].to == [user.mail]
    assert "Look into your mail" in text_of(asked.client.get(CODE))
    answer = asked.client.post(CODE, {"code": f" {code[:3]} {code[3:]} "})
    assert (answer.status_code, answer["Location"]) == (302, "/contacts/")
    assert asked.client.session["_auth_user_id"] == str(user.pk)
    assert AuditEntry.objects.filter(action="login.entered", actor_id=user.pk).count() == 1


def test_t42_every_address_is_answered_alike_and_with_the_same_work():
    """The same page, status and statements; who it is, only a worker finds out: nothing is left that could take longer."""
    known, inactive = make_user(), make_user(is_active=False)
    ask("warm.up@example.org")
    pages, statements, sent = [], [], []
    for address in (known.mail, inactive.mail, "nobody@example.org"):
        with CaptureQueriesContext(connection) as queries:
            asked = ask(address)
        statements.append([re.sub(r"'[^']*'|\d+|\$\w+", "?", one["sql"].replace(address, "")) for one in queries])
        page = asked.client.get(CODE).content.decode().replace(address, "").replace(asked.check, "")
        pages.append((asked.answer.status_code, asked.answer["Location"], re.sub('csrfmiddlewaretoken" value="[^"]*"', "", page)))
        sent.append(mailed_sign_in.send(request_id=asked.row.pk))
    assert pages[0] == pages[1] == pages[2]
    assert statements[0] == statements[1] == statements[2]
    assert not any("matchmaking_user" in sql for sql in statements[0])
    assert (sent, [one.to for one in mail.outbox]) == ([True, False, False], [[known.mail]])


def test_t42_a_right_code_of_an_unknown_address_is_as_wrong_as_any():
    asked = ask("nobody@example.org")
    right = mailed_sign_in.code_of(asked.row, mailed_sign_in.MAILED)
    answers = [asked.client.post(CODE, {"code": code}) for code in (right, wrong(right))]
    assert [("This is not the code." in text_of(one), one.status_code) for one in answers] == [(True, 400)] * 2
    assert not is_in(asked.client)
    assert not User.objects.filter(mail="nobody@example.org").exists()


def test_t44_opening_the_link_uses_nothing_and_t43_it_opens_the_door_once():
    asked = ask(make_user().mail)
    _code, link = asked.mail()
    for scanner in (Client(), Client()):
        scanner.head(link)
        scanner.get(link, follow=True)
    opened = asked.client.get(link, follow=True)
    assert SignInRequest.objects.get().used_at is None
    assert 'name="code"' not in opened.content.decode(), "one button in the browser that asked"
    assert asked.client.post(LINK)["Location"] == "/"
    assert is_in(asked.client)
    again = Client().get(link, follow=True)
    assert (again.status_code, "This link cannot be used any more" in text_of(again)) == (410, True)
    assert again.wsgi_request.user.is_anonymous


@pytest.mark.parametrize("way", ["link", "code"])
def test_t45_after_ten_minutes_neither_opens_anything_and_a_new_mail_is_one_click_away(way, monkeypatch):
    asked = ask(make_user().mail)
    code, link = asked.mail()
    now = timezone.now()
    monkeypatch.setattr("sesame.tokens_v2.time.time", lambda: (now + timedelta(minutes=10)).timestamp())
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(minutes=10))
    if way == "link":
        answer = asked.client.get(link, follow=True)
        assert answer.status_code == 410
        assert asked.client.post(LINK).status_code == 410
    else:
        answer = asked.client.post(CODE, {"code": code})
        assert (answer.status_code, "The time of this code is over" in text_of(answer)) == (409, True)
    assert not is_in(asked.client)
    assert "Send a new mail" in text_of(answer)
    assert asked.client.post("/sign-in/again/", follow=True).redirect_chain[0][0] == CODE
    assert SignInRequest.objects.exclude(pk=asked.row.pk).get().mail == asked.row.mail


def test_t45_the_signature_itself_ends_too(monkeypatch):
    """A link whose row says otherwise is refused by its own time."""
    asked = ask(make_user().mail)
    _code, link = asked.mail()
    SignInRequest.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert asked.client.get(link)["Location"] == LINK
    now = timezone.now().timestamp()
    monkeypatch.setattr("sesame.tokens_v2.time.time", lambda: now + 600)
    assert asked.client.get(link).status_code == 410


def test_t46_another_browser_needs_the_check_code_shown_where_it_was_asked_for():
    user = make_user()
    asked, other = ask(user.mail), Client()
    code, link = asked.mail()
    page = other.get(link, follow=True)
    assert "asked for in another browser" in text_of(page)
    assert asked.check not in page.content.decode()
    for typed in (wrong(asked.check), code):
        assert other.post(LINK, {"code": typed}).status_code == 400
    assert not is_in(other)
    assert other.post(LINK, {"code": asked.check}).status_code == 302
    assert is_in(other)
    assert not is_in(asked.client), "the browser that asked shows no more than before"


def test_t46_the_code_of_the_mail_is_of_no_use_in_a_browser_that_did_not_ask():
    asked, other = ask(make_user().mail), ask(make_user().mail)
    code, _link = asked.mail()
    assert other.client.post(CODE, {"code": code}).status_code == 400
    assert Client().post(CODE, {"code": code})["Location"] == PAGE


@pytest.mark.parametrize("token", ["", "x", "ü", "%00", "AAAA" * 20])
def test_what_is_no_link_leads_nowhere(token):
    client = Client()
    assert client.get(f"{LINK}?token={token}").status_code in (400, 410)
    assert client.post(f"{LINK}?token={token}").status_code in (400, 410)


def test_t38_five_tries_of_one_mail_ten_of_one_account_and_then_429_without_a_lasting_lock(settings):
    settings.THROTTLES = {**settings.THROTTLES, "sign-in": "7/hour"}
    user, statuses = make_user(), []
    for _ in range(2):
        asked = ask(user.mail)
        code, link = asked.mail()
        statuses += [asked.client.post(CODE, {"code": wrong(code)}).status_code for _ in range(6)]
        assert asked.client.get(link, follow=True).status_code in (410, 200)
    assert statuses == [400] * 5 + [409] + [400] + [429] * 5
    refused = asked.client.post(CODE, {"code": code})
    assert (refused.status_code, "Too many tries" in text_of(refused)) == (429, True)
    settings.THROTTLES = {**settings.THROTTLES, "sign-in": "100/hour"}
    assert asked.client.post(CODE, {"code": code}).status_code == 302


def test_t38_mails_to_one_account_are_limited_known_or_not(settings):
    settings.THROTTLES = {**settings.THROTTLES, "sign-in-mail": "2/hour"}
    for address in (make_user().mail, "nobody@example.org"):
        answers = [Client().post(PAGE, {"mail": f" {address.upper()}"}) for _ in range(3)]
        assert [one.status_code for one in answers] == [302, 302, 429]
        assert "Too many tries" in text_of(answers[-1])


@pytest.mark.parametrize("scope", ["sign-in-address", "sign-in-all"])
def test_t39_t40_spraying_many_accounts_is_limited_by_client_and_for_all(scope, settings):
    """A forged X-Forwarded-For gains nothing; right codes do not use the limit up."""
    settings.THROTTLES = {**settings.THROTTLES, scope: "3/hour"}
    right = [ask(make_user().mail) for _ in range(5)]
    assert {asked.client.post(CODE, {"code": asked.mail()[0]}).status_code for asked in right} == {302}
    sprayed = [ask(f"u{number}@example.org") for number in range(5)]
    codes = [
        asked.client.post(CODE, {"code": "000000"}, headers={"X-Forwarded-For": f"10.0.0.{number}"}).status_code
        for number, asked in enumerate(sprayed)
    ]
    assert codes == [400] * 3 + [429] * 2


def test_t39_mails_from_one_client_are_limited(settings):
    settings.THROTTLES = {**settings.THROTTLES, "sign-in-mail-address": "3/hour"}
    statuses = [
        Client().post(PAGE, {"mail": f"u{n}@example.org"}, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(5)
    ]
    assert statuses == [302] * 3 + [429] * 2


@pytest.mark.django_db(transaction=True)
def test_t41_tries_at_once_are_counted_exactly(settings, rf):
    settings.THROTTLES = {**settings.THROTTLES, "sign-in": "1000/hour"}
    asked = ask(make_user().mail)
    barrier, got = threading.Barrier(12), []

    def guess() -> None:
        barrier.wait(20)
        try:
            got.append(mailed_sign_in.enter_by_code(rf.post(CODE), asked.row, mailed_sign_in.MAILED, "x"))
        except MatchmakingError as error:
            got.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(got), got.count(None)) == (12, mailed_sign_in.TRIES)
    assert SignInRequest.objects.get().tries == mailed_sign_in.TRIES


def test_t47_nothing_that_opens_the_door_is_stored_queued_logged_or_told_to_others(monkeypatch, caplog, django_capture_on_commit_callbacks):
    caplog.set_level(logging.DEBUG)
    queued = []
    monkeypatch.setattr(jobs.current_app, "send_task", lambda name, **said: queued.append((name, said["kwargs"])))
    with django_capture_on_commit_callbacks(execute=True):
        asked = ask(make_user().mail)
    code, link = asked.mail()
    token, check = link.partition("token=")[2], asked.check
    led = asked.client.get(link)
    assert (led["Location"], led["Referrer-Policy"]) == (LINK, "no-referrer"), "no page has the token in its address"
    assert token not in asked.client.get(LINK).content.decode()
    assert queued == [("matchmaking.mail_sign_in", {"request_id": asked.row.pk})]
    stored = " ".join(str(value) for value in SignInRequest.objects.values().get().values()) + repr(dict(asked.client.session))
    lines = [f"{one.getMessage()} {one.exc_text}" for one in caplog.records if not one.name.startswith("django.db")]
    for secret in (code, token, check):
        assert secret not in stored
        assert [line for line in lines if secret in line] == []


def test_t47_a_failure_while_a_link_is_opened_logs_no_token(monkeypatch, caplog):
    asked = ask(make_user().mail)
    _code, link = asked.mail()
    monkeypatch.setattr(mailed_sign_in, "of_token", lambda _token: 1 / 0)
    answer = Client(raise_request_exception=False).get(link)
    assert answer.status_code == 500
    assert caplog.records
    assert link.partition("token=")[2] not in caplog.text


def test_t48_signing_in_changes_the_key_of_the_session(settings):
    asked = ask(make_user().mail)
    before = asked.client.session.session_key
    assert asked.client.session.get_expiry_age() <= settings.SIGN_IN_KEPT_S, "a session of nobody lasts an hour"
    asked.client.post(CODE, {"code": asked.mail()[0]})
    assert is_in(asked.client)
    assert asked.client.session.session_key != before
    assert "sign_in_asked" not in asked.client.session
    assert asked.client.session.get_expiry_age() > settings.SIGN_IN_KEPT_S


def test_t52_links_come_from_the_settings_and_a_forged_host_is_refused(settings):
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://match.example.org", ["testserver", "other.example"]
    forged = Client().post(PAGE, {"mail": "a@example.org"}, headers={"Host": "evil.example"})
    assert (forged.status_code, SignInRequest.objects.count()) == (400, 0)
    client = Client(headers={"Host": "other.example", "X-Forwarded-Host": "evil.example"})
    ask(make_user().mail, client=client).mail()
    assert "https://match.example.org/sign-in/link/?token=" in mail.outbox[0].body
    assert "other.example" not in mail.outbox[0].body
    assert "evil" not in mail.outbox[0].body


@pytest.mark.parametrize("onward", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/sign-in/code/", "x" * 600])
def test_t53_no_way_leads_to_another_site(onward):
    asked = ask(make_user().mail, next=onward)
    assert asked.client.post(CODE, {"code": asked.mail()[0]})["Location"] == "/"


def test_a_lost_mail_is_replaced_with_one_click_and_the_earlier_one_ends():
    asked = ask(make_user().mail, next="/contacts/")
    code, link = asked.mail()
    asked.client.post("/sign-in/again/")
    new = SignInRequest.objects.get(pk=asked.client.session["sign_in_asked"])
    assert (new.pk != asked.row.pk, new.mail, new.onward) == (True, asked.row.mail, "/contacts/")
    assert Client().get(link, follow=True).status_code == 410
    asked.row = new
    assert asked.client.post(CODE, {"code": code}).status_code == 400
    assert asked.client.post(CODE, {"code": asked.mail()[0]})["Location"] == "/contacts/"


def test_a_mail_goes_out_once_and_again_where_the_server_was_away(settings, monkeypatch):
    asked = ask(make_user().mail)
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", 1
    assert not mailed_sign_in.send(request_id=asked.row.pk)
    settings.EMAIL_BACKEND = backend
    published = []
    monkeypatch.setattr(jobs.current_app, "send_task", lambda name, **said: published.append(said["kwargs"]))
    sweep()
    assert published == [], "it was asked for just now"
    SignInRequest.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    sweep()
    sweep()
    assert published == [{"request_id": asked.row.pk}]
    assert [mailed_sign_in.send(request_id=asked.row.pk) for _ in range(2)] == [True, False]
    assert len(mail.outbox) == 1


def test_an_hour_after_its_time_a_request_is_gone():
    ask("nobody@example.org")
    SignInRequest.objects.update(created_at=timezone.now() - timedelta(minutes=69))
    keys.tidy()
    assert SignInRequest.objects.count() == 1
    SignInRequest.objects.update(created_at=timezone.now() - timedelta(minutes=71))
    keys.tidy()
    assert SignInRequest.objects.count() == 0


def test_the_mail_speaks_the_language_of_the_page():
    user = make_user(language="en")
    asked = ask(user.mail, client=Client(headers={"Accept-Language": "de"}))
    mailed_sign_in.send(request_id=asked.row.pk)
    assert mailed_sign_in.code_of(asked.row, mailed_sign_in.MAILED) in mail.outbox[0].body
    assert "Anmeldung" in mail.outbox[0].subject


def test_without_a_mail_server_the_password_is_asked_for(settings):
    settings.MAIL_ON = False
    assert Client().get("/sign-in/?next=/contacts/")["Location"] == "/sign-in/password/?next=%2Fcontacts%2F"
    assert "by mail" not in text_of(Client().get("/sign-in/password/"))


def test_what_is_no_address_is_said_beside_the_field():
    answer = Client().post(PAGE, {"mail": "nobody"})
    assert (answer.status_code, "Enter a valid email address." in text_of(answer)) == (400, True)
    assert not SignInRequest.objects.exists()
