"""A real Chromium for tests: the one that is installed on this machine. Playwright's own builds are not fetched."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from tests.chromium import WAYS, installed

AXE = Axe().axe_script
COLOURS = ["color-contrast", "link-in-text-block"]  # axe's rules that see them
PHONE = {"width": 360, "height": 740}
# What stands out of the window, is cut, or is wider than its own box. What lies in a part that scrolls for itself may be wider than it.
FITS = """() => {
  const boxes = "button, .button, td, th, dt, dd, li, p, label, legend, summary, figcaption, h1, h2, h3, nav a";
  const scrolls = (one) => ["auto", "scroll"].includes(getComputedStyle(one).overflowX);
  const within = (one) => {
    for (let up = one.parentElement; up && up !== document.body; up = up.parentElement) if (scrolls(up)) return true;
  };
  return [...document.querySelectorAll("body *")].filter((one) => {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    if (!box.width || style.visibility === "hidden" || one.closest(".skip, [hidden], svg *")) return false;
    const hides = ["hidden", "clip"], wide = one.scrollWidth > one.clientWidth + 1, high = one.scrollHeight > one.clientHeight + 1;
    if (one.matches("input, textarea") && one.value) return false;  // what is typed scrolls in its field
    const cut = (hides.includes(style.overflowX) && wide) || (hides.includes(style.overflowY) && high);
    const bulges = one.matches(boxes) && one.clientWidth && wide && !scrolls(one);
    const out = (box.right > innerWidth + 1 || box.left < -1) && !within(one);
    return cut || bulges || out;
  }).map((one) => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 60)}`);
}"""


@contextmanager
def started() -> Iterator[Browser]:
    where = installed()
    if where is None:
        pytest.skip(f"There is no Chromium: {WAYS}.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


def sign_in(page: Page, address: str, client: Client) -> None:
    """Let the browser go on where a test client is signed in."""
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}])


@contextmanager
def reading(browser: Browser, address: str, language: str, scheme: str, **options: object) -> Iterator[Page]:
    """A page of somebody who reads this language in this scheme; what the browser refuses (a policy, a script) fails the test."""
    context = browser.new_context(
        base_url=address,
        viewport=PHONE,
        locale=language,
        reduced_motion="reduce",
        color_scheme=scheme,  # type: ignore[arg-type]
        **options,  # type: ignore[arg-type]
    )
    page, complaints = context.new_page(), list[str]()
    page.set_default_timeout(10_000)
    listen(page, complaints)
    try:
        yield page
    finally:
        context.close()  # else it goes on asking in the next test
    assert complaints == []


@contextmanager
def opened(browser: Browser, address: str, color_scheme: str = "light", **options: object) -> Iterator[Page]:
    """A fresh phone on the start page, in English."""
    with reading(browser, address, "en", color_scheme, **options) as page:
        page.goto("/")
        yield page


def listen(page: Page, complaints: list[str]) -> None:
    """Keep what the console complains of; answers that are no success are looked at as pages."""

    def note(text: str) -> None:
        if not text.startswith("Failed to load resource"):
            complaints.append(text)

    page.on("console", lambda told: note(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: note(str(error)))


def does_not_fit(page: Page) -> list[str]:
    """What stands out of the window or is cut off."""
    return list(page.evaluate(FITS))


def findings(page: Page, *, colours_alone: bool = False) -> list[str]:
    """What axe finds wrong; `colours_alone` where the same page was looked at whole in other colours."""
    page.evaluate(AXE)
    options = {"resultTypes": ["violations"], **({"runOnly": COLOURS} if colours_alone else {})}
    found = page.evaluate("(options) => axe.run(options).then((told) => told.violations)", options)  # what is right stays there
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def keep_picture(page: Page, name: str) -> None:
    """A picture for whoever looks, where PICTURES names a folder."""
    if folder := os.environ.get("PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True, caret="initial")
