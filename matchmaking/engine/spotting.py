"""Concepts found in free text, in all four languages at once.

A label is found where all its content words stand close together, in any order and inflection; the longest label wins.
Words meet by their stems; where no label has the stem, by the character n-grams of `near_words.py`. Nothing depends on
other texts, so a text gives the same concepts in whatever shard it is read.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from matchmaking.engine.near_words import NearWords
from matchmaking.engine.normalise import APOSTROPHES, WORD, normalise, stop_words
from matchmaking.engine.stems import languages_of, stem
from matchmaking.engine.vocabulary import LANGUAGES, Vocabulary, default_vocabulary

MOST_PER_TEXT = 10
SLACK = 1  # foreign content words allowed inside a label of several words
PHRASE, SINGLE, COMPOUND = 0.5, 0.4, 0.3  # strength; a picked term counts 1
COMPOUND_LETTERS = 9  # German nouns of this length may contain a label
PART_LETTERS = 6
KEY_LETTERS = 3
LONG, OPENING = 50, 25  # content words
AMBIGUOUS_FILE = Path(__file__).parent / "data" / "ambiguous_words.txt"
CERTAIN = 12  # content words of a text up to which an ambiguous word means what the vocabulary knows
SHORTEST = 5  # letters of a word that may be another form of a label word
# One word with a hyphen: e-learning, co-working, start-up, spin-off; their parts alone mean something else.
ONE_WORD = re.compile(r"\b((?:[a-zéеэ]|co)|[^\W\d_]+(?=-(?:ups?|offs?)\b))-(?=[^\W\d_])", re.IGNORECASE)
NO_UMLAUTS = str.maketrans("äöü", "aou")
NO_APOSTROPHES = str.maketrans(dict.fromkeys(APOSTROPHES, ""))

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Phrase:
    """One label of a concept as the keys of its content words; `order` 0 is the label, others are synonyms."""

    concept: str
    keys: tuple[Key, ...]
    order: int
    letters: int


@dataclass(frozen=True, slots=True)
class Found:
    """A label found: `rank` sorts the better one first, `positions` are the content words it covers."""

    rank: tuple[int, int, int, int, int, int, str]
    positions: frozenset[int]
    strength: float


class Spotter:
    """Finds the concepts of one vocabulary in texts."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        phrases = {phrase for phrase in _phrases(vocabulary) if phrase.keys}
        counts: dict[Key, int] = {}
        for phrase in phrases:
            for key in set(phrase.keys):
                counts[key] = counts.get(key, 0) + 1
        self._by_anchor: dict[Key, list[Phrase]] = {}
        for phrase in sorted(phrases, key=lambda p: (p.concept, p.order, p.keys)):
            anchor = min(phrase.keys, key=lambda key: (counts[key], key))
            self._by_anchor.setdefault(anchor, []).append(phrase)
        self._keys = frozenset(counts)
        self._starts = frozenset(_start(key[1]) for key in counts)
        self._labels = _label_words(vocabulary)
        self._near = NearWords().fit(self._labels)
        self._parts = frozenset(p.keys[0][1] for p in phrases if len(p.keys) == 1 and p.keys[0][0] == "de" and p.letters >= PART_LETTERS)
        self._families = {concept: _family(concept, vocabulary) for concept in vocabulary.concepts}
        self._known: dict[str, tuple[Key, ...]] = {}

    def spot(self, text: str) -> dict[str, float]:
        """The concepts found in a text with their strengths in (0, 0.5], ten at most, the longest labels first."""
        chosen: dict[str, float] = {}
        used: set[int] = set()
        content = surfaces(text)
        for found in sorted(self._meant(_salient(self._matches(content), len(content)), content), key=lambda match: match.rank):
            concept = found.rank[-1]
            if len(chosen) < MOST_PER_TEXT and not used & found.positions:
                used |= found.positions
                chosen[concept] = max(chosen.get(concept, 0.0), found.strength)
        return chosen

    def learn(self, texts: Iterable[str]) -> None:
        """Look up the words of many texts at once; `spot` then finds the same as without, only sooner."""
        self._learn({word for text in texts for word in surfaces(text)})

    def _learn(self, content: Iterable[str]) -> None:
        fresh = sorted({word for word in content if word not in self._known})
        if not fresh:
            return
        self._known.update((word, tuple(self._sure_keys(word))) for word in fresh)
        unsure = [word for word in fresh if not self._known[word] and self._may_be_a_form(word)]
        near = self._near.near([normalise(word) for word in unsure])
        for word, labels in zip(unsure, near, strict=True):
            self._known[word] = tuple(sorted({key for label in labels for key in self._labels[label]}))
        self._known.update((word, (*self._known[word], *self._inside(normalise(word)))) for word in fresh if _may_be_compound(word))

    def _matches(self, content: Sequence[str]) -> list[Found]:
        self._learn(content)
        where: dict[Key, list[int]] = {}
        for position, word in enumerate(content):
            for key in self._known[word]:
                where.setdefault(key, []).append(position)
        sizes = [len(word) for word in content]
        return [found for key in where for phrase in self._by_anchor.get(key, ()) for found in _places(phrase, key, where, sizes)]

    def _meant(self, matches: Sequence[Found], content: Sequence[str]) -> Sequence[Found]:
        """Without ambiguous words ("actors" of a region) in whose text no other word is of that field."""
        if len(content) <= CERTAIN:
            return matches
        doubtful = {m for m in matches if len(m.positions) == 1 and normalise(content[min(m.positions)]) in _ambiguous()}
        sure = {m.rank[-1] for m in matches if m not in doubtful}
        return [m for m in matches if m not in doubtful or self._families[m.rank[-1]] & sure]

    def _sure_keys(self, word: str) -> Iterable[Key]:
        plain = normalise(word)
        abbreviated = [("", word)] if is_abbreviation(word) else []
        stemmed = keys_of(plain) if _start(plain) in self._starts else []
        return [key for key in dict.fromkeys((*abbreviated, *stemmed)) if key in self._keys]

    def _may_be_a_form(self, word: str) -> bool:
        """English words in lower case are left to the stemmer: "actually" is not acting."""
        plain = normalise(word)
        return len(plain) >= SHORTEST and _start(plain) in self._starts and (word[0].isupper() or languages_of(plain)[0] == "ru")

    def _inside(self, plain: str) -> Iterable[Key]:
        """German labels at the end, else at the start, of a compound noun."""
        stemmed = stem(plain, "de")
        for size in range(len(stemmed) - 3, PART_LETTERS - 2, -1):
            for part in (stemmed[-size:], stemmed[:size]):
                if part in self._parts:
                    yield ("compound", part)
                    return


