"""The encoding of a text file: by its mark, by its zeros, by being valid UTF-8, else by the words it would spell."""

import codecs
import re
from typing import BinaryIO

CHUNK = 65_536

# What a person may choose by hand. No stateful or exotic codec is offered: UTF-7 and its like hide signs from every check.
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1251",
    "cp1252",
    "cp1250",
    "cp1257",
    "koi8-r",
    "koi8-u",
    "cp866",
    "mac-cyrillic",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-5",
    "iso-8859-15",
)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CYRILLIC = ("cp1251", "koi8-u", "cp866", "mac-cyrillic")
_FREQUENT = frozenset("оаеинтсрвлкя")  # two letters of three in Russian and Belarusian, one of three in a wrong decoding
_MOSTLY_UTF8 = 0.05  # a share of broken bytes below this means a damaged UTF-8 file, not another encoding
_separator = re.compile(rb"[ \x85\x91-\x97\xa0\xab\xb7\xbb]+")  # quotation marks, dashes and spaces of cp1251 and cp1252
_word_with_high_bytes = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")


def guess(source: BinaryIO) -> str:
    """The encoding of the whole file, one of `ENCODINGS`. Reads it once, in pieces; leaves `source` at its start."""
    source.seek(0)
    head = source.read(CHUNK)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    found = _utf16_without_mark(head) or _utf8_or_legacy(source)
    source.seek(0)
    return found


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 shows in its zero bytes; a stray NUL in other text makes no sense as UTF-16."""
    if b"\0" not in head:
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = head.decode(encoding, "replace")
        plausible = sum(sign in "\r\n\t" or (" " <= sign < "\u0530" or "\u2010" <= sign < "\u2070") for sign in text)
        if plausible > 0.9 * len(text):
            return encoding
    return None


def _utf8_or_legacy(source: BinaryIO) -> str:
    """Decided over the whole file: the first letter that is not ASCII may come late."""
    source.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    good = bad = 0
    words: list[bytes] = []
    room = CHUNK
    while chunk := source.read(CHUNK):
        if chunk.isascii() and not decoder.getstate()[0]:
            continue
        text = decoder.decode(chunk)
        broken = text.count("\ufffd") - chunk.count(b"\xef\xbf\xbd")
        bad += max(broken, 0)
        good += len(text) - len(text.encode("ascii", "ignore")) - broken
        if room > 0:
            found = _word_with_high_bytes.findall(chunk)
            words += found
            room -= sum(map(len, found))
    return "utf-8" if bad <= _MOSTLY_UTF8 * good else _legacy(b" ".join(words)[:CHUNK])


def _legacy(words: bytes) -> str:
    """Cyrillic words are made of high bytes alone; in western ones they stand between ASCII letters."""
    pure = mixed = 0
    for word in _separator.split(words):
        if word.isascii():
            continue
        if any(byte < 0x80 for byte in word):
            mixed += 1
        elif len(word) > 1:
            pure += 1
    if mixed > pure:
        return "cp1252"
    return max(_CYRILLIC, key=lambda encoding: _frequent_letters(words, encoding))


def _frequent_letters(words: bytes, encoding: str) -> int:
    return sum(sign in _FREQUENT for sign in words.decode(encoding, "replace").lower())
