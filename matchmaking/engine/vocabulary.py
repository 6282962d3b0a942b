"""The controlled list of concepts with labels in be, ru, en, de; prefix search. Standard library only."""

import hashlib
import tomllib
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from matchmaking.engine.normalise import term_key

LANGUAGES = ("be", "ru", "en", "de")
FOLDER = Path(__file__).parent / "data" / "vocabulary"


@dataclass(frozen=True, slots=True)
class Concept:
    """One entry: `labels[language]` holds the label first, then its synonyms."""

    id: str
    parent: str
    related: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]


class Vocabulary:
    """Concepts by id, with look-ups by label in any language."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.concepts: dict[str, Concept] = {concept.id: concept for concept in sorted(concepts, key=lambda c: c.id)}

    def __contains__(self, concept_id: object) -> bool:
        return concept_id in self.concepts

    def __iter__(self) -> Iterable[str]:
        return iter(self.concepts)

    def label(self, concept_id: str, language: str) -> str:
        """The concept's label in a language, in English where it has none there, its id where it is unknown."""
        concept = self.concepts.get(concept_id)
        if concept is None:
            return concept_id
        labels = concept.labels.get(language) or concept.labels.get("en") or (concept_id,)
        return labels[0]

    def parents(self, concept_id: str) -> tuple[str, ...]:
        """The concept above, if there is one in the list."""
        concept = self.concepts.get(concept_id)
        return (concept.parent,) if concept and concept.parent in self.concepts else ()

    def related(self, concept_id: str) -> tuple[str, ...]:
        """Concepts that either side calls related, sorted."""
        return self._related.get(concept_id, ())

    def children(self, concept_id: str) -> tuple[str, ...]:
        """The concepts directly below, sorted."""
        return self._children.get(concept_id, ())

    def resolve(self, term: str) -> str | None:
        """The id of the concept with this id, label or synonym in any language, after normalisation."""
        if term in self.concepts:
            return term
        return self._by_key.get(term_key(term))

    def search(self, prefix: str, language: str, limit: int = 10) -> list[str]:
        """Ids of concepts with a label that starts with `prefix` in any language; labels of `language` first."""
        start = term_key(prefix)
        keys = self._search_keys
        position = bisect_left(keys, (start, "", 0, ""))
        hits: dict[str, tuple[bool, int, str]] = {}
        while position < len(keys) and keys[position][0].startswith(start):
            key, spoken, order, concept_id = keys[position]
            rank = (spoken != language, order, key)
            hits[concept_id] = min(hits.get(concept_id, rank), rank)
            position += 1
        return sorted(hits, key=lambda concept_id: (hits[concept_id], concept_id))[:limit]

    @cached_property
    def version(self) -> str:
        """A hash of the content, the same for the same concepts in any order of files."""
        lines = [repr((c.id, c.parent, sorted(c.related), sorted(c.labels.items()))) for c in self.concepts.values()]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    @cached_property
    def _by_key(self) -> dict[str, str]:
        found: dict[str, tuple[int, str]] = {}
        for concept in self.concepts.values():
            for language in LANGUAGES:
                for order, label in enumerate(concept.labels.get(language, ())):
                    rank = (order, concept.id)
                    key = term_key(label)
                    found[key] = min(found.get(key, rank), rank)
        return {key: concept_id for key, (_, concept_id) in found.items()}

    @cached_property
    def _search_keys(self) -> list[tuple[str, str, int, str]]:
        return sorted(
            (term_key(label), language, order, concept.id)
            for concept in self.concepts.values()
            for language in LANGUAGES
            for order, label in enumerate(concept.labels.get(language, ()))
        )

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        return _grouped((c.parent, c.id) for c in self.concepts.values() if c.parent in self.concepts)

    @cached_property
    def _related(self) -> dict[str, tuple[str, ...]]:
        known = [(c.id, other) for c in self.concepts.values() for other in c.related if other in self.concepts and other != c.id]
        return _grouped([*known, *((b, a) for a, b in known)])


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, set[str]] = {}
    for key, value in pairs:
        groups.setdefault(key, set()).add(value)
    return {key: tuple(sorted(values)) for key, values in groups.items()}


def concept_of(entry: Mapping[str, Any]) -> Concept:
    """A concept from its `[[concept]]` table."""
    labels = {language: tuple(entry.get(language, ())) for language in LANGUAGES}
    return Concept(id=entry["id"], parent=entry.get("parent", ""), related=tuple(entry.get("related", ())), labels=labels)


def load(folder: Path) -> Vocabulary:
    """The vocabulary of all TOML files in a folder."""
    entries: list[Mapping[str, Any]] = []
    for path in sorted(folder.glob("*.toml")):
        entries.extend(tomllib.loads(path.read_text(encoding="utf-8")).get("concept", ()))
    return Vocabulary(concept_of(entry) for entry in entries)


@lru_cache(maxsize=1)
def default_vocabulary() -> Vocabulary:
    """The vocabulary this version ships."""
    return load(FOLDER)
