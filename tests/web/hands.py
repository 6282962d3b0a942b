"""Somebody who works with a page as a person does: looks for words of their language, and clicks; clicks are counted."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext, override
from playwright.sync_api import Browser, Download, Locator, Page

from matchmaking.models import User
from tests.web.browser import reading
from tests.web.worlds import World

HEIGHTS = {360: 740, 1280: 800}


class Hand:
    """On `page`, reading `language`; `clicks` so far."""

    def __init__(self, page: Page, language: str):
        self.page, self.language, self.clicks = page, language, 0

    def word(self, english: str) -> str:
        """A sentence of ours as this person reads it."""
        with override(self.language):
            return gettext(english)

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def press(self, english: str, within: Locator | Page | None = None) -> None:
        """A button, by what stands on it."""
        name = re.compile(rf"^(✓ )?{re.escape(self.word(english))}(:|$)")  # what it is about may follow, for who does not see it
        self.click((within or self.page).get_by_role("button", name=name).first)

    def follow(self, english: str, within: Locator | Page | None = None) -> None:
        """A link, by what stands on it."""
        self.click((within or self.page).get_by_role("link", name=self.word(english), exact=True).first)

    def unfold(self, english: str, within: Locator | Page | None = None) -> None:
        self.click((within or self.page).locator("summary", has_text=self.word(english)).first)

    def field(self, english: str, within: Locator | Page | None = None) -> Locator:
        return (within or self.page).get_by_label(self.word(english)).first

    def take(self, click: Callable[[], None]) -> Download:
        """The file that a click brings."""
        with self.page.expect_download() as waiting:
            click()
        return waiting.value

    def text(self) -> str:
        return " ".join(self.page.locator("main").inner_text().split())


@contextmanager
def at_home(browser: Browser, address: str, world: World, reader: str, language: str, width: int, **options: Any) -> Iterator[Hand]:
    """Signed in as `reader`, in the first room of that person."""
    User.objects.filter(mail=world.readers[reader]).update(language=language)
    with reading(browser, address, language, "dark" if width == 360 else "light", **options) as page:
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        world.sign_in(page, reader, address)
        page.goto("/")
        page.locator("main .row a.button").first.click()
        yield Hand(page, language)
