"""What the cells of one row say: values within the limits of our fields, and notes on what could not be used."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from matchmaking.engine.normalise import normalise
from matchmaking.errors import MatchmakingError
from matchmaking.services import languages, sectors
from matchmaking.services.cells import ITEM_CHARS, split_items
from matchmaking.services.participants import key_of

Cells = Mapping[str, str]
Note = dict[str, Any]

TEXT_LIMITS = {"name": 300, "organisation": 300, "city": 120, "country": 120, "phone": 60, "telegram": 80, "about": 20_000}
ID_LIMIT = 120
SHOWN = 60

REPEATS = "Repeats row {row}, which is the one that counts."
SHARED_MAIL = "Several participants have this mail, each with an External ID of their own."
WHOSE_MAIL = "Several participants have the mail “{mail}”. Give the row the External ID of the one it is about."

_mail_in_brackets = re.compile(r".*<([^<>]+)>\s*", re.DOTALL)
_telegram_link = re.compile(r"(?:https?://)?(?:www\.)?t(?:elegram)?\.me/@?", re.IGNORECASE)


def note(template: str, **params: object) -> Note:
    """A sentence about a row, as it is stored and as the doors translate it."""
    return {"template": template, "params": params}


def note_of(error: MatchmakingError) -> Note:
    return note(error.template, **error.params)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a row is about. `folded` meets other spellings; `problem` says why the row cannot be used at all."""

    external_id: str = ""
    mail: str = ""
    key: str = ""
    problem: Note | None = None

    @property
    def folded(self) -> str:
        return f"x:{fold_id(self.external_id)}" if self.external_id else self.key


def fold_id(external_id: str) -> str:
    """An external id without what people type differently: case, ё, doubled spaces."""
    return " ".join(external_id.casefold().replace("ё", "е").split())


def identity_of(cells: Cells) -> Identity:
    """The external id, else the mail, else name with organisation: a content key, the same in every database."""
    external_id = " ".join(cells.get("external_id", "").split())
    mail = _plain_mail(cells.get("mail", ""))
    name, organisation = normalise(cells.get("name", "")), normalise(cells.get("organisation", ""))
    if not (name or organisation or mail):
        return Identity(problem=note("The row names nobody: name, organisation and mail are empty."))
    if len(external_id) > ID_LIMIT:
        return Identity(problem=note("The External ID is longer than {limit} signs.", limit=ID_LIMIT))
    if mail and not _is_mail(mail):
        return Identity(problem=note("“{mail}” is not a mail address.", mail=mail[:SHOWN]))
    if external_id or mail:
        return Identity(external_id, mail, key_of(external_id=external_id, mail=mail))
    content = hashlib.sha256(f"{name}\n{organisation}".encode()).hexdigest()
    return Identity(key=f"n:{content[:32]}")


def _plain_mail(text: str) -> str:
    bracketed = _mail_in_brackets.fullmatch(text)
    return (bracketed[1] if bracketed else text).strip().casefold().removeprefix("mailto:")


def _is_mail(mail: str) -> bool:
    try:
        validate_email(mail)
    except ValidationError:
        return False
    return len(mail) <= 254


def values_of(cells: Cells, identity: Identity, sector_words: Mapping[str, str]) -> tuple[dict[str, Any], list[Note]]:
    """The fields the row tells of, and what was left out of them. An empty cell tells nothing."""
    told = {name: text for name, text in cells.items() if text}
    values: dict[str, Any] = {"external_id": identity.external_id, "mail": identity.mail}
    values = {name: value for name, value in values.items() if value}
    notes: list[Note] = []
    for name, limit in TEXT_LIMITS.items():
        if name in told:
            values[name] = _text(name, told[name], limit, notes)
    if "sector" in told:
        values["sector"] = _sector(told["sector"], sector_words, notes)
    if "languages" in told:
        values["languages"], unknown = languages.codes_in(told["languages"])
        notes += [note("“{word}” is not a language we know; it was left out.", word=word) for word in unknown]
    if "availability" in told:
        notes.append(note("Availability is not taken from files; people state it when they confirm their profile."))
    for name, prose in (("offers", "offer_text"), ("needs", "need_text"), ("interests", ""), ("industries", "")):
        if name in told:
            values.update(_items(name, prose, told[name]))
    return {name: value for name, value in values.items() if value not in ("", [])}, notes


def _text(name: str, text: str, limit: int, notes: list[Note]) -> str:
    if name == "telegram":
        text = _telegram_link.sub("@", text, count=1)
    if name not in ("about", "phone", "telegram"):
        text = " ".join(text.split())
    if len(text) <= limit:
        return text
    if name in ("phone", "telegram"):
        notes.append(note("“{text}…” is too long for a contact; it was left out.", text=text[:SHOWN]))
        return ""
    notes.append(note("“{text}…” was cut to {limit} signs.", text=text[:SHOWN], limit=limit))
    return text[:limit].rstrip()


def _sector(text: str, words: Mapping[str, str], notes: list[Note]) -> str:
    known = words.get(sectors.fold(text))
    if known is None:
        notes.append(note("“{sector}” is not a sector of the programme; it counts as “other”.", sector=text[:SHOWN]))
    return known or sectors.OTHER


def _items(name: str, prose: str, text: str) -> dict[str, Any]:
    """Items of a list; or the whole text, where a sentence was written that items would cut."""
    pieces = re.split(r"[;；\n|]" if re.search("[;；]", text) else r"[,\n|]", text)
    if prose and any(len(piece) > ITEM_CHARS for piece in pieces):
        return {prose: text}
    return {name: list(split_items(text))}


def name_for(values: Mapping[str, Any], key: str) -> str:
    """What a new participant is called where no name is told: the organisation; never anything of the mail, which is a contact."""
    return str(values.get("name") or values.get("organisation") or f"Participant {key[2:8]}")
