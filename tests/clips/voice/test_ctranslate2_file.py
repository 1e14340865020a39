"""A model file is data: it gives its weights or one sentence, whatever its bytes are."""

import struct
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.clips.voice.ctranslate2_file import CTranslate2File, read_weights
from lddu.errors import SourceError

CODES = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
EVERY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Named:
    """A tensor to write; the raw parts may lie."""

    name: str
    values: np.ndarray
    code: int | None = None
    size: int | None = None

    def packed(self) -> bytes:
        data = self.values.tobytes()
        code = CODES[str(self.values.dtype)] if self.code is None else self.code
        size = len(data) if self.size is None else self.size
        return (
            text(self.name)
            + struct.pack(f"<B{self.values.ndim}I", self.values.ndim, *self.values.shape)
            + struct.pack("<BI", code, size)
            + data
        )


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def packed(tensors: Sequence[Named], aliases: Sequence[tuple[str, str]] = (), version: int = 6) -> bytes:
    head = struct.pack("<I", version) + text("WhisperSpec") + struct.pack("<II", 3, len(tensors))
    tail = struct.pack("<I", len(aliases)) + b"".join(text(name) + text(target) for name, target in aliases)
    return head + b"".join(tensor.packed() for tensor in tensors) + tail


SOUND = packed(
    [
        Named("encoder/a/bias", np.array([0.5, -2.0], np.float16)),
        Named("encoder/a/weight", np.array([[127, -64], [3, 4]], np.int8)),
        Named("encoder/a/weight_scale", np.array([127.0, 2.0], np.float32)),
        Named("encoder/b/weight", np.array([[[512, -1024]]], np.int16)),
        Named("encoder/b/weight_scale", np.array(1024.0, np.float32)),
        Named("encoder/num_heads", np.array(6, np.int16)),
        Named("decoder/c", np.array([1.0, 2.0, 3.0], np.float32)),
    ],
    [("decoder/a/weight", "encoder/a/weight"), ("decoder/a/weight_scale", "encoder/a/weight_scale")],
)


def read(tmp_path: Path, data: bytes, **options: Any) -> CTranslate2File:
    path = tmp_path / "model.bin"
    path.write_bytes(data)
    return read_weights(path, **options)


def test_every_type_comes_as_float32_with_its_scale_applied(tmp_path: Path) -> None:
    found = read(tmp_path, SOUND)
    assert (found.specification, found.revision) == ("WhisperSpec", 3)
    expected = {
        "encoder/a/bias": [0.5, -2.0],
        "encoder/a/weight": [[1.0, -64 / 127], [1.5, 2.0]],
        "encoder/b/weight": [[[0.5, -1.0]]],
        "encoder/num_heads": 6.0,
        "decoder/c": [1.0, 2.0, 3.0],
        "decoder/a/weight": [[1.0, -64 / 127], [1.5, 2.0]],
    }
    assert found.arrays.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found.arrays[name], np.array(values, np.float32), strict=True)


def test_bfloat16_is_the_upper_half_of_a_float32(tmp_path: Path) -> None:
    values = np.array([1.0, -3.140625, 2.0**100], np.float32)
    upper = (values.view(np.uint32) >> 16).astype(np.uint16)
    found = read(tmp_path, packed([Named("x", upper.view(np.int16), code=5)]))
    np.testing.assert_array_equal(found.arrays["x"], values)


def test_only_what_is_wanted_is_loaded(tmp_path: Path) -> None:
    broken_elsewhere = packed([Named("a", np.ones(2, np.float32)), Named("b", np.full(2, np.nan, np.float32))])
    assert read(tmp_path, broken_elsewhere, wanted=lambda name: name == "a").arrays.keys() == {"a"}
    with pytest.raises(SourceError, match="'b' holds a number that is not finite"):
        read(tmp_path, broken_elsewhere)


@pytest.mark.parametrize("length", range(len(SOUND)))
def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path, length: int) -> None:
    with pytest.raises(
        SourceError, match=r"^Expected the weights of a CTranslate2 model in .*model\.bin, but .*; install"
    ):
        read(tmp_path, SOUND[:length])


