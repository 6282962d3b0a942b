"""Invite an organiser or facilitator of a programme: how the operator brings in the first one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from matchmaking.errors import MatchmakingError
from matchmaking.models import Event, Programme, Role
from matchmaking.services import invitations


class Command(BaseCommand):
    help = "Make a single-use link by which somebody becomes organiser (or facilitator) of a programme; it is printed this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mail")
        parser.add_argument("--programme", required=True, metavar="SLUG")
        parser.add_argument("--event", metavar="SLUG", help="For one event of the programme alone.")
        parser.add_argument("--role", choices=Role.Name.values, default=Role.Name.ORGANISER)

    def handle(self, *args: Any, **options: Any) -> None:
        programme = Programme.objects.filter(slug=options["programme"]).first()
        if programme is None:
            raise CommandError(f"There is no programme '{options['programme']}'.", returncode=2)
        event = None
        if options["event"]:
            event = Event.objects.filter(slug=options["event"], programme=programme).first()
            if event is None:
                raise CommandError(f"The programme has no event '{options['event']}'.", returncode=2)
        try:
            made = invitations.invite_to_role(programme=programme, event=event, role=options["role"], mail=options["mail"], by=None)
        except MatchmakingError as error:
            raise CommandError(str(error), returncode=2) from error
        until = f"{made.invitation.expires_at:%d %B %Y}"
        self.stdout.write(f"{invitations.link(made.token)}\nSend it to {made.invitation.mail}. It works once, until {until}.")
