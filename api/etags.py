"""ETag, If-Match, If-None-Match: nobody overwrites what they have not seen, nobody loads what they have.

A tag is `"VERSION-HASH"`: the row's version and a hash of the answer as this reader gets it. Changing compares the
version alone; reading again compares all of it.
"""

import hashlib
import re
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from api.rendering import to_json

Version = TypeVar("Version", int, str)
TAG = re.compile(r'(?:W/)?"([^"-]*)(-[0-9a-f]+)?"')


class PreconditionRequired(APIException):
    status_code = 428
    default_code = "precondition_required"


class PreconditionFailed(APIException):
    status_code = 412
    default_code = "stale"


def tag(version: int | str, data: Any) -> str:
    return f'"{version}-{hashlib.sha256(to_json(data)).hexdigest()[:16]}"'


def answer(request: Request, data: Any, version: int | str = "", **more: Any) -> Response:
    """`data` with its ETag; 304 without a body where the reader has exactly this."""
    mark = tag(version, data)
    headers = {**more.pop("headers", {}), "ETag": mark}
    known = request.headers.get("If-None-Match", "")
    if request.method in ("GET", "HEAD") and (known.strip() == "*" or mark in [f'"{v}{h}"' for v, h in TAG.findall(known)]):
        return Response(None, status=304, headers=headers)
    return Response(data, headers=headers, **more)


def matched(request: Request, version: Version) -> Version:
    """The row's version, where the request's If-Match names it: to be handed to the service that changes the row."""
    wanted = request.headers.get("If-Match")
    if wanted is None:
        raise PreconditionRequired(_("Read it first, then send its ETag as If-Match."))
    if wanted.strip() != "*" and str(version) not in [found for found, _hash in TAG.findall(wanted)]:
        raise PreconditionFailed(_("Somebody changed this since you read it. Read it again, then change it."))
    return version
