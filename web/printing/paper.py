"""What everything on paper shares: letters of all four languages, text made harmless, lines that fit, sectors by colour and shape."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph

FONTS = Path(__file__).parent / "fonts"
REGULAR, BOLD = "Sans", "Sans-Bold"
INK, QUIET, LINE, SOFT = HexColor("#141b26"), HexColor("#565f6b"), HexColor("#b9b4a6"), HexColor("#f1eee6")
# The five sectors as on the pages, in the light colours of `style.css`; whatever else is a ring.
COLOURS = {
    "authority": "#17348a",
    "education": "#7a2413",
    "business": "#0a8276",
    "creative": "#c832c0",
    "civil society": "#938a38",
    "other": "#5d6672",
}
CORNERS = {  # in a square of 16, from the lower left; the circle and the ring have none
    "authority": ((2, 2), (14, 2), (14, 14), (2, 14)),
    "education": ((8, 14.5), (15, 2), (1, 2)),
    "creative": ((8, 15.2), (15.2, 8), (8, 0.8), (0.8, 8)),
    "civil society": ((4.4, 14.4), (11.6, 14.4), (15.2, 8), (11.6, 1.6), (4.4, 1.6), (0.8, 8)),
}
CELL_EDGE = 3  # points left and right in a table's cell
SMALLEST = 6.0
LEADING, SHRINK, ONE_LINE = 1.18, 0.93, 0.6  # down to 0.6 of its size a text stays on one line; then it wraps


@cache
def letters() -> None:
    """Make the fonts known, once in a process."""
    registerFont(TTFont(REGULAR, FONTS / "DejaVuSans.ttf"))
    registerFont(TTFont(BOLD, FONTS / "DejaVuSans-Bold.ttf"))
    registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


def plain(text: str) -> str:
    """One line without signs that print nothing."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def paragraph(text: str, size: float = 10, *, font: str = REGULAR, colour: Color = INK, align: int = TA_LEFT, **more: Any) -> Paragraph:
    """A text as a paragraph: whatever it holds is text, never markup. What is longer than a line wraps, long words too."""
    letters()
    style = ParagraphStyle(
        "", fontName=font, fontSize=size, leading=size * LEADING, textColor=colour, alignment=align, spaceShrinkage=0, **more
    )
    return Paragraph(escape(plain(text)), style)


def fitted(text: str, width: float, height: float, *, largest: float, smallest: float = 7, font: str = BOLD, **more: Any) -> Paragraph:
    """The text as large as the box (in points) lets it be: first it shrinks, then it wraps, and it is never cut."""
    letters()
    text = plain(text) or " "
    size = _first_size(text, width - 1, largest, smallest, font)
    while True:
        found = paragraph(text, size, font=font, **more)
        if found.wrap(width, height)[1] <= height:
            return found
        size *= SHRINK


def _first_size(text: str, width: float, largest: float, smallest: float, font: str) -> float:
    """Where it fits one line without shrinking too much, that; else where its longest word does."""
    line = stringWidth(text, font, largest)
    if line * ONE_LINE <= width:
        return largest if line <= width else largest * width / line
    return max(smallest, min(largest * 0.8, width / longest_word(text, font)))


def in_column(text: str, width: float, size: float, *, font: str = REGULAR, colour: Color = INK) -> Paragraph:
    """A cell of a table, small enough that its longest word fits the column of this width."""
    longest = longest_word(text, font) * size
    room = width - 2 * CELL_EDGE - 1
    return paragraph(text, max(SMALLEST, min(size, size * room / longest)) if longest else size, font=font, colour=colour)


def cell(text: str, width: float, size: float, *, font: str = REGULAR) -> Paragraph | str:
    """The same for long tables: what fits one line stays a plain text, in the table's own font, which is drawn much faster."""
    letters()
    text = plain(text)
    fits = stringWidth(text, font, size) <= width - 2 * CELL_EDGE - 1
    return text if fits else in_column(text, width, size, font=font)


def longest_word(text: str, font: str) -> float:
    """The width of the longest word at one point."""
    letters()
    return max((stringWidth(one, font, 1) for one in plain(text).split()), default=0.0)


def put(canvas: Any, text: Paragraph, x: float, top: float, width: float) -> float:
    """Draw below `top`; where the next thing may begin."""
    height: float = text.wrap(width, 10_000)[1]
    text.drawOn(canvas, x, top - height)
    return top - height


def draw_sector(canvas: Any, sector: str, x: float, y: float, side: float) -> None:
    """The sector's shape in its colour, in a square whose lower left corner is (x, y)."""
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(side / 16, side / 16)
    colour = HexColor(COLOURS.get(sector, COLOURS["other"]))
    canvas.setFillColor(colour)
    if sector in CORNERS:
        _filled(canvas, CORNERS[sector])
    elif sector == "business":
        canvas.circle(8, 8, 6.5, stroke=0, fill=1)
    else:
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(3.5)
        canvas.circle(8, 8, 4.75, stroke=1, fill=0)
    canvas.restoreState()


def _filled(canvas: Any, corners: tuple[tuple[float, float], ...]) -> None:
    path = canvas.beginPath()
    path.moveTo(*corners[0])
    for corner in corners[1:]:
        path.lineTo(*corner)
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)


class Mark(Flowable):
    """A sector's shape within a table."""

    def __init__(self, sector: str, side: float = 9) -> None:
        super().__init__()
        self.sector, self.width, self.height = sector, side, side

    def draw(self) -> None:
        draw_sector(self.canv, self.sector, 0, 0, self.width)


def footer(text: str) -> Callable[[Any, Any], None]:
    """What stands below each page: what it is, and its number."""

    def draw(canvas: Any, document: Any) -> None:
        letters()
        canvas.saveState()
        canvas.setFillColor(QUIET)
        number = str(document.page)
        room = document.width - stringWidth(number, REGULAR, 8) - 12
        line = fitted(text, room, 11, largest=8, smallest=5, font=REGULAR, colour=QUIET)
        put(canvas, line, document.leftMargin, document.bottomMargin - 8, room)
        canvas.setFont(REGULAR, 8)
        canvas.drawRightString(document.leftMargin + document.width, document.bottomMargin - 16, number)
        canvas.restoreState()

    return draw
