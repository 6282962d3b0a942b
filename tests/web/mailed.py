"""Somebody who signs in by mail: asks on a page, and reads what a worker sent."""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import mail
from django.test import Client

from matchmaking.models import SignInRequest
from matchmaking.services import mailed_sign_in

CODE, LINK, CHECK = (
    re.compile(r"^Your code: (\d{6})$", re.M),
    re.compile(r"^https?://\S+token=\S+$", re.M),
    re.compile(r'class="check">(\d+)<'),
)


@dataclass
class Asked:
    """A browser that asked for a mail, the answer to that, and the request that was made."""

    client: Client
    answer: Any
    row: SignInRequest

    @property
    def check(self) -> str:
        """The check code this browser shows."""
        return CHECK.findall(self.client.get("/sign-in/code/").content.decode())[0]

    def mail(self) -> tuple[str, str]:
        """The code and the link (without its host) that the worker sends."""
        assert mailed_sign_in.send(request_id=self.row.pk)
        text = str(mail.outbox[-1].body)
        return CODE.findall(text)[0], LINK.findall(text)[0].removeprefix(settings.PUBLIC_URL)


def ask(address: str, page: str = "/sign-in/", client: Client | None = None, **more: str) -> Asked:
    client = client or Client()
    answer = client.post(page, {"mail": address, **more})
    return Asked(client, answer, SignInRequest.objects.get(pk=client.session["sign_in_asked"]))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session
