"""What tests in a browser share: the browser, and the world they look at, made once for all of them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.web.browser import started
from tests.web.worlds import Keeper, kept_worlds


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, started() as browser:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop runs in this thread; the server has threads of its own
        yield browser


@pytest.fixture(scope="session")
def keeper() -> Iterator[Keeper]:
    yield from kept_worlds()
