"""The colours: sectors are told apart by those who see fewer colours, and stand out from the paper; each has a shape of its own."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from matchmaking.models.programme import default_sectors

pytestmark = pytest.mark.once
STATIC = Path(__file__).resolve().parents[2] / "web" / "static" / "web"
STYLE = (STATIC / "style.css").read_text(encoding="utf-8")
FIVE = ("authority", "education", "business", "creative", "civil-society")
APART = 15.0  # CIE76; about 2 is just noticeable
PAPER = {"light": "#fbfaf6", "dark": "#1d242d"}
# Full protanopia, deuteranopia and tritanopia: Machado, Oliveira, Fernandes 2009, in linear RGB.
EYES = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def colours(scheme):
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    return {name: re.search(rf"--{name}: (#[0-9a-f]{{6}})", light if scheme == "light" else dark)[1] for name in FIVE}


def linear(colour):
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def seen(colour, eyes):
    """L*, a*, b* of a colour as these eyes see it."""
    red, green, blue = (min(1, max(0, sum(m * c for m, c in zip(row, linear(colour), strict=True)))) for row in EYES[eyes])
    x, y, z = 0.4124 * red + 0.3576 * green + 0.1805 * blue, luminance_of(red, green, blue), 0.0193 * red + 0.1192 * green + 0.9505 * blue
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x / 0.9505, y, z / 1.089))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def luminance_of(red, green, blue):
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted([luminance_of(*linear(one)), luminance_of(*linear(other))])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sectors_are_told_apart_by_all_eyes(scheme, eyes):
    far = {
        (one, other): sum((a - b) ** 2 for a, b in zip(seen(first, eyes), seen(second, eyes), strict=True)) ** 0.5
        for (one, first), (other, second) in combinations(colours(scheme).items(), 2)
    }
    assert {pair: round(value, 1) for pair, value in far.items() if value < APART} == {}


def test_red_and_green_of_one_brightness_would_not_do():
    """The negative control of the measure."""
    assert sum((a - b) ** 2 for a, b in zip(seen("#b3461a", "deutan"), seen("#7a6400", "deutan"), strict=True)) ** 0.5 < APART


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sectors_stand_out_from_the_paper(scheme):
    """WCAG 1.4.11: 3:1 for what carries meaning."""
    assert {name for name, colour in colours(scheme).items() if contrast(colour, PAPER[scheme]) < 3} == set()


def test_each_sector_has_a_shape_of_its_own():
    shapes = dict(re.findall(r'<symbol id="([\w-]+)"[^>]*>(.*?)</symbol>', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    keys = {one["key"].replace(" ", "-") for one in default_sectors()}
    assert keys <= shapes.keys()
    assert len({shapes[key] for key in keys}) == len(keys)
