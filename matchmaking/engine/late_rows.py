"""Vectors of people who came or changed after a run, beside those of the run: what the run learned is used and not learned anew.

Rarity, the weights of words, the mean sentence vector, the track record and the ties of areas stay what they were. A term the run
has never seen gets a column of its own and is as rare as can be; a word it has never seen says nothing. So the row of
somebody who has not changed comes out as it was, to the last bit.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.extmath import row_norms

from matchmaking.engine.elsewhere import Elsewhere, elsewhere
from matchmaking.engine.encoder import Memory, encode
from matchmaking.engine.facets import industries, learn, profile_terms, profile_texts, profile_words
from matchmaking.engine.network import ACTIVE, damped, known_of, partners
from matchmaking.engine.places import areas
from matchmaking.engine.records import FACETS, Profile
from matchmaking.engine.space import PIVOT, Space, csr, expansion, place_rows, shares, spoken, theme_rows
from matchmaking.engine.stems import root
from matchmaking.engine.vectorise import Rarity, Rows, divided, pivoted, tidy
from matchmaking.engine.vocabulary import default_vocabulary
from matchmaking.engine.works import centred, meaning_rows, said_rows, text_rows

RAREST = 1.0  # rarity of a term that nobody of the run named


def with_late(space: Space, profiles: Sequence[Profile], late: Sequence[Profile], memory: Memory | None = None) -> Space:
    """The vectors of a run's `profiles`, then of `late`, shape (n + late, ...); `works`, `joined` and `past` stay the run's."""
    if not late:
        return space
    learn(late)
    who = _places(space, late)
    ones = _ones(space, who)
    everybody = (*profiles, *late)
    return replace(
        space,
        **_terms(space, late, ones),
        **_works(space, late, ones, memory),
        **_record(space, who, ones),
        industries=sorted({term for profile in everybody for term in industries(profile)}),
        industry=shares(everybody, industries),
        place=place_rows(everybody),
        language=shares(everybody, spoken),
        time=shares(everybody, lambda profile: sorted(set(profile.slots))),
        area=np.concatenate([space.area, _areas(space, profiles, late)]),
        open_=np.concatenate([space.open_, [profile.open_ for profile in late]]),
        draw=np.concatenate([space.draw, [profile.draw for profile in late]]),
    )


def _places(space: Space, late: Sequence[Profile]) -> Rows:
    """Where late people stand among the people of the run's track record, shape (late, people): a row of one 1, or empty."""
    index = {key: row for row, key in enumerate(space.joined.people)}
    known = [(row, index[profile.key]) for row, profile in enumerate(late) if profile.key in index]
    return csr([row for row, _ in known], [place for _, place in known], np.ones(len(known)), (len(late), len(index)))


def _ones(space: Space, who: Rows) -> Rows:
    """Which projects of the run late people took part in, shape (late, projects)."""
    ones = tidy(who @ space.joined.weighted)
    ones.data = np.ones(len(ones.data))
    return ones


def _terms(space: Space, late: Sequence[Profile], ones: Rows) -> dict[str, Any]:
    """Rows of offers, needs, interests and themes, with a column more for each new term."""
    told = [profile_terms(profile) for profile in late]
    names = [*space.terms, *sorted({term for entry in told for facet in FACETS for term in entry[facet]} - set(space.terms))]
    index = {name: column for column, name in enumerate(names)}
    offers, needs, interests = (_counted([entry[facet] for entry in told], index) for facet in FACETS)
    rarity = _with_rare(space.rarity, len(names))
    steps = _steps(space.steps, names)
    wants = rarity.transform(needs)
    reaching = tidy(wants + wants @ steps)
    fresh = {
        "offers": pivoted(offers, PIVOT),
        "needs": pivoted(reaching, PIVOT),
        "wants": divided(wants, np.maximum(row_norms(reaching), PIVOT)),
        "interests": pivoted(rarity.transform(interests, power=0.5), PIVOT),
        "themes": theme_rows(ones, _wide(space.past, len(names))),
    }
    rows = {name: _below(_wide(getattr(space, name), len(names)), row) for name, row in fresh.items()}
    return {"terms": names, "steps": steps, **rows}


