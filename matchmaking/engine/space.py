"""The merge: all shards' words, terms and sentence vectors as the vectors of one event, with rarity, expansion and norms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.extmath import row_norms

from matchmaking.engine.elsewhere import Elsewhere, elsewhere
from matchmaking.engine.facets import FREE, industries
from matchmaking.engine.network import Participation, activity_of, known_of, network_rows, participation, ties, together
from matchmaking.engine.places import areas, cities, countries
from matchmaking.engine.records import FACETS, Cohort, Profile
from matchmaking.engine.stems import root
from matchmaking.engine.vectorise import Floats, Rarity, Rows, Table, divided, pivoted, read_meanings, read_tables, tidy
from matchmaking.engine.vocabulary import Vocabulary, default_vocabulary
from matchmaking.engine.works import Singles, Works, centred, meaning_rows, text_rows, works_of

PIVOT = 1.0  # norm below which a facet is not scaled up: one picked term has norm 1, one found term 0.5
GAIN = 0.4  # g: a need reaches one step in the concept tree
EXPANSION = 0.5  # norm of all steps together
CITY, REGION, COUNTRY = 0.3, 0.5, 0.2  # value of the same city beyond the same region, and so on
PAST = 0.75  # power of 1 + past projects by which their themes are divided


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors of one event, row i = profile i of the ordered cohort.

    `offers`, `needs`, `wants` (needs before expansion), `interests` and `themes` (n, terms); `text` (n, roots of
    words, spelled in `words`); `meaning`,
    `meant_offers`, `meant_needs` (n, 512), or (n, 0) without the encoder; `network` (n, people); `together` and `elsewhere` (n, n)
    sparse; the others one column per value. `area` (n,) numbers of areas or -1, `ties` (areas, areas). `activity` (n,) in [0, 1);
    `open_` and `draw` (n,) in z units. `past` (projects, terms), the themes of each project, `works`, `joined` and `rarity` weigh what
    is no row yet: an idea, somebody who comes late.
    """

    terms: list[str]
    words: list[str]
    offers: Rows
    needs: Rows
    wants: Rows
    steps: Rows
    interests: Rows
    themes: Rows
    past: Rows
    industries: list[str]
    industry: Rows
    place: Rows
    area: npt.NDArray[np.int64]
    ties: Floats
    text: Rows
    meaning: Singles
    meant_offers: Singles
    meant_needs: Singles
    language: Rows
    time: Rows
    network: Rows
    together: Rows
    elsewhere: Rows
    activity: Floats
    open_: Floats
    draw: Floats
    works: Works
    joined: Participation
    rarity: Rarity

    @property
    def count(self) -> int:
        """Number of profiles."""
        return int(self.offers.shape[0])


def merge_vectors(cohort: Cohort, parts: Sequence[bytes]) -> Space:
    """The vectors of the whole event from the bytes of all shards, in any order."""
    tables, meant, profiles = read_tables(parts), read_meanings(parts), cohort.profiles
    joined = participation(cohort)
    terms = sorted({name for block in (*FACETS, "themes") for name in tables[block].names})
    facets = {block: _matrix(tables[block], terms, len(profiles)) for block in FACETS}
    named = _matrix(tables["themes"], terms, len(cohort.projects))
    rarity = Rarity().fit(tidy(facets["offers"] + facets["needs"] + facets["interests"].maximum(_at_most(joined.ones @ named, 1.0))))
    wants = rarity.transform(facets["needs"])
    steps = expansion(terms, default_vocabulary())
    needs = tidy(wants + wants @ steps)
    words = sorted({*tables["own_words"].names, *tables["project_words"].names})
    counts = [_matrix(tables["own_words"], words, len(profiles)), _matrix(tables["project_words"], words, len(cohort.projects))]
    roots, spelled, (own, projects) = _rooted(words, counts)
    works = works_of(joined, own, projects, roots, meant)
    past = pivoted(rarity.transform(named), PIVOT)
    area, area_count = _areas(profiles)
    network, common = network_rows(joined), together(joined)
    return Space(
        terms=terms,
        words=[spelled[column] for column in works.weighing.kept_],
        offers=pivoted(facets["offers"], PIVOT),
        needs=pivoted(needs, PIVOT),
        wants=divided(wants, np.maximum(row_norms(needs), PIVOT)),
        steps=steps,
        interests=pivoted(rarity.transform(facets["interests"], power=0.5), PIVOT),
        themes=theme_rows(joined.ones, past),
        past=past,
        industries=sorted({term for profile in profiles for term in industries(profile)}),
        industry=shares(profiles, industries),
        place=place_rows(profiles),
        area=area,
        ties=ties(joined, area, area_count),
        text=text_rows(works),
        meaning=meaning_rows(works),
        meant_offers=centred(meant["offers"], works.centre),
        meant_needs=centred(meant["needs"], works.centre),
        language=shares(profiles, spoken),
        time=shares(profiles, lambda profile: sorted(set(profile.slots))),
        network=network,
        together=common,
        elsewhere=elsewhere(Elsewhere(joined, known_of(network)), common, network, np.arange(len(profiles))),
        activity=activity_of(joined),
        open_=np.array([profile.open_ for profile in profiles], np.float64),
        draw=np.array([profile.draw for profile in profiles], np.float64),
        works=replace(works, raw=works.raw[: len(cohort.projects)].copy()),
        joined=joined,
        rarity=rarity,
    )


