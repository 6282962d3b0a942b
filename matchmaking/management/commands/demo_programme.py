"""`manage.py demo_programme`: the demo programme into the database; what is there already stays as it is."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from matchmaking.errors import MatchmakingError
from matchmaking.models import Participant
from matchmaking.services import demo


class Command(BaseCommand):
    help = "Loads the invented programme of demo/: its events, people in four languages, track record and log-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            said = demo.description()
            programme = demo.load(said, logins=demo.kept_logins(said), say=self.stdout.write)
        except MatchmakingError as error:
            raise CommandError(str(error), returncode=2) from error
        count = Participant.objects.filter(programme=programme).count()
        self.stdout.write(f"Programme {programme.slug}: {count} participants in {programme.events.count()} events.")
