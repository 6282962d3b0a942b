"""Who works on an import, until when, and what may still be written: the same rules as for the shards of a run.

A claim takes a lease and raises the import's epoch; every batch renews the lease in its own transaction by naming that epoch.
So no thread is needed, and a worker that was frozen or replaced, or whose import was cancelled, cannot write.
"""

from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from matchmaking.models import Import
from matchmaking.services.protections import protected
from matchmaking.services.shards import Fenced, in_seconds

WORKING = (Import.State.READING, Import.State.SAVING)


def free() -> Q:
    """Imports that nobody works on, or whose worker has let the lease run out."""
    return Q(lease_until__isnull=True) | Q(lease_until__lt=Now())


def claim(import_id: int, state: str) -> Import | None:
    """Take the lease of an import in `state`; None if another worker has it or there is nothing to do."""
    rows = Import.objects.filter(pk=import_id, state=state)
    if protected("claim"):
        rows = rows.filter(free())
    if rows.update(epoch=F("epoch") + 1, lease_until=in_seconds(settings.LEASE_S)) != 1:
        return None
    import_ = Import.objects.select_related("programme", "event", "requested_by").get(pk=import_id)
    attempts = import_.failure.get("attempts", 0) + 1
    write(import_, failure={"attempts": attempts})
    import_.failure = {"attempts": attempts}
    return import_


def write(import_: Import, **values: Any) -> None:
    """Renew the lease and write `values`, if the import is still ours; otherwise Fenced. Locks the row in a transaction."""
    mine = Import.objects.filter(pk=import_.pk)
    if protected("fencing"):
        mine = mine.filter(epoch=import_.epoch, state=import_.state)
    if mine.update(**{"lease_until": in_seconds(settings.LEASE_S), **values}) != 1:
        raise Fenced


def let_go(import_: Import) -> None:
    """Give the lease back after a failure, so that the sweep need not wait for it to run out."""
    Import.objects.filter(pk=import_.pk, epoch=import_.epoch, state=import_.state).update(lease_until=None)