def theme_rows(ones: Rows, past: Rows) -> Rows:
    """The themes of everybody's past projects, shape (n, terms), from who took part in what, shape (n, projects)."""
    return divided(tidy(ones @ past), (1.0 + np.diff(ones.indptr)) ** PAST)


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
    return csr(row, column, value, (len(names), len(names)))


def _near(name: str, vocabulary: Vocabulary) -> list[str]:
    return sorted({*vocabulary.parents(name), *vocabulary.children(name), *vocabulary.related(name)} - {name})


def _rooted(words: Sequence[str], counts: Sequence[Rows]) -> tuple[dict[str, int], list[str], list[Rows]]:
    """Counts of words as counts of their roots: the columns by root, how each root is spelled most often, the counts."""
    found = [root(word) for word in words]
    columns = {name: column for column, name in enumerate(sorted(set(found)))}
    to = [columns[name] for name in found]
    turn = csr(range(len(words)), to, [1.0] * len(words), (len(words), len(columns)))
    often = np.sum([np.bincount(rows.indices, rows.data, minlength=len(words)) for rows in counts], axis=0)
    spelled: dict[int, tuple[float, str]] = {}
    for column, times, word in zip(to, (-often).tolist(), words, strict=True):
        spelled[column] = min(spelled.get(column, (0.0, "")), (times, word))
    return columns, [spelled[column][1] for column in range(len(columns))], [tidy(rows @ turn) for rows in counts]


def place_rows(profiles: Sequence[Profile]) -> Rows:
    """City, region and country of everybody, the one beyond the other."""
    levels = ((cities, CITY), (areas, REGION), (countries, COUNTRY))
    return tidy(sparse.hstack([shares(profiles, level) * share**0.5 for level, share in levels], format="csr"))


def _areas(profiles: Sequence[Profile]) -> tuple[npt.NDArray[np.int64], int]:
    """The number of each profile's area, -1 where unknown, and how many areas there are."""
    found = [next(iter(areas(profile)), "") for profile in profiles]
    index = {area: number for number, area in enumerate(sorted(set(found) - {""}))}
    return np.array([index.get(area, -1) for area in found], np.int64), len(index)


def shares(profiles: Sequence[Profile], values: Callable[[Profile], Sequence[Any]]) -> Rows:
    """One column per value, each row of norm 1: the inner product is common values over the root of both counts."""
    held = [values(profile) for profile in profiles]
    index = {value: column for column, value in enumerate(sorted({value for row in held for value in row}))}
    row = [position for position, entry in enumerate(held) for _ in entry]
    column = [index[value] for entry in held for value in entry]
    return pivoted(csr(row, column, [1.0] * len(row), (len(profiles), len(index))), PIVOT)


def _matrix(entries: Table, names: Sequence[str], rows: int) -> Rows:
    index = {name: position for position, name in enumerate(names)}
    columns = np.array([index[name] for name in entries.names], np.int64)[entries.column]
    return csr(entries.row, columns, entries.value, (rows, len(names)))


def csr(row: Any, column: Any, value: Any, shape: tuple[int, int]) -> Rows:
    """A sparse array of these entries."""
    place = (np.asarray(row, np.int64), np.asarray(column, np.int64))
    return tidy(sparse.csr_array(sparse.coo_array((np.asarray(value, np.float64), place), shape=shape)))


def _at_most(rows: Rows, most: float) -> Rows:
    limited = sparse.csr_array(rows)
    limited.data = np.minimum(limited.data, most)
    return limited
