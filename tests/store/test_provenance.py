"""Which descriptions of features stand for the same numbers."""

import json

import pytest

from lddu.store.provenance import made_alike

FACE = {"face": "mediapipe", "version": 1, "columns": 36}


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (FACE, FACE, True),
        (FACE, FACE | {"version": 2}, True),
        (FACE, FACE | {"version": 3}, False),
        (FACE, FACE | {"version": 2, "columns": 35}, False),
        ({"voice": "librosa", "version": 1}, {"voice": "librosa", "version": 2}, False),
        ({"voice": "librosa", "version": 1}, {"voice": "librosa", "version": 1}, True),
    ],
)
def test_only_versions_that_differ_where_one_was_wrong_are_alike(
    one: dict[str, object], other: dict[str, object], alike: bool
) -> None:
    assert made_alike(json.dumps(one), json.dumps(other)) == made_alike(json.dumps(other), json.dumps(one)) == alike


@pytest.mark.parametrize("words", ["made up", "[1]", "3", "{"])
def test_features_in_plain_words_are_alike_only_word_for_word(words: str) -> None:
    assert made_alike(words, words) and not made_alike(words, json.dumps(FACE))