def _works(space: Space, late: Sequence[Profile], ones: Rows, memory: Memory | None) -> dict[str, Any]:
    """Rows of text and meaning, from past projects and from the profiles themselves."""
    works, projects = space.works, ones.shape[1]
    texts, keys = [profile_texts(profile) for profile in late], [profile.key for profile in late]
    meant = {facet: encode([text[facet] for text in texts], memory, keys) for facet in FACETS}
    words = [profile_words(profile) for profile in late]
    said = said_rows([meant[facet] for facet in FACETS])
    places = np.flatnonzero(np.array([bool(entry) for entry in words], np.bool_) | said.any(axis=1))
    own = csr(places, places, np.ones(len(places)), (len(late), len(late)))
    of = tidy(sparse.hstack([ones, own], format="csr"))
    summed = replace(
        works,
        of=of,
        text=_below(works.text[:projects], works.weighing.transform(_counted([_by_root(entry) for entry in words], works.roots))),
        raw=np.concatenate([works.raw[:projects], said]),
        count=np.diff(of.indptr).astype(np.float64),
    )
    return {
        "text": _below(space.text, text_rows(summed)),
        "meaning": np.concatenate([space.meaning, meaning_rows(summed)]),
        "meant_offers": np.concatenate([space.meant_offers, centred(meant["offers"], works.centre)]),
        "meant_needs": np.concatenate([space.meant_needs, centred(meant["needs"], works.centre)]),
    }


def _record(space: Space, who: Rows, ones: Rows) -> dict[str, Any]:
    """The parts of the track record, as far as the run knew it: of its people, and of those who were outsiders then."""
    joined, busy = space.joined, np.diff(ones.indptr)
    reached = partners(ones, joined)
    known = known_of(space.network)
    common = sparse.csr_array(ones @ joined.ones.T)
    own = who[:, : space.count]
    late, among = _logged(common - common.multiply(own)), _logged(_without_diagonal(ones @ ones.T))
    network = _below(space.network, damped(tidy(reached - reached.multiply(who)), known))
    together = tidy(sparse.block_array([[space.together, late.T], [late, among]], format="csr"))
    places = np.concatenate([np.arange(space.count), np.asarray(who @ np.arange(who.shape[1]), np.int64)])
    shared = elsewhere(Elsewhere(joined, known), together, network, places, first=space.count)
    return {
        "network": network,
        "together": together,
        "elsewhere": tidy(_square(space.elsewhere, len(places)) + shared),
        "activity": np.concatenate([space.activity, busy / (busy + ACTIVE)]),
    }


def _areas(space: Space, profiles: Sequence[Profile], late: Sequence[Profile]) -> npt.NDArray[np.int64]:
    """The run's numbers of late people's areas, -1 where it knew none of that name."""
    numbers = {area: int(number) for profile, number in zip(profiles, space.area, strict=True) for area in areas(profile)}
    return np.array([next((numbers[area] for area in areas(profile) if area in numbers), -1) for profile in late], np.int64)


def _with_rare(rarity: Rarity, count: int) -> Rarity:
    """The run's rarity, with new terms up to `count` as rare as can be."""
    wider = copy(rarity)
    wider.idf_ = np.concatenate([rarity.idf_, np.full(count - len(rarity.idf_), RAREST)])
    return wider


def _steps(steps: Rows, names: Sequence[str]) -> Rows:
    """The run's steps between its terms, and those from the new terms: what it knew does not reach what it did not."""
    known = steps.shape[0]
    if len(names) == known:
        return steps
    return _below(_wide(steps, len(names)), expansion(names, default_vocabulary())[known:])


def _by_root(words: Mapping[str, int]) -> Counter[str]:
    counts = Counter[str]()
    for word, count in words.items():
        counts[root(word)] += count
    return counts


def _counted(rows: Sequence[Mapping[str, float]], index: Mapping[str, int]) -> Rows:
    """Named numbers as rows, what has no column left out."""
    entries = [(row, index[name], value) for row, entry in enumerate(rows) for name, value in entry.items() if name in index]
    row, column, value = zip(*entries, strict=True) if entries else ((), (), ())
    return csr(row, column, value, (len(rows), len(index)))


def _wide(rows: Rows, columns: int) -> Rows:
    """The rows with empty columns up to `columns`."""
    wider = rows.copy()
    wider.resize((rows.shape[0], columns))
    return wider


def _square(table: Rows, count: int) -> Rows:
    """The table with empty rows and columns up to `count`."""
    wider = table.copy()
    wider.resize((count, count))
    return wider


def _below(rows: Rows, more: Rows) -> Rows:
    return tidy(sparse.vstack([rows, more], format="csr"))


def _without_diagonal(table: Rows) -> Rows:
    cleared = sparse.csr_array(table)
    cleared.setdiag(0.0)
    return cleared


def _logged(common: Rows) -> Rows:
    logged = tidy(common)
    logged.data = np.log1p(logged.data)
    return logged
