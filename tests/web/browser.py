"""A real Chromium for tests: the one that is installed on this machine. Playwright's own builds are not fetched."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PHONE = {"width": 360, "height": 740}
FITS = """() => [...document.querySelectorAll("body *")].filter((one) => {
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  if (!box.width || style.visibility === "hidden" || one.closest(".skip, [hidden]")) return false;
  const cut = !["visible", "auto"].includes(style.overflowX) && one.scrollWidth > one.clientWidth + 1;
  return cut || box.right > innerWidth + 1;
}).map((one) => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 60)}`)"""


def installed() -> str | None:
    """Where the browser is: CHROMIUM names it, else the first that is found."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def started() -> Iterator[Browser]:
    where = installed()
    if where is None:
        pytest.skip("No Chromium on this machine: install it (Debian: apt-get install chromium) or name it in CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, address: str, **options: object) -> Iterator[Page]:
    """A fresh phone on the start page; whatever its console complains of fails the test."""
    context = browser.new_context(base_url=address, viewport=PHONE, locale="en", reduced_motion="reduce", **options)  # type: ignore[arg-type]
    page, complaints = context.new_page(), list[str]()
    page.set_default_timeout(10_000)
    page.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/")
    yield page
    context.close()
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


def does_not_fit(page: Page) -> list[str]:
    """What stands out of the window or is cut off."""
    return list(page.evaluate(FITS))


def findings(page: Page) -> list[str]:
    """What axe finds wrong."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def keep_picture(page: Page, name: str) -> None:
    """A picture for whoever looks, where PICTURES names a folder."""
    if folder := os.environ.get("PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True, caret="initial")
