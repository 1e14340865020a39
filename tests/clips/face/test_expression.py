"""The expression network reads faces as it was trained to, and its numbers stand beside the geometry."""

import csv
import gzip
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lddu.clips import done
from lddu.clips.configuration import ExtractorConfig
from lddu.clips.done import key_of
from lddu.clips.extractor import ClipExtractor
from lddu.clips.face import geometry, pictures
from lddu.clips.face.crop import face_photo, square
from lddu.clips.face.expression import COLUMNS, ExpressionReader
from lddu.clips.face.expression_network import (
    EMBEDDING,
    EXPRESSIONS,
    SIDE,
    WEIGHTS,
    ExpressionNetwork,
    load_expression_network,
    packed,
    unpacked,
)
from lddu.clips.face.pictures import FaceMeter
from lddu.clips.media import Picture
from lddu.clips.named_models import named_models, recorded_models
from lddu.clips.simulated.drawn_face import Expression, draw_face
from lddu.clips.spans import Source
from lddu.errors import SourceError


@pytest.fixture(scope="module")
def network() -> ExpressionNetwork:
    return load_expression_network()


@pytest.fixture(scope="module")
def reader() -> ExpressionReader:
    return ExpressionReader()


def photos(count: int, seed: int = 0) -> torch.Tensor:
    """Smooth pictures in which neighbours are alike, as in faces; uint8 [count, 48, 48]."""
    coarse = torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    fine = torch.nn.functional.interpolate(coarse, (SIDE, SIDE), mode="bicubic").clamp(0, 1)
    return (60 + 100 * fine[:, 0]).to(torch.uint8)


def test_a_photo_has_eight_shares_and_an_embedding(network: ExpressionNetwork) -> None:
    found = network.read(photos(3))
    assert found.shares.shape == (3, len(EXPRESSIONS)) and found.embedding.shape == (3, EMBEDDING)
    torch.testing.assert_close(found.shares.sum(1), torch.ones(3))
    assert found.embedding.dtype == torch.float32


def test_the_same_photo_gives_the_same_bits(network: ExpressionNetwork) -> None:
    again = load_expression_network()
    assert torch.equal(network.read(photos(4)).embedding, again.read(photos(4)).embedding)


@settings(max_examples=10, deadline=None)
@given(contrast=st.floats(0.3, 1.5), light=st.floats(-15, 0))
def test_brightness_and_contrast_change_nothing(contrast: float, light: float) -> None:
    network = load_expression_network()
    levels = photos(2).float()
    plain, changed = network.read(levels), network.read(levels * contrast + light)
    torch.testing.assert_close(plain.embedding, changed.embedding, atol=2e-3, rtol=0)


def test_a_mirrored_photo_reads_the_same_if_asked(network: ExpressionNetwork) -> None:
    found, mirrored = network.read(photos(2)), network.read(photos(2).flip(2))
    torch.testing.assert_close(found.shares, mirrored.shares, atol=1e-4, rtol=0)


def test_an_even_grey_picture_gives_finite_numbers(reader: ExpressionReader) -> None:
    assert np.isfinite(reader.read([np.full((SIDE, SIDE), 90, np.uint8)])).all()


def test_the_weights_take_less_than_two_megabytes() -> None:
    assert WEIGHTS.stat().st_size < 2_000_000


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), scale=st.floats(1e-6, 1e3), silent=st.booleans())
def test_kernels_in_8_bits_stay_within_half_a_step_of_each_channel(seed: int, scale: float, silent: bool) -> None:
    kernel = scale * torch.randn(5, 3, 3, 3, generator=torch.Generator().manual_seed(seed))
    if silent:
        kernel[2] = 0
    state = {"a.weight": kernel, "a.bias": torch.arange(5.0), "a.seen": torch.tensor(7)}
    kept = packed(state)
    back = unpacked(kept)
    assert kept["a.weight"].dtype == torch.int8 and set(back) == set(state)
    most = kernel.flatten(1).abs().amax(1) / 127 / 2
    assert ((back["a.weight"] - kernel).flatten(1).abs().amax(1) <= most * 1.001 + 1e-30).all()
    assert torch.equal(back["a.bias"].float(), state["a.bias"]) and back["a.seen"] == 7


def test_kernels_in_8_bits_hardly_change_what_is_read(network: ExpressionNetwork) -> None:
    whole = ExpressionNetwork().eval()
    coarse = ExpressionNetwork().eval()
    coarse.load_state_dict(unpacked(packed(whole.state_dict())))
    torch.testing.assert_close(whole.read(photos(6)).shares, coarse.read(photos(6)).shares, atol=2e-3, rtol=0)