def is_abbreviation(word: str) -> bool:
    """Whether a word as typed is one like IT, UX or PR, which in lower case may mean something else."""
    return len(word) <= 3 and word.isupper()


def surfaces(text: str) -> list[str]:
    """The content words of a text as typed, apostrophes removed."""
    found = WORD.findall(ONE_WORD.sub(r"\1", unicodedata.normalize("NFKC", text).translate(NO_APOSTROPHES)))
    stops = stop_words()
    return [word for word in found if is_abbreviation(word) or (len(word) > 1 and word.casefold() not in stops)]


def keys_of(plain: str) -> list[Key]:
    """The keys a normalised word of unknown language may have."""
    return [(language, stem(plain, language)) for language in languages_of(plain)]


def _label_keys(label: str, language: str) -> tuple[Key, ...]:
    return tuple(dict.fromkeys(_label_key(word, language) for word in surfaces(label)))


def _label_key(word: str, language: str) -> Key:
    if is_abbreviation(word) and word.casefold() in stop_words():
        return ("", word)
    plain = normalise(word)
    spoken = language if language in languages_of(plain) else languages_of(plain)[0]
    return (spoken, stem(plain, spoken))


def _phrases(vocabulary: Vocabulary) -> Iterable[Phrase]:
    for concept in vocabulary.concepts.values():
        for language in LANGUAGES:
            for order, label in enumerate(concept.labels.get(language, ())):
                keys = _label_keys(label, language)
                yield Phrase(concept.id, keys, order, len(re.sub(r"\W", "", label)))
                if language == "de" and len(keys) == 1:
                    yield Phrase(concept.id, (("compound", keys[0][1]),), order, len(keys[0][1]))


