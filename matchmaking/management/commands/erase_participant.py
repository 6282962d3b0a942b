"""Erase a participant from everything, and say what was removed."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from matchmaking.errors import MatchmakingError
from matchmaking.models import Participant
from matchmaking.services import erasure


class Command(BaseCommand):
    help = "Erase a participant from every table, result and cache; prints the removed rows by table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=int, help="The participant's id.")

    def handle(self, *args: Any, **options: Any) -> None:
        participant = Participant.objects.filter(pk=options["id"]).select_related("user").first()
        if participant is None:
            raise CommandError("There is no such participant.", returncode=2)
        try:
            removed = erasure.erase(participant=participant, by=None)
        except MatchmakingError as error:
            raise CommandError(str(error), returncode=2) from error
        for table, count in sorted(removed.items()):
            self.stdout.write(f"{table}: {count}")
        self.stdout.write("Erased. The audit trail keeps the id, which leads nowhere now.")