@pytest.mark.parametrize("fault", ["absent", "cut", "empty", "other"])
def test_damaged_weights_are_refused_in_one_sentence(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "expression.safetensors"
    whole = WEIGHTS.read_bytes()
    if fault != "absent":
        path.write_bytes({"cut": whole[:-100], "empty": b"", "other": _renamed(whole)}[fault])
    with pytest.raises(SourceError, match=r"Expected the weights .*; install lddu again\."):
        load_expression_network(path)


def _renamed(whole: bytes) -> bytes:
    return whole.replace(b"last.bias", b"best.bias", 1)


def test_a_face_in_a_larger_picture_is_cut_out_as_the_photo_was() -> None:
    photo = photos(1)[0].numpy()
    large = np.full((200, 300, 3), 128, np.uint8)
    side = 96
    large[50 : 50 + side, 100 : 100 + side] = np.asarray(Image.fromarray(photo).resize((side, side)))[..., None]
    unit = square((0, 0, 100, 100))
    size = 100 * side / (unit[2] - unit[0])  # landmarks whose crop is the photo
    left, top = 100 - unit[0] * size / 100, 50 - unit[1] * size / 100
    found = face_photo(large, (left, top, left + size, top + size))
    assert found.shape == (SIDE, SIDE) and found.dtype == np.uint8
    assert np.abs(found.astype(int) - photo).mean() < 3


@settings(max_examples=40, deadline=None)
@given(x=st.floats(-80, 140), y=st.floats(-80, 140), width=st.floats(4, 300), height=st.floats(4, 300))
def test_a_face_at_any_edge_of_the_picture_gives_a_photo(x: float, y: float, width: float, height: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    assert face_photo(pixels, (x, y, x + width, y + height)).shape == (SIDE, SIDE)


def test_the_networks_numbers_stand_beside_the_same_geometry(reader: ExpressionReader) -> None:
    shown = [Picture(n / 15, draw_face(256, Expression(smile=n / 40))) for n in range(40)]  # more than are read at once
    alone, both = FaceMeter().track(shown).steps, FaceMeter(reader).track(shown).steps
    assert both.values.shape == (len(alone), len(geometry.COLUMNS) + len(COLUMNS)) and len(alone) == 40
    np.testing.assert_array_equal(both.values[:, : len(geometry.COLUMNS)], alone.values)
    shares = np.exp(both.values[:, len(geometry.COLUMNS) :][:, : len(EXPRESSIONS)])
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-2)


def test_a_face_is_read_alike_wherever_it_is_and_however_large(reader: ExpressionReader) -> None:
    face = draw_face(320, Expression(smile=1.0))
    wide = np.full((400, 640, 3), face[0, 0], np.uint8)
    wide[40:360, 200:520] = face
    found = [FaceMeter(reader).track([Picture(0.0, pixels)]).steps.values[0, 36:44] for pixels in (face, wide)]
    assert np.abs(np.exp(found[0]) - np.exp(found[1])).max() < 0.1


def test_a_file_without_a_face_has_no_steps(reader: ExpressionReader) -> None:
    track = FaceMeter(reader).track([Picture(0.0, np.full((64, 64, 3), 90, np.uint8))])
    assert track.steps.values.shape == (0, pictures.dimension(reader))


def test_weights_and_crop_are_in_the_specification(reader: ExpressionReader) -> None:
    found = pictures.specification(reader)
    assert found["weights"] == reader.specification()["weights"] and len(found["weights"]) == 12
    assert {"side_of_face", "above_middle", "pixels", "upright"} <= set(found["crop"])


def test_the_geometry_alone_is_specified_as_ever() -> None:
    found = json.dumps(pictures.specification())
    assert found == (
        '{"face": "mediapipe", "version": 2, "package": "0.10.14", "picture_rate": 15.0, "most_faces": 3, '
        '"confidence": 0.5, "columns": 36}'
    )


@pytest.mark.parametrize("model", ["geometry", "expression"])
def test_new_clips_are_extracted_with_the_face_model_of_the_training(model: str) -> None:
    made = ClipExtractor(ExtractorConfig(face_model=model)).feature_names()["visual"]
    trained = named_models({"visual": json.loads(made)})
    assert ClipExtractor(ExtractorConfig().made_as(trained)).feature_names()["visual"] == made


def test_a_store_from_before_the_network_keeps_its_geometry_and_its_files(tmp_path: Path) -> None:
    before = recorded_models({"face_model": "mediapipe", "text_model": "x", "voice_model": "librosa"})
    assert ExtractorConfig().over(before).face_model == "geometry"
    config, source = ExtractorConfig(face_model="geometry"), Source(tmp_path / "talk.mp4", "talk")
    as_then = ExtractorConfig(face_model="geometry")
    object.__setattr__(as_then, "face_model", "mediapipe")
    assert asdict(as_then) != asdict(config)
    assert key_of(source, config, {}) == key_of(source, as_then, {})


def test_settings_younger_than_the_keys_of_old_stores_are_in_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(done, "_digest", lambda described: described["config"])
    of_old_stores = {"text_model", "voice_model", "face_model", "cut", "longest", "speech_model"}
    source = Source(tmp_path / "talk.mp4", "talk")
    assert set(key_of(source, ExtractorConfig().resolved(), {})) == of_old_stores
    assert set(key_of(source, ExtractorConfig(most_tokens=70), {})) == of_old_stores | {"most_tokens"}


def test_new_stores_have_the_network_unless_another_model_is_named() -> None:
    assert ExtractorConfig().resolved().face_model == "expression"
    assert ExtractorConfig(face_model="geometry").resolved().face_model == "geometry"


@pytest.mark.slow
def test_real_photos_of_the_test_split_are_read_as_raters_did(shared_data: Path, network: ExpressionNetwork) -> None:
    with gzip.open(shared_data / "faces" / "votes.csv.gz", "rt", newline="") as lines:
        rows = list(csv.DictReader(lines))
    votes = np.array([[float(row[name]) for name in EXPRESSIONS] for row in rows])
    votes[votes == 1] = 0
    unique = ((votes == votes.max(1, keepdims=True)).sum(1) == 1) & (votes.sum(1) > 0)
    chosen = np.flatnonzero(unique & np.array([row["split"] == "test" for row in rows]))[:300]
    with np.load(shared_data / "faces" / "photos.npz") as arrays:
        shares = network.read(torch.from_numpy(arrays["photos"][chosen])).shares
    assert (shares.argmax(1).numpy() == votes[chosen].argmax(1)).mean() > 0.75