def _family(concept: str, vocabulary: Vocabulary) -> frozenset[str]:
    """A concept and those around it: above, below, beside, related."""
    parents = vocabulary.parents(concept)
    beside = (child for parent in parents for child in vocabulary.children(parent))
    return frozenset((concept, *parents, *beside, *vocabulary.children(concept), *vocabulary.related(concept)))


@lru_cache(maxsize=1)
def _ambiguous() -> frozenset[str]:
    """Words, normalised, that in running text often mean something else than the label they look like."""
    return frozenset(normalise(AMBIGUOUS_FILE.read_text(encoding="utf-8")).split())


def _salient(matches: Sequence[Found], length: int) -> list[Found]:
    """Matches that tell what a text is about: in a long one, a single word counts in the opening or when it comes again."""
    if length <= LONG:
        return list(matches)
    places: dict[str, set[int]] = {}
    for match in matches:
        places.setdefault(match.rank[-1], set()).update(match.positions)
    return [m for m in matches if len(m.positions) > 1 or min(m.positions) < OPENING or len(places[m.rank[-1]]) > 1]


def _start(plain: str) -> str:
    """The first letters of a word, the same for its stem, which has no umlauts."""
    return plain[:KEY_LETTERS].translate(NO_UMLAUTS)


def _may_be_compound(word: str) -> bool:
    return word[0].isupper() and len(normalise(word)) >= COMPOUND_LETTERS


def _label_words(vocabulary: Vocabulary) -> dict[str, set[Key]]:
    """The words of all labels, normalised, with the keys they have there."""
    found: dict[str, set[Key]] = {}
    for concept in vocabulary.concepts.values():
        for language in LANGUAGES:
            for word in (word for label in concept.labels.get(language, ()) for word in surfaces(label)):
                found.setdefault(normalise(word), set()).add(_label_key(word, language))
    return found


def _places(phrase: Phrase, anchor: Key, where: dict[Key, list[int]], sizes: Sequence[int]) -> Iterable[Found]:
    """Where a label stands; the more letters of the text it covers the better, then the nearer it is to the form in the text."""
    others = [where.get(key) for key in phrase.keys if key != anchor]
    if any(places is None for places in others):
        return
    width = len(phrase.keys) + (SLACK if len(phrase.keys) > 1 else 0)
    for position in where[anchor]:
        covered = _covered(position, [places for places in others if places])
        if len(covered) == len(phrase.keys) and max(covered) - min(covered) < width:
            letters, span = sum(sizes[place] for place in covered), max(covered) - min(covered)
            rank = (-len(covered), -letters, span, abs(letters - phrase.letters), phrase.order, position, phrase.concept)
            yield Found(rank, covered, _strength(phrase))


def _covered(position: int, others: Sequence[list[int]]) -> frozenset[int]:
    """The anchor's position and the nearest place of every other word."""
    return frozenset([position, *(min(places, key=lambda place: (abs(place - position), place)) for places in others)])


def _strength(phrase: Phrase) -> float:
    if phrase.keys[0][0] == "compound":
        return COMPOUND
    return PHRASE if len(phrase.keys) > 1 else SINGLE


@lru_cache(maxsize=1)
def default_spotter() -> Spotter:
    """The spotter of the vocabulary this version ships."""
    return Spotter(default_vocabulary())
