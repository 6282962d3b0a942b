"""Errors as they are told by every door: the status of HTTP, and the sentence in the active language."""

from collections.abc import Mapping

from django.utils.translation import gettext

from matchmaking import errors

_STATUS = {
    errors.NotFound: 404,
    errors.NotAllowed: 403,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.Infeasible: 409,
    errors.BadInput: 400,
    errors.TooOften: 429,
    errors.Unavailable: 503,
}


def status_of(error: errors.MatchmakingError) -> int:
    """The status that an answer with this error has."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def sentence(error: errors.MatchmakingError) -> str:
    """The error's sentence."""
    return in_words(error.template, error.params)


def in_words(template: str, params: Mapping[str, object]) -> str:
    """A stored sentence with its values."""
    text = gettext(template) if template else ""
    return text.format_map(params) if params else text


def by_field(error: errors.BadInput) -> dict[str, str]:
    """What is wrong with each field."""
    told = error.fields.items()
    return {name: sentence(wrong) if isinstance(wrong, errors.MatchmakingError) else gettext(wrong) for name, wrong in told}
