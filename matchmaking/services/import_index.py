"""Who is who: which rows of a file are about the same one, and which participant of the programme that is.

Decided by content, so that the order of the rows changes nothing. Memory: about 100 bytes per row and per participant.
"""

import hashlib
from typing import Any

import orjson

from matchmaking.models import Participant, Programme
from matchmaking.services.import_cells import WHOSE_MAIL, Identity, Note, fold_id, note
from matchmaking.services.participants import clean_mail, key_of

SEVERAL = ""
NUMBER_BITS = 24


class FileIndex:
    """The rows of a file by what they are about. Of several about the same one the fullest counts, then the first by content."""

    def __init__(self) -> None:
        self._best: dict[str, int] = {}
        self._id_of_mail: dict[str, str] = {}  # the folded external id a mail stands beside; SEVERAL where there are more
        self.total = 0

    def add(self, number: int, folded: str, cells: dict[str, Any], *, mail: str = "") -> None:
        rank = _rank(cells) << NUMBER_BITS | number
        best = self._best.setdefault(folded, rank)
        if rank < best:
            self._best[folded] = rank
        if mail and folded.startswith("x:"):
            self._id_of_mail[mail] = folded if self._id_of_mail.get(mail, folded) == folded else SEVERAL

    def counting_row(self, identity: Identity) -> int | None:
        """The number of the row that counts for this one; None where the mail stands beside several external ids."""
        folded = identity.folded
        if not identity.external_id and identity.mail in self._id_of_mail:
            folded = self._id_of_mail[identity.mail]
            if folded == SEVERAL:
                return None
        return self.number_for(folded)

    def number_for(self, folded: str) -> int:
        return self._best[folded] & (1 << NUMBER_BITS) - 1

    def shares_mail(self, identity: Identity) -> bool:
        return self._id_of_mail.get(identity.mail) == SEVERAL


def _rank(cells: dict[str, Any]) -> int:
    """Smaller for a fuller row; equal only for equal content."""
    filled = sum(1 for value in cells.values() if value)
    digest = hashlib.blake2b(orjson.dumps(cells, option=orjson.OPT_SORT_KEYS), digest_size=8).digest()
    return (255 - min(filled, 255)) << 64 | int.from_bytes(digest, "big")


class Known:
    """The participants of a programme by external id, key and mail."""

    def __init__(self, programme: Programme) -> None:
        self.by_id: dict[str, int] = {}
        self._by_key: dict[str, int] = {}
        self._by_mail: dict[str, int | None] = {}
        rows = Participant.objects.filter(programme=programme).order_by("key").values_list("pk", "key", "external_id", "mail")
        for pk, key, external_id, mail in rows.iterator(chunk_size=2000):
            self.add(pk, key=key, external_id=external_id, mail=clean_mail(mail))

    def add(self, pk: int, *, key: str, external_id: str, mail: str) -> None:
        if external_id:
            self.by_id.setdefault(fold_id(external_id), pk)
        else:
            self._by_key[key] = pk
        if mail:
            self._by_mail[mail] = pk if self._by_mail.get(mail, pk) == pk else None

    def match(self, identity: Identity, *, shared_mail: bool) -> tuple[int | None, Note | None]:
        """The participant the row is about, or why that cannot be told.

        The external id decides where there is one. A mail alone leads to a participant who has none yet (who then takes it over),
        unless several rows of the file share that mail. A row without external id is about the one participant with its mail.
        """
        if identity.external_id:
            found = self.by_id.get(fold_id(identity.external_id))
            if found is None and identity.mail and not shared_mail:
                found = self._by_key.get(key_of(mail=identity.mail))
            return found, None
        found = self._by_key.get(identity.key)
        if found is not None or not identity.mail:
            return found, None
        if identity.mail in self._by_mail and self._by_mail[identity.mail] is None:
            return None, note(WHOSE_MAIL, mail=identity.mail)
        return self._by_mail.get(identity.mail), None
