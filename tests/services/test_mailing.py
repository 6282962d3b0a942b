"""One mail: in the reader's language, from our address, with nothing in it that somebody smuggled in; and what a server may answer."""

import smtplib
from email import message_from_bytes
from email.policy import default

import pytest
from django.core import mail
from django.core.mail.backends import smtp

from matchmaking.models import Consent, Event, Participant, User
from matchmaking.services import captured_mail, mailing, notice_choices, outbox
from tests.answers import make_two

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}{% now %}{a.__class__}%(x)s"


def letter(**values):
    return mailing.compose("news", {"subject": "News", "name": "Ada", **values}, to="ada@example.org", language="en", key="one")


def as_sent(number: int = 0):
    return message_from_bytes(mail.outbox[number].message().as_bytes(), policy=default)


@pytest.mark.parametrize(
    ("language", "greeting"),
    [("be", "Вітаем, Ada!"), ("ru", "Здравствуйте, Ada!"), ("en", "Hello Ada,"), ("de", "Guten Tag, Ada,")],
)
def test_a_mail_is_in_its_readers_language(language, greeting):
    told = mailing.compose("news", {"subject": "News", "name": "Ada"}, to="ada@example.org", language=language, key="one")
    assert told.text.splitlines()[0] == greeting


def test_t60_a_name_with_line_ends_makes_no_header():
    mailing.send(letter(subject="Ben\r\nBcc: everybody@example.org\nX-Evil: 1", name="Ada"))
    sent = as_sent()
    assert sent["Subject"] == "Ben Bcc: everybody@example.org X-Evil: 1"
    assert (sent["Bcc"], sent["X-Evil"], mail.outbox[0].recipients()) == (None, None, ["ada@example.org"])


@pytest.mark.django_db
def test_t56_t57_t59_what_people_write_stands_in_mails_as_text(settings):
    """In every field a mail can show: names of people and events, in all languages of the event."""
    two = make_two(city=SCRIPT)
    User.objects.update(name=SCRIPT)
    Participant.objects.update(name=SCRIPT + "\r\n\r\nBcc: all@example.org")
    Event.objects.update(name=SCRIPT + "\nTo: all@example.org", names={"de": SCRIPT})
    Consent.objects.create(participant=two.ada, purpose="mail", source="own")
    two.introduce()
    intent = two.ada.intents.get()
    for language in ("be", "ru", "en", "de"):
        User.objects.update(language=language)
        mailing.send(outbox.compose(User.objects.get(pk=two.ada.user_id), [type(intent).objects.get(pk=intent.pk)]))
        sent = as_sent(-1)
        assert SCRIPT in sent.get_content()
        assert (sent.get_content_type(), sent.is_multipart(), sent["Bcc"]) == ("text/plain", False, None)
        assert not any(line.startswith(("Bcc:", "To:")) for line in sent.get_content().splitlines())


def test_t52_links_begin_with_the_address_of_the_settings(settings):
    settings.PUBLIC_URL = "https://match.example.org"
    assert letter().text.endswith("Matchmaking: https://match.example.org/\n")
    assert mailing.message_id("one").endswith("@match.example.org>")


def test_the_same_thing_told_has_the_same_message_id():
    for key in ("one", "one", "two"):
        mailing.send(mailing.compose("news", {"subject": "News"}, to="ada@example.org", language="en", key=key))
    first, again, other = (as_sent(number)["Message-ID"] for number in range(3))
    assert first == again != other


@pytest.mark.django_db
def test_a_mail_can_be_stopped_with_one_click_by_people_and_by_programs():
    """RFC 8058: both headers, and the same address to be read."""
    two = make_two()
    address = notice_choices.stop_address(two.ada.user)
    mailing.send(mailing.compose("news", {"subject": "News"}, to="a@example.org", language="en", key="1", stop=address))
    sent = as_sent()
    assert (sent["List-Unsubscribe"].strip(), sent["List-Unsubscribe-Post"]) == (f"<{address}>", "List-Unsubscribe=One-Click")
    assert address in sent.get_content()
    mailing.send(letter())
    assert as_sent(1)["List-Unsubscribe"] is None


# --- what a server may answer -----------------------------------------------------------------------------------------
class Server:
    """A mail server that answers as told, where smtplib would have spoken to one."""

    def __init__(self, opening=None, answer=None, goodbye=None):
        self.opening, self.answer, self.goodbye, self.taken = opening, answer, goodbye, []

    def __call__(self, *_args, **_options):
        if self.opening:
            raise self.opening
        return self

    def sendmail(self, _sender, recipients, message):
        if self.answer:
            raise self.answer
        self.taken.append((recipients, message))

    def quit(self):
        if self.goodbye:
            raise self.goodbye


REFUSED = {"a@example.org": (550, b"no such user")}
FULL = {"a@example.org": (452, b"full")}
ANSWERS = [
    (Server(opening=ConnectionRefusedError()), "not sent, again, away"),
    (Server(opening=TimeoutError()), "not sent, again, away"),
    (Server(opening=smtplib.SMTPAuthenticationError(535, b"who are you")), "not sent, again, away"),
    (Server(answer=smtplib.SMTPRecipientsRefused(REFUSED)), "not sent"),
    (Server(answer=smtplib.SMTPRecipientsRefused(FULL)), "not sent, again"),
    (Server(answer=smtplib.SMTPDataError(554, b"spam")), "not sent"),
    (Server(answer=smtplib.SMTPDataError(451, b"later")), "not sent, again"),
    (Server(answer=smtplib.SMTPServerDisconnected()), "unsure"),
    (Server(answer=TimeoutError()), "unsure"),
    (Server(goodbye=smtplib.SMTPResponseException(421, b"bye")), "sent"),
    (Server(), "sent"),
]


@pytest.mark.parametrize(("server", "found"), ANSWERS, ids=lambda value: value if isinstance(value, str) else "")
def test_f31_what_a_server_answers_is_told_apart(server, found, settings, monkeypatch):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    monkeypatch.setattr(smtp.EmailBackend, "connection_class", server)
    try:
        mailing.send(letter())
        told = "sent"
    except mailing.NotSent as error:
        told = ", ".join(["not sent", *["again"] * error.again, *["away"] * error.away])
    except mailing.Unsure:
        told = "unsure"
    assert (told, len(server.taken)) == (found, found == "sent")


# --- the demo ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def captured(settings, tmp_path):
    settings.EMAIL_BACKEND, settings.MAIL_DIR = "matchmaking.services.captured_mail.Backend", tmp_path / "mail"


def test_the_demo_keeps_its_mails_and_forgets_them(captured, monkeypatch):
    monkeypatch.setattr(captured_mail, "KEPT", 2)
    for name in ("Ada", "Zoë", "Ben"):
        mailing.send(letter(subject=f"For {name}", name=name))
    assert [one.subject for one in captured_mail.newest(9)] == ["For Ben", "For Zoë"]
    assert "Hello Zoë," in captured_mail.newest(9)[1].text
    assert (captured_mail.forget(["zoë"]), [one.subject for one in captured_mail.newest(9)]) == (1, ["For Ben"])
