"""What the two import commands share: the same road as the API, walked in this process; the report; and all or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_slug
from django.db import transaction

from matchmaking.errors import MatchmakingError
from matchmaking.models import Event, Import, ImportRow, Programme
from matchmaking.services import imports, trail

ROWS_SHOWN = 50
USAGE_ERROR = 2
Outcome = ImportRow.Outcome
OUTCOMES = (Outcome.NEW, Outcome.CHANGED, Outcome.UNCHANGED, Outcome.PROPOSED, Outcome.DUPLICATE, Outcome.REJECTED)


class ImportCommand(BaseCommand):
    kind = Import.Kind.PARTICIPANTS
    noun = "participants"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--programme", metavar="SLUG", required=True, help="Made where it is absent.")
        parser.add_argument("--skip-bad-rows", action="store_true", help="Import the good rows although there are bad ones.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen; write nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with self._scene(options) as (programme, event):
                self._run(programme, event, options)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.", returncode=USAGE_ERROR) from error
        except MatchmakingError as error:
            raise CommandError(str(error), returncode=USAGE_ERROR) from error

    def _run(self, programme: Programme, event: Event | None, options: dict[str, Any]) -> None:
        path: Path = options["file"]
        with path.open("rb") as file:
            import_ = imports.begin(
                programme=programme, event=event, file=file, name=path.name, kind=self.kind, consent=options.get("consent") or "",
                by=None, encoding=options.get("encoding"), delimiter=options.get("delimiter"), stored=False,
            )  # fmt: skip
            try:
                imports.read(import_id=import_.pk, source=file)
                self._decide(import_, options)
            finally:
                import_.refresh_from_db()
                if import_.state != Import.State.DONE:
                    imports.cancel(import_=import_, by=None)
                    imports.remove(import_=import_, by=None)

    def _decide(self, import_: Import, options: dict[str, Any]) -> None:
        self._refuse_failed(import_)
        self._report(import_)
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was written.")
            return
        rejected = import_.counts[Outcome.REJECTED]
        if rejected and not options["skip_bad_rows"]:
            raise CommandError(
                f"Nothing was imported: {rejected} bad rows. Repair them, or leave them out with --skip-bad-rows.", returncode=USAGE_ERROR
            )
        imports.confirm(import_=import_, by=None, skip_bad_rows=options["skip_bad_rows"], queued=False)
        imports.save(import_id=import_.pk)
        self._refuse_failed(import_)
        self._after(import_)

    def _refuse_failed(self, import_: Import) -> None:
        import_.refresh_from_db()
        if import_.state == Import.State.FAILED:
            raise CommandError(import_.failure["template"].format_map(import_.failure["params"]), returncode=USAGE_ERROR)

    def _report(self, import_: Import) -> None:
        self.stdout.write(f"{import_.counts['total']} {self.noun}: " + ", ".join(f"{import_.counts[name]} {name}" for name in OUTCOMES))
        for outcome, title in ((Outcome.REJECTED, "rejected"), (Outcome.DUPLICATE, "duplicate")):
            rows = import_.rows.filter(outcome=outcome).order_by("number").values_list("number", "problems")
            for number, problems in rows[:ROWS_SHOWN]:
                self.stdout.write(f"  row {number} {title}: " + " ".join(map(sentence, problems)))
            if import_.counts[outcome] > ROWS_SHOWN:
                self.stdout.write(f"  ... and {import_.counts[outcome] - ROWS_SHOWN} more rows {title}")

    def _after(self, import_: Import) -> None:
        """Say what else was written."""

    @contextmanager
    def _scene(self, options: dict[str, Any]) -> Iterator[tuple[Programme, Event | None]]:
        """The programme and the event, made where they are absent; what was made goes again if nothing is imported."""
        made: list[Programme | Event] = []
        try:
            programme = self._programme(options["programme"], made)
            event = self._event(options["event"], programme, made) if options.get("event") else None
            yield programme, event
        except BaseException:
            self._unmake(made)
            raise
        if options["dry_run"]:
            self._unmake(made)

    def _unmake(self, made: list[Programme | Event]) -> None:
        for thing in reversed(made):
            thing.delete()

    def _programme(self, slug: str, made: list[Programme | Event]) -> Programme:
        programme = Programme.objects.filter(slug=slug).first()
        if programme is None:
            check_slug(slug)
            with transaction.atomic():
                programme = Programme.objects.create(slug=slug, name=slug)
                trail.record("made", programme, actor=None, programme=programme)
            made.append(programme)
            self.stdout.write(f"Made the programme “{slug}”: it did not exist.")
        return programme

    def _event(self, slug: str, programme: Programme, made: list[Programme | Event]) -> Event:
        event = Event.objects.filter(slug=slug).first()
        if event is None:
            check_slug(slug)
            with transaction.atomic():
                event = Event.objects.create(programme=programme, slug=slug, name=slug)
                trail.record("made", event, actor=None, programme=programme, event=event)
            made.append(event)
            self.stdout.write(f"Made the event “{slug}”: it did not exist.")
        return event


def check_slug(slug: str) -> None:
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise CommandError(f"“{slug}” is no slug: use latin letters, digits, - and _.", returncode=USAGE_ERROR) from error
    if len(slug) > Programme._meta.get_field("slug").max_length:
        raise CommandError(f"“{slug[:20]}…” is longer than 80 signs.", returncode=USAGE_ERROR)


def sentence(problem: dict[str, Any]) -> str:
    return str(problem["template"].format_map(problem["params"]))
