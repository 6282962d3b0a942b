"""Two rosters side by side: their measures, and team by team who is in one of them alone.

Which number a team has says little: two runs number the same people otherwise. So each team of one stands beside the team of
the other that shares most people with it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from matchmaking.models import Roster, Seat
from matchmaking.selectors.rosters import measures_of, whole

Home = Mapping[int, int]  # the number of each person's team


def beside(one: Roster, other: Roster, language: str) -> dict[str, Any]:
    """Measures of both, and the teams that are not the same; the queries do not grow with them."""
    sides = [whole(roster, language) for roster in (one, other)]
    homes = [{person["id"]: team["number"] for team in side["members"] for person in team["people"]} for side in sides]
    names = {person["id"]: person["name"] for side in sides for team in side["members"] for person in team["people"]}
    ours = matched(*homes)
    there = {person: ours.get(number, 0) for person, number in homes[1].items()}
    moved = [person for person in names if homes[0].get(person) != there.get(person)]
    theirs = {mine: number for number, mine in ours.items()}
    rows = [
        {
            "number": team["number"],
            "theirs": theirs.get(team["number"]),
            "leaves": [names[one] for one in moved if homes[0].get(one) == team["number"]],
            "joins": [names[one] for one in moved if there.get(one) == team["number"]],
        }
        for team in sides[0]["members"]
    ]
    beyond = [{"number": team["number"], "people": [person["name"] for person in team["people"]]} for team in sides[1]["members"]]
    return {
        "measures": [measures_of(side) for side in sides],
        "moved": len(moved),
        "teams": [row for row in rows if row["leaves"] or row["joins"]],
        "beyond": [team for team in beyond if team["number"] not in ours],
    }


def matched(one: Home, other: Home) -> dict[int, int]:
    """The number in `one` of each team of `other`: those that share most people first, each team once; ties by number."""
    shared = Counter((other[person], number) for person, number in one.items() if person in other)
    ours: dict[int, int] = {}
    taken = set[int]()
    for (theirs, mine), _count in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if theirs not in ours and mine not in taken:
            ours[theirs] = mine
            taken.add(mine)
    left = [number for number in sorted(set(one.values())) if number not in taken]
    return ours | dict(zip([number for number in sorted(set(other.values())) if number not in ours], left, strict=False))


def home_of(roster: Roster) -> dict[int, int]:
    """The number of each person's team."""
    seats = Seat.objects.filter(roster=roster, participant__isnull=False).order_by("participant__key")
    return {person: number for person, number in seats.values_list("participant_id", "team__number") if person is not None}
