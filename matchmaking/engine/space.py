"""The merge: all shards' words and terms as the vectors of one event, with rarity, expansion and norms.

Every row has norm 1 at most, so each bilinear part lies in [0, 1].
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matchmaking.engine.facets import FREE, industries
from matchmaking.engine.network import activity_of, network_rows, participation
from matchmaking.engine.places import cities, countries
from matchmaking.engine.records import FACETS, Cohort, Profile
from matchmaking.engine.vectorise import Table, read_tables
from matchmaking.engine.vocabulary import Vocabulary, default_vocabulary

Rows = Any  # scipy.sparse.csr_array, float64, sorted indices; scipy ships no types
Floats = npt.NDArray[np.float64]

PIVOT = 1.0  # norm below which a facet is not scaled up: one picked term has norm 1, one found term 0.5
TEXT_PIVOT = 15.0  # about five rare words; shorter texts are not scaled up to norm 1
PAST = 0.5  # a theme of a past project counts half a picked interest
IDF_FLOOR = 0.3  # what a term that everybody names is still worth
MAX_DF = 0.2  # words in more than this share of profiles are left out
GAIN = 0.4  # g: a need reaches one step in the concept tree
EXPANSION = 0.5  # norm of all steps together
CITY, COUNTRY = 0.7, 0.3  # value of the same city beyond the same country


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors of one event, row i = profile i of the ordered cohort.

    `offers`, `needs`, `wants` (needs before expansion) and `interests` (n, terms); `text` (n, words); the others one
    column per value. `activity` (n,) in [0, 1]; `open_` and `draw` (n,) in z units.
    """

    terms: list[str]
    words: list[str]
    offers: Rows
    needs: Rows
    wants: Rows
    steps: Rows
    interests: Rows
    industries: list[str]
    industry: Rows
    place: Rows
    text: Rows
    language: Rows
    time: Rows
    network: Rows
    activity: Floats
    open_: Floats
    draw: Floats

    @property
    def count(self) -> int:
        """Number of profiles."""
        return int(self.offers.shape[0])


def merge_vectors(cohort: Cohort, parts: Sequence[bytes]) -> Space:
    """The vectors of the whole event from the bytes of all shards, in any order."""
    tables, profiles = read_tables(parts), cohort.profiles
    joined = participation(cohort)
    names = sorted({name for block in (*FACETS, "themes") for name in tables[block].names})
    facets = {block: _matrix(tables[block], names, len(profiles)) for block in FACETS}
    past = joined.ones @ _matrix(tables["themes"], names, len(cohort.projects))
    interests = facets["interests"].maximum(_at_most(past, PAST))
    idf = _idf(facets["offers"] + facets["needs"] + interests)
    wants = _scale_columns(facets["needs"], idf)
    steps = expansion(names, default_vocabulary())
    needs = _tidy(wants + wants @ steps)
    words, text = _text(tables["own_words"], tables["project_words"], joined.ones)
    return Space(
        terms=names,
        words=words,
        offers=_normed(facets["offers"], PIVOT),
        needs=_normed(needs, PIVOT),
        wants=_divided(wants, np.maximum(_norms(needs), PIVOT)),
        steps=steps,
        interests=_normed(_scale_columns(interests, np.sqrt(idf)), PIVOT),
        industries=sorted({term for profile in profiles for term in industries(profile)}),
        industry=_shares(profiles, industries),
        place=_place(profiles),
        text=text,
        language=_shares(profiles, spoken),
        time=_shares(profiles, lambda profile: sorted(set(profile.slots))),
        network=network_rows(joined),
        activity=activity_of(joined),
        open_=np.array([profile.open_ for profile in profiles], np.float64),
        draw=np.array([profile.draw for profile in profiles], np.float64),
    )


def spoken(profile: Profile) -> list[str]:
    """The languages of a profile as lower-case codes without region, sorted."""
    return sorted({code.strip().casefold().replace("_", "-").split("-")[0] for code in profile.languages if code.strip()})


