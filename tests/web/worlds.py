"""The demo programme as a world to look at: matched once, with every state a page can show, brought back before each test."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from matchmaking.access import published_suggestions
from matchmaking.models import (
    Consent,
    Event,
    Import,
    Participant,
    Proposal,
    Roster,
    Run,
    Shard,
    Shortfall,
    Suggestion,
    User,
)
from matchmaking.services import (
    change_requests,
    demo,
    imports,
    introductions,
    invitations,
    notice_choices,
    rosters,
    runs,
    suggestions,
    team_runs,
    walls,
)
from matchmaking.services.runs import EXHAUSTED
from tests.factories import make_event, make_participant, make_programme, make_role, make_user
from tests.runs import compute_all
from tests.web.browser import sign_in

SAMPLES = {"participant": "alena.viarbickaja@example.org", "facilitator": "facilitator@example.org", "organiser": "organiser@example.org"}
PEOPLE = """Имя;Почта;Организация;Сектор;Любимый цвет
Ганна Вішнеўская;ganna@example.org;Дом рамёстваў;адукацыя;сіні
Бен;не адрес;Дом;бизнес;
Ганна Вішнеўская;ganna@example.org;Дом рамёстваў;адукацыя;
"""


@dataclass
class World:
    """Whom one can look in as, by a name, and ids for addresses."""

    readers: dict[str, str] = field(default_factory=dict)  # mail of the log-in
    at: dict[str, int | str] = field(default_factory=dict)

    def user(self, reader: str) -> User:
        return User.objects.get(mail=self.readers[reader])

    def sign_in(self, page: Page, reader: str, address: str) -> None:
        """Without a form: the session's cookie."""
        client = Client()
        client.force_login(self.user(reader))
        sign_in(page, address, client)


# --- kept and brought back --------------------------------------------------------------------------------------------
def kept_worlds() -> Iterator["Keeper"]:
    with tempfile.TemporaryDirectory(prefix="matchmaking-world-") as folder:
        yield Keeper(Path(folder) / "world.sqlite3")


class Keeper:
    """Makes the world where it is asked for first, and puts it back whole ever after."""

    def __init__(self, path: Path):
        self.path, self.world = path, World()

    def bring(self) -> World:
        """The world in the test's empty database."""
        connection.ensure_connection()
        if self.path.exists():
            self._copy(back=True)
        else:
            self.world = build()
            self._copy(back=False)
        return self.world

    def _copy(self, *, back: bool) -> None:
        with closing(sqlite3.connect(self.path)) as kept:
            here = connection.connection
            (kept if back else here).backup(here if back else kept)


# --- made -------------------------------------------------------------------------------------------------------------
def build() -> World:
    """The demo programme with what runs, people and organisers leave behind."""
    said = demo.description()
    logins = [demo.Login(one["role"], one["name"], one["mail"].casefold(), "a sample password") for one in said["login"]]
    programme = demo.load(said, logins=logins)
    world = World(readers=dict(SAMPLES))
    organiser = world.user("organiser")
    first, second, third = programme.events.order_by("starts_at")
    for name, event in (("event", first), ("hackathon", second), ("training", third)):
        world.at[name] = event.pk
    world.at["stop"] = notice_choices.stop_address(world.user("participant")).rsplit("/", 2)[1]
    world.at |= {"programme": programme.pk, "join": first.join_code, "shown": matched(first, organiser, publish=True).pk}
    entered = make_participant(programme, event=first, name="Марыя Заранок", mail="")
    world.at["invited"] = invitations.invite_participant(participant=entered, by=organiser).token
    matched(second, organiser, publish=True)
    world.at["preview"] = matched(second, organiser, publish=False, bridge=1.5).pk
    form_teams(world, second)
    on_the_day(world, second)
    with transaction.atomic():
        other_runs(world, third, organiser)
        other_imports(world, first, organiser)
        people_in_every_state(world, first)
    return world


def matched(event: Event, by: User, *, publish: bool, **parameters: float) -> Run:
    """A run computed here, published where that is asked."""
    run, _new = runs.start(event, by=by, parameters=parameters, publish=publish)
    compute_all(run)
    assert run.state == Run.State.DONE, run.failure
    return run


def form_teams(world: World, event: Event) -> None:
    """Two rosters: the first one published, the other a draft beside it."""
    facilitator = world.user("facilitator")
    run, _new = team_runs.form(event=event, by=facilitator, seconds=1, alternatives=2)
    compute_all(run)
    assert run.state == Run.State.DONE, run.failure
    first, other = Roster.objects.filter(run=run).order_by("number")
    rosters.publish(roster=first, by=facilitator)
    seated = other.seats.earliest("participant__name").participant_id
    world.at |= {"teams_run": run.pk, "roster": first.pk, "draft": other.pk, "seated": seated}


def on_the_day(world: World, event: Event) -> None:
    """Places for the published teams, a wall, and somebody in a team who asks for a change."""
    facilitator, roster = world.user("facilitator"), Roster.objects.get(pk=world.at["roster"])
    rosters.number_places(roster=roster, word="Table", by=facilitator)
    member = (
        Participant.objects.filter(seats__roster=roster, user__isnull=False).exclude(mail__in=SAMPLES.values()).order_by("external_id")[0]
    )
    change_requests.ask(event=event, participant=member, text="Two of us know each other already: another table, please.")
    world.readers["in a team"] = member.user.mail
    world.at["wall"] = walls.put_up(event=event, by=facilitator).token


