import pytest

from tests.api.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def elsewhere(db: None) -> World:
    """A second programme with people of its own."""
    return make_world()
