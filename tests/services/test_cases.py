"""Matching cases: all kinds of query on a small case written here; the truth is never read while answering."""

import gzip
import json

import numpy as np
import pytest
from django.core.management import call_command

from matchmaking.engine.candidates import Tiles
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.parts import SCALE, Scorer
from matchmaking.engine.weights import default_weights
from matchmaking.errors import BadInput
from matchmaking.management.cases import Case

PEOPLE = [
    {"id": "w", "name": "Weavers", "sector": "creative", "place": "Lida", "country": "BY", "offer_text": "We weave linen cloth by hand."},
    {"id": "s", "name": "School", "sector": "education", "place": "Lida", "country": "BY", "need_text": "Who teaches weaving of cloth?"},
    {"id": "m", "name": "Mill", "sector": "business", "country": "BY", "offer_text": "We grind rye and sell bread flour."},
    {"id": "b", "name": "Bakery", "sector": "business", "country": "DE", "need_text": "We look for bread flour."},
    {"id": "t", "name": "Town", "sector": "authority", "region": "BY / Grodno"},
]
PROJECTS = [
    {
        "id": "1",
        "when": "2019-05-01",
        "lead": "w",
        "members": ["w", "t"],
        "tags": ["crafts"],
        "text": "A house of crafts with looms for linen.",
    },
    {"id": "2", "when": "2020-05-01", "lead": "m", "members": ["m", "b", "elsewhere"], "text": "Bread from old rye."},
    {"id": "3", "when": None, "lead": None, "members": ["t", "s"], "text": "A school garden."},
]
PLANS = [{"id": "p1", "text": "Old rye"}, {"id": "p2", "text": "Poems"}]
QUERIES = [
    {"id": "q1", "kind": "participant", "participant": "s", "other_sector": True, "exclude": ["t"], "truth": ["w"]},
    {"id": "q2", "kind": "idea", "lead": "t", "tags": ["crafts"], "text": "Looms for linen", "pool": ["w", "m", "b"], "truth": ["w"]},
    {"id": "q3", "kind": "complete", "members": ["w", "s"], "text": "A garden for the town", "pool": ["b", "t", "m"], "truth": ["t"]},
    {"id": "q4", "kind": "participant", "participant": "b", "pool": ["w", "m", "nobody known"], "truth": ["m"]},
    {"id": "q5", "kind": "fit", "participant": "m", "plans": PLANS, "truth": {"p1": 5, "p2": 1}},
]


def written(folder, queries=QUERIES):
    folder.mkdir()
    for name, rows in (("profiles", PEOPLE), ("projects", PROJECTS), ("queries", queries)):
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as lines:
            lines.write("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def ranked(folder, out):
    call_command("rank_case", folder, out=out, verbosity=0)
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def test_all_kinds_of_query_are_answered_in_their_order(tmp_path, capsys):
    answers = ranked(written(tmp_path / "case"), tmp_path / "answers.jsonl")
    assert capsys.readouterr().out == f"5 queries answered in {tmp_path / 'answers.jsonl'}.\n"
    assert [answer["id"] for answer in answers] == ["q1", "q2", "q3", "q4", "q5"]
    assert [sorted(answer["ranking"]) for answer in answers[:4]] == [["b", "m", "w"], ["b", "m", "w"], ["b", "m", "t"], ["m", "w"]]
    assert [answer["ranking"][0] for answer in answers[:4]] == ["w", "w", "t", "m"]
    assert answers[4].keys() == {"id", "scores"}
    assert answers[4]["scores"]["p1"] > answers[4]["scores"]["p2"]


@pytest.mark.parametrize("change", ["absent", "other"])
def test_the_truth_is_not_read(tmp_path, change):
    plain = [{name: value for name, value in query.items() if name != "truth"} for query in QUERIES]
    other = plain if change == "absent" else [{**query, "truth": ["b", "t"]} for query in plain]
    answers = ranked(written(tmp_path / "case"), tmp_path / "one.jsonl")
    assert ranked(written(tmp_path / "changed", other), tmp_path / "other.jsonl") == answers


def test_people_are_ranked_by_the_exact_score_of_the_pair(tmp_path):
    case = Case(written(tmp_path / "case"))
    exact = Scorer(case.space, case.cohort, default_weights().dialled(Parameters().bridge))
    tiles = Tiles(case.space, case.cohort, Parameters(met_again=True), default_weights().dialled(Parameters().bridge))
    everybody = np.arange(len(PEOPLE))
    for person in range(len(PEOPLE)):
        scores = exact.scores(np.full(len(PEOPLE), person), everybody)
        assert np.rint(-tiles.log_cost(everybody, everybody)[person] * SCALE) == pytest.approx(scores, abs=2)
    (answer,) = (answer for answer in case.answers() if answer["id"] == "q4")
    order = sorted(("w", "m"), key=lambda key: -exact.scores(np.array([case.index["b"]]), np.array([case.index[key]]))[0])
    assert answer["ranking"] == order


def test_one_query_or_many_at_once_have_the_same_answers(tmp_path, monkeypatch):
    case = Case(written(tmp_path / "case"))
    together = list(case.answers())
    monkeypatch.setattr("matchmaking.management.cases.QUERIES_AT_ONCE", 1)
    assert list(case.answers()) == together


def test_a_folder_without_a_case_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(BadInput, match="give the folder of a matching case"):
        call_command("rank_case", tmp_path, out=tmp_path / "answers.jsonl")