def other_runs(world: World, event: Event, by: User) -> None:
    """Runs that are under way, failed, cancelled or taken back; an event with nobody in it."""
    now = timezone.now()
    taken_back = Run.objects.create(event=event, state="done", published_at=now, taken_back_at=now, started_at=now, finished_at=now)
    failed = Run.objects.create(
        event=event,
        state="failed",
        started_at=now,
        failure={"template": EXHAUSTED, "params": {"attempts": 3, "stage": "candidates", "run": 1}},
    )
    cancelled = Run.objects.create(event=event, state="cancelled", started_at=now)
    running = Run.objects.create(event=event, state="running", stage="candidates", started_at=now)
    for number, stage in enumerate(("snapshot", "vectors", "candidates", "candidates")):
        Shard.objects.create(run=running, run_epoch=1, stage=stage, number=number, state="done" if number < 3 else "running")
    world.at |= {"taken_back": taken_back.pk, "failed": failed.pk, "cancelled": cancelled.pk, "running": running.pk}
    names = {
        "be": "Пустая вечарына знаёмстваў",
        "ru": "Пустой вечер знакомств",
        "en": "An evening of nobody",
        "de": "Ein leerer Kennenlernabend",
    }
    world.at["empty"] = make_event(event.programme, name=names["en"], names=names).pk
    lonely = make_role(make_user(mail="lonely@example.org", name="Lena"), make_programme(name="A programme without an event"))
    world.readers["organiser of nothing"] = lonely.user.mail


def other_imports(world: World, event: Event, by: User) -> None:
    """Imports in every state."""
    world.at["import_preview"] = read_in(event, by, "анкета-удзельнікаў-дыскусіі-2026.csv", PEOPLE.encode("cp1251", errors="replace"))
    world.at["import_failed"] = read_in(event, by, "people.xls", b"<html><body>no table</body></html>")
    done = Import.objects.get(event=event, file_name="participants-de.csv")
    world.at["import_done"] = done.pk
    common = {"programme": event.programme, "event": event, "sha256": "", "requested_by": by}
    for state in ("reading", "saving", "cancelled", "taken back"):
        row = Import.objects.create(file_name=f"{state}.xlsx", state=state, rows_read=40, counts={"total": 100, "new": 100}, **common)
        world.at[f"import_{state.replace(' ', '_')}"] = row.pk


def read_in(event: Event, by: User, name: str, content: bytes) -> int:
    """A file that was uploaded and read."""
    said = {"programme": event.programme, "event": event, "kind": "participants", "consent": "Form of May", "by": by}
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        made = imports.begin(file=file, name=name, **said)
    imports.read(import_id=made.pk)
    return made.pk


def people_in_every_state(world: World, event: Event) -> None:
    """Somebody new, somebody silent, somebody with contacts, somebody who answered everything."""
    world.readers["stranger"] = make_user(mail="stranger@example.org", name="Stas").mail
    newcomer = make_participant(
        event.programme, event=event, user=make_user(mail="new@example.org", name="Nele"), consent=False, name="Nele"
    )
    world.readers["newcomer"] = newcomer.user.mail
    make_participant(make_programme(name="Another programme"), user=newcomer.user, name="Nele")
    shown = Run.objects.get(pk=world.at["shown"])
    busy = [person for person in _by_suggestions(shown) if person.user.mail not in SAMPLES.values()]
    with_contacts, answered, silent = busy[:3]
    for name, person in (("with contacts", with_contacts), ("answered", answered), ("silent", silent)):
        world.readers[name] = person.user.mail
    world.at["introduction"] = _introduce(with_contacts, shown)
    Participant.objects.filter(pk=with_contacts.pk).update(phone="+375 29 000 00 00", telegram="@sample")
    for suggestion in _of(answered, shown):
        suggestions.decline(suggestion=suggestion, by=answered)
    Suggestion.objects.filter(pk__in=[one.pk for one in _of(silent, shown)]).update(held_at=timezone.now())
    Shortfall.objects.create(run=shown, participant=silent, given=0, cause="nobody_above_threshold", missing="languages")
    sample = Participant.objects.get(mail=SAMPLES["participant"])
    world.at |= {"sample": sample.pk, "newcomer": newcomer.pk, "suggestion": _of(sample, shown)[0].pk}
    changes = {"organisation": "Дом рамёстваў", "city": "Minsk"}
    Proposal.objects.create(participant=with_contacts, source_id=world.at["import_preview"], changes=changes)
    world.at["with_contacts"] = with_contacts.pk


def _by_suggestions(run: Run) -> list[Participant]:
    """Those with the most suggestions first."""
    found = {}
    for suggestion in published_suggestions().filter(run=run).select_related("pair__a__user", "pair__b__user"):
        for person in (suggestion.pair.a, suggestion.pair.b):
            found.setdefault(person, []).append(suggestion.pk)
    return sorted(found, key=lambda person: (-len(found[person]), person.external_id))


def _of(person: Participant, run: Run) -> list[Suggestion]:
    rows = published_suggestions().filter(run=run).order_by("score_e9", "pair__a__name", "pair__b__name")
    return [row for row in rows if person.pk in (row.pair.a_id, row.pair.b_id)]


def _introduce(person: Participant, run: Run) -> int:
    """Both say yes to the best that both may answer; one notes what comes next."""
    suggestion = min(_of(person, run), key=lambda row: row.rank_a + row.rank_b)
    for side in (suggestion.pair.a, suggestion.pair.b):
        Consent.objects.get_or_create(participant=side, purpose="contacts", withdrawn_at=None, defaults={"source": "own"})
        suggestions.accept(suggestion=suggestion, by=side, shares=["mail"])
    introduction = suggestion.pair.introduction
    introductions.note(introduction=introduction, by=person, said={"met": True, "next_step": "To visit the workshop together."})
    return introduction.pk
