"""`manage.py import_projects FILE --programme SLUG`: track records as JSON lines, also gzipped."""

from matchmaking.management.imports import ImportCommand
from matchmaking.models import Import


class Command(ImportCommand):
    kind = Import.Kind.PROJECTS
    noun = "projects"
    help = (
        "Import past projects from JSON lines (also .gz): id, when, group, lead, members, tags, text; members by External ID. "
        "Members that no participant has yet are kept as outsiders and linked when a later import brings them."
    )

    def _after(self, import_: Import) -> None:
        self.stdout.write(f"{import_.counts['outsiders']} members are not among the participants; they are kept as outsiders.")
