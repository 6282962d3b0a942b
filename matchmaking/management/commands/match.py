"""`manage.py match`: asks for a run through the queue, follows it, shows what it achieved, publishes."""

from contextlib import nullcontext
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from matchmaking.errors import MatchmakingError
from matchmaking.management.matching import table, wait_for, workers
from matchmaking.management.processes import refusal
from matchmaking.models import Event, Run
from matchmaking.services import publishing, runs


class Command(BaseCommand):
    help = (
        "Asks for a run of suggestions and publishes it when it is done, unless --preview. With --wait, starts workers where none answers."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--event", required=True, metavar="SLUG")
        parser.add_argument("--wait", action="store_true", help="Show the progress, then the measures.")
        parser.add_argument("--preview", action="store_true", help="Do not publish.")
        parser.add_argument("--shards", type=int, metavar="N", help="Pieces of each stage; changes nothing in the result.")

    def handle(self, *args: Any, event: str, wait: bool, preview: bool, shards: int | None, **options: Any) -> None:
        found = Event.objects.filter(slug=event).first()
        if found is None:
            raise refusal(f"There is no event '{event}'.")
        try:
            with workers() if wait else nullcontext():
                run, new = runs.start(found, by=None, publish=not preview, shards=shards)
                self.stdout.write(f"Run {run.pk} is {'asked for' if new else 'active already'}.")
                if wait:
                    self._follow(run, preview)
        except MatchmakingError as error:
            raise refusal(str(error)) from error
        except KeyboardInterrupt:
            raise refusal("Not waiting any longer; the run goes on as soon as a worker runs.") from None

    def _follow(self, run: Run, preview: bool) -> None:
        run = wait_for(run, self.stdout, lambda run: run.state not in Run.ACTIVE)
        if run.state != Run.State.DONE:
            reason = run.failure.get("template", "").format_map(run.failure.get("params", {}))
            raise refusal(f"Run {run.pk} {run.state}. {reason}".strip())
        for line in table(run.measures):
            self.stdout.write(line)
        if preview:
            self.stdout.write(f"Preview: nothing is shown to anybody. Publish run {run.pk} when it is good.")
        else:
            publishing.publish(run, by=None)
            self.stdout.write("Published.")
