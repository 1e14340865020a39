"""A predictor is called on raw clips as it is on a store."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lddu
from lddu.errors import ConfigError
from lddu.runs.explained import ClipAnswer, ClipAnswers
from lddu.runs.predict_clips import predict_clips
from lddu.store.store import FeatureStore


def test_a_clip_gives_what_predict_clips_gives(run: Path, corpus: Path) -> None:
    predictor, clip = lddu.load(run), corpus.parent / "talk004.mp4"
    found = predictor(clip)
    assert isinstance(found, ClipAnswers) and len(found) == 1
    np.testing.assert_array_equal(found.probability, predict_clips(predictor, [clip]).predictions.probability)
    [one] = found
    assert isinstance(one, ClipAnswer) and (one.clip, one.file, one.start) == ("talk004", str(clip), 0)
    assert one.end > 0 and set(one.probability) == set(predictor.emotions) and one.transcript


def test_several_clips_keep_their_order_and_options(run: Path, corpus: Path) -> None:
    clips = [corpus.parent / f"{name}.mp4" for name in ("talk007", "talk004")]
    found = lddu.load(run)(clips, lddu.PredictOptions(coverage=0.5))
    assert [one.clip for one in found] == ["talk007", "talk004"] and found[1].cannot_tell is not None


def test_extract_makes_the_store_that_a_predictor_takes(run: Path, corpus: Path, tmp_path: Path) -> None:
    clip = corpus.parent / "talk004.mp4"
    made = lddu.extract(clip, tmp_path / "store", lddu.ExtractorConfig(cut="auto"))
    predictor = lddu.load(run)
    found = predictor(made.store)
    assert made.clips == len(FeatureStore(made.store)) == len(found)
    np.testing.assert_allclose(found.probability, predictor(clip).probability, atol=1e-5)


@pytest.mark.parametrize("wrong", [3, b"talk.mp4", {"text": "hello"}, np.zeros(16000, np.float32), [None, "talk.mp4"]])
def test_what_is_no_path_and_no_sentence_is_refused_by_its_parameter(wrong: Any) -> None:
    predictor = lddu.load("default")
    with pytest.raises(ConfigError, match="to be one or several paths") as fault:
        predictor(wrong)
    assert set(fault.value.parameters) == {"inputs"}
    with pytest.raises(ConfigError, match="to be one or several sentences") as fault:
        predictor(text=wrong)
    assert set(fault.value.parameters) == {"text"}
