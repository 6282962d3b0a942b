"""Numbers and states of an organiser's pages in words of the reader's language."""

from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from matchmaking.engine.wording import FIELDS
from matchmaking.errors import NotFound
from matchmaking.models import Run
from matchmaking.models.base import ID_BITS
from matchmaking.selectors.mixing import LEAST, NO_CONSENT
from web.names import LABELS

RUN_STATES = {
    Run.State.WAITING: gettext_lazy("waiting"),
    Run.State.RUNNING: gettext_lazy("running"),
    Run.State.DONE: gettext_lazy("done"),
    Run.State.FAILED: gettext_lazy("failed"),
    Run.State.CANCELLED: gettext_lazy("cancelled"),
}
CAUSES = {
    "nobody_eligible": gettext_lazy(
        "nobody is possible: the event's rules, a missing common language or earlier meetings rule everybody out"
    ),
    "nobody_above_threshold": gettext_lazy("nobody fits well enough what the profile tells"),
    "partners_full": gettext_lazy("everybody who fits has as many suggestions as allowed"),
    NO_CONSENT: gettext_lazy("has not agreed to suggestions"),
    "": gettext_lazy("came after the run, or the suggestions were held back or are no longer possible"),
}


def known(number: int) -> int:
    """`number` as an id; what no id can be reads like a row that is not there."""
    if number >= 2**ID_BITS:
        raise NotFound("There is nothing here.")
    return number


def number(value: float, digits: int = 0) -> str:
    """A number as the reader's language writes it."""
    text = f"{value:.{digits}f}"
    return (text if get_language() == "en" else text.replace(".", ",")).replace("-", "−")


def percent(share: float, digits: int = 0) -> str:
    """A share of 1 as percent."""
    return f"{number(100 * share, digits)} %"


def count(value: int | None) -> str:
    """A count, or that it is too small to be told."""
    return number(value) if value is not None else f"< {LEAST}"


def signed(value: float, digits: int = 0) -> str:
    """A difference with its sign."""
    text = number(value, digits)
    zero = not any(sign in text for sign in "123456789")
    return "0" if zero else text if text.startswith("−") else f"+{text}"


def time_left(seconds: int | None) -> str:
    """How long it still takes, roughly."""
    if seconds is None:
        return _("The time left is not known yet.")
    if seconds < 60:
        return _("Less than a minute left.")
    return _("About {minutes} min left.").format(minutes=round(seconds / 60))


def cause_of(row: Any) -> Any:
    """Why somebody of `left_out` has no suggestion."""
    return CAUSES.get(row.cause or ("" if row.agrees else NO_CONSENT), CAUSES[""])


def missing_answer(field: str | None) -> Any:
    """The name of the profile's field that would help most."""
    return LABELS.get(field or "", "") if field in FIELDS else ""
