"""The text of one cell: made clean when it comes in, made harmless when it goes out, split into items.

Every function takes time linear in its input (50,000 signs well within 100 ms) and raises nothing.
"""

import re
import unicodedata

MARKS = 4  # combining marks kept on one letter: enough for Vietnamese, Hebrew and Thai, too few to smear a page
ITEMS = 50
ITEM_CHARS = 120

# Signs that are invisible or turn the direction of writing. Joiners go too: sameness of names counts for more than emoji families.
_INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    r"\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_SPACES = r"\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_LINE_ENDS = r"\n\r\x0b\x0c\x85\u2028\u2029"

_line_end = re.compile(rf"\r\n|[{_LINE_ENDS}]")
_space = re.compile(f"[{_SPACES}]")
# Lone surrogates fail in UTF-8, NUL in PostgreSQL, U+FFFE and U+FFFF in XML.
_removed = re.compile(rf"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff{_INVISIBLE}]")
_may_hold_marks = re.compile(r"[\u0300-\u036f\u0483-\u0489\u0591-\u1fff\u20d0-\U0010ffff]")

_BEFORE_SIGNS = rf"\x00-\x08\x0e-\x20\x7f-\x84\x86-\x9f{_SPACES}{_INVISIBLE}"
_BEFORE = f"[{_BEFORE_SIGNS}]*"
_SIGN = rf"[=+\-@＝＋－＠﹢﹣﹦﹫]|[{{｛]{_BEFORE}[=＝﹦]"
_formula = re.compile(rf"{_BEFORE}(?:{_SIGN}|[\t\n\r])")
# A program set to another separator than the file's cuts cells there, and reads quotes anew after the cut.
_formula_further_on = re.compile(rf"([{_LINE_ENDS};\t])([{_BEFORE_SIGNS}\"]*(?:{_SIGN})|(?<![;\t]){_BEFORE}\t)")


def clean(text: str) -> str:
    """`text` as it may be stored: NFC, stripped, ordinary spaces and line ends.

    NUL and other control signs, zero-width and direction signs and lone surrogates are removed; tab and newline stay.
    At most `MARKS` combining marks stay on a letter. Idempotent, and never longer than the NFC form of `text`.
    """
    if not text.isprintable():
        text = _removed.sub("", _space.sub(" ", _line_end.sub("\n", text)))
    if not _may_hold_marks.search(text):
        return unicodedata.normalize("NFC", text).strip()
    # Invisible marks count as printable. Marks are limited before NFC, whose sorting of them is quadratic, and after it,
    # because it takes some letters apart.
    text = _limit_marks(_removed.sub("", text))
    return _limit_marks(unicodedata.normalize("NFC", text)).strip()


def _limit_marks(text: str) -> str:
    """`text` with at most `MARKS` combining marks in a row."""
    kept, run = [], 0
    for sign in text:
        run = run + 1 if sign >= "\u0300" and _is_mark(sign) else 0
        if run <= MARKS:
            kept.append(sign)
    return "".join(kept)


def _is_mark(sign: str) -> bool:
    """Whether `sign` stacks on the letter before it; a few spacing marks are sorted like the others, so they count too."""
    return unicodedata.combining(sign) > 0 or unicodedata.category(sign) in ("Mn", "Me")


def neutralise(text: str) -> str:
    """`text` as plain text for spreadsheet programs: an apostrophe before every line, and what follows `;` or TAB, that would be a formula.

    Formulas begin with = + - @ (also full-width or small), `{=` or, at the start of the cell, TAB, CR and LF;
    spaces and invisible signs before them change nothing. Idempotent. Real numbers need no neutralising: do not pass them.
    """
    text = _formula_further_on.sub(r"\1'\2", text)
    return f"'{text}" if _formula.match(text) else text


def split_items(text: str) -> tuple[str, ...]:
    """The items of a cell with several values, in their order.

    Split on `;`, newline and `|`, and on `,` where no `;` is present. Items are trimmed (bullets too) and cut to
    `ITEM_CHARS`; repeats in other case are dropped; at most `ITEMS` are kept.
    """
    items: dict[str, str] = {}
    for item in re.split(r"[;；\n|]" if re.search("[;；]", text) else r"[,\n|]", text):
        item = item.strip().lstrip("•·*–- ")[:ITEM_CHARS].rstrip()
        if item:
            items.setdefault(item.casefold(), item)
        if len(items) == ITEMS:
            break
    return tuple(items.values())