@pytest.mark.parametrize("bit", range(8 * len(SOUND)))
def test_any_flipped_bit_gives_a_sentence_or_a_whole_file(tmp_path: Path, bit: int) -> None:
    damaged = bytearray(SOUND)
    damaged[bit // 8] ^= 1 << bit % 8
    assert_sound_or_refused(tmp_path, bytes(damaged))


@EVERY
@given(data=st.binary(max_size=200))
def test_any_bytes_behind_a_sound_head_give_a_sentence_or_a_whole_file(tmp_path: Path, data: bytes) -> None:
    assert_sound_or_refused(tmp_path, SOUND[:22] + data)


@EVERY
@given(changes=st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=2, max_size=8))
def test_several_changed_bytes_give_a_sentence_or_a_whole_file(tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(SOUND)
    for place, value in changes:
        damaged[place] = value
    assert_sound_or_refused(tmp_path, bytes(damaged))


def assert_sound_or_refused(tmp_path: Path, data: bytes) -> None:
    try:
        found = read(tmp_path, data)
    except SourceError as fault:
        assert str(fault).startswith("Expected the weights of a CTranslate2 model in ") and "\n" not in str(fault)
        return
    assert all(array.dtype == np.float32 and np.isfinite(array).all() for array in found.arrays.values())
    assert sum(array.size for array in found.arrays.values()) <= 2 * len(data)


@EVERY
@given(
    values=st.lists(st.integers(-128, 127), min_size=6, max_size=6),
    scales=st.lists(st.floats(0.125, 1024, width=32), min_size=2, max_size=2),
    version=st.sampled_from([4, 5, 6]),
)
def test_what_is_written_is_read(tmp_path: Path, values: list[int], scales: list[float], version: int) -> None:
    integers, divisor = np.array(values, np.int8).reshape(2, 3), np.array(scales, np.float32)
    found = read(tmp_path, packed([Named("x", integers), Named("x_scale", divisor)], version=version))
    np.testing.assert_array_equal(found.arrays["x"], integers.astype(np.float32) / divisor[:, None])


ONE = np.ones(2, np.float32)
REFUSED = {
    "version 3": packed([], version=3),
    "'x' twice": packed([Named("x", ONE), Named("x", ONE)]),
    "'x' is of type 9": packed([Named("x", ONE, code=9)]),
    "has 7 bytes": packed([Named("x", ONE, size=7)]),
    "has 5 dimensions": packed([Named("x", ONE.reshape(1, 1, 1, 1, 2))]),
    "has 0 bytes": packed([Named("x", np.ones((0, 3), np.float32))]),
    "stands for 'y', which it does not hold": packed([Named("x", ONE)], [("z", "y")]),
    "'x' twice .*": packed([Named("x", ONE)], [("x", "x")]),
    "4 bytes follow its end": packed([Named("x", ONE)]) + b"more",
    "no text": packed([Named("x\x07", ONE)]),
    "a scale of 'x' is not above 0": packed([Named("x", ONE.astype(np.int8)), Named("x_scale", 0 * ONE)]),
    r"has scales of sizes \[3\]": packed([Named("x", ONE.astype(np.int8)), Named("x_scale", np.ones(3, np.float32))]),
    "'x' holds a number that is not finite": packed(
        [Named("x", ONE.astype(np.int8)), Named("x_scale", np.full(2, 1e-45, np.float32))]
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_each_fault_is_named(tmp_path: Path, fault: str) -> None:
    with pytest.raises(SourceError, match=fault.removesuffix(" .*")):
        read(tmp_path, REFUSED[fault])


def test_a_promised_size_takes_no_memory_before_the_file_is_seen_to_have_it(tmp_path: Path) -> None:
    shape = struct.pack("<B4I", 4, 2**15, 2**15, 1, 1)
    promise = struct.pack("<I", 6) + text("S") + struct.pack("<II", 1, 2**32 - 1) + text("x") + shape
    tracemalloc.start()
    with pytest.raises(SourceError, match="in the middle of 'x'"):
        read(tmp_path, promise + struct.pack("<BI", 1, 2**30) + bytes(100))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_a_file_that_is_not_there_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot be read .*; install its package again"):
        read_weights(tmp_path / "model.bin")


@pytest.mark.parametrize("quantization", [None, "int8", "int16", "float16", "bfloat16"])
def test_files_that_ctranslate2_writes_are_read_as_it_means_them(tmp_path: Path, quantization: str | None) -> None:
    specs = pytest.importorskip("ctranslate2.specs", reason="the oracle needs the extra: pip install 'lddu[speech]'")
    meant = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)

    class Spec(specs.ModelSpec):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.linear = specs.common_spec.LinearSpec()
            self.linear.weight, self.linear.bias = meant.copy(), meant[:, 0].copy()

        @property
        def name(self) -> str:
            return "Spec"

    spec = Spec()
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(tmp_path))
    found = read_weights(tmp_path / "model.bin")
    step = {None: 0.0, "int8": 0.5 / 127, "int16": 0.5 / 1024, "float16": 2**-11, "bfloat16": 2**-8}[quantization]
    assert found.specification == "Spec"
    error = np.abs(found.arrays["linear/weight"] - meant)
    assert error.max() <= step * np.abs(meant).max() + 1e-7
    assert quantization is None or error.max() > 0
