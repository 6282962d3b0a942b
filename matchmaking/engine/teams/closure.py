"""Who must be together: the groups that `together`, `locked` and pins to one team make, with the rules that tie any two people."""

from collections import defaultdict, deque
from collections.abc import Iterable

from matchmaking.engine.teams.rules import Case


class Closure:
    """Groups of people who share a team in every roster that keeps the rules.

    `groups` are tuples of positions, sorted; `group_of` (n,) the group of each person. A pin is a tie between a person and the
    number of a team, so two people pinned to one number are tied through it.
    """

    def __init__(self, case: Case) -> None:
        at = {person.id: i for i, person in enumerate(case.people)}
        self.ties: defaultdict[object, list[tuple[object, str]]] = defaultdict(list)
        for kind in ("together", "locked"):
            for i, group in enumerate(getattr(case.rules, kind)):
                self._tie([at[person] for person in group], f"{kind}:{i}")
        for i, (person, number) in enumerate(case.rules.pinned):
            self._tie([at[person], ("team", number)], f"pinned:{i}")
        self._collect(len(case.people))

    def _tie(self, nodes: list[object], rule: str) -> None:
        for node in nodes[1:]:
            self.ties[nodes[0]].append((node, rule))
            self.ties[node].append((nodes[0], rule))

    def _collect(self, n: int) -> None:
        self.groups: list[tuple[int, ...]] = []
        self.numbers: list[tuple[int, ...]] = []
        self.group_of = [-1] * n
        for start in range(n):
            if self.group_of[start] >= 0:
                continue
            nodes = self._reach(start)
            members = sorted(node for node in nodes if isinstance(node, int))
            for member in members:
                self.group_of[member] = len(self.groups)
            self.groups.append(tuple(members))
            self.numbers.append(tuple(sorted(node[1] for node in nodes if isinstance(node, tuple))))

    def _reach(self, start: object) -> dict[object, tuple[object, str] | None]:
        """Every node tied to `start`, each with the node and rule it was reached by."""
        came: dict[object, tuple[object, str] | None] = {start: None}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for other, rule in self.ties[node]:
                if other not in came:
                    came[other] = (node, rule)
                    queue.append(other)
        return came

    def why(self, nodes: Iterable[object]) -> frozenset[str]:
        """Rules that tie these people (and numbers of teams, as ("team", number)) of one group to each other."""
        first, *rest = nodes
        came = self._reach(first)
        rules = set()
        for node in rest:
            while (step := came[node]) is not None:
                rules.add(step[1])
                node = step[0]
        return frozenset(rules)
