"""`manage.py demo`: the whole service on this machine with an invented programme; `--once` checks itself and ends."""

import json
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from matchmaking.errors import MatchmakingError
from matchmaking.management import demonstration, processes
from matchmaking.management.supervisor import Supervisor, asked_to_stop
from matchmaking.models import Event, Programme, User
from matchmaking.services import demo


class Command(BaseCommand):
    help = "Sets up the demo programme, starts server, workers and Redis, matches, prints sample log-ins; serves until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="check it over HTTP, print one line of JSON last, and end")
        parser.add_argument("--port", type=int, help="default: PORT, else 8000")

    def handle(self, *args: Any, once: bool, port: int | None, **options: Any) -> None:
        self.began = time.monotonic()
        if settings.PRODUCTION:
            raise processes.refusal("The demo does not run with MODE=production: its log-ins share one password.")
        port = processes.chosen_port(port, any_other=once)
        with asked_to_stop():
            try:
                self.set_up_database()
                supervisor = processes.supervisor(port)
                try:
                    self.show(supervisor, port, once)
                except KeyboardInterrupt:
                    self.say("\nStopping ...")
                    if once:
                        raise CommandError("Stopped before the check was done.") from None
                finally:
                    supervisor.stop()
            except MatchmakingError as error:
                raise CommandError(str(error)) from error

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def set_up_database(self) -> None:
        if processes.migrations_are_missing():
            self.say("Preparing the database ...")
            call_command("migrate", verbosity=0)

    def show(self, supervisor: Supervisor, port: int, once: bool) -> None:
        self.say("Starting Redis, the web server, two workers and the clock ...")
        supervisor.start()
        said = demo.description()
        logins = demo.kept_logins(said)
        programme = demo.load(said, logins=logins, say=self.say)
        address = f"http://127.0.0.1:{port}"
        processes.until(processes.redis_answers, processes=supervisor, name="redis", what="Redis")
        processes.until(lambda: processes.web_is_ready(port), processes=supervisor, name="web", what="The web server")
        by_role = {login.role: login.mail for login in logins}
        organiser = User.objects.get(mail=by_role["organiser"])
        asked = demonstration.ask_for_runs(programme, organiser, again=once)
        if asked:
            self.say("Matching ...")
        demonstration.wait_for(asked, organiser, self.say)
        demonstration.form_teams(programme, User.objects.get(mail=by_role["facilitator"]), self.say)
        self.tell(address, logins, programme.events.earliest("starts_at"))
        if once:
            self.check_itself(supervisor, address, programme, logins, asked)
        else:
            self.say(f"\nReady after {time.monotonic() - self.began:.0f} s. Serving {address}/ until Ctrl-C; logs in {supervisor.logs}.")
            connection.close()
            threading.Event().wait()

    def tell(self, address: str, logins: list[demo.Login], event: Event) -> None:
        self.say(f"\nAddress: {address}/ (API: {address}/api/docs/)\nSample log-ins, all with the password {logins[0].password}")
        for login in logins:
            self.say(f"  {login.role:12} {login.mail:36} {login.name}")
        for login in logins:
            if login.role == "participant":
                self.say(f"\nThe first suggestions for {login.name}, {demonstration.english(event)}:")
                for line in demonstration.first_suggestions(address, login, event):
                    self.say(line)

    def check_itself(self, supervisor: Supervisor, address: str, programme: Programme, logins: list[demo.Login], asked: list[Any]) -> None:
        demonstration.introduce_two(address, logins)
        measures = demonstration.measures(programme, asked, time.monotonic() - self.began)
        demonstration.check_pids(measures["worker_pids"], web=supervisor.pids()["web"])
        self.say(f"\nChecked over HTTP: two people said yes to each other and see the contacts they chose.\n{json.dumps(measures)}")
