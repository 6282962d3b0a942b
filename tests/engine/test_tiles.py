"""The search for the best partners equals brute force: with ties, duplicates, empty rows, sectors and any size of tile."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from benchmarks.crowd import crowd
from matchmaking.engine import pipeline, tiles
from matchmaking.engine.candidates import candidates, partners, read_candidates
from matchmaking.engine.gates import gates_of
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import SCALE, Scorer
from matchmaking.engine.scanning import look_up, overlay, scatter
from matchmaking.engine.tiles import Factor, Search, Sums, one_way, rounding
from matchmaking.engine.weights import default_weights
from tests.engine.cohorts import cohorts

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
SLACK = 1e-4  # far above the rounding of these costs


def people(seed, count, columns, scale, kinds):
    """Two vectors for each person; the second half repeats people of the first, every seventh says nothing; and a kind each."""
    dice = np.random.default_rng(seed)
    seeks, offers = (scale * dice.standard_normal((count, columns)).astype(np.float32) for _ in range(2))
    for rows in (seeks, offers):
        rows[count // 2 :] = rows[: count - count // 2]
        rows[::7] = 0.0
    return seeks, offers, np.sort(dice.integers(0, kinds, count))


def cost_of(seeks, offers):
    """The cost of single pairs, in 64 bits; nobody is paired with themselves."""

    def cost(a, b):
        forth = (seeks[a].astype(np.float64) * offers[b]).sum(axis=1)
        back = (seeks[b].astype(np.float64) * offers[a]).sum(axis=1)
        return np.where(a == b, np.inf, (1.0 + np.exp(-forth)) * (1.0 + np.exp(-back)))

    return cost


def search_of(seeks, offers, kind, owners=None):
    factors = [Factor(1.0, seeks, offers), Factor(1.0, offers, seeks)]
    meets = ~np.eye(int(kind.max()) + 1, dtype=bool) if kind.any() else np.ones((1, 1), bool)
    count = len(kind)
    return Search(Sums(factors, rounding(factors)), cost_of(seeks, offers), kind, meets, count if owners is None else owners)


def by_brute_force(seeks, offers, kind, most, worst, slack=0.0):
    """For each person everybody no dearer than the `most`-th cheapest whom they may meet, and than `worst`; or dearer by the slack."""
    everyone, cost, found = np.arange(len(kind)), cost_of(seeks, offers), []
    for person in everyone:
        others = cost(np.full(len(kind), person), everyone)
        if kind.any():
            others[kind == kind[person]] = np.inf
        limit = min(np.sort(others)[:most][-1], worst) * (1.0 + slack)
        found.append(set(np.flatnonzero((others <= limit) & (others < np.inf)).tolist()))
    return found


def lists_of(entries, count):
    person, partner, _ = entries
    assert len(set(zip(person.tolist(), partner.tolist(), strict=True))) == len(person), "a pair stands twice in a list"
    return [set(partner[person == number].tolist()) for number in range(count)]


@QUICK
@given(st.integers(0, 10_000), st.integers(1, 150), st.sampled_from((1, 3, 40)), st.sampled_from((0.0, 0.3, 2.0)), st.integers(1, 4))
def test_everybody_finds_whom_brute_force_finds(seed, count, columns, scale, kinds):
    seeks, offers, kind = people(seed, count, columns, scale, kinds)
    for worst in (np.inf, 6.0):
        found = lists_of(search_of(seeks, offers, kind).best(5, slack=SLACK, worst=min(worst, 1e300)), count)
        least = by_brute_force(seeks, offers, kind, 5, worst)
        most = by_brute_force(seeks, offers, kind, 5, worst, slack=2 * SLACK)
        assert all(wanted <= own <= allowed for wanted, own, allowed in zip(least, found, most, strict=True))


@pytest.mark.parametrize("size", [3, 64])
def test_tiles_of_any_size_find_the_same(size, monkeypatch):
    seeks, offers, kind = people(3, 333, 20, 0.5, 3)
    whole = lists_of(search_of(seeks, offers, kind).best(7), 333)
    monkeypatch.setattr(tiles, "WIDEST", size)
    monkeypatch.setattr(tiles, "NARROWEST", min(size, 7))
    assert lists_of(search_of(seeks, offers, kind).best(7), 333) == whole


def test_people_who_ask_for_no_list_are_partners_all_the_same():
    seeks, offers, kind = people(4, 200, 20, 0.5, 1)
    whole = lists_of(search_of(seeks, offers, kind).best(6), 200)
    assert lists_of(search_of(seeks, offers, kind, owners=90).best(6), 90) == whole[:90]


def test_a_list_holds_all_who_tie_however_many_they_are():
    seeks = np.ones((300, 2), np.float32)
    found = lists_of(search_of(seeks, seeks, np.zeros(300, np.int64)).best(4), 300)
    assert found == [set(range(300)) - {number} for number in range(300)]


def test_one_way_lists_hold_the_largest_products():
    seeks, offers, _ = people(5, 250, 30, 1.0, 1)
    factors = [Factor(1.0, seeks, offers)]
    error = rounding(factors)
    search = Search(Sums(factors, error), None, np.zeros(250, np.int64), np.ones((1, 1), bool), 250, one_way)
    person, partner, _ = search.best(5, slack=float(np.expm1(2.0 * error.max())), worst=1e300)
    products = seeks.astype(np.float64) @ offers.T
    for number in range(250):
        best = np.flatnonzero(products[number] >= np.sort(products[number])[-5])
        assert set(best.tolist()) <= set(partner[person == number].tolist())


def test_what_32_bits_may_lose_is_bounded():
    dice = np.random.default_rng(6)
    left, right = (dice.standard_normal((80, 700)).astype(np.float32) * 3 for _ in range(2))
    factors = [Factor(-1.5, left, right), Factor(0.5, right, right)]
    tile = np.empty((80, 80), np.float32)
    Sums(factors, rounding(factors)).facing(slice(0, 80))(tile, slice(0, 80))
    wide = -1.5 * (left.astype(np.float64) @ right.astype(np.float64).T) + 0.5 * (right.astype(np.float64) @ right.astype(np.float64).T)
    assert np.abs(tile - wide).max() > 0.0
    assert (np.abs(tile - wide) <= rounding(factors)[:, None]).all()


def test_sparse_layers_add_what_dense_ones_would():
    dice = np.random.default_rng(8)
    left, right, single = (sparse.random_array((40, 40), density=0.2, rng=dice, format="csr", dtype=np.float32) for _ in range(3))
    table, kind = dice.random((3, 3), dtype=np.float32), dice.integers(0, 3, 40).astype(np.int32)
    tile = np.zeros((10, 20), np.float32)
    postings = sparse.csc_array(right[15:35])
    csr = lambda rows: (rows.indptr.astype(np.int64), rows.indices.astype(np.int32), rows.data)  # noqa: E731
    scatter(tile, 5, *csr(left), postings.indptr.astype(np.int64), postings.indices.astype(np.int32), postings.data)
    single.sort_indices()
    overlay(tile, 5, 15, *csr(single))
    look_up(tile, table, kind[5:15], kind[15:35])
    dense = left.toarray() @ right.toarray().T + single.toarray() + table[np.ix_(kind, kind)]
    assert tile == pytest.approx(dense[5:15, 15:35], abs=1e-5)


@settings(QUICK, max_examples=15)
@given(cohorts(most=25), st.booleans(), st.sampled_from((0.0, 0.02)))
def test_eligible_and_partners_are_counted_as_pair_by_pair(cohort, same_sector, threshold):
    cohort, parameters = pipeline.order(cohort), Parameters(candidates=8, same_sector=same_sector, threshold=threshold)
    count, weights = len(cohort.profiles), default_weights().dialled(0.0)
    everyone = np.arange(count)
    passed = gates_of(cohort, parameters).tile(everyone, everyone)
    assert (gates_of(cohort, parameters).partners() == passed.sum(axis=1)).all()
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, 0, count)])
    found = candidates(space, cohort, parameters, weights, 0, count)
    counted = partners(space, cohort, parameters, weights, 0, count)
    assert (np.minimum(found.above, 8) == np.minimum(counted, 8)).all()
    rows, columns = np.nonzero(passed)
    least = np.log(threshold) * SCALE if threshold else -np.inf
    reached = Scorer(space, cohort, weights).scores(rows, columns) >= least
    assert counted.tolist() == np.bincount(rows, reached, minlength=count).astype(np.int64).tolist()


def test_shards_of_a_larger_event_find_whom_brute_force_finds_and_choose_the_same(monkeypatch):
    monkeypatch.setattr(tiles, "WIDEST", 32)
    monkeypatch.setattr(tiles, "NARROWEST", 8)
    cohort, parameters, count = pipeline.order(crowd(100)), Parameters(candidates=8, cap=4, bridge=0.5), 100
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, 0, count)])
    lists = {
        shards: [pipeline.candidates_rows(space, cohort, parameters, *rows) for rows in pipeline.row_ranges(count, shards)]
        for shards in (1, 2, 7)
    }
    scorer, everyone = Scorer(space, cohort, cohort.weights.dialled(parameters.bridge)), np.arange(count)
    passed = gates_of(cohort, parameters).tile(everyone, everyone)
    for found in map(read_candidates, lists.values()):
        for row in range(0, count, 3):
            columns = np.flatnonzero(passed[row])
            exact = scorer.scores(np.full(len(columns), row), columns)
            worth = exact[exact >= np.rint(np.log(parameters.threshold) * SCALE)]
            best = columns[exact >= np.sort(worth)[-8:].min()] if len(worth) else columns[:0]
            assert set(best.tolist()) <= set(found.column[found.row == row].tolist())
            assert len(best) > 4
    chosen = {pipeline.allocate_all(space, cohort, parameters, found) for found in lists.values()}
    assert len(chosen) == 1
