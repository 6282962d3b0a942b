"""Somebody who uses the API over HTTP with a log-in: what the demo checks itself with. Standard library only."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from types import TracebackType
from typing import Any, Self

from django.core.management.base import CommandError

ANSWER_S = 30.0


class Visitor:
    """Signed in for as long as the `with` lasts."""

    def __init__(self, address: str, mail: str, password: str) -> None:
        self.address, self.mail, self.password = address, mail, password
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.csrf = ""

    def __enter__(self) -> Self:
        self.csrf = self.ask("POST", "/api/v1/session/", {"mail": self.mail, "password": self.password})["csrf"]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.ask("DELETE", "/api/v1/session/")

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON; a sentence where the answer is not a success."""
        headers = {"Accept": "application/json", "Content-Type": "application/json", "X-CSRFToken": self.csrf}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(urllib.parse.urljoin(self.address, path), data, headers, method=method)  # noqa: S310
        try:
            with self.opener.open(request, timeout=ANSWER_S) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise CommandError(f"{method} {path} answered {error.code}: {error.read().decode(errors='replace')[:500]}") from error
        except OSError as error:
            raise CommandError(f"{method} {path} had no answer: {error}") from error
        return json.loads(text) if text else None

    def rows(self, path: str) -> Iterator[dict[str, Any]]:
        """All rows of a list, page after page."""
        following: str | None = path
        while following:
            page = self.ask("GET", following)
            yield from page["results"]
            following = page["next"]
