"""`manage.py import_participants FILE --programme SLUG`: a spreadsheet of participants, all or nothing."""

from django.core.management.base import CommandParser

from matchmaking.management.imports import ImportCommand
from matchmaking.models import Import


class Command(ImportCommand):
    help = (
        "Import participants from CSV or XLSX; header names in English, Russian, Belarusian or German. Rows are keyed by External ID, "
        "else by mail. All or nothing, unless --skip-bad-rows; the same file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--event", metavar="SLUG", help="Register the participants for this event; made where it is absent.")
        parser.add_argument("--consent", metavar="TEXT", help="Where consent to suggestions was given; without it rows are only invited.")
        parser.add_argument("--encoding", help="Overrules what is recognised, for example cp1251.")
        parser.add_argument("--delimiter", help="Overrules what is recognised: a comma, a semicolon or a tab.")

    def _after(self, import_: Import) -> None:
        counts = import_.counts
        told = f"Registered {counts['registered']}" if import_.event else "Registered none: no --event is given"
        self.stdout.write(f"{told}; {counts['consents']} consents to suggestions; {counts['linked']} links to past projects.")
