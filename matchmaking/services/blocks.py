"""Blocks: one does not want to meet the other. At once, both ways, in the whole programme, never told."""

from django.db import transaction

from matchmaking.errors import BadInput
from matchmaking.models import Block, Participant
from matchmaking.services import trail
from matchmaking.services.pairs import pairs_of, vanish


def block(*, by: Participant, whom: Participant) -> tuple[Block, bool]:
    """The block, and whether it is new. Suggestions of the two vanish, introductions close."""
    if by.pk == whom.pk:
        raise BadInput("You cannot block yourself.", fields={"participant": "This is you."})
    with transaction.atomic():
        pairs = pairs_of(by, whom)
        list(pairs.select_for_update().order_by("pk").values_list("pk"))  # an accept under way ends first, or sees the block
        made, new = Block.objects.get_or_create(by=by, whom=whom, defaults={"programme_id": by.programme_id})
        if new:
            trail.record("block.made", made, actor=by.user, programme=by.programme_id, gone=vanish(pairs))
    return made, new


def unblock(*, block: Block) -> None:
    """Take back one's own block. What vanished stays away; runs to come may suggest the two again."""
    with transaction.atomic():
        trail.record("block.taken_back", block, actor=block.by.user, programme=block.programme_id)
        block.delete()
