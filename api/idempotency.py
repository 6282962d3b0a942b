"""`Idempotency-Key`: the same request again gets the first answer again, and has its effect once."""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.rendering import to_json
from matchmaking.services import keys

HEADER = "Idempotency-Key"
LENGTH_LIMIT = 200
KEPT_HEADERS = ("Location", "ETag")


class OtherBody(APIException):
    status_code = 422
    default_code = "unusable"


def once(handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any) -> Response:
    """Run `handler` in one transaction with the storing of its answer, or give the answer that was stored.

    Only answers that changed something are stored: after a 4xx or 5xx the key is free again.
    """
    key = key_of(request)
    if key is None:
        return handler(request, *args, **kwargs)
    digest = fingerprint(request)
    try:
        if first := keys.answer_to(request.user, key, digest):
            return replayed(first)
        with keys.one_at_a_time(request.user, key):
            if first := keys.answer_to(request.user, key, digest):
                return replayed(first)
            response = handler(request, *args, **kwargs)
            if response.status_code < 400:
                keys.keep(request.user, key, digest, answer_of(response))
            else:
                transaction.set_rollback(True)
            return response
    except keys.Mismatch:
        raise OtherBody(_("This Idempotency-Key was used for another request. Use a new one.")) from None


def key_of(request: Request) -> str | None:
    key: str | None = request.headers.get(HEADER)
    if key is not None and not (0 < len(key) <= LENGTH_LIMIT and key.isprintable()):
        raise ValidationError({HEADER: [_("1 to 200 printable signs.")]})
    return key


def fingerprint(request: Request) -> str:
    """A hash of method, path and body; of an upload's fields and files."""
    body = request.data
    if isinstance(body, QueryDict):
        body = [(name, [content(value) for value in values]) for name, values in sorted(body.lists())]
    words = [request.method, request.get_full_path(), body]
    return hashlib.sha256(orjson.dumps(words, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)).hexdigest()


def content(value: Any) -> str:
    if not hasattr(value, "chunks"):
        return str(value)
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return f"{value.name}:{digest.hexdigest()}"


def answer_of(response: Response) -> keys.Answer:
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return keys.Answer(response.status_code, to_json(response.data).decode(), headers)


def replayed(first: keys.Answer) -> Response:
    body = orjson.loads(first.body) if first.body else None
    kind = "application/problem+json" if first.status >= 400 else None  # an erasure has taken the place of what was answered
    headers = {**first.headers, "Idempotency-Replayed": "true"}
    return Response(body, status=first.status, content_type=kind, headers=headers)
