"""Alignment against a slow version written from the definition; against the SDK itself: test_sdk_oracle.py."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.corpora.alignment import SHORTEST_OVERLAP, means_over, track_of

Span = tuple[float, float]


def slow_meeting(frames: list[Span], stretch: Span) -> list[int]:
    """Frames that share more than 1 ms with a stretch: in order of start, equal starts as given."""
    shared = [min(end, stretch[1]) - max(start, stretch[0]) for start, end in frames]
    met = [i for i in range(len(frames)) if shared[i] > SHORTEST_OVERLAP]
    return sorted(met, key=lambda i: frames[i][0])


def slow_mean(frames: list[Span], values: np.ndarray, stretch: Span) -> list[float]:
    """Number by number: the mean of what is finite among the frames that meet the stretch, 0 where nothing is."""
    found = []
    for column in range(values.shape[1]):
        kept = [float(v) for i in slow_meeting(frames, stretch) if np.isfinite(v := values[i, column])]
        found.append(sum(kept) / len(kept) if kept else 0.0)
    return found


times = st.integers(-20, 200).map(lambda tick: tick / 10) | st.floats(-2, 20, width=32)
spans = st.lists(times, min_size=2, max_size=2, unique=True).map(lambda pair: (min(pair), max(pair)))
numbers = st.floats(-100, 100, width=32) | st.sampled_from([np.nan, np.inf, -np.inf])


@given(st.lists(spans, min_size=1, max_size=12), st.lists(spans, min_size=1, max_size=6), st.data())
@settings(max_examples=300, deadline=None)
def test_means_are_those_of_the_definition(frames: list[Span], words: list[Span], data: st.DataObject) -> None:
    values = np.array(data.draw(st.lists(st.tuples(numbers, numbers), min_size=len(frames), max_size=len(frames))))
    means = means_over(track_of(np.array(frames), values), np.array(words))
    assert means.met.tolist() == [len(slow_meeting(frames, word)) for word in words]
    assert np.allclose(means.values, [slow_mean(frames, values, word) for word in words], atol=1e-4)


@given(st.lists(spans, min_size=1, max_size=12), spans, spans)
@settings(max_examples=300, deadline=None)
def test_a_step_is_empty_where_the_frames_of_a_word_lie_outside_the_segment(
    frames: list[Span], word: Span, segment: Span
) -> None:
    means = means_over(track_of(np.array(frames), np.ones((len(frames), 1))), np.array([word]))
    met = [frames[i] for i in slow_meeting(frames, word)]
    heard = (max(min(f[0] for f in met), word[0]), min(max(f[1] for f in met), word[1])) if met else (0.0, 0.0)
    values, present = means.within(np.array([0]), *segment)
    assert present.tolist() == [min(heard[1], segment[1]) - max(heard[0], segment[0]) > SHORTEST_OVERLAP]
    assert values.tolist() == [[float(present[0])]]


@given(st.lists(spans, min_size=1, max_size=12), spans)
@settings(max_examples=300, deadline=None)
def test_the_frames_of_a_segment_are_those_of_the_definition_in_order_of_time(frames: list[Span], word: Span) -> None:
    track = track_of(np.array(frames), np.arange(len(frames))[:, None])
    assert track.values[track.meeting(*word), 0].tolist() == slow_meeting(frames, word)
