"""Parts recomputed from vectors and weights, dense and in plain Python; candidates against brute force."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matchmaking.engine import pipeline
from matchmaking.engine.candidates import Tiles, candidates, candidates_rows
from matchmaking.engine.gates import gates_of
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import SCALE, SHARE, SYMMETRIC, Scorer, log_sigmoid, rows_of, sigmoid
from matchmaking.engine.records import PastProject
from matchmaking.engine.trails import Trails
from matchmaking.engine.weights import PARTS, default_weights
from tests.engine.cohorts import busy, cohorts, readable

QUICK = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def space_of(cohort):
    return pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, 0, len(cohort.profiles))])


def wide(row):
    """A sentence vector in 64 bits."""
    return row.astype(np.float64)


def dense_values(space, cohort, weights, a, b):
    """The values of all parts from a to b, from dense vectors, by the formulas of the design."""
    found = {part: float(rows_of(space, part).toarray()[a] @ rows_of(space, part).toarray()[b]) for part in SYMMETRIC}
    found |= {"meaning": wide(space.meaning[a]) @ wide(space.meaning[b]), "together": float(space.together.toarray()[a, b])}
    if found["together"]:
        found["network"] = shared_elsewhere(space, a, b)
    found |= {"ties": float(space.ties[space.area[a], space.area[b]]) if min(space.area[a], space.area[b]) >= 0 else 0.0}
    found = {part: SHARE * value for part, value in found.items()}
    needs, offers = space.needs.toarray(), space.offers.toarray()
    pair = tuple(sorted((cohort.profiles[a].key, cohort.profiles[b].key)))
    found |= {"constant": 1.0, "mention": 0.0, "need": float(needs[a] @ offers[b]), "offer": float(offers[a] @ needs[b])}
    found |= {"need_meaning": wide(space.meant_needs[a]) @ wide(space.meant_offers[b])}
    found |= {"offer_meaning": wide(space.meant_offers[a]) @ wide(space.meant_needs[b])}
    found |= {"bridge": weights.bridge(cohort.profiles[a].sector, cohort.profiles[b].sector), "activity": float(space.activity[b])}
    found |= {"habits": cohort.profiles[a].open_ + cohort.profiles[b].draw, "repeat": float(pair in cohort.declined_before)}
    return found


def shared_elsewhere(space, a, b):
    """The partners that two people share through projects which one of them alone was in, weighed in plain Python."""
    weighted = space.joined.weighted.toarray()
    apart = (weighted[a] > 0) != (weighted[b] > 0)
    close = [[math.sqrt(sum(weighted[one][apart & (other > 0)])) for other in weighted] for one in (a, b)]
    partners = np.count_nonzero(space.network.toarray(), axis=1), np.maximum(np.count_nonzero(space.network.toarray(), axis=0), 1)
    shared = [x * y / many**0.25 for x, y, many in zip(*close, partners[1], strict=True)]
    return sum(shared[person] for person in range(len(weighted)) if person not in (a, b)) / (partners[0][a] * partners[0][b]) ** 0.25


@QUICK
@given(cohorts())
def test_shown_parts_are_weight_times_value(cohort):
    cohort, weights = pipeline.order(cohort), default_weights().dialled(2.0)
    space = space_of(cohort)
    index = {profile.key: position for position, profile in enumerate(cohort.profiles)}
    for pair in pipeline.suggest(cohort, Parameters(bridge=2.0)).suggestions:
        for start, end, side in ((pair.a, pair.b, pair.ab), (pair.b, pair.a, pair.ba)):
            values = dense_values(space, cohort, weights, index[start], index[end])
            shown = {term.part: term.value for term in side.terms}
            assert shown.keys() <= set(PARTS)
            assert all(abs(shown.get(part, 0.0) - weights.of[part] * values[part]) < 1e-9 for part in PARTS)
            assert abs(side.z - math.fsum(weights.of[part] * values[part] for part in PARTS)) < 1e-9


@QUICK
@given(cohorts())
def test_values_lie_in_their_ranges_and_mirror(cohort):
    cohort = pipeline.order(cohort)
    scorer = Scorer(space_of(cohort), cohort, default_weights())
    count = len(cohort.profiles)
    a, b = (side.ravel() for side in np.meshgrid(np.arange(count), np.arange(count)))
    forth, back = scorer.values(a, b)
    mirrored, _ = scorer.values(b, a)
    assert (mirrored == back).all()
    assert (scorer.scores(a, b) == scorer.scores(b, a)).all()
    unit = [column for column, part in enumerate(PARTS) if part in ("need", "offer", "interest", "industry", "place", "time", "activity")]
    assert forth[:, unit].min() >= 0.0
    assert forth[:, unit].max() <= 1.0 + 1e-12
    cosines = [PARTS.index("need_meaning"), PARTS.index("offer_meaning")]
    assert np.abs(forth[:, cosines]).max() <= 1.0 + 1e-6  # sentence vectors are in 32 bits


@QUICK
@given(cohorts(most=20), st.sampled_from((0.0, 0.02, 0.05)))
def test_candidates_are_the_exact_best_of_brute_force(cohort, threshold):
    cohort, parameters = pipeline.order(cohort), Parameters(candidates=8, threshold=threshold)
    space, weights = space_of(cohort), default_weights()
    count = len(cohort.profiles)
    everyone = np.arange(count)
    passed = gates_of(cohort, parameters).tile(everyone, everyone)
    scorer = Scorer(space, cohort, weights)
    found = candidates(space, cohort, parameters, weights, 0, count)
    assert (found.eligible == passed.sum(axis=1)).all()
    for row in range(count):
        columns = np.flatnonzero(passed[row])
        exact = scorer.scores(np.full(len(columns), row), columns)
        worth = exact >= (np.rint(np.log(threshold) * SCALE) if threshold else -np.inf)
        columns, exact = columns[worth], exact[worth]
        best = set(columns[exact >= np.sort(exact)[-8:].min()].tolist()) if len(exact) else set()
        assert best <= set(found.column[found.row == row].tolist())


def test_candidate_bytes_are_equal_for_equal_inputs():
    cohort = pipeline.order(readable())
    space = space_of(cohort)
    assert candidates_rows(space, cohort, Parameters(), 0, 3) == candidates_rows(space_of(cohort), cohort, Parameters(), 0, 3)


def test_an_earlier_decline_is_a_penalty_and_no_gate():
    before = replace(readable(), declined_before=frozenset({("anna", "bert")}))
    plain, later = ({(p.a, p.b): p.score for p in pipeline.suggest(cohort, Parameters()).suggestions} for cohort in (readable(), before))
    assert later["anna", "bert"] < plain["anna", "bert"]
    assert {pair: score for pair, score in later.items() if pair != ("anna", "bert")} == {
        pair: score for pair, score in plain.items() if pair != ("anna", "bert")
    }


def test_partners_of_partners_are_near_and_past_partners_are_not_suggested():
    result = pipeline.suggest(readable(), Parameters())
    pair = next(pair for pair in result.suggestions if (pair.a, pair.b) == ("anna", "cleo"))
    network = next(term for term in pair.ab.terms if term.part == "network")
    assert network.value > 0.0
    assert network.evidence == ("partners:1",)


def test_of_two_who_worked_together_a_partner_counts_whom_they_know_from_elsewhere():
    """Anna and Bert share the members of their own project, which says nothing more; Anna and Cleo know the outsider from two others."""
    joint = PastProject("K9", None, "anna", ("anna", "bert", "cleo", "dora"))
    terms = {other: pair_terms(replace(readable(), projects=(*readable().projects, joint)), "anna", other) for other in ("bert", "cleo")}
    assert terms["bert"]["network"] == 0.0 < terms["bert"]["together"] == terms["cleo"]["together"]
    assert terms["cleo"]["network"] > 0.0


def test_what_past_partners_share_elsewhere_is_recomputed_pair_by_pair():
    cohort = pipeline.order(busy())
    space, count = space_of(cohort), len(cohort.profiles)
    known = list(zip(*(side.tolist() for side in space.together.nonzero()), strict=True))
    expected = {pair: shared_elsewhere(space, *pair) for pair in known}
    assert {pair: float(space.elsewhere[pair]) for pair in known} == pytest.approx(expected)
    assert space.elsewhere.nnz == np.count_nonzero(list(expected.values())) > 30
    everybody = np.arange(count)
    a, b = (side.ravel() for side in np.meshgrid(everybody, everybody, indexing="ij"))
    cost = Tiles(space, cohort, Parameters(met_again=True), default_weights()).log_cost(everybody, everybody).ravel()
    assert -Scorer(space, cohort, default_weights()).scores(a, b) / SCALE == pytest.approx(cost)


def test_partners_in_common_are_counted_without_joint_projects():
    joint = PastProject("K9", None, "anna", ("anna", "bert", "cleo", "dora"))
    trails = Trails(replace(readable(), projects=(*readable().projects, joint)))
    assert trails.codes("anna", "cleo") == ["partners:1"]  # the outsider, and not Bert and Dora
    assert trails.codes("anna", "bert") == []


def pair_terms(cohort, one, other):
    """Weight x value of all parts from one person to another."""
    cohort = pipeline.order(cohort)
    place = {profile.key: np.array([number]) for number, profile in enumerate(cohort.profiles)}
    forth, _ = Scorer(space_of(cohort), cohort, default_weights()).terms(place[one], place[other])
    return dict(zip(PARTS, forth[0].tolist(), strict=True))


@pytest.mark.parametrize("z", [-800.0, -3.0, 0.0, 2.5, 800.0])
def test_sigmoid_holds_at_both_ends(z):
    assert 0.0 <= sigmoid(z) <= 1.0
    assert log_sigmoid(z) == pytest.approx(math.log(sigmoid(z)) if sigmoid(z) > 0.0 else z)
