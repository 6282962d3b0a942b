"""The demo programme: invented people of four sectors' languages, its three events, its log-ins. In the demo mode alone."""

import json
import os
import secrets
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models.functions import Now

from matchmaking.errors import BadInput, NotAllowed, NotFound
from matchmaking.models import Consent, Event, Import, Participant, Programme, Registration, Role, User
from matchmaking.services import consents, imports, trail

FOLDER = settings.BASE_DIR / "demo"
STARTS_AT_HOUR = 10
STAFF = {"organiser": Role.Name.ORGANISER, "facilitator": Role.Name.FACILITATOR}


Say = Callable[[str], object]


def quiet(line: str) -> None:
    """For callers that show no progress."""


@dataclass(frozen=True)
class Login:
    role: str
    name: str
    mail: str
    password: str


@dataclass(frozen=True)
class SampleLogin:
    """Whom a visitor of the demo may look in as, without a password."""

    role: str
    name: str
    mail: str


def sample_logins() -> list[SampleLogin]:
    """The sample log-ins that a visitor may take with one click; none in production, nor where the demo programme is not."""
    if settings.PRODUCTION:
        return []
    told = [SampleLogin(one["role"], one["name"], one["mail"].casefold()) for one in _kept_description()["login"]]
    there = set(User.objects.filter(mail__in=[one.mail for one in told]).values_list("mail", flat=True))
    return [one for one in told if one.mail in there and one.role != "operator"]


def sample_user(mail: str) -> User:
    """The login of this sample; NotFound for every other address."""
    if mail not in {one.mail for one in sample_logins()}:
        raise NotFound("There is no such sample log-in.")
    return User.objects.get(mail=mail)


@lru_cache(maxsize=1)
def _kept_description() -> dict[str, Any]:
    return description()


def description(folder: Path = FOLDER) -> dict[str, Any]:
    """What `programme.toml` says."""
    return tomllib.loads((folder / "programme.toml").read_text(encoding="utf-8"))


def load(said: dict[str, Any], *, logins: list[Login], folder: Path = FOLDER, say: Say = quiet) -> Programme:
    """All of it, through the import service; a file that was imported once is left alone, with what people changed since."""
    programme = set_up(said)
    first_event = Event.objects.get(slug=said["event"][0]["slug"])
    kinds = [(name, Import.Kind.PARTICIPANTS) for name in said["participant_files"]] + [(said["project_file"], Import.Kind.PROJECTS)]
    for name, kind in kinds:
        if not Import.objects.filter(programme=programme, file_name=name, state=Import.State.DONE).exists():
            people = kind == Import.Kind.PARTICIPANTS
            done = _import(folder / name, kind, programme, first_event if people else None, said["consent"] if people else "")
            say(f"  {name}: {done.counts['total']} {kind}, {done.counts['new']} new")
    if any(event.slug != first_event.slug and not event.registrations.exists() for event in programme.events.all()):
        register(said, programme)
    give_logins(said, programme, logins)
    return programme


def _import(path: Path, kind: str, programme: Programme, event: Event | None, consent: str) -> Import:
    with path.open("rb") as file:
        row = imports.begin(programme=programme, event=event, file=file, name=path.name, kind=kind, consent=consent, by=None, stored=False)
        imports.read(import_id=row.pk, source=file)
    row.refresh_from_db()
    if row.state == Import.State.PREVIEW:
        imports.confirm(import_=row, by=None, queued=False)
        imports.save(import_id=row.pk)
        row.refresh_from_db()
    if row.state != Import.State.DONE:
        raise BadInput("{file} could not be imported: {state}.", file=path.name, state=row.state)
    return row


@transaction.atomic
def set_up(said: dict[str, Any]) -> Programme:
    """The programme and its events; what is there already stays as it is."""
    if settings.PRODUCTION:
        raise NotAllowed("The demo programme is for MODE=demo: its log-ins share one password.")
    language = said["default_language"]
    sectors = [{"key": sector["key"], **sector["name"]} for sector in said["sector"]]
    values = {"name": said["name"][language], "names": said["name"], "language": language, "sectors": sectors}
    programme, new = Programme.objects.get_or_create(slug=said["slug"], defaults=values)
    if new:
        trail.record("set up", programme, actor=None, programme=programme)
    for event in said["event"]:
        _set_up_event(programme, said, event)
    return programme


