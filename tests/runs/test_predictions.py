"""Predictions carry the columns of the store that begin with `_`, in every form."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from lddu.runs.predictions import Predictions, read_predictions

N = 3


@pytest.fixture
def predictions() -> Predictions:
    labels, shares = np.ones((N, 1), bool), np.full((N, 1), 0.5)
    return Predictions(
        clip=np.array(["a", "b", "c"], object), split=np.array(["test"] * N, object), group=np.array([""] * N, object),
        emotions=("joy",), modalities=("text",), probability=shares, label=labels, presence=shares * 2,
        uncertainty=shares, presented=np.ones((N, 1), bool), modality_distance=shares,
        carried={"_language": np.array(["de", "", "fr"], object), "_age": np.array([31, np.nan, 7.5])},
    )  # fmt: skip


def test_words_and_numbers_come_along_in_records_and_csv(predictions: Predictions) -> None:
    assert [record["carried"] for record in predictions.to_records()] == [
        {"_language": "de", "_age": 31}, {"_language": "", "_age": None}, {"_language": "fr", "_age": 7.5},
    ]  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(predictions.to_csv())))
    assert [(row["_language"], row["_age"]) for row in rows] == [("de", "31.0"), ("", ""), ("fr", "7.5")]


def test_a_part_of_the_clips_and_a_file_of_them_keep_what_is_carried(predictions: Predictions, tmp_path: Path) -> None:
    predictions.rows(np.array([2, 0])).write_parquet(tmp_path / "predictions.parquet")
    found = read_predictions(tmp_path / "predictions.parquet")
    assert found.clip.tolist() == ["c", "a"] and found.carried["_language"].tolist() == ["fr", "de"]
    np.testing.assert_array_equal(found.carried["_age"], [7.5, 31])
