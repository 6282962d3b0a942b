"""Top-ups: the rows of late people, and that a few people's top-up chooses what a full run with the same frozen values chooses."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from scipy import sparse

from matchmaking.engine import pipeline
from matchmaking.engine.allocate import read_allocation, rules_of
from matchmaking.engine.allocation import tie_hashes
from matchmaking.engine.gates import gates_of
from matchmaking.engine.late_rows import with_late
from matchmaking.engine.pairs import Pairs
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import Scorer
from matchmaking.engine.records import Cohort, Profile
from matchmaking.engine.top_up import Frozen, Late, chosen, freeze, late_to, thaw, top_up
from tests.engine.cohorts import busy, cohorts, profiles, readable

LIMITS = st.builds(
    Parameters,
    cap=st.integers(1, 4),
    floor=st.integers(0, 1),
    alpha=st.sampled_from((0.0, 0.5, 2.0)),
    per_sector=st.sampled_from((None, 1)),
    threshold=st.sampled_from((0.0, 0.01, 0.05)),
    seed=st.integers(0, 3),
)
ROWS = (
    "offers", "needs", "wants", "interests", "themes", "industry", "place", "area", "text", "meaning", "meant_offers", "meant_needs",
    "language", "time", "network", "activity", "open_", "draw",
)  # fmt: skip
EXAMPLES = settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))  # shrinking takes minutes


class Done:
    """A run of a cohort, and what it leaves for top-ups."""

    def __init__(self, cohort: Cohort, parameters: Parameters) -> None:
        self.cohort, self.parameters = pipeline.order(cohort), parameters
        count = len(self.cohort.profiles)
        self.space = pipeline.merge_vectors(self.cohort, [pipeline.vectorise_rows(self.cohort, 0, count)])
        lists = [pipeline.candidates_rows(self.space, self.cohort, parameters, 0, count)]
        allocation = pipeline.allocate_all(self.space, self.cohort, parameters, lists)
        self.chosen = read_allocation(allocation)
        self.frozen: Frozen = thaw(freeze(self.space, self.cohort, parameters, allocation))
        keys = [profile.key for profile in self.cohort.profiles]
        self.shown = {(keys[a], keys[b]) for a, b in zip(self.chosen.a.tolist(), self.chosen.b.tolist(), strict=True)}

    def late(self, now: Cohort) -> Late:
        return late_to(self.space, self.cohort, pipeline.order(now))


def of_full_run(done: Done, late: Late, kept: set[tuple[str, str]], subjects: set[str]) -> set[tuple[str, str]]:
    """What a full run with the frozen values adds: all pairs of everybody are scored, and offered where both have room.

    Pairs of two people who are no subjects stay as the run decided.
    """
    parameters, everybody = done.parameters, np.flatnonzero(late.there)
    keys = [profile.key for profile in late.cohort.profiles]
    index = {keys[number]: number for number in everybody.tolist()}
    pins = {(min(index[a], index[b]), max(index[a], index[b])) for a, b in kept if a in index and b in index}
    passed = gates_of(late.cohort, parameters).tile(everybody, everybody)
    free = {
        (int(everybody[i]), int(everybody[j]))
        for i, j in zip(*np.nonzero(np.triu(passed)), strict=True)
        if {keys[everybody[i]], keys[everybody[j]]} & subjects
    }
    held = Counter(number for pair in pins for number in pair)
    free = {pair for pair in free if max(held[pair[0]], held[pair[1]]) < parameters.cap}
    codes = sorted(free | pins)
    a, b = (np.array([pair[side] for pair in codes], np.int64) for side in (0, 1))
    scorer = Scorer(late.space, late.cohort, late.cohort.weights.dialled(parameters.bridge))
    score, pinned = scorer.scores(a, b), np.array([pair in pins for pair in codes], np.bool_)
    pairs = Pairs(a, b, score, tie_hashes(keys, a, b, parameters.seed), pinned, scorer.grounded(a, b))
    good = pinned | (np.exp(score / 1e9) >= parameters.threshold * (1 - 1e-9))
    pairs = Pairs(*(getattr(pairs, name)[good] for name in Pairs.__slots__))
    new = chosen(late, done.frozen, parameters, rules_of(late.cohort, parameters), pairs)
    found = zip(pairs.a[new].tolist(), pairs.b[new].tolist(), strict=True)
    return {(min(keys[x], keys[y]), max(keys[x], keys[y])) for x, y in found}


def plain(rows: object) -> np.ndarray:
    return rows.toarray() if sparse.issparse(rows) else np.asarray(rows)


# --- rows -------------------------------------------------------------------------------------------------------------
@EXAMPLES
@given(cohorts())
@example(busy())
def test_somebody_who_has_not_changed_gets_the_same_rows_to_the_last_bit(cohort):
    done = Done(cohort, Parameters())
    people, count = done.cohort.profiles, done.space.count
    again = with_late(done.space, people, people)
    assert again.terms == done.space.terms
    for name in ROWS:
        rows, first = plain(getattr(again, name)), plain(getattr(done.space, name))
        assert np.array_equal(rows[:count], first), name
        assert np.array_equal(rows[count:], first), name
    for name in ("together", "elsewhere"):
        assert np.array_equal(plain(getattr(again, name)), np.tile(plain(getattr(done.space, name)), (2, 2))), name


def test_a_new_term_counts_as_rare_and_an_outsider_brings_their_record():
    done = Done(readable(), Parameters())
    late = (
        Profile("outsider", "education", languages=("en",), needs=("lighthouses",)),
        Profile("zoe", "creative", languages=("en",), offers=("Lighthouses",)),
    )
    space = with_late(done.space, done.cohort.profiles, late)
    assert space.terms[len(done.space.terms) :] == ["=lighthouses"]
    first = done.space.count
    assert (space.needs[[first]] @ space.offers[[first + 1]].T).toarray() == 1.0
    assert space.activity[first] == 2 / 5
    assert space.together[first, 0] > 0


# --- the law ----------------------------------------------------------------------------------------------------------
@EXAMPLES
@given(cohorts(), LIMITS, st.lists(profiles, min_size=1, max_size=3), st.data())
def test_a_top_up_chooses_what_a_full_run_with_frozen_values_chooses(cohort, parameters, drawn, data):
    done = Done(cohort, parameters)
    keys = [profile.key for profile in done.cohort.profiles]
    changed = data.draw(st.sets(st.sampled_from(keys), max_size=2))
    gone = data.draw(st.sets(st.sampled_from(keys), max_size=1)) - changed
    fresh = dict(zip([*sorted(changed), "N1", "N2", "N3"], drawn, strict=False))
    staying = tuple(profile for profile in done.cohort.profiles if profile.key not in fresh and profile.key not in gone)
    arrived = tuple(replace(profile, key=key) for key, profile in fresh.items())
    now = replace(done.cohort, profiles=(*staying, *arrived))
    freed = {pair for pair in done.shown if set(pair) & gone or (set(pair) & set(fresh) and pair not in cohort.pinned)}
    kept = done.shown - freed
    subjects = {*fresh, *(key for pair in freed for key in pair)} - gone
    late = done.late(now)
    found = top_up(late, done.frozen, parameters, kept, subjects)
    assert {(pair.a, pair.b) for pair in found} == of_full_run(done, late, kept, subjects)
    assert all(pair.a < pair.b and {pair.a, pair.b} & subjects and not {pair.a, pair.b} & gone for pair in found)
    people = {profile.key: profile for profile in now.profiles}
    degrees = {key: sum(key in pair for pair in kept) for key in people}
    for pair in found:
        for side in (pair.a, pair.b):
            degrees[side] += 1
            assert degrees[side] <= parameters.cap
        assert abs(sum(term.value for term in pair.ab.terms) - pair.ab.z) < 1e-9


@EXAMPLES
@given(cohorts(), LIMITS)
def test_where_nobody_changed_a_top_up_of_everybody_adds_nothing(cohort, parameters):
    """Nor does it move anybody's list: what the run chose is complete, unless its floor repair made room."""
    done = Done(cohort, parameters)
    everybody = {profile.key for profile in done.cohort.profiles}
    found = top_up(done.late(done.cohort), done.frozen, parameters, done.shown, everybody)
    assert not found or done.chosen.repairs


@pytest.mark.parametrize("backwards", [False, True])
def test_the_order_of_late_people_changes_nothing(backwards):
    done = Done(readable(), Parameters(floor=1))
    late = [Profile("zoe", "creative", needs=("grants",)), Profile("yan", "education", offers=("sound design",))]
    now = replace(done.cohort, profiles=(*done.cohort.profiles, *(reversed(late) if backwards else late)))
    found = top_up(done.late(now), done.frozen, done.parameters, done.shown, {"zoe", "yan"})
    told = [(pair.a, pair.b, pair.rank_a, pair.rank_b) for pair in sorted(found, key=lambda pair: (pair.a, pair.b))]
    assert told == [("cleo", "yan", 1, 1), ("dora", "zoe", 1, 1)]
