"""What can go wrong, in words a person can act on.

Each error carries an English sentence with named placeholders (also its key for translation) and the values to fill in;
the doors (`api/errors.py`, `web/errors.py`, commands) alone turn it into HTTP, a page or an exit status.
"""

from collections.abc import Mapping


class MatchmakingError(Exception):
    """A refusal with a sentence that says what is wrong and what to do.

    `template` is translated by the doors; `params` fill its named placeholders.
    """

    def __init__(self, template: str, **params: object) -> None:
        self.template = template
        self.params = params
        super().__init__(template.format_map(params) if params else template)


class NotFound(MatchmakingError):
    """There is no such thing, or it is none of this person's business: the two read alike."""


class NotAllowed(MatchmakingError):
    """A known function, without the right to use it."""


class Conflict(MatchmakingError):
    """The thing has moved on since it was last seen; the sentence says to where."""


class Moved(Conflict):
    """Somebody else has changed it since; `present` says how it stands now, so that a person can decide: apply anyway, or keep."""

    def __init__(self, template: str, *, present: Mapping[str, object], **params: object) -> None:
        super().__init__(template, **params)
        self.present = dict(present)


class Stale(MatchmakingError):
    """The change was made against a version that is no longer the present one."""


class Infeasible(MatchmakingError):
    """Rules that cannot all hold together; the sentence names them."""


class BadInput(MatchmakingError):
    """Input that cannot be used; `fields` says for each field what is wrong: a sentence, or an error where it has values."""

    def __init__(self, template: str, *, fields: Mapping[str, str | MatchmakingError] | None = None, **params: object) -> None:
        super().__init__(template, **params)
        self.fields = dict(fields or {})


class Unavailable(MatchmakingError):
    """A part of the system does not answer for now; try again later."""


class TooOften(MatchmakingError):
    """Asked more often than the rate allows; `wait_s` seconds until it is worth trying again."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__("Too many tries. Try again in {seconds} seconds.", seconds=round(wait_s))
