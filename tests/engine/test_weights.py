"""The weights file: shipped whole, refused when changed, dialled by one number."""

import json

import pytest

from matchmaking.engine.weights import FILE, PARTS, PRIOR_FILE, checksum, default_weights, read_weights, weights_of, write_weights
from matchmaking.errors import BadInput


@pytest.mark.parametrize("path", [FILE, PRIOR_FILE])
def test_the_shipped_files_match_their_checksum(path):
    weights = weights_of(read_weights(path))
    assert set(weights.of) == set(PARTS)
    assert all(weights.of[part] >= 0.0 for part in PARTS if part not in ("constant", "repeat"))


def test_a_changed_weight_is_refused(tmp_path):
    data = read_weights(FILE)
    path = tmp_path / "weights.json"
    path.write_text(json.dumps({**data, "weights": {**data["weights"], "need": 9.0}}))
    with pytest.raises(BadInput, match=r"The weights file weights.json was changed"):
        read_weights(path)


@pytest.mark.parametrize("content", ["", "{", "\x00"])
def test_a_file_cut_short_is_refused(tmp_path, content):
    path = tmp_path / "weights.json"
    path.write_text(content)
    with pytest.raises(BadInput, match=r"The weights file weights.json cannot be read"):
        read_weights(path)


def test_a_file_without_checksum_is_refused(tmp_path):
    path = tmp_path / "weights.json"
    path.write_text(json.dumps({name: value for name, value in read_weights(FILE).items() if name != "checksum"}))
    with pytest.raises(BadInput):
        read_weights(path)


def test_what_is_written_can_be_read_and_has_a_version_of_its_own(tmp_path):
    data = read_weights(FILE)
    changed = {**data, "weights": {**data["weights"], "need": 9.0}}
    write_weights(tmp_path / "weights.json", changed)
    found = read_weights(tmp_path / "weights.json")
    assert found == {**changed, "checksum": checksum(changed)}
    assert weights_of(found).version != default_weights().version


def test_the_dial_turns_the_bridge_and_nothing_else():
    weights = default_weights()
    turned = weights.dialled(2.0)
    assert turned.of == {**weights.of, "bridge": weights.of["bridge"] * 2.0}


def test_bridges_hold_both_ways_and_not_within_a_sector():
    weights = default_weights()
    assert weights.bridge("creative", "business") == weights.bridge("business", "creative") == 1.0
    assert weights.bridge("creative", "creative") == 0.0
    assert weights.bridge("creative", "a sector of one's own") == weights.bridge_default
