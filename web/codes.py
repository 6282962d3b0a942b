"""QR codes as pictures in a page."""

from functools import lru_cache

import segno
from django.utils.safestring import SafeString, mark_safe


@lru_cache(maxsize=256)
def picture(address: str) -> SafeString:
    """A QR code that opens `address`: dark on light whatever the page's colours, as readers need it."""
    drawn = segno.make(address, micro=False).svg_inline(border=2, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None)
    return mark_safe(drawn)  # noqa: S308 - made by the library of modules alone, the address is not in it
