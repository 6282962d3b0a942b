"""Take the second factor away from somebody who lost their app and their recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from matchmaking.models import User
from matchmaking.services import second_factor
from matchmaking.services.participants import clean_mail


class Command(BaseCommand):
    help = "Remove a login's second factor and end its sessions and tokens; it is set up anew at the next sign-in. Make sure who asks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mail", help="The login's mail address.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(mail=clean_mail(options["mail"])).first()
        if user is None:
            raise CommandError("There is no login with this address.", returncode=2)
        if not second_factor.remove(user=user, by=None):
            raise CommandError("This login has no second factor.", returncode=2)
        self.stdout.write("Removed. Sessions and tokens have ended.")
