"""Lists of an event's people: all by name, or team by team."""

from collections.abc import Sequence
from io import BytesIO
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _
from reportlab.platypus import Flowable, KeepTogether, LongTable, Spacer, TableStyle

from matchmaking.selectors.labels import alphabetical
from matchmaking.selectors.printed import PersonPrinted, TeamPrinted
from web.printing.badges import where
from web.printing.paper import BOLD, INK, QUIET, REGULAR, Mark, cell, footer, letters, paragraph
from web.printing.sheets import GRID, WIDTH, heading, new_document

COLUMNS = [14, 0.34 * WIDTH, 0.3 * WIDTH, 0.18 * WIDTH, 0.18 * WIDTH - 14]
TEAM_COLUMNS = [14, 0.4 * WIDTH, 0.4 * WIDTH, 0.2 * WIDTH - 14]
NAME, SIZE = 10, 9


def by_name(people: Sequence[PersonPrinted], *, event: str, date: str, language: str) -> bytes:
    """Everybody in the order given, letter by letter, with the organisation, the sector and where they sit."""
    story: list[Flowable] = [paragraph(event, 16, font=BOLD), Spacer(1, 4)]
    for letter, those in groupby(people, lambda one: alphabetical(one.name)[0][:1].upper()):
        rows = [_row(one, COLUMNS, where(one)) for one in those]
        story += [Spacer(1, 6), heading(letter or "–"), _table([_head(COLUMNS, _("Place")), *rows], COLUMNS)]
    return _built(story, event, date, language)


def by_team(teams: Sequence[TeamPrinted], *, event: str, date: str, language: str) -> bytes:
    """Team after team with its place and its members."""
    story: list[Flowable] = [paragraph(event, 16, font=BOLD), Spacer(1, 4)]
    for team in teams:
        title = " · ".join(filter(None, (_("Team {number}").format(number=team.number), team.name, team.place)))
        block: list[Flowable] = [Spacer(1, 8), heading(title)]
        block += [paragraph(team.task, SIZE, colour=QUIET, spaceAfter=2)] if team.task else []
        block += [_table([_head(TEAM_COLUMNS), *(_row(one, TEAM_COLUMNS) for one in team.people)], TEAM_COLUMNS)]
        story.append(KeepTogether(block))
    return _built(story, event, date, language)


def _built(story: list[Flowable], event: str, date: str, language: str) -> bytes:
    out = BytesIO()
    below = footer(" · ".join(filter(None, (event, date))))
    new_document(out, event, language).build(story, onFirstPage=below, onLaterPages=below)
    return out.getvalue()


def _table(rows: list[list[Any]], columns: list[float]) -> LongTable:
    letters()
    style = [
        ("FONT", (0, 0), (-1, -1), REGULAR, SIZE), ("FONT", (1, 0), (1, -1), BOLD, NAME), ("FONT", (0, 0), (-1, 0), BOLD, 8.5),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
    ]  # fmt: skip
    if columns is COLUMNS:
        style.append(("FONT", (-1, 1), (-1, -1), BOLD, SIZE))
    return LongTable(rows, colWidths=columns, style=TableStyle(style, parent=GRID), repeatRows=1)


def _head(columns: list[float], *more: str) -> list[Any]:
    texts = (_("Name"), _("Organisation"), _("Sector"), *more)
    return ["", *(cell(text, width, 8.5, font=BOLD) for text, width in zip(texts, columns[1:], strict=True))]


def _row(one: PersonPrinted, columns: list[float], *more: str) -> list[Any]:
    told = [cell(text, width, SIZE) for text, width in zip((one.organisation, one.sector_label), columns[2:], strict=False)]
    last = [cell(text, columns[-1], SIZE, font=BOLD) for text in more]
    return [Mark(one.sector), cell(one.name, columns[1], NAME, font=BOLD), *told, *last]
