"""Every screen in every state in a real browser: nothing is cut or stands out, axe finds nothing, in four languages, on a phone and a desk.

Here each screen is opened in one of the languages in turn, at both widths, every other one dark. With PICTURES (`make pages`) everything
is taken in every language at both widths, light and dark, and a picture of each is kept. SCREEN narrows it to names that begin so.
"""

import os
from pathlib import Path

import pytest

from matchmaking.models import User
from tests.web.browser import does_not_fit, findings, reading
from tests.web.screens import NOBODY, SCREENS, SEEN, Screen, album
from tests.web.worlds import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("screens")]
WIDTHS = {360: 740, 1280: 800}
SCHEMES = ("dark", "light")
LOOKS = (("be", "dark"), ("de", "dark"), ("ru", "light"), ("en", "light"))


@pytest.mark.parametrize("number", range(4), ids=[look[0] for look in LOOKS])
def test_every_screen_fits_and_axe_finds_nothing(browser, keeper, live_server, number):
    world, (language, scheme), wrong = keeper.bring(), LOOKS[number], {}
    User.objects.update(language=language)
    folder, asked = os.environ.get("PICTURES"), os.environ.get("SCREEN", "")
    screens = [
        screen for place, screen in enumerate(SCREENS) if screen.name.startswith(asked) and (folder or (number + place) % len(LOOKS) == 0)
    ]
    for reader in dict.fromkeys(screen.reader for screen in screens):
        with reading(browser, live_server.url, language, scheme) as page:
            if reader != NOBODY:
                world.sign_in(page, reader, live_server.url)
            for screen in screens:
                if screen.reader == reader:
                    opened(page, screen, world)
                    bad = pictured(page, screen, language, Path(folder)) if folder else looked_at(page, scheme)
                    wrong |= {screen.name: bad} if bad else {}
    if folder:
        album(Path(folder))
    assert wrong == {}


def opened(page, screen: Screen, world: World) -> None:
    page.context.set_offline(False)
    page.set_viewport_size({"width": 360, "height": WIDTHS[360]})
    answer = page.goto(screen.address.format(**world.at))
    assert answer.status == screen.status, f"{screen.name}: {answer.status}"
    if not screen.closed:
        page.evaluate(SEEN)
    if screen.act:
        screen.act(page)
        if not screen.closed:
            page.evaluate(SEEN)


def looked_at(page, scheme: str) -> list[str]:
    """What does not fit at any width; what axe finds on the phone: all of it in the light, what colours do in the dark too."""
    found = findings(page, colours_alone=scheme == "dark")
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        found += [f"{width}: {text}" for text in does_not_fit(page)]
    return found


def pictured(page, screen: Screen, language: str, folder: Path) -> list[str]:
    """The same in both schemes, with a picture of each."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            found += [f"{width} {scheme}: {text}" for text in does_not_fit(page) + findings(page)]
            page.screenshot(path=folder / f"{screen.name}.{language}.{width}.{scheme}.png", full_page=True, caret="initial")
    return found
