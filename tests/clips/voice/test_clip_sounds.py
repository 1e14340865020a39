"""The sound of each clip is exactly its stretch of the file, read once, and its features those of the clip alone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extractor import ClipExtractor
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.simulated.talking_clips import write_video
from lddu.clips.spans import NamedSpan, Source
from lddu.clips.voice.clip_sounds import clip_sounds

REACH = st.tuples(st.integers(0, 40), st.integers(0, 25)).map(lambda reach: (reach[0], reach[0] + reach[1]))


@given(
    length=st.integers(0, 60),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    reaches=st.lists(REACH, max_size=6).map(sorted),
    consumed=st.booleans(),
)
def test_every_clip_gets_its_stretch_however_clips_overlap_and_blocks_fall(
    length: int, cuts: list[int], reaches: list[tuple[int, int]], consumed: bool
) -> None:
    samples = np.arange(length, dtype=np.float32)
    blocks = np.split(samples, sorted(min(cut, length) for cut in cuts))
    clips = clip_sounds(blocks, reaches)
    if not consumed and reaches:  # whoever leaves a clip unread does not shift the next one
        next(clips)
        reaches = reaches[1:]
    for clip, (first, end) in zip(clips, reaches, strict=True):
        np.testing.assert_array_equal(np.concatenate([np.zeros(0, np.float32), *clip]), samples[first:end])


def test_a_long_clip_is_streamed_and_never_held_whole() -> None:
    read = 0

    def blocks() -> Iterator[np.ndarray]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield np.zeros(10, np.float32)

    clip = next(clip_sounds(blocks(), [(0, 1000)]))
    assert len(next(clip)) == 10 and read == 1


@pytest.mark.parametrize(("start", "end"), [(0.0, 2.0), (1.5, 4.0)])
def test_a_clip_of_a_long_file_has_the_features_of_the_same_clip_as_a_file_of_its_own(
    start: float, end: float, tmp_path: Path, extractor: ClipExtractor
) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 5 * SAMPLE_RATE).astype(np.float32)
    first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
    write_video(tmp_path / "long.wav", None, sound)
    write_video(tmp_path / "own.wav", None, sound[first:last])
    spans = (NamedSpan("cut", start, end), NamedSpan("other", 0.5, 3.0))
    cut, _ = extractor.extract(Source(tmp_path / "long.wav", "long", spans=spans))
    [own] = ClipExtractor(ExtractorConfig(cut="whole")).extract(Source(tmp_path / "own.wav", "own"))
    np.testing.assert_array_equal(cut.modalities["audio"].values, own.modalities["audio"].values)
    np.testing.assert_allclose(cut.modalities["audio"].start, own.modalities["audio"].start, atol=1e-6)
