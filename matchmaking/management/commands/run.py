"""`manage.py run`: all processes of the Procfile, kept going until Ctrl-C."""

import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from matchmaking.management import processes
from matchmaking.management.supervisor import asked_to_stop


class Command(BaseCommand):
    help = "Runs web, workers and beat (and the embedded Redis where REDIS_URL is not set) until Ctrl-C; logs go to var/logs/."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, help="default: PORT, else 8000")

    def handle(self, *args: Any, port: int | None, **options: Any) -> None:
        port = processes.chosen_port(port)
        if processes.migrations_are_missing():
            raise processes.refusal("The database lacks migrations: run `manage.py migrate` first.")
        connection.close()
        supervisor = processes.supervisor(port)
        with asked_to_stop():
            try:
                supervisor.start()
                processes.until(lambda: processes.web_is_ready(port), processes=supervisor, name="web", what="The web server")
                self.stdout.write(f"Serving http://127.0.0.1:{port}/ with {', '.join(supervisor.pids())}; logs in {supervisor.logs}.")
                threading.Event().wait()
            except KeyboardInterrupt:
                self.stdout.write("Stopping ...")
            finally:
                supervisor.stop()
