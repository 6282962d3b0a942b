"""`manage.py translations`: bring the catalogues up to date with the source and compile them; Babel does it, without GNU gettext."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from matchmaking.management.sentences import ROOT, sentences

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

LANGUAGES = ("be", "ru", "de")
COMMENT = "# `make translations` brings this file up to date and compiles it. Write what is empty; remove `fuzzy` where it is right."
SAME_DATE = datetime(2026, 1, 1, tzinfo=UTC)  # a file changes only when a sentence does


class Command(BaseCommand):
    help = "Brings locale/ up to date with the sentences in the source and compiles it. Says what is still to be translated."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lists = {language: updated(language) for language in LANGUAGES}
        except ModuleNotFoundError as error:
            raise CommandError("Babel is missing; it is one of the development tools: run `make translations`.") from error
        for language, catalogue in lists.items():
            write(language, catalogue)
            todo = [message.id for message in catalogue if message.id and (not message.string or message.fuzzy)]
            self.stdout.write(f"{language}: {len(catalogue)} sentences, {len(todo)} to be written.")
            for text in todo:
                self.stdout.write(f"  {text}")


def template() -> "Catalog":
    """All sentences, without translations."""
    from babel.messages.catalog import Catalog

    catalogue = Catalog(domain="django", charset="utf-8", creation_date=SAME_DATE, revision_date=SAME_DATE)
    for one in sentences():
        if not one.glued:
            catalogue.add(one.text, locations=[(one.file, one.line)])
    return catalogue


def stored(language: str) -> "Catalog":
    """The catalogue as it is in locale/, an empty one where there is none."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    path = ROOT / "locale" / language / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return Catalog(language)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain="django")


def updated(language: str) -> "Catalog":
    """The catalogue with every sentence there is now; what is new and like an old one takes its translation over as a draft."""
    catalogue = stored(language)
    catalogue.update(template())
    catalogue.obsolete.clear()
    catalogue.project, catalogue.version, catalogue.fuzzy = "matchmaking", "1", False
    catalogue.last_translator = catalogue.language_team = catalogue.msgid_bugs_address = ""
    catalogue.header_comment = COMMENT
    catalogue.creation_date = catalogue.revision_date = SAME_DATE
    return catalogue


def write(language: str, catalogue: "Catalog") -> None:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import write_po

    folder = ROOT / "locale" / language / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "django.po").open("wb") as file:
        write_po(file, catalogue, width=0, include_lineno=False)
    with (folder / "django.mo").open("wb") as file:
        write_mo(file, catalogue)
