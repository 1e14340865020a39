"""Means of openSMILE's descriptors hold what was measured and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.clips.voice.egemaps import averaged


@given(st.lists(st.tuples(st.floats(-55, 20), st.booleans(), st.booleans()), min_size=5, max_size=5))
def test_a_formant_amplitude_that_was_not_measured_is_in_no_mean(frames: list[tuple[float, bool, bool]]) -> None:
    """openSMILE writes -201 in unvoiced frames and smooths it into their voiced neighbours."""
    rows = np.array([[[value - 150 * smoothed, value] for value, _, smoothed in frames]])
    voiced = np.array([[is_voiced for _, is_voiced, _ in frames]])
    means = averaged(rows, voiced, np.array([True, True]), np.array([True, False]))[0]
    measured = [value for value, is_voiced, smoothed in frames if is_voiced and not smoothed]
    spoken = [value for value, is_voiced, _ in frames if is_voiced]
    assert means[0] == pytest.approx(np.mean(measured) if measured else 0.0, abs=1e-4)
    assert means[1] == pytest.approx(np.mean(spoken) if spoken else 0.0, abs=1e-4)
