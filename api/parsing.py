"""JSON in: small, flat, finite. Anything else is a sentence, never a crash."""

from typing import Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

DEPTH_LIMIT = 20


class Json(BaseParser):
    """Reads JSON by orjson, which refuses NaN, infinities, lone surrogates and broken UTF-8 by itself."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise ParseError("The request is too large.")
        if too_deep(body):
            raise ParseError("The JSON is nested too deeply.")
        try:
            data = orjson.loads(body) if body.strip() else {}
        except orjson.JSONDecodeError as error:
            raise ParseError("This is not valid JSON.") from error
        if b"\\u0000" in body and holds_nul(data):
            raise ParseError("Text cannot hold the sign NUL.")
        return data


def too_deep(body: bytes) -> bool:
    """Whether brackets nest beyond the limit; counts those inside texts too when they are that many in a row."""
    depth = 0
    for sign in body.translate(None, delete=bytes(set(range(256)) - set(b"[]{}"))):
        depth += 1 if sign in b"[{" else -1
        if depth > DEPTH_LIMIT:
            return True
    return False


def holds_nul(data: Any) -> bool:
    if isinstance(data, dict):
        return any("\x00" in key or holds_nul(value) for key, value in data.items())
    if isinstance(data, list):
        return any(map(holds_nul, data))
    return isinstance(data, str) and "\x00" in data
