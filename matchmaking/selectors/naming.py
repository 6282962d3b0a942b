"""People of an event by a typed name: whatever case and spelling, as nobody types `Ў` and `Ё` alike."""

from collections.abc import Mapping
from itertools import pairwise

from matchmaking.engine.normalise import normalise
from matchmaking.errors import BadInput
from matchmaking.models import Event
from matchmaking.selectors.records import taking_part

NAMED = 5  # of several people whom a text can mean


def people_to_name(event: Event) -> dict[int, str]:
    """Everybody who can be placed, by name; those who share one with their organisations beside. One query."""
    fields = ("participant_id", "participant__name", "participant__organisation__name")
    rows = sorted(taking_part(event).values_list(*fields), key=lambda row: (normalise(row[1]), row[0]))
    twice = {name for (_, name, _), (_, following, _) in pairwise(rows) if name == following}
    return {pk: f"{name}, {house}" if name in twice and house else name for pk, name, house in rows}


def meant(people: Mapping[int, str], text: str) -> list[int]:
    """Whom a text can mean: those of exactly that name, else all whose name holds it."""
    wanted = normalise(text)
    known = {pk: normalise(name) for pk, name in people.items()}
    exact = [pk for pk, name in known.items() if name == wanted]
    return exact or [pk for pk, name in known.items() if wanted in name]


def only_one(people: Mapping[int, str], found: list[int], text: str) -> int:
    """The one who is meant; raises with whom it could be, or that it is nobody."""
    if not found:
        raise BadInput("Nobody who can be placed is called “{name}”.", name=text)
    if len(found) > 1:
        told = ", ".join(people[pk] for pk in found[:NAMED])
        raise BadInput("“{name}” can be several people: {people}. Write more of the name.", name=text, people=told)
    return found[0]
