"""The world that tests in a browser look at: made once for all of them, and a person's hand in it."""

from collections.abc import Iterator

import pytest

from tests.web.worlds import Keeper, kept_worlds


@pytest.fixture(scope="session")
def keeper() -> Iterator[Keeper]:
    yield from kept_worlds()
