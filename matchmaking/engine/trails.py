"""Who worked with whom, for the words about a pair: shared partners, common projects. Standard library only."""

from collections.abc import Set

from matchmaking.engine.records import Cohort


class Trails:
    """The track record by person."""

    def __init__(self, cohort: Cohort) -> None:
        self._projects: dict[str, set[str]] = {}
        self._members = {project.key: {*project.members, project.lead} - {""} for project in cohort.projects}
        for key, members in self._members.items():
            for member in members:
                self._projects.setdefault(member, set()).add(key)
        self._partners: dict[str, frozenset[str]] = {}

    def count(self, person: str) -> int:
        """Number of past projects."""
        return len(self._projects.get(person, ()))

    def partners(self, person: str) -> frozenset[str]:
        """Everybody somebody worked with."""
        if person not in self._partners:
            self._partners[person] = self._met(person)
        return self._partners[person]

    def together(self, a: str, b: str) -> int:
        """Number of past projects two people have in common."""
        return len(self._projects.get(a, set()) & self._projects.get(b, set()))

    def codes(self, a: str, b: str) -> list[str]:
        """`partners:N` for two people, where there are any: counted, not named, for what is told of a pair outlives others' erasure.

        Whom they know from a project that both were in does not count.
        """
        joint = self._projects.get(a, set()) & self._projects.get(b, set())
        one, other = (self._met(person, joint) if joint else self.partners(person) for person in (a, b))
        common = (one & other) - {a, b}
        return [f"partners:{len(common)}"] if common else []

    def _met(self, person: str, without: Set[str] = frozenset()) -> frozenset[str]:
        """Everybody somebody worked with in other projects than `without`."""
        found: set[str] = set().union(*(self._members[key] for key in self._projects.get(person, set()) - without))
        return frozenset(found - {person})
