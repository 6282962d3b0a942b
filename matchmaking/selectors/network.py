"""The partner network of a run: people where they can be told apart in a picture, else organisations, else sectors."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Count

from matchmaking.models import Registration, Run
from matchmaking.selectors.labels import alphabetical
from matchmaking.selectors.mixing import live_suggestions

MOST = 200  # nodes: as many names as can be read around a ring
PEOPLE, ORGANISATIONS, SECTORS = "people", "organisations", "sectors"


class Node(NamedTuple):
    key: str
    label: str
    sector: str
    people: int


class Edge(NamedTuple):
    """Suggestions between two nodes, by their places in the list."""

    one: int
    other: int
    pairs: int


class Network(NamedTuple):
    """Nodes by sector and name; edges between different nodes, in the order of these; how many suggestions stay `inside` a node."""

    of: str
    nodes: list[Node]
    edges: list[Edge]
    inside: int

    @property
    def pairs(self) -> int:
        return self.inside + sum(edge.pairs for edge in self.edges)

    @property
    def across(self) -> int:
        """Suggestions between nodes of different sectors."""
        return sum(edge.pairs for edge in self.edges if self.nodes[edge.one].sector != self.nodes[edge.other].sector)


def network(run: Run, sectors: Sequence[str]) -> Network:
    """The network of what a run shows or would show, in the order of `sectors`. Three queries, whatever the size."""
    people = list(_approved(run).values_list("participant_id", "participant__name", "participant__profile__sector")[: MOST + 1])
    if len(people) <= MOST:
        nodes = [Node(str(pk), name, sector, 1) for pk, name, sector in people]
        edges = live_suggestions(run).order_by().values_list("pair__a_id", "pair__b_id")
        return _ordered(PEOPLE, nodes, ((str(a), str(b), 1) for a, b in edges), sectors)
    houses = _organisations(run)
    if len(houses) <= MOST:
        paths = [f"pair__{side}__{path}" for side in "ab" for path in ("organisation_id", "profile__sector")]
        rows = live_suggestions(run).order_by().values(*paths).annotate(pairs=Count("pk")).values_list(*paths, "pairs")
        joined = ((_house(a, a_sector), _house(b, b_sector), pairs) for a, a_sector, b, b_sector, pairs in rows)
        return _ordered(ORGANISATIONS, houses, joined, sectors)
    return _of_sectors(run.measures, sectors)


def _approved(run: Run) -> Any:
    return Registration.objects.filter(event=run.event_id, state=Registration.State.APPROVED).order_by("pk")


def _house(organisation: int | None, sector: str) -> str:
    """Who acts for no organisation stands with the others of the sector who do not."""
    return str(organisation) if organisation else f"none {sector}"


def _organisations(run: Run) -> list[Node]:
    """Each with the sector of most of its people, the first by name where several are as many; one more than `MOST` at most."""
    paths = ("participant__organisation_id", "participant__organisation__name", "participant__profile__sector")
    rows = _approved(run).order_by().values(*paths).annotate(people=Count("pk")).values_list(*paths, "people")
    sectors: dict[str, Counter[str]] = {}
    labels: dict[str, str] = {}
    for pk, name, sector, people in rows:
        key = _house(pk, sector)
        labels[key] = name or ""
        sectors.setdefault(key, Counter())[sector] += people
        if len(labels) > MOST:
            break
    most = {key: min(found, key=lambda sector: (-found[sector], sector)) for key, found in sectors.items()}
    return [Node(key, labels[key], most[key], sectors[key].total()) for key in labels]


def _of_sectors(measures: Mapping[str, Any], sectors: Sequence[str]) -> Network:
    """What the run measured: nothing is counted anew where there are thousands."""
    table: Mapping[str, Mapping[str, int]] = measures.get("sectors") or {}
    people = {key: group["people"] for key, group in (measures.get("groups", {}).get("sector") or {}).items()}
    nodes = [Node(sector, "", sector, people.get(sector, 0)) for sector in table]
    rows = ((one, other, pairs) for one, row in table.items() for other, pairs in row.items() if one <= other)
    return _ordered(SECTORS, nodes, rows, sectors)


def _ordered(of: str, nodes: Iterable[Node], rows: Iterable[tuple[str, str, int]], sectors: Sequence[str]) -> Network:
    """By sector and name, whatever the order of the rows; ends that are no node (who left meanwhile) are left out."""
    order = {sector: place for place, sector in enumerate(sectors)}
    listed = sorted(nodes, key=lambda node: (order.get(node.sector, len(order)), node.sector, alphabetical(node.label), node.key))
    place = {node.key: number for number, node in enumerate(listed)}
    found: Counter[tuple[int, int]] = Counter()
    for one, other, pairs in rows:
        if pairs and one in place and other in place:
            found[min(place[one], place[other]), max(place[one], place[other])] += pairs
    edges = [Edge(*ends, pairs) for ends, pairs in sorted(found.items())]
    apart = [edge for edge in edges if edge.one != edge.other]
    return Network(of, listed, apart, sum(edge.pairs for edge in edges) - sum(edge.pairs for edge in apart))


def pieces(found: Network) -> list[int]:
    """How many nodes hang together, the largest piece first; nodes without any suggestion apart."""
    root = list(range(len(found.nodes)))

    def top(node: int) -> int:
        while root[node] != node:
            root[node] = node = root[root[node]]
        return node

    for edge in found.edges:
        root[top(edge.one)] = top(edge.other)
    joined = {end for edge in found.edges for end in edge[:2]}
    return sorted(Counter(top(node) for node in joined).values(), reverse=True)
