"""Means of openSMILE's descriptors hold what was measured and nothing else."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.clips.voice import egemaps
from lddu.clips.voice.egemaps import EgemapsMeter, averaged


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


def test_samples_at_and_beyond_full_scale_keep_their_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """openSMILE turns samples to 16 bits without a limit; of sound decoded near full scale some lie beyond 1."""
    given_to_it: list[np.ndarray] = []

    class Smile:
        feature_names = ("F0semitoneFrom27.5Hz_sma3nz",)

        def __init__(self, feature_set: object, feature_level: object) -> None: ...

        def process_signal(self, samples: np.ndarray, rate: int) -> SimpleNamespace:
            given_to_it.append(samples)
            frames = np.zeros((len(samples) * 100 // rate, 1))
            return SimpleNamespace(to_numpy=frames.astype)

    levels = SimpleNamespace(LowLevelDescriptors=0)
    package = SimpleNamespace(Smile=Smile, FeatureSet=SimpleNamespace(eGeMAPSv02=0), FeatureLevel=levels)
    monkeypatch.setattr(egemaps, "needs", lambda *_: package)
    loud = np.resize(np.array([-1.2, -1, -0.5, 0.5, 0.99999, 1, 1.2], np.float32), 16000)
    EgemapsMeter().steps([loud])
    for samples in given_to_it:
        assert samples.max() * 32768 <= 32767
        assert samples.min() * 32768 >= -32768
    inside = np.abs(loud) < 0.9
    [samples] = given_to_it
    assert np.isin(loud[inside], samples).all()


def test_descriptors_of_long_and_short_windows_are_of_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """openSMILE's windows of 60 ms begin where those of 20 ms begin: their middles are two frames later."""
    names = (
        "Loudness_sma3",
        "F0semitoneFrom27.5Hz_sma3nz",
        "HNRdBACF_sma3nz",
        "F1frequency_sma3nz",
        "F1amplitudeLogRelF0_sma3nz",
    )
    later = np.array([0, 2, 2, 0, 2])

    class Smile:
        feature_names = names

        def __init__(self, feature_set: object, feature_level: object) -> None: ...

        def process_signal(self, samples: np.ndarray, rate: int) -> SimpleNamespace:
            moments = np.arange(len(samples) * 100 // rate)[:, None] + later
            return SimpleNamespace(to_numpy=(moments + 1.0).astype)

    levels = SimpleNamespace(LowLevelDescriptors=0)
    package = SimpleNamespace(Smile=Smile, FeatureSet=SimpleNamespace(eGeMAPSv02=0), FeatureLevel=levels)
    monkeypatch.setattr(egemaps, "needs", lambda *_: package)
    values = EgemapsMeter().steps([np.zeros(16000, np.float32)]).values
    assert len(values) == 20
    assert (values == values[:, :1]).all()
