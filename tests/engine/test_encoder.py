"""Sentence vectors: remembered by text and owner, encoded again when the text changes, absent without the package."""

import numpy as np
import pytest

from matchmaking.engine import encoder, pipeline
from matchmaking.engine.ideas import IdeaScorer
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Idea
from matchmaking.engine.weights import default_weights
from tests.engine.cohorts import readable


class Shelf:
    """A memory that counts what it is asked for and told."""

    def __init__(self):
        self.kept, self.told = {}, []

    def get_many(self, keys):
        return {key: self.kept[key] for key in keys if key in self.kept}

    def set_many(self, values):
        self.told.append(len(values))
        self.kept.update(values)


@pytest.fixture
def counted(monkeypatch):
    """The texts that really went through the encoder."""
    seen, real = [], encoder._vector
    monkeypatch.setattr(encoder, "_vector", lambda text: seen.append(text) or real(text))
    return seen


@pytest.fixture
def without(monkeypatch):
    monkeypatch.setattr(encoder, "encoder_version", lambda: "")


def test_rows_have_norm_one_and_an_empty_text_has_none():
    rows = encoder.encode(["Wir bauen Kanus.", "", "  "]).astype(np.float64)
    assert rows.shape == (3, encoder.SIZE)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1.0, 0.0, 0.0], abs=1e-3)


def test_a_remembered_text_is_not_encoded_again(counted):
    shelf, texts, owners = Shelf(), ["We build canoes", "Мы строим каноэ", "We build canoes"], ["a", "b", "a"]
    first = encoder.encode(texts, shelf, owners)
    again = encoder.encode(texts, shelf, owners)
    assert (first == again).all()
    assert counted == ["We build canoes", "Мы строим каноэ"]
    assert shelf.told == [2]


def test_a_changed_text_is_encoded_again_and_alone(counted):
    shelf = Shelf()
    encoder.encode(["We build canoes", "We sing"], shelf, ["a", "b"])
    counted.clear()
    changed = encoder.encode(["We build kayaks", "We sing"], shelf, ["a", "b"])
    assert counted == ["We build kayaks"]
    assert (changed == encoder.encode(["We build kayaks", "We sing"])).all()


def test_remembered_or_fresh_the_vector_is_the_same():
    shelf = Shelf()
    fresh = encoder.encode(["Ein Satz. Noch ein Satz."])
    encoder.encode(["Ein Satz. Noch ein Satz."], shelf)
    assert encoder.encode(["Ein Satz. Noch ein Satz."], shelf).tobytes() == fresh.tobytes()


def test_a_key_tells_its_owner_and_nothing_of_the_text():
    key = encoder.text_key("We look for a lawyer", "anna")
    assert key.endswith(":anna")
    assert encoder.encoder_version() in key
    assert "lawyer" not in key
    assert key != encoder.text_key("We look for a lawyer", "bert")


def test_pieces_end_with_sentences_and_are_ten_at_most():
    sentence = "x" * 399 + "."
    assert encoder.pieces(f"{sentence} {sentence} Short.") == [sentence, f"{sentence} Short."]
    assert len(encoder.pieces(f"{sentence} " * 30)) == encoder.MOST_PIECES
    assert encoder.pieces("  ") == []


@pytest.mark.parametrize(
    "need", ["Шукаем юрыста, які праверыць дагавор", "Нужен юрист, который проверит договор", "Wer prüft unseren Vertrag?"]
)
def test_a_need_meets_an_offer_in_another_language(need):
    meant = encoder.encode([need, "We give legal advice about contracts.", "We bake bread and cakes for parties."]).astype(np.float64)
    assert meant[0] @ meant[1] > meant[0] @ meant[2]


def test_without_the_package_vectors_are_empty_and_a_run_still_works(without):
    shelf = Shelf()
    assert encoder.encode(["text"], shelf).shape == (1, 0)
    assert shelf.told == []
    result = pipeline.suggest(readable(), Parameters())
    assert result.suggestions
    assert not {term.part for pair in result.suggestions for term in (*pair.ab.terms, *pair.ba.terms)} & {"meaning", "need_meaning"}


def test_without_the_package_ideas_are_scored_by_the_other_parts(without):
    cohort = pipeline.order(readable())
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, 0, len(cohort.profiles))])
    scores = IdeaScorer(space, cohort, default_weights()).scores(Idea("i", ("sound design",), "An evening of sound", ("bert",)))
    assert cohort.profiles[int(np.argmax(scores))].key == "anna"