def expansion(names: Sequence[str], vocabulary: Vocabulary) -> Rows:
    """Steps from a concept to its parent, children and related ones, shape (terms, terms): g <= 0.4 each, norm <= 0.5 in all."""
    index = {name: position for position, name in enumerate(names)}
    row, column, value = [], [], []
    for name in names:
        near = [] if name.startswith(FREE) else _near(name, vocabulary)
        reached = [index[other] for other in near if other in index]
        gain = min(GAIN, EXPANSION / max(len(near), 1) ** 0.5)
        row += [index[name]] * len(reached)
        column += reached
        value += [gain] * len(reached)
    return _csr(row, column, value, (len(names), len(names)))


def _near(name: str, vocabulary: Vocabulary) -> list[str]:
    return sorted({*vocabulary.parents(name), *vocabulary.children(name), *vocabulary.related(name)} - {name})


def _text(own: Table, projects: Table, joined: Rows) -> tuple[list[str], Rows]:
    """TF-IDF over words: sublinear tf of own texts and past projects; words of one profile or of too many are left out."""
    words = sorted({*own.names, *projects.names})
    counts = _tidy(_matrix(own, words, joined.shape[0]) + joined @ _matrix(projects, words, joined.shape[1]))
    rows = counts.shape[0]
    counts.data = 1.0 + np.log(counts.data)
    seen = np.bincount(counts.indices, minlength=len(words))
    weighted = _scale_columns(counts, np.log((1.0 + rows) / (1.0 + seen)) + 1.0)
    kept = np.flatnonzero((seen >= 2) & (seen <= max(MAX_DF * rows, 10)))
    text = _tidy(_normed(weighted, TEXT_PIVOT)[:, kept])
    return [words[column] for column in kept], text


def _place(profiles: Sequence[Profile]) -> Rows:
    city, country = _shares(profiles, cities), _shares(profiles, countries)
    return _tidy(sparse.hstack([city * CITY**0.5, country * COUNTRY**0.5], format="csr"))


def _shares(profiles: Sequence[Profile], values: Callable[[Profile], Sequence[Any]]) -> Rows:
    """One column per value, each row of norm 1: the inner product is common values over the root of both counts."""
    held = [values(profile) for profile in profiles]
    index = {value: column for column, value in enumerate(sorted({value for row in held for value in row}))}
    row = [position for position, entry in enumerate(held) for _ in entry]
    column = [index[value] for entry in held for value in entry]
    return _normed(_csr(row, column, [1.0] * len(row), (len(profiles), len(index))), PIVOT)


def _matrix(entries: Table, names: Sequence[str], rows: int) -> Rows:
    index = {name: position for position, name in enumerate(names)}
    columns = np.array([index[name] for name in entries.names], np.int64)[entries.column]
    return _csr(entries.row, columns, entries.value, (rows, len(names)))


def _csr(row: Any, column: Any, value: Any, shape: tuple[int, int]) -> Rows:
    place = (np.asarray(row, np.int64), np.asarray(column, np.int64))
    return _tidy(sparse.csr_array(sparse.coo_array((np.asarray(value, np.float64), place), shape=shape)))


def _tidy(rows: Rows) -> Rows:
    rows = sparse.csr_array(rows)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    rows.sort_indices()
    return rows


def _at_most(rows: Rows, most: float) -> Rows:
    limited = sparse.csr_array(rows)
    limited.data = np.minimum(limited.data, most)
    return limited


def _idf(rows: Rows) -> Floats:
    """Rarity in the event, in [0.3, 1]: 1 for what nobody or one names."""
    named = np.bincount(_tidy(rows).indices, minlength=rows.shape[1])
    rarity = np.log((rows.shape[0] + 1.0) / np.maximum(named, 1)) / np.log(rows.shape[0] + 2.0)
    idf: Floats = IDF_FLOOR + (1.0 - IDF_FLOOR) * np.clip(rarity, 0.0, 1.0)
    return idf


def _norms(rows: Rows) -> Floats:
    owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    return np.sqrt(np.bincount(owner, rows.data * rows.data, minlength=rows.shape[0]))


def _divided(rows: Rows, by: Floats) -> Rows:
    divided = rows.copy()
    divided.data = divided.data / np.repeat(by, np.diff(divided.indptr))
    return divided


def _normed(rows: Rows, pivot: float) -> Rows:
    rows = _tidy(rows)
    return _divided(rows, np.maximum(_norms(rows), pivot))


def _scale_columns(rows: Rows, by: Floats) -> Rows:
    scaled = _tidy(rows).copy()
    scaled.data = scaled.data * by[scaled.indices]
    return scaled