def _set_up_event(programme: Programme, said: dict[str, Any], event: dict[str, Any]) -> None:
    zone = ZoneInfo(said["timezone"])
    day = datetime.now(zone) + timedelta(days=event["starts_in_days"])
    starts = day.replace(hour=STARTS_AT_HOUR, minute=0, second=0, microsecond=0)
    language = said["default_language"]
    values = {
        "programme": programme,
        "kind": event["kind"],
        "name": event["name"][language],
        "names": event["name"],
        "description": event["description"][language],
        "descriptions": event["description"],
        "city": event["city"],
        "time_zone": said["timezone"],
        "starts_at": starts,
        "ends_at": starts + timedelta(hours=event["lasts_hours"]),
    }
    row, new = Event.objects.get_or_create(slug=event["slug"], defaults=values)
    if new:
        trail.record("set up", row, actor=None, event=row)


@transaction.atomic
def register(said: dict[str, Any], programme: Programme) -> int:
    """Approve the people whom each event names, where they are in the programme; how many are new."""
    ids = dict(Participant.objects.filter(programme=programme).exclude(external_id="").values_list("external_id", "pk"))
    events = dict(Event.objects.filter(programme=programme).values_list("slug", "pk"))
    rows = [
        Registration(event_id=events[event["slug"]], participant_id=ids[external], state=Registration.State.APPROVED)
        for event in said["event"]
        for external in event["registered"]
        if external in ids
    ]
    before = Registration.objects.filter(event__programme=programme).count()
    Registration.objects.bulk_create(rows, ignore_conflicts=True)
    return Registration.objects.filter(event__programme=programme).count() - before


@transaction.atomic
def give_logins(said: dict[str, Any], programme: Programme, logins: list[Login]) -> None:
    """A log-in for the programme's staff and for every participant with a mail address, all with the sample password."""
    people = list(Participant.objects.filter(programme=programme, user=None).exclude(mail="").select_related("profile"))
    known = User.objects.filter(mail=logins[0].mail).first()
    if known is not None and not people and check_password(logins[0].password, known.password):
        return
    hashed = make_password(logins[0].password)  # once: 150 salts of their own would cost a minute
    for login in said["login"]:
        if login["role"] != "participant":
            _give_staff_login(login, programme, hashed)
    _give_participants_logins(people, {login["mail"]: login["language"] for login in said["login"]}, hashed)
    User.objects.filter(participants__programme=programme).update(password=hashed)
    _agree_to_mail(said, programme)


def _agree_to_mail(said: dict[str, Any], programme: Programme) -> None:
    """The sample participants have agreed to mails, so that a visitor finds some."""
    mails = [login["mail"].casefold() for login in said["login"]]
    for participant in Participant.objects.filter(programme=programme, user__mail__in=mails).order_by("pk"):
        consents.give(participant=participant, purpose=Consent.Purpose.MAIL, by=None, source=said["consent"])


def _give_staff_login(login: dict[str, Any], programme: Programme, hashed: str) -> None:
    operator = login["role"] == "operator"
    values = {"name": login["name"], "language": login["language"], "password": hashed, "is_staff": operator}
    user, _ = User.objects.update_or_create(mail=login["mail"].casefold(), defaults=values)
    if not operator:
        Role.objects.get_or_create(user=user, programme=programme, event=None, name=STAFF[login["role"]])


def _give_participants_logins(people: list[Participant], languages: dict[str, str], hashed: str) -> None:
    spoken = _page_languages(people, languages)
    users = [User(mail=person.mail, name=person.name, language=spoken[person.pk], password=hashed) for person in people]
    User.objects.bulk_create(users, ignore_conflicts=True)
    ids = dict(User.objects.filter(mail__in=[user.mail for user in users]).values_list("mail", "pk"))
    for person in people:
        person.user_id = ids[person.mail]
    Participant.objects.bulk_update(people, ["user"])
    Participant.objects.filter(pk__in=[person.pk for person in people]).update(claimed_at=Now())


def _page_languages(people: Iterable[Participant], chosen: dict[str, str]) -> dict[int, str]:
    """The page language of each: the one chosen, else the first they speak that the pages have."""
    pages = [code for code, _ in settings.LANGUAGES]
    spoken = {person.pk: [code for code in person.profile.languages if code in pages] for person in people}
    return {person.pk: chosen.get(person.mail) or (spoken[person.pk] or ["en"])[0] for person in people}


def kept_logins(said: dict[str, Any]) -> list[Login]:
    """The sample log-ins, one of each role and two participants; their password is made once and kept in `var/`."""
    path = settings.VAR_DIR / "demo-logins.json"
    password = json.loads(path.read_text(encoding="utf-8"))["password"] if path.exists() else secrets.token_urlsafe(12)
    logins = [Login(login["role"], login["name"], login["mail"].casefold(), password) for login in said["login"]]
    _write_private(path, {"password": password, "logins": [vars(login) for login in logins]})
    return logins


def _write_private(path: Path, content: dict[str, Any]) -> None:
    fresh = path.with_suffix(f".{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
    fresh.replace(path)
