"""Label words that a word of a text may be another form of: the same opening letters, and the cosine of character 3-5-grams.

Each word is compared by itself, so it finds the same label words whatever is asked for together with it.
"""

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

PAIRS_AT_ONCE = 20_000


class NearWords:
    """Learns label words; `near` gives those within `least` cosine of a word that share its `opening` letters, the nearest first.

    Only label words within `spread` of the nearest one count: what is much less alike is another word.
    """

    def __init__(self, *, least: float = 0.5, opening: int = 4, spread: float = 0.85) -> None:
        self.least, self.opening, self.spread = least, opening, spread

    def fit(self, words: Iterable[str], y: None = None) -> Self:
        """Learn the n-grams of label words."""
        self.words_ = sorted(set(words))
        self.tfidf_ = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5))
        self.rows_ = self.tfidf_.fit_transform(self.words_)
        self.opened_: dict[str, list[int]] = {}
        for number, word in enumerate(self.words_):
            self.opened_.setdefault(word[: self.opening], []).append(number)
        return self

    def near(self, words: Sequence[str]) -> list[list[str]]:
        """The label words near each word."""
        pairs = [(i, label) for i, word in enumerate(words) for label in self.opened_.get(word[: self.opening], ())]
        found: list[list[tuple[float, str]]] = [[] for _ in words]
        for start in range(0, len(pairs), PAIRS_AT_ONCE):
            some = pairs[start : start + PAIRS_AT_ONCE]
            for (i, label), cosine in zip(some, self._cosines(words, some), strict=True):
                if cosine >= self.least:
                    found[i].append((-cosine, self.words_[label]))
        return [[label for cosine, label in sorted(row) if cosine <= self.spread * min(row)[0]] for row in found]

    def _cosines(self, words: Sequence[str], pairs: Sequence[tuple[int, int]]) -> list[float]:
        asked = sorted({i for i, _ in pairs})
        place = {i: position for position, i in enumerate(asked)}
        rows = self.tfidf_.transform([words[i] for i in asked])
        products = rows[[place[i] for i, _ in pairs]].multiply(self.rows_[[label for _, label in pairs]])
        cosines: list[float] = np.asarray(products.sum(axis=1)).ravel().tolist()
        return cosines
