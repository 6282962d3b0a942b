"""The merge: all shards' words and terms as the vectors of one event, with rarity, expansion and norms.

Every row has norm 1 at most, so each bilinear part lies in [0, 1].
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import row_norms

from matchmaking.engine.facets import FREE, industries
from matchmaking.engine.network import activity_of, network_rows, participation
from matchmaking.engine.places import cities, countries
from matchmaking.engine.records import FACETS, Cohort, Profile
from matchmaking.engine.vectorise import Floats, Rarity, Rows, Table, WordWeights, divided, pivoted, read_tables, tidy
from matchmaking.engine.vocabulary import Vocabulary, default_vocabulary

PIVOT = 1.0  # norm below which a facet is not scaled up: one picked term has norm 1, one found term 0.5
TEXT_PIVOT = 15.0  # norm of about five rare words; shorter texts are not scaled up to norm 1
PAST = 0.5  # a theme of a past project counts half a picked interest
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
    rarity = Rarity().fit(tidy(facets["offers"] + facets["needs"] + interests))
    wants = rarity.transform(facets["needs"])
    steps = expansion(names, default_vocabulary())
    needs = tidy(wants + wants @ steps)
    words, text = _text(tables["own_words"], tables["project_words"], joined.ones)
    return Space(
        terms=names,
        words=words,
        offers=pivoted(facets["offers"], PIVOT),
        needs=pivoted(needs, PIVOT),
        wants=divided(wants, np.maximum(row_norms(needs), PIVOT)),
        steps=steps,
        interests=pivoted(rarity.transform(interests, power=0.5), PIVOT),
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
    """The words of own texts and of past projects, weighted; and their rows."""
    words = sorted({*own.names, *projects.names})
    counts = tidy(_matrix(own, words, joined.shape[0]) + joined @ _matrix(projects, words, joined.shape[1]))
    weights = WordWeights(pivot=TEXT_PIVOT).fit(counts)
    return [words[column] for column in weights.kept_], weights.transform(counts)


def _place(profiles: Sequence[Profile]) -> Rows:
    city, country = _shares(profiles, cities), _shares(profiles, countries)
    return tidy(sparse.hstack([city * CITY**0.5, country * COUNTRY**0.5], format="csr"))


def _shares(profiles: Sequence[Profile], values: Callable[[Profile], Sequence[Any]]) -> Rows:
    """One column per value, each row of norm 1: the inner product is common values over the root of both counts."""
    held = [values(profile) for profile in profiles]
    index = {value: column for column, value in enumerate(sorted({value for row in held for value in row}))}
    row = [position for position, entry in enumerate(held) for _ in entry]
    column = [index[value] for entry in held for value in entry]
    return pivoted(_csr(row, column, [1.0] * len(row), (len(profiles), len(index))), PIVOT)


def _matrix(entries: Table, names: Sequence[str], rows: int) -> Rows:
    index = {name: position for position, name in enumerate(names)}
    columns = np.array([index[name] for name in entries.names], np.int64)[entries.column]
    return _csr(entries.row, columns, entries.value, (rows, len(names)))


def _csr(row: Any, column: Any, value: Any, shape: tuple[int, int]) -> Rows:
    place = (np.asarray(row, np.int64), np.asarray(column, np.int64))
    return tidy(sparse.csr_array(sparse.coo_array((np.asarray(value, np.float64), place), shape=shape)))


def _at_most(rows: Rows, most: float) -> Rows:
    limited = sparse.csr_array(rows)
    limited.data = np.minimum(limited.data, most)
    return limited
