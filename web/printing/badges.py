"""Badges: a name that is read across a table, the sector by colour and shape, where to sit, and a code that leads to one's own team."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import segno
from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4, A6
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from matchmaking.selectors.printed import PersonPrinted
from web.printing.paper import COLOURS, LINE, QUIET, REGULAR, draw_sector, fitted, letters, put

CODE = "code"  # the drawn QR code, kept in the file once


@dataclass(frozen=True, slots=True)
class Layout:
    """A page and the badges on it, in points."""

    page: tuple[float, float]
    columns: int
    rows: int

    @property
    def size(self) -> tuple[float, float]:
        return self.page[0] / self.columns, self.page[1] / self.rows


LAYOUTS = {"a4": Layout(A4, 2, 4), "a6": Layout(A6, 1, 1)}


def badges(people: Sequence[PersonPrinted], *, event: str, address: str, layout: str, language: str) -> bytes:
    """A PDF with a badge for each person; `address` is what the code opens, the same for all: it holds no secret."""
    letters()
    shape, out = LAYOUTS[layout], BytesIO()
    canvas = Canvas(out, pagesize=shape.page, invariant=1, lang=language, initialFontName=REGULAR)
    canvas.setTitle(event)
    _keep_code(canvas, address)
    width, height = shape.size
    for place, person in enumerate(people):
        on = place % (shape.columns * shape.rows)
        if place and on == 0:
            canvas.showPage()
        x, y = (on % shape.columns) * width, shape.page[1] - (on // shape.columns + 1) * height
        _badge(canvas, person, event, (x, y, width, height))
        if shape.columns > 1:
            _cut_here(canvas, x, y, width, height)
    canvas.save()
    return out.getvalue()


def _badge(canvas: Any, person: PersonPrinted, event: str, box: tuple[float, float, float, float]) -> None:
    x, y, width, height = box
    pad, large = 7 * mm, height > 300
    left, inner = x + pad, width - 2 * pad
    top = y + height - pad
    put(canvas, fitted(event, inner, 11, largest=8, smallest=5, font=REGULAR, colour=QUIET), left, top, inner)
    name_height = height * (0.26 if large else 0.3)
    top -= 16
    name = fitted(person.name, inner, name_height, largest=40 if large else 27)
    top = put(canvas, name, left, top, inner) - height * 0.025
    if person.organisation:
        put(
            canvas,
            fitted(person.organisation, inner, height * 0.12, largest=15 if large else 11, smallest=6, font=REGULAR),
            left,
            top,
            inner,
        )
    _foot(canvas, person, left, y + pad, inner, height)


def _foot(canvas: Any, person: PersonPrinted, left: float, bottom: float, inner: float, height: float) -> None:
    """Sector, place and languages beside the code."""
    side = min(height * 0.31, 30 * mm)
    canvas.saveState()
    canvas.translate(left + inner - side, bottom)
    canvas.scale(side, side)
    canvas.doForm(CODE)
    canvas.restoreState()
    room, mark = inner - side - 8, 13
    draw_sector(canvas, person.sector, left, bottom + side - mark, mark)
    colour = HexColor(COLOURS.get(person.sector, COLOURS["other"]))
    sector = fitted(person.sector_label, room - mark - 5, mark + 2, largest=10, smallest=5, colour=colour)
    put(canvas, sector, left + mark + 5, bottom + side + 0.5, room - mark - 5)
    place = fitted(where(person), room, side * 0.42, largest=20 if height > 300 else 15)
    put(canvas, place, left, bottom + side - mark - 4, room)
    spoken = fitted(" · ".join(person.languages), room, side * 0.26, largest=9, smallest=5, font=REGULAR, colour=QUIET)
    put(canvas, spoken, left, bottom + side * 0.27, room)


def where(person: PersonPrinted) -> str:
    """Where somebody sits: the place of the team, else its number; else the tables of the rounds."""
    if person.team is not None:
        return person.place or _("Team {number}").format(number=person.team)
    return _("Tables: {tables}").format(tables=" – ".join(map(str, person.tables))) if person.tables else ""


def _cut_here(canvas: Any, x: float, y: float, width: float, height: float) -> None:
    canvas.saveState()
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.4)
    canvas.setDash(2, 3)
    canvas.rect(x, y, width, height, stroke=1, fill=0)
    canvas.restoreState()


def _keep_code(canvas: Any, address: str) -> None:
    """Draw the QR code once, one point wide, to be repeated on every badge."""
    rows = list(segno.make(address, micro=False, error="m").matrix)
    side = 1 / len(rows)
    canvas.beginForm(CODE, 0, 0, 1, 1)
    canvas.setFillColor(black)
    for row, modules in enumerate(rows):
        for column, dark in enumerate(modules):
            if dark:
                canvas.rect(column * side, 1 - (row + 1) * side, side * 1.01, side * 1.01, stroke=0, fill=1)
    canvas.endForm()
