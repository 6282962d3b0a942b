"""Somebody with a browser that runs no script, or asks for parts of pages as htmx does."""

import re
from html import unescape
from typing import Any

from django.test import Client

from matchmaking.models import Participant, User

PART = {"HX-Request": "true"}


def visitor(who: Participant | User, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(who.user if isinstance(who, Participant) else who)  # type: ignore[arg-type]
    return client


def text_of(answer: Any) -> str:
    """What is read on a page: no tags, entities as their signs, one space between words."""
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", answer.content.decode(), flags=re.S)
    return " ".join(unescape(bare).split())
