"""JSON out, by orjson: the same bytes as before, several times faster."""

from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer


def to_json(data: Any) -> bytes:
    """The bytes of an answer; nothing for None. Lazy translations become the text of the active language."""
    if data is None:
        return b""
    try:
        return orjson.dumps(data, default=str)
    except TypeError:  # a key that is no text; allowing for such slows all others
        return orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS)


class Json(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return to_json(data)


class Problem(Json):
    media_type = "application/problem+json"
