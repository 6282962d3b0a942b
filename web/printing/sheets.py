"""Team sheets, one to a page or more: where, what to work on, who is in it and brings what, and how to talk."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, LongTable, PageBreak, SimpleDocTemplate, Spacer, TableStyle

from matchmaking.selectors.printed import PersonPrinted, TeamPrinted
from web.printing.paper import BOLD, CELL_EDGE, LINE, QUIET, SOFT, Mark, fitted, footer, in_column, paragraph

MARGIN = 16 * mm
WIDTH = A4[0] - 2 * MARGIN - 12  # a frame has six points of padding at each side
COLUMNS = [14, 0.27 * WIDTH, 0.24 * WIDTH, 0.24 * WIDTH, 0.25 * WIDTH - 14]
GRID = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE), ("BACKGROUND", (0, 0), (-1, 0), SOFT),
        ("LEFTPADDING", (0, 0), (-1, -1), CELL_EDGE), ("RIGHTPADDING", (0, 0), (-1, -1), CELL_EDGE), ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ]
)  # fmt: skip


def sheets(teams: Sequence[TeamPrinted], *, event: str, date: str, language: str) -> bytes:
    """A PDF with a sheet for each team; `date` is how the day of the event is written."""
    out, story = BytesIO(), list[Flowable]()
    for team in teams:
        story += [*([PageBreak()] if story else []), *_sheet(team)]
    document = new_document(out, event, language)
    below = footer(" · ".join(filter(None, (event, date))))
    document.build(story, onFirstPage=below, onLaterPages=below)
    return out.getvalue()


def new_document(out: BytesIO, title: str, language: str) -> SimpleDocTemplate:
    """An A4 document with our margins."""
    edges = {"leftMargin": MARGIN, "rightMargin": MARGIN, "topMargin": MARGIN, "bottomMargin": MARGIN + 4 * mm}
    return SimpleDocTemplate(out, pagesize=A4, title=title, lang=language, invariant=1, **edges)


def _sheet(team: TeamPrinted) -> list[Flowable]:
    numbered = _("Team {number}").format(number=team.number)
    about = " · ".join(filter(None, (numbered if team.place else "", team.name)))
    story: list[Flowable] = [fitted(team.place or numbered, WIDTH, 70, largest=46)]
    story += [Spacer(1, 4), paragraph(about, 14, colour=QUIET)] if about else []
    if team.task:
        story += [Spacer(1, 6), heading(_("What you work on")), paragraph(team.task, 12)]
    story += [Spacer(1, 8), _members(team)]
    if team.left:
        story += [Spacer(1, 3), paragraph(_("Places that somebody left: {count}").format(count=team.left), 9, colour=QUIET)]
    if team.reasons:
        story += [Spacer(1, 8), heading(_("Why you are together")), *(_point(one) for one in team.reasons)]
    return [*story, Spacer(1, 8), heading(_("How we talk")), *(_point(one) for one in rules_of_the_talk())]


def rules_of_the_talk() -> list[str]:
    """A few rules that make a talk among strangers work."""
    return [
        _("Everybody says their name, what they bring and what they look for: two minutes each."),
        _("Everybody speaks once before anybody speaks twice."),
        _("Listen to the end, then ask; whoever needs another language says so, and somebody helps."),
        _("Write down what you agree on: what, who, by when."),
    ]


def heading(text: str) -> Flowable:
    """A line above what follows it."""
    return paragraph(text, 11, font=BOLD, spaceAfter=2, keepWithNext=1)


def _point(text: str) -> Flowable:
    return paragraph(f"•  {text}", 9.5, leftIndent=10, firstLineIndent=-10, spaceAfter=1.5)


def _members(team: TeamPrinted) -> LongTable:
    head = ["", *(paragraph(text, 8.5, font=BOLD) for text in (_("Who"), _("Brings"), _("Looks for"), _("Sector and languages")))]
    return LongTable([head, *(_member(one) for one in team.people)], colWidths=COLUMNS, style=GRID, repeatRows=1)


def _member(one: PersonPrinted) -> list[Any]:
    who = [_text(one.name, 1, 11, font=BOLD), *([_text(one.organisation, 1, colour=QUIET)] if one.organisation else [])]
    told = [_text(one.sector_label, 4), _text(", ".join(one.languages), 4, colour=QUIET)]
    return [Mark(one.sector), who, _text(", ".join(one.brings), 2), _text(", ".join(one.seeks), 3), told]


def _text(text: str, column: int, size: float = 9, **more: Any) -> Flowable:
    return in_column(text, COLUMNS[column], size, **more)
